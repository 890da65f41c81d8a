/* A table of measurements: RFC 4180 cells, then columns by their names. FLOPs of ncu's counters are
 * those of Yang, Kurth and Williams 2020 ("Hierarchical Roofline analysis for GPUs", section II):
 * adds, multiplies, and fused ones twice; on tensor cores the operations of their paths. */
#include "cli/measured.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "doc/tree.h"

enum { FILE_MOST = 16 << 20, COLUMNS_MOST = 1024, LEFT_OUT_MOST = 5 };

typedef RL_LIST(const char *) cells;

typedef struct reader {
  rl_arena *arena;
  rl_diags *diags;
  const char *path, *at, *end; /* end of the file */
  uint32_t line;
  cells head, row;
  RL_LIST(rl_measured) kernels;
  RL_LIST(uint32_t) lines; /* in which they begin */
  size_t left_out;
} reader;

static bool at_line_end(const reader *r) {
  return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

/* What stands in quotes, which may hold commas and doubled quotes; behind the first quote. */
static void add_quoted(reader *r, rl_buf *text) {
  for (; r->at < r->end; r->at++) {
    const bool quote = *r->at == '"', doubled = quote && r->at + 1 < r->end && r->at[1] == '"';
    if (quote && !doubled) {
      r->at++;
      return;
    }
    r->at += doubled;
    r->line += *r->at == '\n';
    rl_buf_addn(text, r->at, 1);
  }
}

/* The cell at the reader, which is moved behind it. False without memory. */
static bool next_cell(reader *r, const char **out) {
  rl_buf text;
  rl_buf_init(&text, r->arena, FILE_MOST);
  rl_buf_add(&text, "");
  if (r->at < r->end && *r->at == '"') {
    r->at++;
    add_quoted(r, &text);
  }
  for (; !at_line_end(r) && *r->at != ','; r->at++) rl_buf_addn(&text, r->at, 1);
  *out = text.text;
  return !text.failed;
}

/* The next line that is not empty; false at the end, or, reported, of too many cells or without
 * memory. */
static bool next_row(reader *r) {
  r->row.count = 0;
  while (r->at < r->end && (*r->at == '\n' || *r->at == '\r')) r->line += *r->at++ == '\n';
  while (!at_line_end(r)) {
    if (r->row.count == COLUMNS_MOST) {
      RL_REPORT(r->diags, POINTS_FORM, (rl_loc){.file = r->path}, "");
      return false;
    }
    const char **slot = RL_PUSH(r->arena, &r->row);
    if (slot == NULL || !next_cell(r, slot)) {
      rl_diag_oom(r->diags);
      return false;
    }
    if (r->at < r->end && *r->at == ',') r->at++;
  }
  return r->row.count > 0;
}

/* The column of one of two names, else the number of columns. */
static size_t column(const reader *r, const char *name, const char *other) {
  for (size_t i = 0; i < r->head.count; i++) {
    const char *head = r->head.items[i];
    if (rl_name_equal(head, name) || rl_name_equal(head, other)) return i;
  }
  return r->head.count;
}

static const char *cell(const reader *r, size_t at) {
  return at < r->row.count ? r->row.items[at] : "";
}

/* "1,234.5" as 1234.5; of what is no number (n/a, empty, -1) NAN, also in sums: its row is told and
 * left out. */
static double number(const char *text) {
  char digits[RL_NUMBER_TEXT];
  double value;
  size_t length = 0;
  for (const char *at = text; *at != '\0' && length < sizeof digits; at++) {
    if (*at != ',') digits[length++] = *at;
  }
  const bool whole = rl_scan_double(digits, length < sizeof digits ? length : 0, &value);
  return whole && value >= 0 ? value : (double)NAN;
}

static rl_measured *add_kernel(reader *r, const char *name) {
  rl_measured *kernel = RL_PUSH(r->arena, &r->kernels);
  uint32_t *line = kernel == NULL ? NULL : RL_PUSH(r->arena, &r->lines);
  if (line == NULL) {
    rl_diag_oom(r->diags);
    return NULL;
  }
  kernel->name = name;
  *line = r->line;
  return kernel;
}

/* What a row lacks for a point: the first of the three that is nothing. */
static void leave_out(reader *r, const char *name, uint32_t line, const char *lacks) {
  const rl_loc loc = {.file = r->path, .line = line, .column = 1};
  if (r->left_out++ < LEFT_OUT_MOST) RL_REPORT(r->diags, POINTS_LEFT_OUT, loc, name, lacks);
}

static void read_table(reader *r, const size_t at[4]) {
  /* a roof in a chart's own table has neither flops nor seconds */
  const bool charted = column(r, "layer", "layer") < r->head.count;
  while (next_row(r)) {
    const bool empty = cell(r, at[1])[0] == '\0' && cell(r, at[3])[0] == '\0';
    if (charted && empty) continue;
    rl_measured *kernel = add_kernel(r, cell(r, at[0]));
    if (kernel == NULL) return;
    kernel->flops = number(cell(r, at[1]));
    kernel->bytes = number(cell(r, at[2]));
    kernel->seconds = number(cell(r, at[3]));
  }
}

typedef enum what { FLOPS, BYTES, SECONDS } what;

/* Metrics of ncu by the end of their names, whatever unit of the chip counted them. */
static const struct {
  const char *ends;
  what what;
  double each;
} metrics[] = {
    {"gpu__time_duration.sum", SECONDS, 1}, {"dram__bytes_read.sum", BYTES, 1},
    {"dram__bytes_write.sum", BYTES, 1},    {"op_dadd_pred_on.sum", FLOPS, 1},
    {"op_dmul_pred_on.sum", FLOPS, 1},      {"op_dfma_pred_on.sum", FLOPS, 2},
    {"op_fadd_pred_on.sum", FLOPS, 1},      {"op_fmul_pred_on.sum", FLOPS, 1},
    {"op_ffma_pred_on.sum", FLOPS, 2},      {"op_hadd_pred_on.sum", FLOPS, 1},
    {"op_hmul_pred_on.sum", FLOPS, 1},      {"op_hfma_pred_on.sum", FLOPS, 2},
};

/* Units as ncu writes them, old and new. */
static double unit_of(const char *unit) {
  static const struct {
    const char *unit;
    double value;
  } units[] = {{"nsecond", 1e-9}, {"ns", 1e-9},   {"usecond", 1e-6}, {"us", 1e-6},
               {"msecond", 1e-3}, {"ms", 1e-3},   {"second", 1},     {"s", 1},
               {"Kbyte", 1e3},    {"Mbyte", 1e6}, {"Gbyte", 1e9},    {"Tbyte", 1e12}};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(unit, units[i].unit) == 0) return units[i].value;
  }
  return 1;
}

