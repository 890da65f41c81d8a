/* Opening a twin, the script, and the comparison with the second implementation. */
#include "engine_twin.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph/lower.h"
#include "unit.h"

static const uint64_t SEED = 20240601;

static rl_text_at text_at(const char *text) {
  return (rl_text_at){.text = text};
}

static void print_diags(const twin *t) {
  for (size_t i = 0; i < t->diags.list.count; i++) {
    fprintf(stderr, "\n%s: %s\n", t->setup.model->twin, t->diags.list.items[i].message);
  }
}

static void check(const twin *t, rl_status status) {
  if (status != RL_OK) print_diags(t);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
}

static void lower(twin *t) {
  const char *path =
      rl_textf(&t->arena, "%s/tests/twins/%s.yaml", RL_SOURCE_DIR, t->setup.model->twin);
  rl_request request = {.model = text_at(path),
                        .profile = text_at(t->setup.profile),
                        .weights = text_at(t->setup.weights),
                        .kv = text_at(t->setup.kv),
                        .activations = text_at(t->setup.activations)};
  static const char *const roots[] = {RL_SOURCE_DIR "/tests/phases", RL_SOURCE_DIR};
  rl_scenario *scenario;
  rl_db *db;
  check(t, rl_db_open(&t->arena, roots, 2, &db, &t->diags));
  check(t, rl_scenario_resolve(&t->arena, db, &request, &scenario, &t->diags));
  check(t, rl_lower(&t->arena, scenario, &t->program, &t->diags));
  t->scenario = scenario;
}

/* Sequence 1 begins with fewer positions, 3 with the same as 2. */
static void draw_source(twin *t, int s) {
  const ref_model *m = t->setup.model;
  const ref_images *images = m->images == NULL ? NULL : &m->images[s];
  int told = s == 3 ? 2 : s, positions = m->source_positions - 2 * (s == 1);
  int pieces = images != NULL ? images->pieces : m->source_pieces;
  if (images != NULL) positions = images->positions;
  int values = positions * pieces * m->source_width;
  if (pieces == 0) return;
  t->source[s] = (rl_engine_source){
      .size = {(uint64_t)positions, (uint64_t)pieces,
               images != NULL ? (uint64_t)images->columns : 0},
      .ids = m->source_width == 0 ? t->source_ids[s] : NULL,
      .values = m->source_width == 0 ? NULL : t->source_values[s]};
  for (int i = 0; i < positions; i++) {
    t->source_ids[s][i] = (uint32_t)((i * 31 + told * 11 + 5) % m->vocabulary);
  }
  for (int i = 0; i < values; i++) {
    t->source_values[s][i] = (float)((i * 37 + told * 19) % 53) / 16 - 1.5f;
  }
}

rl_engine_state *twin_engine(twin *t, const rl_program *program, const rl_weight_source *source) {
  uint64_t capacity[TWIN_SEQUENCES];
  rl_encoder_source most[TWIN_SEQUENCES];
  rl_engine_state *engine = NULL;
  for (int s = 0; s < TWIN_SEQUENCES; s++) {
    capacity[s] = TWIN_CAPACITY;
    draw_source(t, s);
    most[s] = t->source[s].size;
  }
  rl_engine_limits limits = {.sequences = TWIN_SEQUENCES,
                             .capacity = capacity,
                             .source = most,
                             .page = t->setup.page,
                             .tokens = TWIN_TOKENS,
                             .logit_rows = TWIN_TOKENS,
                             .observe = true,
                             .isa = t->setup.isa};
  check(t, rl_engine_new(&t->arena, program, &limits, source, &engine, &t->diags));
  return engine;
}

void twin_open(twin *t, const twin_setup *setup) {
  memset(t, 0, sizeof *t);
  t->setup = *setup;
  rl_arena_init(&t->arena, NULL);
  rl_diags_init(&t->diags, &t->arena);
  lower(t);
  rl_weight_source source = rl_random_weights(&SEED);
  t->setup.isa = RL_ISA_SCALAR; /* whose rows leave weights as they are stored */
  t->stored = twin_engine(t, t->program, &source);
  t->setup.isa = setup->isa;
  t->engine = setup->isa == RL_ISA_SCALAR ? t->stored : twin_engine(t, t->program, &source);
}

void twin_close(twin *t) {
  rl_arena_free(&t->arena);
}

/* --- the script --- */

typedef struct share {
  uint32_t sequence, q;
  bool tree;
  rl_logits logits;
} share;

typedef struct stage {
  share shares[TWIN_SEQUENCES];
  size_t count;
} stage;

