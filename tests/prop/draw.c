/* Points and machines. */
#include "draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const rl_draw_limits RL_DRAW_ANY = {
    .groups = 4, .count = 40, .q = 600, .cached = 5000, .trees = true, .logits = true};

static void draw_tree(rl_tape *tape, rl_drawn_point *out, size_t g) {
  uint64_t nodes = rl_tape_draw(tape, 1, RL_DRAW_NODES);
  for (uint64_t i = 0; i < nodes; i++) {
    out->parents[g][i] = (int32_t)rl_tape_draw(tape, 0, i) - 1;
  }
  out->trees[g] = (rl_tree){.nodes = (uint32_t)nodes, .parent = out->parents[g]};
  out->groups[g].tree = &out->trees[g];
  out->groups[g].q = nodes;
}

void rl_draw_point(rl_tape *tape, const rl_draw_limits *limits, rl_drawn_point *out) {
  memset(out, 0, sizeof *out);
  out->point.groups = out->groups;
  out->point.count = rl_tape_draw(tape, 1, limits->groups);
  for (size_t g = 0; g < out->point.count; g++) {
    rl_group *group = &out->groups[g];
    group->count = rl_tape_draw_size(tape, 1, limits->count);
    group->q = rl_tape_draw_size(tape, 1, limits->q);
    group->cached = rl_tape_draw_size(tape, 0, limits->cached);
    if (limits->logits) group->logits = (rl_logits)rl_tape_draw(tape, 0, 2);
    if (limits->trees && rl_tape_draw(tape, 0, 3) == 1) draw_tree(tape, out, g);
  }
  if (tape->loud) rl_draw_point_print(&out->point);
}

void rl_draw_point_print(const rl_point *point) {
  static const char *const logits[] = {"last", "all", "none"};
  for (size_t g = 0; g < point->count; g++) {
    const rl_group *group = &point->groups[g];
    fprintf(stderr, "- {count: %" PRIu64 ", q: %" PRIu64 ", cached: %" PRIu64 ", logits: %s",
            group->count, group->q, group->cached, logits[group->logits]);
    if (group->tree != NULL) {
      fprintf(stderr, ", tree: [");
      for (uint32_t i = 0; i < group->tree->nodes; i++) {
        fprintf(stderr, "%s%d", i == 0 ? "" : ", ", group->tree->parent[i]);
      }
      fprintf(stderr, "]");
    }
    fprintf(stderr, "}\n");
  }
}

/* ---- machines ---- */

/* A figure of some thousands of `unit`, with an odd number behind it so that nothing is round. */
static rl_figure draw_figure(rl_tape *tape, double unit, uint64_t high) {
  static const rl_source source = {.kind = RL_USER, .text = "drawn"};
  return (rl_figure){.value = unit * (double)rl_tape_draw(tape, 1, high), .source = &source};
}

void rl_draw_hardware(rl_tape *tape, rl_drawn_hardware *out) {
  static const rl_type types[RL_DRAW_PEAKS] = {RL_BF16, RL_F16, RL_F32, RL_I8, RL_F32};
  memset(out, 0, sizeof *out);
  for (int p = 0; p < RL_DRAW_PEAKS; p++) {
    bool vector = p == RL_DRAW_PEAKS - 1;
    out->peaks[p] = (rl_peak){.engine = vector ? RL_VECTOR : RL_TENSOR,
                              .type = types[p],
                              .accumulate = types[p] == RL_I8 ? RL_I32 : RL_F32,
                              .rate = draw_figure(tape, vector ? 1e9 : 3e10, 4000)};
  }
  out->levels[1] = (rl_memory_level){.name = "main", .capacity = 1ull << 40, .usable = 1ull << 40};
  out->levels[1].bandwidth = draw_figure(tape, 1e9, 4000);
  out->levels[0] = (rl_memory_level){.name = "cache"};
  out->levels[0].capacity = rl_tape_draw_size(tape, 1, 1ull << 28);
  out->levels[0].usable = out->levels[0].capacity;
  out->levels[0].bandwidth = draw_figure(tape, out->levels[1].bandwidth.value, 8);
  out->hardware = (rl_hardware){
      .name = "drawn", .file = "drawn", .vendor = "drawn", .title = "drawn", .arch = "drawn"};
  rl_draw_hardware_copy(out, out);
  if (tape->loud) {
    fprintf(stderr, "machine: main %g B/s, cache %g B/s of %" PRIu64 " B, bf16 %g, vector %g\n",
            out->levels[1].bandwidth.value, out->levels[0].bandwidth.value, out->levels[0].capacity,
            out->peaks[0].rate.value, out->peaks[RL_DRAW_PEAKS - 1].rate.value);
  }
}

void rl_draw_hardware_copy(const rl_drawn_hardware *from, rl_drawn_hardware *to) {
  if (from != to) *to = *from;
  to->hardware.peaks = to->peaks;
  to->hardware.peak_count = RL_DRAW_PEAKS;
  to->hardware.levels = to->levels;
  to->hardware.level_count = RL_DRAW_LEVELS;
}
