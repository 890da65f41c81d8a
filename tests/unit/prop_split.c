/* What the ranks of a split model hold and do adds up to the model, for every model that ships:
 * each weight is cut into parts without gap or overlap or kept whole by all, matrix work is shared
 * or repeated as its weight is, and KV heads are all there. */
#include <string.h>

#include "base/checked.h"
#include "lab.h"
#include "unit.h"

enum { RANKS_MAX = 8 };

typedef struct split_case {
  rl_lab *lab;
  const char *model;
  uint64_t ranks, experts; /* all of them; those that experts are spread over */
  uint64_t groups;         /* of ranks that share each layer */
  rl_lab_pass whole, parts[RANKS_MAX];
} split_case;

/* The nth tensor of that name and role; weights and KV of one layer run are told apart by order. */
static const rl_tensor *tensor_of(const rl_program *program, const rl_tensor *like, uint32_t nth) {
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role == like->role && strcmp(tensor->name, like->name) == 0 && nth-- == 0) {
      return tensor;
    }
  }
  return NULL;
}

static uint32_t order_of(const rl_program *program, uint32_t index) {
  uint32_t nth = 0;
  for (uint32_t t = 0; t < index; t++) {
    const rl_tensor *a = &program->tensors[t], *b = &program->tensors[index];
    nth += a->role == b->role && strcmp(a->name, b->name) == 0;
  }
  return nth;
}

static bool is_cut(const rl_tensor *tensor) {
  return tensor->row_slice.whole != 0 || tensor->col_slice.whole != 0 ||
         tensor->expert_slice.whole != 0;
}

typedef enum dimension { ROWS, COLS, EXPERTS } dimension;

static rl_slice slice_of(const rl_tensor *tensor, dimension d) {
  if (d == EXPERTS) return tensor->expert_slice;
  return d == ROWS ? tensor->row_slice : tensor->col_slice;
}

/* Rows are those of one expert, where there are experts. */
static uint64_t size_of(const rl_tensor *tensor, dimension d) {
  if (d == EXPERTS) return tensor->experts;
  if (d == COLS) return tensor->cols;
  return tensor->experts != 0 ? tensor->rows / tensor->experts : tensor->rows;
}

/* A dimension as the ranks before have it. */
typedef struct cover {
  uint64_t next, last; /* behind the last part; where that begins */
} cover;

/* Parts of one dimension follow each other; a KV head may be there several times. Columns begin anew
 * with the next row. */
static void follow(cover *held, uint64_t first, uint64_t size, bool anew) {
  CU_ASSERT_TRUE(first == held->last || first == held->next || (anew && first == 0));
  *held = (cover){first + size, first};
}

static void check_slices(const split_case *c, const rl_tensor *const *parts, dimension d) {
  enum { PIECES = 3 };
  cover covers[PIECES] = {{0, UINT64_MAX}, {0, UINT64_MAX}, {0, UINT64_MAX}};
  uint64_t begins[PIECES] = {0}, whole = 0;
  const uint64_t ranks = d == EXPERTS ? c->ranks : c->ranks / c->groups;
  for (uint64_t r = 0; r < ranks; r++) {
    const rl_slice slice = slice_of(parts[r], d);
    const bool anew = d == COLS && parts[r]->row_slice.whole != 0 && covers[0].next == slice.whole;
    const uint64_t own = slice.own == 0 ? size_of(parts[r], d) : slice.own;
    whole = slice.whole;
    if (whole == 0) return;
    follow(&covers[0], slice.first, own, anew);
    if (slice.own == 0) continue;
    CU_ASSERT_EQUAL(size_of(parts[r], d), own + 2 * slice.each);
    begins[1] = whole - 2 * slice.step;
    begins[2] = whole - slice.step;
    for (int p = 1; p < PIECES; p++) {
      uint64_t at = rl_slice_at(&slice, own + (uint64_t)(p - 1) * slice.each);
      CU_ASSERT_FATAL(at >= begins[p]);
      follow(&covers[p], at - begins[p], slice.each, false);
    }
  }
  if (begins[1] == 0) {
    CU_ASSERT_EQUAL(covers[0].next, whole);
    return;
  }
  CU_ASSERT_EQUAL(covers[0].next, begins[1]);
  CU_ASSERT_EQUAL(covers[1].next, begins[2] - begins[1]);
  CU_ASSERT_EQUAL(covers[2].next, whole - begins[2]);
}