/* Children of the context 0 and 1; 2 below 0, 3 below 2. The branch 0, 2, 3 is kept. */
static const int32_t PARENTS[] = {-1, -1, 0, 2};
static const rl_tree TREE = {4, PARENTS};
static const uint32_t BRANCH[] = {0, 2, 3};
enum { BRANCH_LENGTH = 3, TREE_STAGE = 4 };
/* Two share the clusters of the upper levels, two all of them. */
static const uint32_t CLUSTERS[TWIN_SEQUENCES] = {70, 65, 80, 80};

static const stage STAGES[] = {
    {{{0, 7, false, RL_LOGITS_ALL}, {1, 3, false, RL_LOGITS_LAST}, {3, 9, false, RL_LOGITS_LAST}},
     3},
    {{{2, 5, false, RL_LOGITS_NONE}, {0, 1, false, RL_LOGITS_LAST}}, 2},
    {{{2, 4, false, RL_LOGITS_LAST}, {0, 1, false, RL_LOGITS_LAST}, {1, 1, false, RL_LOGITS_LAST}},
     3},
    {{{0, 1, false, RL_LOGITS_LAST}, {1, 1, false, RL_LOGITS_LAST}, {2, 1, false, RL_LOGITS_LAST}},
     3},
    {{{1, 3, false, RL_LOGITS_ALL}, {0, 4, true, RL_LOGITS_ALL}, {2, 1, false, RL_LOGITS_LAST}}, 3},
    {{{0, 1, false, RL_LOGITS_LAST}}, 1},
    {{{3, 2, false, RL_LOGITS_NONE}}, 1},
};

/* Sequence 3 is told the same as sequence 2. */
static uint32_t draw_id(const twin *t, uint32_t sequence, uint64_t position) {
  const ref_model *m = t->setup.model;
  uint32_t told = sequence == 3 ? 2 : sequence;
  uint32_t id = (uint32_t)((position * 2654435761u + told * 40503u + 12345u) / 7 %
                           (uint64_t)m->vocabulary);
  if (m->images == NULL) return id;
  const char *prompt = m->images[sequence].prompt;
  if (position < strlen(prompt) && prompt[position] == 'i') return (uint32_t)m->image_token;
  return id == (uint32_t)m->image_token ? 0 : id;
}

static void fill_pass(twin *t, const stage *from, twin_pass *pass) {
  memset(pass, 0, sizeof *pass);
  pass->count = from->count;
  for (size_t e = 0; e < from->count; e++) {
    const share *s = &from->shares[e];
    uint64_t cached = rl_engine_length(t->engine, s->sequence);
    uint32_t *ids = &t->ids[s->sequence][cached];
    for (uint64_t i = 0; i < s->q; i++) {
      ids[i] = draw_id(t, s->sequence, cached + i);
      t->cached[s->sequence][cached + i] = (int)cached;
      t->decoded[s->sequence][cached + i] = s->q <= t->program->decode_tokens;
    }
    if (cached == 0) t->first[s->sequence] = s->q;
    pass->cached[e] = cached;
    const rl_tree *tree = s->tree && !t->setup.model->recurrent ? &TREE : NULL;
    bool begins = cached == 0 && t->source[s->sequence].size.pieces > 0;
    pass->entries[e] = (rl_engine_entry){s->sequence,
                                         s->q,
                                         ids,
                                         tree,
                                         s->logits,
                                         begins ? &t->source[s->sequence] : NULL,
                                         CLUSTERS[s->sequence],
                                         draw_id(t, s->sequence, cached + s->q)};
  }
}

void twin_commit(twin *t, rl_engine_state *engine) {
  check(t, rl_engine_commit(engine, 0, BRANCH, BRANCH_LENGTH, &t->diags));
}

static void commit(twin *t) {
  uint32_t *ids = &t->ids[0][rl_engine_length(t->engine, 0)];
  check(t, rl_engine_commit(t->engine, 0, BRANCH, BRANCH_LENGTH, &t->diags));
  uint32_t *after = &t->after[0][ids - t->ids[0]];
  for (uint32_t n = 0; n < BRANCH_LENGTH; n++) {
    ids[n] = ids[BRANCH[n]];
    after[n] = after[BRANCH[n]];
  }
}

/* The token after each: sampled where its logits were wanted, else the next one. */
static void note_after(twin *t, const twin_pass *pass) {
  const uint32_t *sampled = pass->result.sampled;
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    uint64_t wanted = entry->q - twin_logit_rows(entry);
    for (uint64_t i = 0; i < entry->q; i++) {
      uint32_t next = i + 1 < entry->q ? entry->ids[i + 1] : entry->follows;
      t->after[entry->sequence][pass->cached[e] + i] = i < wanted ? next : *sampled++;
    }
  }
}

