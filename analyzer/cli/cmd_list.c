/* list: the descriptions of one kind, or the operators and kernels that are compiled in. */
#include <stdlib.h>
#include <string.h>

#include "cli/catalog.h"
#include "cli/commands.h"
#include "cost/cost.h"
#include "graph/lower.h"
#include "kernels-ref/cpu/registry.h"
#include "kernels-ref/cpu/store.h"
#include "spec/hardware.h"
#include "spec/link.h"
#include "spec/method.h"
#include "spec/model.h"
#include "spec/profile.h"
#include "spec/storage.h"

#define COLUMNS(grid, session, columns) \
  rl_grid_init((grid), &(session)->arena, (columns), sizeof(columns) / sizeof *(columns))

/* One entry loaded; what is wrong with it is in the diagnostics and its row is left out. */
#define LOADED(session, entry, load, out)                                     \
  (load((session)->db, (entry)->name, (rl_loc){.file = (entry)->path}, (out), \
        &(session)->diags) == RL_OK)

static const char *joined(rl_session *session, const char *const *words, size_t count) {
  rl_buf text;
  rl_buf_init(&text, &session->arena, 65536);
  for (size_t i = 0; i < count; i++) RL_ADD(&text, i > 0 ? ", " : "", words[i]);
  if (text.failed) rl_diag_oom(&session->diags);
  return text.failed || text.text == NULL ? "" : text.text;
}

static rl_cell figure_cell(rl_figure figure) {
  return figure.source == NULL ? (rl_cell){0} : rl_cell_real(figure.value);
}

enum {
  HW_NAME, HW_VENDOR, HW_SHORT, HW_BF16, HW_FP16, HW_FP8, HW_INT8, HW_VECTOR, HW_BANDWIDTH, HW_CAPACITY,
  HW_LINK, HW_POWER, HW_DEVICES, HW_UNVERIFIED, HW_ARCH, HW_TITLE,
  HW_COLUMNS
};
#define TERA(k, h, d) \
  { .key = (k), .head = (h), .unit = "TFLOP/s", .scale = 1e-12, .drop = (d) }

static void hardware_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[HW_COLUMNS] = {
      [HW_VENDOR] = {.key = "vendor", .head = "vendor", .left = true, .drop = 4},
      [HW_NAME] = {.key = "name", .head = "hardware", .left = true},
      [HW_SHORT] = {.key = "short_name", .head = "also", .left = true, .drop = 5},
      [HW_BF16] = TERA("matrix_bf16_flop_per_s", "bf16", 0),
      [HW_FP16] = TERA("matrix_fp16_flop_per_s", "fp16", 4),
      [HW_FP8] = TERA("matrix_fp8_flop_per_s", "fp8", 3),
      [HW_INT8] = TERA("matrix_int8_op_per_s", "int8", 2),
      [HW_VECTOR] = TERA("vector_f32_flop_per_s", "vector f32", 6),
      [HW_BANDWIDTH] = {.key = "memory_bandwidth_bytes_per_s",
                        .head = "memory",
                        .unit = "GB/s",
                        .scale = 1e-9},
      [HW_CAPACITY] = {.key = "memory_capacity_bytes",
                       .head = "capacity",
                       .unit = "GB",
                       .scale = 1e-9},
      [HW_LINK] =
          {.key = "link_bytes_per_s", .head = "link", .unit = "GB/s", .scale = 1e-9, .drop = 7},
      [HW_POWER] = {.key = "power_w", .head = "power", .unit = "W", .drop = 1},
      [HW_DEVICES] = {.key = "devices", .head = "devices", .drop = 9},
      [HW_UNVERIFIED] = {.key = "unverified_figures", .head = "unverified", .drop = 8},
      [HW_ARCH] = {.key = "arch", .head = "architecture", .left = true, .drop = 10},
      [HW_TITLE] = {.key = "title", .head = "title", .left = true, .drop = 11},
  };
  COLUMNS(grid, session, columns);
}

static rl_cell peak_cell(const rl_peak *peak) {
  return peak == NULL ? (rl_cell){0} : figure_cell(peak->rate);
}

/* Nothing where products of this type run in a wider one: that is no figure of the machine. */
static rl_cell matrix_cell(const rl_hardware *hardware, rl_type type) {
  const rl_peak *peak = rl_hardware_matrix_peak(hardware, type);
  return peak == NULL || peak->type != type ? (rl_cell){0} : peak_cell(peak);
}