static void check_tensor(const split_case *c, uint32_t index) {
  const rl_program *program = c->whole.program;
  const rl_tensor *whole = &program->tensors[index], *parts[RANKS_MAX];
  uint32_t nth = order_of(program, index);
  for (uint64_t r = 0; r < c->ranks; r++) {
    parts[r] = tensor_of(c->parts[r].program, whole, nth);
    bool bias = whole->role == RL_ROLE_WEIGHT && strstr(whole->name, ".bias") != NULL;
    if (parts[r] == NULL && bias && r > 0) return; /* the first rank adds it */
    CU_ASSERT_PTR_NOT_NULL_FATAL(parts[r]);
    if (is_cut(parts[r])) continue;
    CU_ASSERT_EQUAL(parts[r]->rows, whole->rows);
    CU_ASSERT_EQUAL(parts[r]->cols, whole->cols);
  }
  for (int d = ROWS; d <= EXPERTS; d++) check_slices(c, parts, (dimension)d);
}

static uint64_t weight_values(const rl_program *program, const rl_op *op) {
  uint64_t values = 0;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_tensor *t = &program->tensors[program->operands[op->first_operand + o].tensor];
    if (t->role == RL_ROLE_WEIGHT && strstr(t->name, ".bias") == NULL) values += t->rows * t->cols;
  }
  return values;
}

static const rl_lab_row *row_named(const rl_lab_row *rows, uint32_t count, const char *name,
                                   uint32_t nth) {
  for (uint32_t r = 0; r < count; r++) {
    if (strcmp(rows[r].name, name) == 0 && nth-- == 0) return &rows[r];
  }
  return NULL;
}

/* Pairs of a chunk of two sequences of seven tokens: 2 * 7 * 8 / 2. */
enum { PAIRS = 56 };

/* Matrix work of an operator: that of all ranks is to the whole as the weights they hold are, once,
 * or as often as they are kept; of one without weights (attention) it is the whole. Ranks that share
 * a group of a state-space model each multiply its B and C, 2 N a pair (Dao & Gu 2024, 6). Every rank
 * scores all tokens of an index: the latents that it attends to are whole on each. */
static void check_work(const split_case *c) {
  const rl_group groups[] = {{.count = 3, .q = 1, .cached = 100},
                             {.count = 2, .q = 7, .cached = 5}};
  const rl_point point = {groups, 2};
  rl_lab_row *whole, *parts[RANKS_MAX];
  uint32_t count, counts[RANKS_MAX];
  CU_ASSERT_TRUE_FATAL(rl_lab_count(&c->lab->arena, &c->whole, &point, &whole, &count));
  for (uint64_t r = 0; r < c->ranks; r++) {
    CU_ASSERT_TRUE_FATAL(rl_lab_count(&c->lab->arena, &c->parts[r], &point, &parts[r], &counts[r]));
  }
  for (uint32_t i = 0; i < count; i++) {
    uint64_t nth = 0, work = 0, values = 0, sets = 0;
    for (uint32_t j = 0; j < i; j++) nth += strcmp(whole[j].name, whole[i].name) == 0;
    for (uint64_t r = 0; r < c->ranks; r++) {
      const rl_lab_row *row = row_named(parts[r], counts[r], whole[i].name, (uint32_t)nth);
      CU_ASSERT_PTR_NOT_NULL_FATAL(row);
      work += row->counts[RL_C_MATRIX];
      sets += c->parts[r].program->ops[row->op].at.groups;
      values += weight_values(c->parts[r].program, &c->parts[r].program->ops[row->op]);
    }
    const rl_op *op = &c->whole.program->ops[whole[i].op];
    uint64_t held = weight_values(c->whole.program, op);
    if (op->kind == RL_OP_SSD) work -= 2 * PAIRS * op->at.states * (sets - op->at.groups);
    const uint64_t times = op->kind == RL_OP_CHOOSE_TOKENS ? c->ranks : 1;
    if (held == 0) CU_ASSERT_EQUAL(work, times * whole[i].counts[RL_C_MATRIX]);
    if (held != 0) {
      CU_ASSERT_EQUAL((rl_u128)work * held, (rl_u128)whole[i].counts[RL_C_MATRIX] * values);
    }
  }
}