void twin_run(twin *t, void (*visit)(twin *t, const twin_pass *pass)) {
  for (size_t s = 0; s < sizeof STAGES / sizeof *STAGES; s++) {
    twin_pass pass;
    fill_pass(t, &STAGES[s], &pass);
    check(t, rl_engine_step(t->engine, pass.entries, pass.count, NULL, &pass.result, &t->diags));
    note_after(t, &pass);
    visit(t, &pass);
    if (s == TREE_STAGE && !t->setup.model->recurrent) commit(t);
  }
}

/* --- the comparison --- */

static bool in_layer(const rl_program *program, const rl_tensor *tensor, int layer,
                     uint32_t *instance) {
  *instance = 0;
  if (tensor->run == RL_NONE) return layer < 0;
  const rl_run *run = &program->runs[tensor->run];
  for (; *instance < run->repeat; (*instance)++) {
    if ((int)run->layers[*instance] == layer) return true;
  }
  return false;
}

static bool has_name(const rl_tensor *tensor, const char *op, const char *part) {
  size_t length = strlen(op);
  return tensor->role == RL_ROLE_WEIGHT && strncmp(tensor->name, op, length) == 0 &&
         tensor->name[length] == '.' && strcmp(tensor->name + length + 1, part) == 0;
}

static ref_matrix find_weight(const void *context, const char *op, const char *part, int layer) {
  const twin *t = context;
  for (uint32_t i = 0; i < t->program->tensor_count; i++) {
    const rl_tensor *tensor = &t->program->tensors[i];
    uint32_t instance;
    if (!has_name(tensor, op, part) || !in_layer(t->program, tensor, layer, &instance)) continue;
    return (ref_matrix){rl_engine_store(t->stored, i, instance)->bytes, (int)tensor->rows,
                        (int)tensor->cols, tensor->format->name};
  }
  CU_FAIL_FATAL("the program lacks a weight that the reference needs");
  return (ref_matrix){0};
}

ref_weights twin_weights(const twin *t) {
  return (ref_weights){find_weight, t};
}

static ref_number number_of(const char *format) {
  static const struct {
    const char *name;
    ref_number number;
  } names[] = {{"fp32", REF_FP32},
               {"bf16", REF_BF16},
               {"exact", REF_EXACT},
               {"int8-token", REF_INT8_TOKEN},
               {"int4-token", REF_INT4_TOKEN}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(names[i].name, format) == 0) return names[i].number;
  }
  CU_FAIL_FATAL("the reference does not round to this format");
  return REF_FP32;
}

ref_storage twin_storage(const twin_setup *setup) {
  return (ref_storage){
      .activations = number_of(setup->activations),
      .kv = setup->keys != NULL ? REF_EXACT : number_of(setup->kv),
      .keys = setup->keys,
      .values = setup->values,
      .inputs = strcmp(setup->weights, "w8a8-int8") == 0 ? REF_INT8_TOKEN : REF_FP32,
      .fused = strcmp(setup->profile, "unfused") != 0};
}

uint64_t twin_logit_rows(const rl_engine_entry *entry) {
  if (entry->logits == RL_LOGITS_NONE) return 0;
  return entry->logits == RL_LOGITS_ALL ? entry->q : 1;
}

/* Logits of the wanted rows of an entry, by the reference. Answers where the first row stands. */
static const double *head_logits(twin *t, const twin_pass *pass, size_t e, ref_plant plant,
                                 bool ahead, double *logits) {
  const rl_engine_entry *entry = &pass->entries[e];
  ref_storage storage = twin_storage(&t->setup);
  ref_weights weights = {find_weight, t};
  storage.rotates = (int)t->scenario->weights->rotation;
  const rl_engine_source *begun = &t->source[entry->sequence];
  uint64_t held = pass->cached[e] + entry->q, first = held - twin_logit_rows(entry);
  ref_tokens tokens = {.ids = t->ids[entry->sequence],
                       .count = (int)held,
                       .context = (int)pass->cached[e],
                       .first = (int)t->first[entry->sequence],
                       .cluster = (int)CLUSTERS[entry->sequence],
                       .parent = entry->tree != NULL ? entry->tree->parent : NULL,
                       .cached = t->cached[entry->sequence],
                       .decoded = t->decoded[entry->sequence],
                       .after = t->after[entry->sequence],
                       .ahead = ahead,
                       .source = {(int)begun->size.positions, (int)begun->size.pieces, begun->ids,
                                  begun->values, (int)begun->size.columns}};
  ref_forward(t->setup.model, &storage, &weights, &tokens, plant, logits);
  return logits + first * (uint64_t)t->setup.model->vocabulary;
}