static void hardware_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_hardware *h;
  if (!LOADED(session, entry, rl_db_hardware, &h)) return;
  const rl_memory_level *main = rl_hardware_main(h);
  const rl_link *link = rl_hardware_peer_link(h);
  size_t unverified = rl_hardware_unverified(h);
  rl_cell *row = rl_grid_row(grid);
  row[HW_VENDOR] = rl_cell_text(h->vendor);
  row[HW_NAME] = rl_cell_text(h->name);
  row[HW_SHORT] = rl_cell_text(h->default_for);
  row[HW_BF16] = matrix_cell(h, RL_BF16);
  row[HW_FP16] = matrix_cell(h, RL_F16);
  row[HW_FP8] = matrix_cell(h, RL_F8_E4M3);
  row[HW_INT8] = matrix_cell(h, RL_I8);
  row[HW_VECTOR] = peak_cell(rl_hardware_vector_peak(h));
  row[HW_BANDWIDTH] = figure_cell(main->bandwidth);
  row[HW_CAPACITY] = rl_cell_count(main->capacity);
  if (link != NULL) row[HW_LINK] = figure_cell(link->bandwidth);
  row[HW_POWER] = figure_cell(h->tdp);
  row[HW_DEVICES] = rl_cell_count(h->devices);
  if (unverified > 0) row[HW_UNVERIFIED] = rl_cell_count(unverified);
  row[HW_ARCH] = rl_cell_text(h->arch);
  row[HW_TITLE] = rl_cell_text(h->title);
}

/* Machines stand together by vendor, then by name. */
static int compare_machines(const void *a, const void *b) {
  const rl_cell *x = *(rl_cell *const *)a, *y = *(rl_cell *const *)b;
  int order = strcmp(x[HW_VENDOR].text, y[HW_VENDOR].text);
  return order != 0 ? order : strcmp(x[HW_NAME].text, y[HW_NAME].text);
}

static void hardware_order(rl_grid *grid) {
  if (grid->rows.count < 2) return;
  qsort(grid->rows.items, grid->rows.count, sizeof *grid->rows.items, compare_machines);
}

static void model_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "model", .left = true},
      {.key = "family", .head = "family", .left = true},
      {.key = "parameters", .head = "parameters", .unit = "billion", .scale = 1e-9},
      {.key = "layers", .head = "layers"},
      {.key = "kv_bytes_per_token", .head = "KV", .unit = "kB a token", .scale = 1e-3},
      {.key = "type", .head = "type", .left = true},
      {.key = "ids", .head = "Hugging Face ids", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

/* Families of one stack of layers call it L; others have no single number to list. */
static rl_cell layers_cell(rl_session *session, const rl_model *model) {
  uint64_t layers;
  if (rl_node_get(model->family->dims, "L") == NULL) return (rl_cell){0};
  rl_status status = rl_model_dim(model, "L", &layers, &session->diags);
  return status == RL_OK ? rl_cell_count(layers) : (rl_cell){0};
}

/* What a token leaves in the caches of all layers; nothing for a model that keeps none or cannot be
 * lowered, which is for lint to say. */
static rl_cell kv_cell(rl_session *session, const rl_db_entry *entry) {
  const char *name = entry->text == NULL ? entry->path : entry->name;
  const rl_request request = {.model = {.text = name, .loc = RL_COMMAND_LINE}};
  rl_scenario *scenario;
  const rl_program *program;
  rl_diags quiet;
  uint64_t bytes;
  rl_diags_init(&quiet, &session->arena);
  rl_status status = rl_scenario_resolve(&session->arena, session->db, &request, &scenario, &quiet);
  if (status == RL_OK) status = rl_lower(&session->arena, scenario, &program, &quiet);
  if (quiet.out_of_memory) rl_diag_oom(&session->diags);
  bool keeps = status == RL_OK && rl_program_kv_written_bytes(program, &bytes) && bytes > 0;
  return keeps ? rl_cell_count(bytes) : (rl_cell){0};
}

static void model_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_model *m;
  if (!LOADED(session, entry, rl_db_model, &m)) return;
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(m->name);
  row[1] = rl_cell_text(m->family->name);
  if (m->parameters.source != NULL) row[2] = rl_cell_count(m->parameters_exact);
  row[3] = layers_cell(session, m);
  row[4] = kv_cell(session, entry);
  row[5] = rl_cell_text(m->quantization != NULL ? m->quantization : RL_TYPES[m->type].name);
  row[6] = rl_cell_text(joined(session, m->ids, m->id_count));
}

