/* Bounds as functions of the machine. Nothing here knows an absolute time: only how one bound must
 * stand to another, and that no row is faster than any of its roofs. */
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "pool.h"
#include "time/plan.h"
#include "unit.h"

enum { CASES = 10000, ROWS_MAX = 128, BATCH = 5 };

/* A pass evaluated: whole and by rows. */
typedef struct timed {
  double pass;
  double rows[ROWS_MAX];
  uint8_t bounds[ROWS_MAX];
  uint64_t counts[ROWS_MAX][RL_COUNTS];
  size_t row_count;
} timed;

static void keep(const rl_evaluation *evaluation, size_t point, timed *out) {
  out->row_count = evaluation->rows;
  out->pass = evaluation->pass_seconds[point];
  for (size_t r = 0; r < evaluation->rows; r++) {
    size_t at = r * evaluation->points + point;
    out->rows[r] = evaluation->seconds[at];
    out->bounds[r] = evaluation->bound[at];
    for (int c = 0; c < RL_COUNTS; c++) out->counts[r][c] = evaluation->counts[c][at];
  }
}

/* Points evaluated together on one machine, and the plan's rows for who wants them. */
static void evaluate(const rl_lab_pass *pass, const rl_hardware *hardware, const rl_point *points,
                     size_t count, timed *out) {
  rl_arena arena;
  rl_diags diags;
  rl_plan *plan = NULL;
  rl_evaluation *evaluation = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, pass->cost, hardware, &plan, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_evaluation_new(&arena, plan, count, &evaluation, &diags), RL_OK);
  CU_ASSERT_TRUE_FATAL(evaluation->rows <= ROWS_MAX);
  CU_ASSERT_TRUE_FATAL(rl_plan_evaluate(plan, points, count, evaluation));
  for (size_t p = 0; p < count; p++) keep(evaluation, p, &out[p]);
  rl_arena_free(&arena);
}

typedef struct question {
  const rl_lab_pass *pass;
  rl_drawn_hardware machine;
  rl_drawn_point point;
} question;

static bool draw_question(rl_tape *tape, question *asked) {
  const rl_pool_member *member = rl_pool_member_draw(tape);
  bool unfused = rl_tape_draw(tape, 0, 1) == 1;
  rl_draw_hardware(tape, &asked->machine);
  rl_draw_point(tape, &RL_DRAW_ANY, &asked->point);
  if (member == NULL) return false;
  asked->pass = unfused ? &member->unfused : &member->pass;
  return true;
}

/* No row and no pass of `fast` is slower. */
static bool never_slower(const timed *fast, const timed *slow) {
  for (size_t r = 0; r < fast->row_count; r++) {
    if (fast->rows[r] > slow->rows[r]) return false;
  }
  return fast->pass <= slow->pass;
}

static void compare(const question *asked, const rl_drawn_hardware *other, timed out[2]) {
  evaluate(asked->pass, &asked->machine.hardware, &asked->point.point, 1, &out[0]);
  evaluate(asked->pass, &other->hardware, &asked->point.point, 1, &out[1]);
}

/* ---- more is never slower ---- */

static bool more_bandwidth(rl_tape *tape) {
  question asked;
  rl_drawn_hardware better;
  timed out[2];
  if (!draw_question(tape, &asked)) return true;
  rl_draw_hardware_copy(&asked.machine, &better);
  size_t level = rl_tape_draw(tape, 0, RL_DRAW_LEVELS - 1);
  better.levels[level].bandwidth.value *= 1 + (double)rl_tape_draw(tape, 1, 1000) / 100;
  compare(&asked, &better, out);
  return never_slower(&out[1], &out[0]);
}

static bool more_peak(rl_tape *tape) {
  question asked;
  rl_drawn_hardware better;
  timed out[2];
  if (!draw_question(tape, &asked)) return true;
  rl_draw_hardware_copy(&asked.machine, &better);
  size_t peak = rl_tape_draw(tape, 0, RL_DRAW_PEAKS - 1);
  better.peaks[peak].rate.value *= 1 + (double)rl_tape_draw(tape, 1, 1000) / 100;
  compare(&asked, &better, out);
  return never_slower(&out[1], &out[0]);
}

static bool more_context(rl_tape *tape) {
  question asked;
  timed out[2];
  if (!draw_question(tape, &asked)) return true;
  /* Without a cache: a longer context may push operands out of one at a point of its own. */
  asked.machine.levels[0].capacity = asked.machine.levels[0].usable = 1;
  evaluate(asked.pass, &asked.machine.hardware, &asked.point.point, 1, &out[0]);
  asked.point.groups[0].cached += rl_tape_draw(tape, 1, 500);
  evaluate(asked.pass, &asked.machine.hardware, &asked.point.point, 1, &out[1]);
  return never_slower(&out[0], &out[1]);
}

/* ---- scale ---- */

/* Everything twice as fast, some number of times over: the same bounds, and times that are exactly
 * as many halves (powers of two round nothing). */
static bool scale_invariance(rl_tape *tape) {
  question asked;
  rl_drawn_hardware faster;
  timed out[2];
  if (!draw_question(tape, &asked)) return true;
  double factor = (double)((uint64_t)1 << rl_tape_draw(tape, 1, 20));
  rl_draw_hardware_copy(&asked.machine, &faster);
  for (int p = 0; p < RL_DRAW_PEAKS; p++) faster.peaks[p].rate.value *= factor;
  for (int l = 0; l < RL_DRAW_LEVELS; l++) faster.levels[l].bandwidth.value *= factor;
  compare(&asked, &faster, out);
  for (size_t r = 0; r < out[0].row_count; r++) {
    if (out[1].rows[r] * factor != out[0].rows[r]) return false;
    if (out[1].bounds[r] != out[0].bounds[r]) return false;
  }
  return out[1].pass * factor == out[0].pass;
}