static bool ends_in(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Adds a metric to a kernel, if it is one of those above. */
static void add_metric(rl_measured *kernel, const char *name, const char *unit, const char *text) {
  const bool tensor = strncmp(name, "sm__ops_path_tensor", 19) == 0 && ends_in(name, ".sum");
  if (tensor) kernel->flops += number(text);
  for (size_t i = 0; !tensor && i < sizeof metrics / sizeof *metrics; i++) {
    if (!ends_in(name, metrics[i].ends)) continue;
    const double value = number(text) * metrics[i].each * unit_of(unit);
    if (metrics[i].what == FLOPS) kernel->flops += value;
    if (metrics[i].what == BYTES) kernel->bytes += value;
    if (metrics[i].what == SECONDS) kernel->seconds += value;
    return;
  }
}

typedef struct launch {
  const char *name;
  size_t index;
} launch;

static int compare_launches(const void *a, const void *b) {
  const launch *one = a, *other = b;
  const int order = strcmp(one->name, other->name);
  return order != 0 ? order : (one->index > other->index) - (one->index < other->index);
}

/* Launches of one kernel are numbered in their order: "gemm #1", "gemm #2". */
static void number_launches(reader *r) {
  const size_t count = r->kernels.count;
  launch *launches = RL_NEW_ARRAY(r->arena, launch, count + 1);
  bool whole = launches != NULL;
  for (size_t i = 0; whole && i < count; i++) {
    launches[i] = (launch){r->kernels.items[i].name, i};
  }
  if (whole && count > 1) qsort(launches, count, sizeof *launches, compare_launches);
  for (size_t i = 0, number = 1; whole && i < count; i++) {
    const char *name = launches[i].name;
    const bool more = i + 1 < count && strcmp(launches[i + 1].name, name) == 0;
    if (number > 1 || more) name = rl_textf(r->arena, "%s #%zu", name, number);
    number = more ? number + 1 : 1;
    whole = name != NULL;
    r->kernels.items[launches[i].index].name = name;
  }
  if (!whole) rl_diag_oom(r->diags);
}

/* A row a kernel, below a row of units. */
static void read_raw(reader *r, size_t name) {
  if (!next_row(r)) return;
  const cells units = r->row;
  r->row = (cells){0};
  while (next_row(r)) {
    rl_measured *kernel = add_kernel(r, cell(r, name));
    for (size_t i = 0; kernel != NULL && i < r->head.count && i < units.count; i++) {
      add_metric(kernel, r->head.items[i], units.items[i], cell(r, i));
    }
  }
}

/* A row a metric: those of one kernel follow each other and have its number. */
static void read_details(reader *r, size_t name, size_t metric) {
  const size_t id = column(r, "ID", "ID"), unit = column(r, "Metric Unit", "Metric Unit");
  const size_t value = column(r, "Metric Value", "Metric Value");
  const char *last = NULL;
  rl_measured *kernel = NULL;
  while (next_row(r)) {
    if (last == NULL || strcmp(last, cell(r, id)) != 0) kernel = add_kernel(r, cell(r, name));
    last = cell(r, id);
    if (kernel == NULL) return;
    add_metric(kernel, cell(r, metric), cell(r, unit), cell(r, value));
  }
}

/* The first row that can be a header: ncu writes lines of its own before it. */
static bool find_head(reader *r) {
  while (next_row(r)) {
    if (strncmp(r->row.items[0], "==", 2) == 0) continue;
    r->head = r->row;
    r->row = (cells){0};
    return true;
  }
  return false;
}

static rl_status read_kernels(reader *r) {
  if (find_head(r)) {
    const size_t none = r->head.count;
    const size_t at[4] = {column(r, "name", "name"), column(r, "flops", "flop"),
                          column(r, "bytes", "bytes"), column(r, "seconds", "time_s")};
    const size_t kernel = column(r, "Kernel Name", "Kernel Name");
    const size_t metric = column(r, "Metric Name", "Metric Name");
    const size_t time = column(r, "gpu__time_duration.sum", "gpu__time_duration.sum");
    if (at[0] < none && at[1] < none && at[2] < none && at[3] < none) {
      read_table(r, at);
    } else if (kernel < none && metric < none) {
      read_details(r, kernel, metric);
      number_launches(r);
    } else if (kernel < none && time < none) {
      read_raw(r, kernel);
      number_launches(r);
    } else {
      return RL_REPORT(r->diags, POINTS_FORM, (rl_loc){.file = r->path}, "");
    }
  }
  return rl_diags_status(r->diags);
}

/* Those that have all three, in front; how many they are. The others are told. */
static size_t keep_whole(reader *r) {
  char number[RL_NUMBER_TEXT];
  size_t kept = 0;
  for (size_t i = 0; i < r->kernels.count; i++) {
    const rl_measured k = r->kernels.items[i];
    const char *lacks = !(k.flops > 0)     ? "flops above 0"
                        : !(k.bytes > 0)   ? "bytes above 0"
                        : !(k.seconds > 0) ? "seconds above 0"
                                           : NULL;
    if (lacks == NULL) r->kernels.items[kept++] = k;
    if (lacks != NULL) leave_out(r, k.name, r->lines.items[i], lacks);
  }
  if (r->left_out > LEFT_OUT_MOST) {
    rl_print_grouped(r->left_out - LEFT_OUT_MOST, number);
    RL_REPORT(r->diags, POINTS_MORE_OUT, (rl_loc){.file = r->path}, number);
  }
  return kept;
}

rl_status rl_measured_read(rl_arena *arena, const char *path, const rl_measured **out,
                           size_t *count, rl_diags *diags) {
  reader r = {.arena = arena, .diags = diags, .path = path, .line = 1};
  size_t length = 0;
  rl_status status = rl_read_file(arena, path, FILE_MOST, &r.at, &length, diags);
  if (status != RL_OK) return status;
  r.end = r.at + length;
  status = read_kernels(&r);
  *out = r.kernels.items;
  *count = status == RL_OK ? keep_whole(&r) : 0;
  return status;
}