static void format_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "format", .left = true},
      {.key = "bits_per_value", .head = "bits", .unit = "a value", .digits = 5},
      {.key = "activations", .head = "activations", .left = true},
      {.key = "here", .head = "here", .left = true},
      {.key = "says", .head = "what it is", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

static void format_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  enum { TYPICAL_COLS = 4096 };
  const rl_format *f;
  if (!LOADED(session, entry, rl_db_format, &f)) return;
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(f->name);
  row[1] = rl_cell_real(rl_format_bits(f, TYPICAL_COLS));
  row[2] = rl_cell_text(f->activations == NULL ? "as they are" : f->activations->name);
  row[3] = rl_cell_text(rl_store_supports(f) ? "runs" : "counted");
  row[4] = rl_cell_text(f->doc);
}

static void profile_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "profile", .left = true},
      {.key = "stack", .head = "stack", .left = true},
      {.key = "arch", .head = "architecture", .left = true},
      {.key = "kernel_rows", .head = "kernel rows"},
      {.key = "fuse", .head = "fuses", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

static void profile_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_profile *p;
  const char *fusions[RL_FUSIONS];
  size_t count = 0;
  if (!LOADED(session, entry, rl_db_profile, &p)) return;
  for (int i = 0; i < RL_FUSIONS; i++) {
    if ((p->fuse >> i & 1u) != 0) fusions[count++] = RL_FUSION_NAMES[i];
  }
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(p->name);
  row[1] = rl_cell_text(p->ideal ? "ideal" : p->stack);
  row[2] = rl_cell_text(p->arch == NULL ? "every" : p->arch);
  row[3] = rl_cell_count(p->kernel_count);
  row[4] = rl_cell_text(joined(session, fusions, count));
}

static void method_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "method", .left = true},
      {.key = "primitives", .head = "sets", .left = true},
      {.key = "paper", .head = "paper", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

static void method_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_method *m;
  const char *sets[RL_PRIMITIVES];
  size_t count = 0;
  if (!LOADED(session, entry, rl_db_method, &m)) return;
  for (int i = 0; i < RL_PRIMITIVES; i++) {
    if (m->primitives[i] != NULL) sets[count++] = RL_PRIMITIVE_KEYS[i];
  }
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(m->name);
  row[1] = rl_cell_text(joined(session, sets, count));
  row[2] = rl_cell_text(m->paper);
}

static void family_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "family", .left = true},
      {.key = "model_types", .head = "model_type in config.json", .left = true},
      {.key = "file", .head = "file", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

static void family_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_family *f;
  if (!LOADED(session, entry, rl_db_family, &f)) return;
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(f->name);
  row[1] = rl_cell_text(joined(session, f->model_types, f->model_type_count));
  row[2] = rl_cell_text(f->file);
}

static void workload_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "workload", .left = true},
      {.key = "batches", .head = "batches", .left = true},
      {.key = "prompt_tokens", .head = "prompt"},
      {.key = "generate_tokens", .head = "generated"},
      {.key = "file", .head = "file", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

static void workload_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_workload *w;
  if (!LOADED(session, entry, rl_db_workload, &w)) return;
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(entry->name);
  row[1] = rl_cell_text(rl_batches_text(session, w));
  row[2] = rl_cell_count(w->prompt);
  row[3] = rl_cell_count(w->generate);
  row[4] = rl_cell_text(entry->path);
}

static void storage_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "storage", .left = true},
      {.key = "title", .head = "title", .left = true, .drop = 2},
      {.key = "capacity_bytes", .head = "capacity", .unit = "GB", .scale = 1e-9},
      {.key = "small_reads_bytes_per_s", .head = "small reads", .unit = "GB/s", .scale = 1e-9},
      {.key = "large_reads_bytes_per_s", .head = "large reads", .unit = "GB/s", .scale = 1e-9},
      {.key = "file", .head = "file", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

static void storage_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_storage *s;
  if (!LOADED(session, entry, rl_db_storage, &s)) return;
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(entry->name);
  row[1] = rl_cell_text(s->title);
  row[2] = rl_cell_count(s->capacity);
  row[3] = figure_cell(s->reads[0].bandwidth);
  row[4] = figure_cell(s->reads[s->read_count - 1].bandwidth);
  row[5] = rl_cell_text(entry->path);
}