static bool lower_part(split_case *c, uint64_t rank) {
  rl_scenario *scenario = RL_NEW(&c->lab->arena, rl_scenario);
  rl_lab_pass *part = &c->parts[rank];
  rl_cost *cost;
  if (scenario == NULL) return false;
  *scenario = *c->whole.scenario;
  const uint64_t tensor = c->ranks / c->groups;
  scenario->parallel.tensor = tensor;
  scenario->parallel.data = c->groups;
  scenario->parallel.expert = c->experts;
  *part = (rl_lab_pass){.scenario = scenario};
  rl_diags_init(&c->lab->diags, &c->lab->arena);
  if (rl_lower_rank(&c->lab->arena, scenario,
                    (rl_rank){.tensor = rank % tensor, .data = rank / tensor}, &part->program,
                    &c->lab->diags) != RL_OK) {
    return false;
  }
  rl_status status = rl_cost_compile(&c->lab->arena, part->program, 1, &cost, &c->lab->diags);
  part->cost = cost;
  return status == RL_OK;
}

/* The model has no such division of its heads, no experts to spread, or is not to be divided yet.
 */
static bool is_refused(const rl_diags *diags) {
  if (diags->list.count == 0) return false;
  rl_diag_code code = diags->list.items[0].code;
  return code == RL_D_SHARD_HEADS || code == RL_D_NO_SHARDS || code == RL_D_NO_EXPERTS;
}

/* False when the model cannot be split so. */
static bool check_model(rl_lab *lab, const char *model, uint64_t ranks, uint64_t experts,
                        uint64_t groups) {
  split_case c = {lab, model, ranks, experts, groups, {0}, {{0}}};
  CU_ASSERT_TRUE_FATAL(
      rl_lab_ask(lab, &(rl_lab_question){.model = model, .unfused = true}, &c.whole));
  for (uint64_t r = 0; r < ranks; r++) {
    if (lower_part(&c, r)) continue;
    if (!is_refused(&lab->diags)) rl_lab_complain(lab, model);
    CU_ASSERT_TRUE(is_refused(&lab->diags));
    return false;
  }
  for (uint32_t t = 0; t < c.whole.program->tensor_count; t++) {
    rl_role role = c.whole.program->tensors[t].role;
    if (role == RL_ROLE_WEIGHT || role == RL_ROLE_KV) check_tensor(&c, t);
  }
  if (experts == 1) check_work(&c); /* whole experts: the busiest rank's expectation */
  return true;
}

static void test_models(void) {
  rl_lab names;
  size_t count, split = 0;
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&names, NULL));
  const rl_db_entry *const *models = rl_db_entries(names.db, RL_DB_MODEL, &count);
  for (size_t m = 0; m < count; m++) {
    for (uint64_t ranks = 2; ranks <= RANKS_MAX; ranks *= 2) {
      for (uint64_t experts = 1; experts <= ranks; experts += ranks - 1) {
        rl_lab lab;
        CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
        split += check_model(&lab, models[m]->name, ranks, experts, 1);
        rl_lab_close(&lab);
      }
    }
  }
  CU_ASSERT(split >= 700);
  rl_lab_close(&names);
}

/* Experts over all ranks of several groups, each of which holds the rest. */
static void test_groups(void) {
  static const char *const models[] = {"mixtral-8x7b", "qwen3-30b-a3b", "deepseek-v3",
                                       "gpt-oss-120b", "llama-4-scout", "olmoe-1b-7b"};
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    for (uint64_t groups = 2; groups <= RANKS_MAX; groups *= 2) {
      rl_lab lab;
      CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
      CU_ASSERT_TRUE(check_model(&lab, models[m], RANKS_MAX, RANKS_MAX, groups));
      rl_lab_close(&lab);
    }
  }
}

RL_SUITE("split models", {"shares add up", test_models}, {"groups", test_groups})
