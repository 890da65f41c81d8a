/* Elasticities where tensors stand elsewhere or stages follow one another: which lane is the
 * longest may change from step to step, and what a stage waits for is no row, so the times are
 * taken anew with each figure a little better and a little worse. */
#include <math.h>
#include <string.h>

#include "api/analysis_parts.h"
#include "base/number.h"

/* Share by which a figure is moved: the difference over both sides errs by its square. */
static const double STEP = 1e-4;

/* One figure of a machine that may rule some time. */
typedef struct knob {
  rl_figure *figure; /* of a copy that may be changed */
  rl_result_figure told;
} knob;

/* A machine and its parts that carry figures. */
typedef struct machine_copy {
  rl_hardware machine;
  rl_peak *peaks;
  rl_memory_level *levels;
  rl_link *links;
} machine_copy;

typedef struct bench {
  const rl_analysis *study;
  rl_job job;
  machine_copy device, host; /* without placement no host */
  rl_storage storage;
  rl_storage_read *reads;
  rl_placement placement;
  knob *knobs;
  size_t count;
  const rl_plan **plans; /* of the stages, with the figure moved */
} bench;

/* False when memory ran out. */
static bool copy_machine(rl_arena *arena, const rl_hardware *from, machine_copy *to) {
  to->machine = *from;
  to->peaks = RL_NEW_ARRAY(arena, rl_peak, from->peak_count);
  to->levels = RL_NEW_ARRAY(arena, rl_memory_level, from->level_count);
  to->links = RL_NEW_ARRAY(arena, rl_link, from->link_count);
  if (to->peaks == NULL || to->levels == NULL || to->links == NULL) return false;
  for (size_t i = 0; i < from->peak_count; i++) to->peaks[i] = from->peaks[i];
  for (size_t i = 0; i < from->level_count; i++) to->levels[i] = from->levels[i];
  for (size_t i = 0; i < from->link_count; i++) to->links[i] = from->links[i];
  to->machine.peaks = to->peaks;
  to->machine.levels = to->levels;
  to->machine.links = to->links;
  return true;
}

static bool copy_storage(bench *b, const rl_storage *from) {
  b->storage = *from;
  b->reads = RL_NEW_ARRAY(b->study->arena, rl_storage_read, from->read_count);
  if (b->reads == NULL) return false;
  for (size_t i = 0; i < from->read_count; i++) b->reads[i] = from->reads[i];
  b->storage.reads = b->reads;
  b->placement.storage = &b->storage;
  return true;
}

/* Figures that are not given rule nothing. False when memory ran out. */
static bool add_knob(bench *b, rl_figure *figure, const char *name, const char *unit) {
  if (name == NULL) return false;
  if (figure->source == NULL || !(figure->value > 0)) return true;
  b->knobs[b->count++] = (knob){figure, rl_result_figure_of(name, *figure, unit)};
  return true;
}

static bool add_machine(bench *b, const machine_copy *copy) {
  rl_arena *arena = b->study->arena;
  bool good = true;
  for (size_t i = 0; i < copy->machine.peak_count; i++) {
    rl_peak *peak = &copy->peaks[i];
    const char *engine = peak->engine == RL_TENSOR ? "tensor" : "vector";
    const char *name = rl_textf(arena, "%s.%s peak", engine, RL_TYPES[peak->type].name);
    good = good && add_knob(b, &peak->rate, name, rl_type_rate_unit(peak->type));
  }
  for (size_t i = 0; i < copy->machine.level_count; i++) {
    rl_memory_level *level = &copy->levels[i];
    const char *name = rl_textf(arena, "%s bandwidth", level->name);
    good = good && add_knob(b, &level->bandwidth, name, "B/s");
  }
  return good;
}

static bool add_links(bench *b) {
  rl_arena *arena = b->study->arena;
  bool good = true;
  for (size_t i = 0; i < b->device.machine.link_count; i++) {
    rl_link *link = &b->device.links[i];
    good = good &&
           add_knob(b, &link->bandwidth, rl_textf(arena, "%s bandwidth", link->name), "B/s") &&
           add_knob(b, &link->latency, rl_textf(arena, "%s latency", link->name), "s");
  }
  return good;
}