static void link_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "link", .left = true},
      {.key = "bandwidth_bytes_per_s", .head = "one direction", .unit = "GB/s", .scale = 1e-9},
      {.key = "payload_bytes_per_s", .head = "data", .unit = "GB/s", .scale = 1e-9},
      {.key = "latency_s", .head = "latency", .unit = "us", .scale = 1e6},
      {.key = "title", .head = "title", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

static void link_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_link_standard *l;
  if (!LOADED(session, entry, rl_db_link, &l)) return;
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(l->name);
  row[1] = figure_cell(l->bandwidth);
  row[2] = figure_cell(l->payload);
  row[3] = figure_cell(l->latency);
  row[4] = rl_cell_text(l->title);
}

static void scenario_columns(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "scenario", .left = true},
      {.key = "model", .head = "model", .left = true},
      {.key = "hardware", .head = "hardware", .left = true},
      {.key = "file", .head = "file", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
}

static void scenario_row(rl_session *session, const rl_db_entry *entry, rl_grid *grid) {
  const rl_request request = {
      .file = {.text = entry->text == NULL ? entry->path : entry->name, .loc = RL_COMMAND_LINE}};
  rl_scenario *s;
  if (rl_scenario_resolve(&session->arena, session->db, &request, &s, &session->diags) != RL_OK) {
    return;
  }
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(entry->name);
  row[1] = rl_cell_text(s->model->name);
  row[2] = rl_cell_text(s->hardware != NULL ? s->hardware->name
                        : s->every_machine  ? "every device known"
                                            : "common devices");
  row[3] = rl_cell_text(entry->path);
}

/* "rms, per value: 4; layer, per value: 7": the rates of docs/counting.md that begin with the
 * operator's name. */
static const char *rates_of(rl_session *session, const char *name) {
  size_t length = strlen(name);
  rl_buf text;
  rl_buf_init(&text, &session->arena, 4096);
  for (size_t i = 0; i < RL_OP_RATE_COUNT; i++) {
    const char *what = RL_OP_RATES[i].what;
    if (strncmp(what, name, length) != 0 || what[length] != ',') continue;
    RL_ADD(&text, text.length > 0 ? "; " : "", what + length + 2, ": ");
    rl_add_count(&text, RL_OP_RATES[i].per_element);
  }
  if (text.failed) rl_diag_oom(&session->diags);
  return text.length == 0 || text.failed ? "" : text.text;
}

static void list_ops(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "name", .head = "operator", .left = true},
      {.key = "says", .head = "what it is", .left = true},
      {.key = "vector_operations", .head = "vector operations", .left = true, .drop = 1},
      {.key = "fields", .head = "fields in a family", .left = true, .drop = 3},
      {.key = "source", .head = "source", .left = true, .drop = 2},
  };
  COLUMNS(grid, session, columns);
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    rl_cell *row = rl_grid_row(grid);
    row[0] = rl_cell_text(RL_OP_INFO[kind].name);
    row[1] = rl_cell_text(RL_OP_INFO[kind].doc);
    row[2] = rl_cell_text(rates_of(session, RL_OP_INFO[kind].name));
    row[3] = rl_cell_text(RL_OP_INFO[kind].fields);
    row[4] = rl_cell_text(RL_OP_INFO[kind].source);
  }
}

/* Rows that replace the scalar reference where the operands fit. */
static void list_fast_rows(rl_session *session, rl_grid *grid, rl_op_kind kind) {
  const rl_kernel_rows *groups;
  const size_t count = rl_kernel_groups(&groups);
  for (size_t g = 0; g < count; g++) {
    if (groups[g].kind != kind) continue;
    for (size_t r = 0; r < groups[g].count; r++) {
      rl_cell *row = rl_grid_row(grid);
      row[0] = rl_cell_text(RL_OP_INFO[kind].name);
      row[1] = rl_cell_text(rl_textf(&session->arena, "cpu, %s", RL_ISA_NAMES[groups[g].isa]));
      row[2] = rl_cell_text(groups[g].rows[r].name);
    }
  }
}

