/* Holds every prediction of the shipped models and machines against predictions.csv: integers must
 * be equal, seconds within 1e-12. The table was written by the program itself. It proves nothing;
 * it detects change, so that a change of any predicted figure is a diff that somebody reads.
 * golden_predictions --write makes it anew. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "time/plan.h"

static const char TABLE[] = RL_SOURCE_DIR "/tests/golden/predictions.csv";
static const char HEAD[] =
    "# Written by golden_predictions --write: a change detector, no proof of anything.\n"
    "model,hardware,weights,kv,pass,flops,vector_ops,weight_bytes,kv_read_bytes,kv_write_bytes,"
    "act_read_bytes,act_write_bytes,seconds\n";

static const char *const MODELS[] = {"llama-2-7b",   "llama-3-8b", "llama-3-70b", "llama-3.2-1b",
                                     "mistral-7b",   "qwen2.5-7b", "qwen3-8b",    "gemma-2-9b",
                                     "gemma-3-27b",  "gpt2",       "opt-6.7b",    "mixtral-8x7b",
                                     "qwen3-30b-a3b"};
static const char *const MACHINES[] = {"a100-sxm-80gb", "h100-sxm",  "h100-pcie", "h200-sxm",
                                       "rtx-4090",      "epyc-9654", "m2-ultra"};

typedef struct storage {
  const char *weights, *kv;
} storage;
static const storage STORAGES[] = {
    {"bf16", "bf16"}, {"w4a16-g128", "bf16"}, {"bf16", "int8-token"}, {"w8a8-int8", "int8-token"}};

/* 16 draft nodes, six deep. */
static const int32_t PARENTS[16] = {-1, -1, -1, 0, 0, 1, 2, 3, 3, 4, 6, 7, 7, 10, 11, 14};
static const rl_tree TREE = {.nodes = 16, .parent = PARENTS};

typedef struct pass_point {
  const char *name;
  rl_group groups[3];
  size_t count;
} pass_point;
static const pass_point POINTS[] = {
    {"prefill-128", {{.count = 1, .q = 128}}, 1},
    {"prefill-2048", {{.count = 1, .q = 2048}}, 1},
    {"chunk", {{.count = 1, .q = 512, .cached = 4096}, {.count = 7, .q = 1, .cached = 900}}, 2},
    {"decode-1", {{.count = 1, .q = 1, .cached = 2048}}, 1},
    {"decode-16", {{.count = 16, .q = 1, .cached = 2048}}, 1},
    {"decode-256", {{.count = 256, .q = 1, .cached = 2048}}, 1},
    {"verify-8", {{.count = 4, .q = 8, .cached = 2048, .logits = RL_LOGITS_ALL}}, 1},
    {"tree-16", {{.count = 4, .q = 16, .cached = 5000, .tree = &TREE, .logits = RL_LOGITS_ALL}}, 1},
};

#define LENGTH(array) (sizeof(array) / sizeof *(array))
enum { LINE = 512, SHOWN = 10 };

typedef struct table {
  FILE *file;
  bool write;
  size_t rows, differing;
} table;

typedef struct row {
  char name[LINE]; /* the five words, with commas */
  uint64_t counts[RL_COUNTS];
  double seconds;
} row;

static void print_row(FILE *file, const row *r) {
  fprintf(file, "%s", r->name);
  for (int c = 0; c < RL_COUNTS; c++) fprintf(file, ",%llu", (unsigned long long)r->counts[c]);
  fprintf(file, ",%.17g\n", r->seconds);
}

/* Does the line of the table say the same? */
static bool same_row(const char *line, const row *r) {
  size_t length = strlen(r->name);
  char *end = NULL;
  double seconds;
  if (strncmp(line, r->name, length) != 0) return false;
  line += length;
  for (int c = 0; c < RL_COUNTS; c++) {
    if (*line++ != ',') return false;
    if (strtoull(line, &end, 10) != r->counts[c]) return false;
    line = end;
  }
  if (*line++ != ',') return false;
  seconds = strtod(line, &end);
  return *end == '\n' && fabs(seconds - r->seconds) <= 1e-12 * fabs(r->seconds);
}