/* ---- the roofs ---- */

static uint64_t bytes_of(const uint64_t counts[RL_COUNTS]) {
  uint64_t bytes = 0;
  for (int c = RL_C_WEIGHTS; c < RL_COUNTS; c++) bytes += counts[c];
  return bytes;
}

static double largest(double a, double b) {
  return a > b ? a : b;
}

/* Reciprocals and products round: three operations, each within half a unit in the last place. */
static const double CLOSE = 1e-15 * 4;

static bool row_under_roofs(const question *asked, const timed *out, size_t r) {
  const rl_cost *cost = asked->pass->cost;
  const rl_op *op = &cost->program->ops[cost->rows[r].op];
  const rl_hardware *machine = &asked->machine.hardware;
  const uint64_t *counts = out->counts[r];
  const rl_peak *peak = rl_hardware_matrix_peak(machine, op->compute);
  double matrix = counts[RL_C_MATRIX] == 0 ? 0 : (double)counts[RL_C_MATRIX] / peak->rate.value;
  double vector = (double)counts[RL_C_VECTOR] / rl_hardware_vector_peak(machine)->rate.value;
  double stored = (double)(counts[RL_C_WEIGHTS] + counts[RL_C_KV_READ] + counts[RL_C_KV_WRITE]) /
                  rl_hardware_main(machine)->bandwidth.value;
  double all = (double)bytes_of(counts) / rl_hardware_main(machine)->bandwidth.value;
  double least = largest(matrix, vector), t = out->rows[r];
  if (rl_hardware_cache(machine)->capacity < cost->weight_bytes) least = largest(least, stored);
  return t >= least * (1 - CLOSE) && t <= largest(largest(matrix, vector), all) * (1 + CLOSE);
}

/* No row beats the peak of its engine, the vector engine, or main memory for what must come from
 * there; and none is slower than all bytes from main memory. The pass is the sum of its rows. */
static bool roofline_bound(rl_tape *tape) {
  question asked;
  timed out;
  double sum = 0;
  if (!draw_question(tape, &asked)) return true;
  evaluate(asked.pass, &asked.machine.hardware, &asked.point.point, 1, &out);
  for (size_t r = 0; r < out.row_count; r++) {
    if (!row_under_roofs(&asked, &out, r)) return false;
    sum += asked.pass->cost->rows[r].repeat * out.rows[r];
  }
  return out.pass >= sum * (1 - 1e-12) && out.pass <= sum * (1 + 1e-12);
}

/* ---- evaluation ---- */

/* Points evaluated together or one by one give the same bits. */
static bool batches_agree(rl_tape *tape) {
  question asked;
  rl_drawn_point drawn[BATCH];
  rl_point points[BATCH];
  timed together[BATCH], alone;
  if (!draw_question(tape, &asked)) return true;
  for (int p = 0; p < BATCH; p++) {
    rl_draw_point(tape, &RL_DRAW_ANY, &drawn[p]);
    points[p] = drawn[p].point;
  }
  evaluate(asked.pass, &asked.machine.hardware, points, BATCH, together);
  int which = (int)rl_tape_draw(tape, 0, BATCH - 1);
  evaluate(asked.pass, &asked.machine.hardware, &points[which], 1, &alone);
  return together[which].pass == alone.pass &&
         memcmp(together[which].rows, alone.rows, alone.row_count * sizeof *alone.rows) == 0 &&
         memcmp(together[which].bounds, alone.bounds, alone.row_count) == 0 &&
         memcmp(together[which].counts, alone.counts, alone.row_count * sizeof *alone.counts) == 0;
}

/* The counts that a plan evaluates are those that the forms give by checked arithmetic. */
static bool plan_counts(rl_tape *tape) {
  question asked;
  timed out;
  rl_arena arena;
  rl_lab_row *rows;
  uint32_t count;
  bool same;
  if (!draw_question(tape, &asked)) return true;
  evaluate(asked.pass, &asked.machine.hardware, &asked.point.point, 1, &out);
  rl_arena_init(&arena, NULL);
  CU_ASSERT_TRUE_FATAL(rl_lab_count(&arena, asked.pass, &asked.point.point, &rows, &count));
  same = count == out.row_count;
  for (uint32_t r = 0; r < count && same; r++) {
    same = memcmp(rows[r].counts, out.counts[r], sizeof out.counts[r]) == 0;
  }
  rl_arena_free(&arena);
  return same;
}

static void test_bandwidth(void) {
  rl_property_check("more bandwidth is never slower", more_bandwidth, CASES);
}
static void test_peak(void) {
  rl_property_check("more peak is never slower", more_peak, CASES);
}
static void test_context(void) {
  rl_property_check("more context is never faster", more_context, CASES);
}
static void test_scale(void) {
  rl_property_check("a machine k times as fast", scale_invariance, CASES);
}
static void test_roofs(void) {
  rl_property_check("no row beats its roofs", roofline_bound, CASES);
}
static void test_batches(void) {
  rl_property_check("batches do not change bits", batches_agree, CASES);
}
static void test_counts(void) {
  rl_property_check("plans count what forms count", plan_counts, CASES);
}

RL_SUITE("properties of times", {"bandwidth", test_bandwidth}, {"peak", test_peak},
         {"context", test_context}, {"scale", test_scale}, {"roofs", test_roofs},
         {"batches", test_batches}, {"counts", test_counts})
