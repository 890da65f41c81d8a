/* Counts as functions of the point: what must hold for any model, any storage and any mix of
 * groups. */
#include <string.h>

#include "base/checked.h"
#include "draw.h"
#include "pool.h"
#include "unit.h"

enum { CASES = 10000 };

typedef struct totals {
  uint64_t of[RL_COUNTS];
} totals;

static totals totals_of(const rl_lab_pass *pass, const rl_point *point) {
  totals sum;
  CU_ASSERT_TRUE_FATAL(rl_lab_totals(pass, point, sum.of));
  return sum;
}

static bool equal(const totals *a, const totals *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

static bool at_most(const totals *a, const totals *b) {
  for (int c = 0; c < RL_COUNTS; c++) {
    if (a->of[c] > b->of[c]) return false;
  }
  return true;
}

/* fp8 activations bring one scale a tensor, however many rows it has: sums over parts of a pass
 * count that scale more than once, so what is said of sums is said of the other storages. */
static bool has_tensor_scales(const rl_pool_member *member) {
  return strcmp(member->question.weights, "w8a8-fp8") == 0;
}

/* Experts are read once for all tokens that chose them, by an expectation that is rounded once a
 * row: their bytes are neither a sum nor the largest share of a pass's parts. */
static bool has_experts(const rl_pool_member *member) {
  return member->model.family == RL_POOL_MIXTRAL;
}

/* The member's pass, fused or not. */
static const rl_lab_pass *draw_pass(rl_tape *tape) {
  const rl_pool_member *member = rl_pool_member_draw(tape);
  bool unfused = rl_tape_draw(tape, 0, 1) == 1;
  if (member == NULL) return NULL;
  return unfused ? &member->unfused : &member->pass;
}

/* ---- monotone ---- */

static bool longer_context(rl_tape *tape) {
  const rl_lab_pass *pass = draw_pass(tape);
  rl_drawn_point drawn;
  if (pass == NULL) return true;
  rl_draw_point(tape, &RL_DRAW_ANY, &drawn);
  totals before = totals_of(pass, &drawn.point);
  drawn.groups[rl_tape_draw(tape, 0, drawn.point.count - 1)].cached += rl_tape_draw(tape, 1, 100);
  totals after = totals_of(pass, &drawn.point);
  return at_most(&before, &after);
}

static bool more_tokens(rl_tape *tape) {
  const rl_lab_pass *pass = draw_pass(tape);
  rl_draw_limits limits = RL_DRAW_ANY;
  rl_drawn_point drawn;
  limits.trees = false;
  if (pass == NULL) return true;
  rl_draw_point(tape, &limits, &drawn);
  totals before = totals_of(pass, &drawn.point);
  drawn.groups[rl_tape_draw(tape, 0, drawn.point.count - 1)].q += rl_tape_draw(tape, 1, 100);
  totals after = totals_of(pass, &drawn.point);
  return at_most(&before, &after);
}

/* ---- groups ---- */

/* n sequences in one group, or each in a group of its own. */
static bool batch_is_count(rl_tape *tape) {
  const rl_lab_pass *pass = draw_pass(tape);
  rl_draw_limits limits = RL_DRAW_ANY;
  rl_drawn_point drawn;
  rl_group each[16];
  limits.groups = 1;
  limits.count = 16;
  if (pass == NULL) return true;
  rl_draw_point(tape, &limits, &drawn);
  for (uint64_t i = 0; i < drawn.groups[0].count; i++) {
    each[i] = drawn.groups[0];
    each[i].count = 1;
  }
  rl_point apart = {each, drawn.groups[0].count};
  totals one = totals_of(pass, &drawn.point), many = totals_of(pass, &apart);
  return equal(&one, &many);
}

static bool group_order(rl_tape *tape) {
  const rl_lab_pass *pass = draw_pass(tape);
  rl_drawn_point drawn;
  rl_group turned[RL_DRAW_GROUPS];
  if (pass == NULL) return true;
  rl_draw_point(tape, &RL_DRAW_ANY, &drawn);
  for (size_t g = 0; g < drawn.point.count; g++) {
    turned[g] = drawn.groups[drawn.point.count - 1 - g];
  }
  rl_point back = {turned, drawn.point.count};
  totals one = totals_of(pass, &drawn.point), other = totals_of(pass, &back);
  return equal(&one, &other);
}

/* Every count of a row is the sum over the parts; weights alone are read once for all of them, so
 * their bytes are the largest of the parts', but for table look-ups, which are a row a token. */
static bool row_is_sum(const rl_lab_pass *pass, const rl_lab_row *whole, const rl_lab_row *a,
                       const rl_lab_row *b) {
  for (int c = 0; c < RL_COUNTS; c++) {
    uint64_t sum = a->counts[c] + b->counts[c];
    if (c == RL_C_WEIGHTS && pass->program->ops[whole->op].kind != RL_OP_EMBED) {
      sum = a->counts[c] > b->counts[c] ? a->counts[c] : b->counts[c];
    }
    if (whole->counts[c] != sum) return false;
  }
  return true;
}

static bool ragged_is_sum(rl_tape *tape) {
  const rl_pool_member *member = rl_pool_member_draw(tape);
  rl_drawn_point drawn;
  rl_lab_row *rows[3];
  uint32_t counts[3];
  rl_arena arena;
  bool same = true;
  if (member == NULL || has_tensor_scales(member) || has_experts(member)) return true;
  const rl_lab_pass *pass = rl_tape_draw(tape, 0, 1) == 1 ? &member->unfused : &member->pass;
  rl_draw_point(tape, &RL_DRAW_ANY, &drawn);
  size_t cut = drawn.point.count / 2;
  rl_point points[3] = {
      drawn.point, {drawn.groups, cut}, {drawn.groups + cut, drawn.point.count - cut}};
  rl_arena_init(&arena, NULL);
  for (int p = 0; p < 3; p++) {
    CU_ASSERT_TRUE_FATAL(rl_lab_count(&arena, pass, &points[p], &rows[p], &counts[p]));
  }
  for (uint32_t r = 0; r < counts[0] && same; r++) {
    same = row_is_sum(pass, &rows[0][r], &rows[1][r], &rows[2][r]);
  }
  rl_arena_free(&arena);
  return same;
}

/* ---- chunks ---- */

/* A prompt in one pass or in chunks, only the last of which wants logits: the same pairs,
 * operations and activations; weights and cached rows are read again for each chunk. */
static bool chunks_are_prompt(rl_tape *tape) {
  static const rl_count same[] = {RL_C_MATRIX, RL_C_VECTOR, RL_C_KV_WRITE, RL_C_ACT_READ,
                                  RL_C_ACT_WRITE};
  const rl_pool_member *member = rl_pool_member_draw(tape);
  rl_draw_limits limits = {.groups = 1, .count = 4, .q = 600, .cached = 600};
  rl_drawn_point drawn;
  totals sum = {{0}};
  if (member == NULL || has_tensor_scales(member)) return true;
  rl_draw_point(tape, &limits, &drawn);
  rl_group whole = drawn.groups[0], chunk = whole;
  for (uint64_t done = 0; done < whole.q; done += chunk.q) {
    chunk.q = rl_tape_draw(tape, whole.q / 8 + 1, whole.q);
    if (chunk.q > whole.q - done) chunk.q = whole.q - done;
    chunk.cached = whole.cached + done;
    chunk.logits = done + chunk.q == whole.q ? RL_LOGITS_LAST : RL_LOGITS_NONE;
    totals part = totals_of(&member->pass, &(rl_point){&chunk, 1});
    for (int c = 0; c < RL_COUNTS; c++) sum.of[c] += part.of[c];
  }
  totals once = totals_of(&member->pass, &(rl_point){&whole, 1});
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    if (sum.of[same[i]] != once.of[same[i]]) return false;
  }
  return at_most(&once, &sum);
}