static void put_row(table *t, const row *r) {
  char line[LINE] = "(the table ends here)\n";
  t->rows++;
  if (t->write) {
    print_row(t->file, r);
    return;
  }
  if (fgets(line, sizeof line, t->file) != NULL && same_row(line, r)) return;
  if (t->differing++ >= SHOWN) return;
  fprintf(stderr, "table:   %sprogram: ", line);
  print_row(stderr, r);
}

/* Seconds of the pass and its totals over all layers. */
static bool predict(rl_lab *lab, const rl_lab_pass *pass, const pass_point *at, row *out) {
  rl_point point = {at->groups, at->count};
  rl_plan *plan = NULL;
  rl_evaluation *evaluation = NULL;
  if (!rl_lab_totals(pass, &point, out->counts)) return false;
  if (rl_plan_compile(&lab->arena, pass->cost, pass->scenario->hardware, &plan, &lab->diags) !=
      RL_OK) {
    return false;
  }
  if (rl_evaluation_new(&lab->arena, plan, 1, &evaluation, &lab->diags) != RL_OK) return false;
  if (!rl_plan_evaluate(plan, &point, 1, evaluation)) return false;
  out->seconds = evaluation->pass_seconds[0];
  return true;
}

static bool predict_all(table *t, const char *model, const char *machine, const storage *stored) {
  rl_lab_question question = {.model = model,
                              .hardware = machine,
                              .weights = stored->weights,
                              .kv = stored->kv,
                              .activations = "bf16"};
  rl_lab lab;
  rl_lab_pass pass;
  bool ok = rl_lab_open(&lab, NULL) && rl_lab_ask(&lab, &question, &pass);
  for (size_t p = 0; ok && p < LENGTH(POINTS); p++) {
    row r;
    snprintf(r.name, sizeof r.name, "%s,%s,%s,%s,%s", model, machine, stored->weights, stored->kv,
             POINTS[p].name);
    ok = predict(&lab, &pass, &POINTS[p], &r);
    if (ok) put_row(t, &r);
    if (!ok) rl_lab_complain(&lab, r.name);
  }
  rl_lab_close(&lab);
  return ok;
}

static bool run(table *t) {
  bool ok = true;
  for (size_t m = 0; m < LENGTH(MODELS); m++) {
    for (size_t h = 0; h < LENGTH(MACHINES); h++) {
      for (size_t s = 0; s < LENGTH(STORAGES); s++) {
        ok = predict_all(t, MODELS[m], MACHINES[h], &STORAGES[s]) && ok;
      }
    }
  }
  return ok;
}

static bool open_table(table *t) {
  char line[LINE];
  t->file = fopen(TABLE, t->write ? "w" : "r");
  if (t->file == NULL) {
    fprintf(stderr, "%s: %s\n", TABLE, strerror(errno));
    return false;
  }
  if (t->write) return fputs(HEAD, t->file) >= 0;
  return fgets(line, sizeof line, t->file) != NULL && fgets(line, sizeof line, t->file) != NULL;
}

/* Nothing of the table may be left over once every row was compared. */
static bool at_end(const table *t) {
  char rest[LINE];
  if (t->write || fgets(rest, sizeof rest, t->file) == NULL) return true;
  fprintf(stderr, "the table has rows that the program no longer predicts: %s", rest);
  return false;
}

int main(int argc, char **argv) {
  table t = {.write = argc == 2 && strcmp(argv[1], "--write") == 0};
  bool ok = open_table(&t) && run(&t) && at_end(&t);
  if (t.file != NULL && fclose(t.file) != 0) ok = false;
  if (t.differing > 0) {
    fprintf(stderr,
            "%zu of %zu predictions changed. If they should have: golden_predictions --write\n",
            t.differing, t.rows);
  }
  printf("%zu predictions %s\n", t.rows, t.write ? "written" : "compared");
  return ok && t.differing == 0 && t.rows >= 2000 ? 0 : 1;
}
