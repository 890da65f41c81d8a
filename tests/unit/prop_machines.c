/* Machines as files: the same figures in other units and in another order of keys are the same
 * machine, down to the last bit of every bound. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "draw.h"
#include "pool.h"
#include "time/plan.h"
#include "unit.h"

/* Each case writes and reads two files: dear. */
enum { CASES = 500 };

/* In thousandths of the larger unit. */
typedef struct figures {
  uint64_t bf16, vector, bandwidth, cache_bandwidth;
  uint64_t cache_mib, capacity_gib;
} figures;

static figures draw_figures(rl_tape *tape) {
  figures drawn;
  drawn.bf16 = rl_tape_draw_size(tape, 1, 5000000);
  drawn.vector = rl_tape_draw_size(tape, 1, 500000);
  drawn.bandwidth = rl_tape_draw_size(tape, 1, 50000);
  drawn.cache_bandwidth = rl_tape_draw_size(tape, 1, 100000); /* 100 TB/s are allowed */
  drawn.cache_mib = rl_tape_draw_size(tape, 1, 512);
  drawn.capacity_gib = rl_tape_draw_size(tape, 1, 1024);
  return drawn;
}

#define THOUSANDTHS(value) (value) / 1000, (value) % 1000
#define LARGE "%" PRIu64 ".%03" PRIu64
#define ORIGIN ", kind: datasheet, source: drawn}"

static void describe_large(const figures *f, FILE *file) {
  fprintf(file, "kind: hardware\ntitle: drawn\narch: drawn\nsources: {drawn: a random number}\n");
  fprintf(file, "compute:\n");
  fprintf(file, "  tensor.bf16: {peak: " LARGE " TFLOP/s, accumulate: f32" ORIGIN "\n",
          THOUSANDTHS(f->bf16));
  fprintf(file, "  vector.f32: {peak: " LARGE " TFLOP/s, accumulate: f32" ORIGIN "\n",
          THOUSANDTHS(f->vector));
  fprintf(file, "memory:\n  - name: cache\n");
  fprintf(file, "    capacity: {value: %" PRIu64 " MiB" ORIGIN "\n", f->cache_mib);
  fprintf(file, "    bandwidth: {value: " LARGE " TB/s" ORIGIN "\n",
          THOUSANDTHS(f->cache_bandwidth));
  fprintf(file, "  - name: main\n");
  fprintf(file, "    capacity: {value: %" PRIu64 " GiB" ORIGIN "\n", f->capacity_gib);
  fprintf(file, "    bandwidth: {value: " LARGE " TB/s" ORIGIN "\n", THOUSANDTHS(f->bandwidth));
}

/* A thousandth of the unit, a thousand times the number, and every map the other way round. The
 * memory levels stay: their order means something. */
static void describe_small(const figures *f, FILE *file) {
  fprintf(file, "memory:\n");
  fprintf(file, "  - bandwidth: {source: drawn, kind: datasheet, value: %" PRIu64 " GB/s}\n",
          f->cache_bandwidth);
  fprintf(file, "    capacity: {source: drawn, kind: datasheet, value: %" PRIu64 " KiB}\n",
          f->cache_mib * 1024);
  fprintf(file, "    name: cache\n");
  fprintf(file, "  - bandwidth: {source: drawn, kind: datasheet, value: %" PRIu64 " GB/s}\n",
          f->bandwidth);
  fprintf(file, "    capacity: {source: drawn, kind: datasheet, value: %" PRIu64 " MiB}\n",
          f->capacity_gib * 1024);
  fprintf(file, "    name: main\ncompute:\n");
  fprintf(file, "  vector.f32: {peak: %" PRIu64 " GFLOP/s, accumulate: f32" ORIGIN "\n", f->vector);
  fprintf(file, "  tensor.bf16: {peak: %" PRIu64 " GFLOP/s, accumulate: f32" ORIGIN "\n", f->bf16);
  fprintf(file, "sources: {drawn: a random number}\narch: drawn\ntitle: drawn\nkind: hardware\n");
}

typedef void (*describer)(const figures *f, FILE *file);

static const rl_hardware *load(const figures *f, describer describe) {
  char path[] = "./prop-XXXXXX.yaml";
  int descriptor = mkstemps(path, 5);
  const rl_hardware *hardware = NULL;
  rl_lab *lab = rl_pool_lab();
  rl_loc loc = {0};
  CU_ASSERT_FATAL(descriptor >= 0);
  FILE *file = fdopen(descriptor, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  describe(f, file);
  fclose(file);
  if (rl_db_hardware(lab->db, path, loc, &hardware, &lab->diags) != RL_OK) {
    rl_lab_complain(lab, path);
    describe(f, stderr);
  }
  unlink(path);
  CU_ASSERT_PTR_NOT_NULL_FATAL(hardware);
  return hardware;
}

static double pass_seconds(rl_arena *arena, const rl_pool_member *member,
                           const rl_hardware *machine, const rl_point *point) {
  rl_diags diags;
  rl_plan *plan = NULL;
  rl_evaluation *evaluation = NULL;
  rl_diags_init(&diags, arena);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(arena, member->pass.cost, machine, &plan, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_evaluation_new(arena, plan, 1, &evaluation, &diags), RL_OK);
  CU_ASSERT_TRUE_FATAL(rl_plan_evaluate(plan, point, 1, evaluation));
  return evaluation->pass_seconds[0];
}

static bool units_and_order(rl_tape *tape) {
  const rl_pool_member *member = rl_pool_member_draw(tape);
  figures drawn = draw_figures(tape);
  rl_drawn_point point;
  rl_arena arena;
  if (member == NULL) return true;
  if (tape->loud) describe_large(&drawn, stderr);
  if (tape->loud) describe_small(&drawn, stderr);
  const rl_hardware *large = load(&drawn, describe_large), *small = load(&drawn, describe_small);
  rl_draw_point(tape, &RL_DRAW_ANY, &point);
  rl_arena_init(&arena, NULL);
  double one = pass_seconds(&arena, member, large, &point.point);
  double other = pass_seconds(&arena, member, small, &point.point);
  rl_arena_free(&arena);
  return one == other && one > 0 &&
         rl_hardware_main(large)->capacity == rl_hardware_main(small)->capacity &&
         rl_hardware_main(large)->capacity == drawn.capacity_gib << 30;
}

static void test_machines(void) {
  rl_property_check("units and order of a machine's keys", units_and_order, CASES);
}

RL_SUITE("properties of machines", {"units and order", test_machines})