static bool add_reads(bench *b) {
  bool good = true;
  char bytes[RL_NUMBER_TEXT];
  for (size_t i = 0; i < b->storage.read_count; i++) {
    const char *name = rl_textf(b->study->arena, "%s reads of %s B", b->storage.name,
                                rl_print_grouped(b->reads[i].bytes, bytes));
    good = good && add_knob(b, &b->reads[i].bandwidth, name, "B/s");
  }
  return good;
}

/* The host and the drive that the plan is placed on. False when memory ran out. */
static bool copy_placement(bench *b, const rl_placement *placement) {
  b->placement = *placement;
  if (!copy_machine(b->study->arena, placement->host, &b->host)) return false;
  b->placement.host = &b->host.machine;
  return placement->storage == NULL || copy_storage(b, placement->storage);
}

static bool prepare(bench *b) {
  const rl_analysis *study = b->study;
  const rl_placement *placement = study->plan->placement;
  rl_arena *arena = study->arena;
  if (!copy_machine(arena, study->plan->hardware, &b->device)) return false;
  if (placement != NULL && !copy_placement(b, placement)) return false;
  const rl_hardware *d = &b->device.machine, *h = &b->host.machine;
  const size_t room = d->peak_count + d->level_count + 2 * d->link_count + h->peak_count +
                      h->level_count + b->storage.read_count;
  b->knobs = RL_NEW_ARRAY(arena, knob, room);
  b->plans = RL_NEW_ARRAY(arena, const rl_plan *, study->pipeline.count);
  if (b->knobs == NULL || b->plans == NULL) return false;
  return add_machine(b, &b->device) && add_links(b) && add_machine(b, &b->host) && add_reads(b);
}

/* The times with one figure at so many times its value. */
static rl_status generate_at(const bench *b, const knob *k, double by, rl_generation *out) {
  const rl_analysis *study = b->study;
  const double value = k->figure->value;
  const rl_pipeline moved = {b->plans, study->pipeline.count, study->pipeline.micro_batches};
  rl_status status = RL_OK;
  k->figure->value = value * by;
  for (size_t s = 0; status == RL_OK && s < moved.count; s++) {
    rl_plan *plan;
    status = rl_plan_compile_placed(study->arena, study->pipeline.stages[s]->cost,
                                    &b->device.machine, &b->placement, &plan, study->diags);
    b->plans[s] = plan;
  }
  if (status == RL_OK) status = rl_pipeline_generate(&moved, b->job, out, study->diags);
  k->figure->value = value;
  return status;
}

static double elasticity(double more, double less) {
  return more > 0 && less > 0 && more != less ? log(more / less) / log((1 + STEP) / (1 - STEP)) : 0;
}

rl_status rl_analysis_moved_sensitivity(const rl_analysis *study, rl_job job,
                                        rl_result_batch *out) {
  static const double RULES_NOTHING = 1e-9;
  bench b = {.study = study, .job = job};
  if (!prepare(&b)) return rl_diag_oom(study->diags);
  rl_result_sensitivity *items = RL_NEW_ARRAY(study->arena, rl_result_sensitivity, b.count);
  if (items == NULL) return rl_diag_oom(study->diags);
  for (size_t i = 0; i < b.count; i++) {
    rl_generation more, less;
    rl_status status = generate_at(&b, &b.knobs[i], 1 + STEP, &more);
    if (status == RL_OK) status = generate_at(&b, &b.knobs[i], 1 - STEP, &less);
    if (status != RL_OK) return status;
    const double ttft = elasticity(more.ttft, less.ttft), tpot = elasticity(more.tpot, less.tpot);
    if (fabs(ttft) < RULES_NOTHING && fabs(tpot) < RULES_NOTHING) continue;
    items[out->sensitivity_count++] = (rl_result_sensitivity){b.knobs[i].told, ttft, tpot};
  }
  out->sensitivities = items;
  return RL_OK;
}