static void list_kernels(rl_session *session, rl_grid *grid) {
  static const rl_column columns[] = {
      {.key = "operator", .head = "operator", .left = true},
      {.key = "backend", .head = "backend", .left = true},
      {.key = "says", .head = "what it computes", .left = true, .drop = 1},
  };
  COLUMNS(grid, session, columns);
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    if (RL_KERNELS[kind].run == NULL) continue;
    rl_cell *row = rl_grid_row(grid);
    row[0] = rl_cell_text(RL_OP_INFO[kind].name);
    row[1] = rl_cell_text("cpu, scalar reference");
    row[2] = rl_cell_text(RL_OP_INFO[kind].doc);
    list_fast_rows(session, grid, (rl_op_kind)kind);
  }
}

/* What can be listed: descriptions row by row, or a table of the program in one go. */
static const struct {
  const char *word;
  rl_db_kind kind;
  void (*columns)(rl_session *session, rl_grid *grid);
  void (*row)(rl_session *session, const rl_db_entry *entry, rl_grid *grid);
  void (*order)(rl_grid *grid); /* NULL: by name */
} lists[] = {
    {"hardware", RL_DB_HARDWARE, hardware_columns, hardware_row, hardware_order},
    {"models", RL_DB_MODEL, model_columns, model_row, NULL},
    {"formats", RL_DB_FORMAT, format_columns, format_row, NULL},
    {"profiles", RL_DB_PROFILE, profile_columns, profile_row, NULL},
    {"methods", RL_DB_METHOD, method_columns, method_row, NULL},
    {"families", RL_DB_FAMILY, family_columns, family_row, NULL},
    {"workloads", RL_DB_WORKLOAD, workload_columns, workload_row, NULL},
    {"storage", RL_DB_STORAGE, storage_columns, storage_row, NULL},
    {"links", RL_DB_LINK, link_columns, link_row, NULL},
    {"scenarios", RL_DB_SCENARIO, scenario_columns, scenario_row, NULL},
    {"ops", RL_DB_KINDS, list_ops, NULL, NULL},
    {"kernels", RL_DB_KINDS, list_kernels, NULL, NULL},
};
enum { LISTS = sizeof lists / sizeof *lists };

const char *rl_listable_words(rl_arena *arena, const char *separator) {
  rl_buf text;
  rl_buf_init(&text, arena, 1024);
  for (size_t i = 0; i < LISTS; i++) RL_ADD(&text, i > 0 ? separator : "", lists[i].word);
  return text.failed ? NULL : text.text;
}

static void add_entries(rl_session *session, size_t list, rl_grid *grid) {
  size_t count = 0;
  const rl_db_entry *const *entries = rl_db_entries(session->db, lists[list].kind, &count);
  for (size_t i = 0; i < count; i++) {
    if (!entries[i]->shadowed) lists[list].row(session, entries[i], grid);
  }
  if (lists[list].order != NULL) lists[list].order(grid);
}

rl_status rl_cmd_list(rl_session *session, rl_buf *out) {
  const char *words = rl_listable_words(&session->arena, ", ");
  const char *word = session->arguments.words.count > 0 ? session->arguments.words.items[0] : NULL;
  size_t list = 0;
  rl_grid grid;
  if (word == NULL) {
    return RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "list",
                     "to know what to list", "list models");
  }
  while (list < LISTS && strcmp(lists[list].word, word) != 0) list++;
  if (list == LISTS) return RL_REPORT(&session->diags, CANNOT_LIST, RL_COMMAND_LINE, word, words);
  rl_status status = rl_session_db(session);
  if (status != RL_OK) return status;
  lists[list].columns(session, &grid);
  if (lists[list].row != NULL) add_entries(session, list, &grid);
  bool nothing = grid.rows.count == 0 && !grid.failed && session->diags.errors == 0;
  if (nothing && rl_session_format(session) == RL_FORMAT_TABLE) {
    RL_ADD(out, "There are no ", word, ": none is built in or in the folders searched.\n");
  } else {
    rl_grid_write(session, out, word, &grid);
  }
  return rl_diags_status(&session->diags);
}