static const double *reference_logits(twin *t, const twin_pass *pass, size_t e, ref_plant plant,
                                      double *logits) {
  return head_logits(t, pass, e, plant, false, logits);
}

static double head_error(twin *t, const twin_pass *pass, ref_plant plant, bool ahead) {
  static double logits[REF_TOKENS * REF_WIDTH];
  double largest = 0, difference = 0;
  const float *got = ahead ? pass->result.ahead_logits : pass->result.logits;
  for (size_t e = 0; e < pass->count; e++) {
    uint64_t count = twin_logit_rows(&pass->entries[e]) * (uint64_t)t->setup.model->vocabulary;
    if (count == 0) continue;
    const double *want = head_logits(t, pass, e, plant, ahead, logits);
    for (uint64_t i = 0; i < count; i++) {
      largest = fmax(largest, fabs(want[i]));
      difference = fmax(difference, fabs(want[i] - (double)*got++));
    }
  }
  return largest > 0 ? difference / largest : 0;
}

double twin_logit_error(twin *t, const twin_pass *pass, ref_plant plant) {
  double error = head_error(t, pass, plant, false);
  return pass->result.ahead_logits == NULL ? error : fmax(error, head_error(t, pass, plant, true));
}

double twin_noise_error(twin *t, const twin_pass *pass) {
  static double quiet[REF_TOKENS * REF_WIDTH], noisy[REF_TOKENS * REF_WIDTH];
  double largest = 0, difference = 0;
  for (size_t e = 0; e < pass->count; e++) {
    uint64_t count = twin_logit_rows(&pass->entries[e]) * (uint64_t)t->setup.model->vocabulary;
    if (count == 0) continue;
    const double *want = reference_logits(t, pass, e, REF_RIGHT, quiet);
    const double *got = reference_logits(t, pass, e, REF_NOISE, noisy);
    for (uint64_t i = 0; i < count; i++) {
      largest = fmax(largest, fabs(want[i]));
      difference = fmax(difference, fabs(want[i] - got[i]));
    }
  }
  return largest > 0 ? difference / largest : 0;
}

double twin_form_error(twin *t, const twin_pass *pass) {
  static double one[REF_TOKENS * REF_WIDTH], other[REF_TOKENS * REF_WIDTH];
  bool *decoded = &t->decoded[0][0];
  twin_setup setup = t->setup;
  double largest = 0, difference = 0;
  t->setup.activations = t->setup.kv = "exact";
  for (size_t e = 0; e < pass->count; e++) {
    uint64_t count = twin_logit_rows(&pass->entries[e]) * (uint64_t)t->setup.model->vocabulary;
    if (count == 0) continue;
    const double *want = reference_logits(t, pass, e, REF_RIGHT, one);
    for (int i = 0; i < TWIN_SEQUENCES * TWIN_CAPACITY; i++) decoded[i] = !decoded[i];
    const double *got = reference_logits(t, pass, e, REF_RIGHT, other);
    for (int i = 0; i < TWIN_SEQUENCES * TWIN_CAPACITY; i++) decoded[i] = !decoded[i];
    for (uint64_t i = 0; i < count; i++) {
      largest = fmax(largest, fabs(want[i]));
      difference = fmax(difference, fabs(want[i] - got[i]));
    }
  }
  t->setup = setup;
  return largest > 0 ? difference / largest : 0;
}

/* --- chunks --- */

static float one_piece[REF_WIDTH];
static int same_chunks;

/* Sequence 3 was given in one pass what sequence 2 is given in chunks of 5 and 4. */
static void compare_chunks(twin *t, const twin_pass *pass) {
  size_t width = (size_t)t->setup.model->vocabulary, bytes = width * sizeof(float);
  const float *row = pass->result.logits;
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    uint64_t held = pass->cached[e] + entry->q;
    if (entry->sequence == 3 && held == 9) memcpy(one_piece, row, bytes);
    if (entry->sequence == 2 && held == 9) same_chunks += memcmp(one_piece, row, bytes) == 0;
    row += width * twin_logit_rows(entry);
  }
}

int twin_count_same_chunks(const twin_setup *setup) {
  twin t;
  same_chunks = 0;
  twin_open(&t, setup);
  twin_run(&t, compare_chunks);
  twin_close(&t);
  return same_chunks;
}