/* ---- trees ---- */

/* A tree that is a single path is a chain. */
static bool path_is_chain(rl_tape *tape) {
  const rl_lab_pass *pass = draw_pass(tape);
  rl_draw_limits limits = {
      .groups = 1, .count = 8, .q = RL_DRAW_NODES, .cached = 1000, .logits = true};
  int32_t parents[RL_DRAW_NODES];
  rl_drawn_point drawn;
  if (pass == NULL) return true;
  rl_draw_point(tape, &limits, &drawn);
  for (int32_t i = 0; i < RL_DRAW_NODES; i++) parents[i] = i - 1;
  rl_tree path = {.nodes = (uint32_t)drawn.groups[0].q, .parent = parents};
  rl_group group = drawn.groups[0];
  group.tree = &path;
  totals chain = totals_of(pass, &drawn.point), tree = totals_of(pass, &(rl_point){&group, 1});
  return equal(&chain, &tree);
}

/* A tree attends to no more than the chain of as many tokens, and stores as much. */
static bool tree_at_most_chain(rl_tape *tape) {
  const rl_pool_member *member = rl_pool_member_draw(tape);
  rl_draw_limits limits = {
      .groups = 1, .count = 8, .q = RL_DRAW_NODES, .cached = 1000, .trees = true, .logits = true};
  rl_drawn_point drawn;
  if (member == NULL) return true;
  if (member->model.window != 0)
    return true; /* a tree's nodes stand nearer: the window bites later */
  rl_draw_point(tape, &limits, &drawn);
  totals tree = totals_of(&member->pass, &drawn.point);
  drawn.groups[0].tree = NULL;
  totals chain = totals_of(&member->pass, &drawn.point);
  return at_most(&tree, &chain) && tree.of[RL_C_KV_READ] == chain.of[RL_C_KV_READ] &&
         tree.of[RL_C_KV_WRITE] == chain.of[RL_C_KV_WRITE];
}

/* ---- overflow ---- */

/* A count of n like sequences is n times that of one, but for weights that are read once. */
static bool exact_or_refused(const rl_lab_pass *pass, const rl_lab_row *one, uint64_t n, int count,
                             const rl_lab_row *many) {
  bool once = count == RL_C_WEIGHTS && pass->program->ops[one->op].kind != RL_OP_EMBED;
  rl_u128 exact = (rl_u128)one->counts[count] * (once ? 1 : n);
  return many == NULL ? exact > UINT64_MAX : exact == many->counts[count];
}

/* Batches up to 2^63: every count is the exact integer, or the pass is refused because one does not
 * fit 64 bits. Never a wrapped number, never a refusal without need. */
static bool overflow_is_refused(rl_tape *tape) {
  const rl_pool_member *member = rl_pool_member_draw(tape);
  rl_draw_limits limits = {.groups = 1, .count = 1, .q = 50, .cached = 5000, .trees = true};
  rl_lab_row *one, *many;
  uint32_t one_count, many_count;
  rl_drawn_point drawn;
  rl_arena arena;
  bool refused, right;
  if (member == NULL || has_tensor_scales(member) || has_experts(member)) return true;
  const rl_lab_pass *pass = rl_tape_draw(tape, 0, 1) == 1 ? &member->unfused : &member->pass;
  rl_draw_point(tape, &limits, &drawn);
  rl_arena_init(&arena, NULL);
  CU_ASSERT_TRUE_FATAL(rl_lab_count(&arena, pass, &drawn.point, &one, &one_count));
  uint64_t n = rl_tape_draw_size(tape, 1, (uint64_t)1 << 63);
  drawn.groups[0].count = n;
  refused = !rl_lab_count(&arena, pass, &drawn.point, &many, &many_count);
  right = !refused; /* refused: until some count is found that does not fit */
  for (uint32_t r = 0; r < one_count; r++) {
    for (int c = 0; c < RL_COUNTS; c++) {
      bool holds = exact_or_refused(pass, &one[r], n, c, refused ? NULL : &many[r]);
      right = refused ? right || holds : right && holds;
    }
  }
  rl_arena_free(&arena);
  return right;
}

/* ---- fusion ---- */

/* Fusing never adds work or bytes. When no pair is masked (one new token, no window bites) it
 * leaves out no operation either, and no byte of weights or KV. */
static bool fusion_keeps_work(rl_tape *tape) {
  const rl_pool_member *member = rl_pool_member_draw(tape);
  rl_draw_limits limits = RL_DRAW_ANY;
  rl_drawn_point drawn;
  bool single = rl_tape_draw(tape, 0, 1) == 0;
  if (member == NULL) return true;
  if (single) limits.q = 1;
  if (single) limits.trees = false;
  rl_draw_point(tape, &limits, &drawn);
  totals fused = totals_of(&member->pass, &drawn.point);
  totals apart = totals_of(&member->unfused, &drawn.point);
  if (!at_most(&fused, &apart)) return false;
  if (!single || member->model.window != 0) return true;
  return fused.of[RL_C_MATRIX] == apart.of[RL_C_MATRIX] &&
         fused.of[RL_C_VECTOR] == apart.of[RL_C_VECTOR] &&
         (fused.of[RL_C_WEIGHTS] == apart.of[RL_C_WEIGHTS] || has_experts(member)) &&
         fused.of[RL_C_KV_READ] == apart.of[RL_C_KV_READ] &&
         fused.of[RL_C_KV_WRITE] == apart.of[RL_C_KV_WRITE];
}

static void test_longer(void) {
  rl_property_check("a longer context never costs less", longer_context, CASES);
}
static void test_more(void) {
  rl_property_check("more tokens never cost less", more_tokens, CASES);
}
static void test_batch(void) {
  rl_property_check("a batch of like sequences is their count", batch_is_count, CASES);
}
static void test_order(void) {
  rl_property_check("the order of groups does not matter", group_order, CASES);
}
static void test_ragged(void) {
  rl_property_check("ragged is the sum of its parts", ragged_is_sum, CASES);
}
static void test_chunks(void) {
  rl_property_check("chunks are the prompt", chunks_are_prompt, CASES);
}
static void test_path(void) {
  rl_property_check("a path is a chain", path_is_chain, CASES);
}
static void test_tree(void) {
  rl_property_check("a tree attends to no more than a chain", tree_at_most_chain, CASES);
}
static void test_overflow(void) {
  rl_property_check("overflow is refused", overflow_is_refused, CASES);
}
static void test_fusion(void) {
  rl_property_check("fusion keeps the work", fusion_keeps_work, CASES);
}

RL_SUITE("properties of points", {"longer context", test_longer}, {"more tokens", test_more},
         {"batch", test_batch}, {"order of groups", test_order}, {"ragged", test_ragged},
         {"chunks", test_chunks}, {"path", test_path}, {"tree", test_tree},
         {"overflow", test_overflow}, {"fusion", test_fusion})
