/* Machines: figures with their origin, exact capacities, and which peak serves a type. */
#include <string.h>

#include "spec_help.h"
#include "unit.h"

static const rl_hardware *hardware(spec_case *c, const char *name) {
  const rl_hardware *out;
  rl_status status = rl_db_hardware(c->db, name, (rl_loc){0}, &out, &c->diags);
  if (status != RL_OK) spec_print(c);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  return out;
}

static void test_figures(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_hardware *big = hardware(&c, "toy-big");
  CU_ASSERT_STRING_EQUAL(big->vendor, "acme");
  CU_ASSERT_STRING_EQUAL(big->default_for, "toy");
  CU_ASSERT_EQUAL(big->peak_count, 2);
  CU_ASSERT_DOUBLE_EQUAL(big->peaks[0].rate.value, 1e14, 0);
  CU_ASSERT_DOUBLE_EQUAL(big->peaks[0].sparse_2_4, 2, 0);
  /* `source: sheet` is an entry of `sources:`, other texts are the source themselves. */
  CU_ASSERT_STRING_EQUAL(big->peaks[0].rate.source->text, "Toy data sheet, table 1");
  CU_ASSERT_STRING_EQUAL(big->peaks[1].rate.source->text, "half of nothing");
  CU_ASSERT_EQUAL(big->peaks[0].rate.source->kind, RL_DATASHEET);
  CU_ASSERT_EQUAL(big->peaks[1].rate.source->kind, RL_DERIVED);
  CU_ASSERT_EQUAL(big->peaks[1].rate.source->loc.line, 8);
  const rl_memory_level *hbm = rl_hardware_main(big);
  CU_ASSERT_EQUAL(hbm->capacity, (uint64_t)16 << 30);
  CU_ASSERT_EQUAL(hbm->usable, (uint64_t)15 << 30);
  CU_ASSERT_DOUBLE_EQUAL(hbm->bandwidth.value, 1e12, 0);
  CU_ASSERT_DOUBLE_EQUAL(hbm->latency.value, 500e-9, 0);
  CU_ASSERT_PTR_NULL(hbm->bandwidth_low.source);
  CU_ASSERT_EQUAL(rl_hardware_cache(big)->capacity, 1048576);
  CU_ASSERT_PTR_NULL(rl_hardware_cache(big)->bandwidth.source);
  /* 100 GB/s in both directions together are 50 in one. */
  CU_ASSERT_DOUBLE_EQUAL(big->links[0].bandwidth.value, 50e9, 0);
  CU_ASSERT_DOUBLE_EQUAL(big->tdp.value, 300, 0);
  CU_ASSERT_PTR_NULL(big->price.source);
  spec_close(&c);
}

static void test_range(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_memory_level *hbm = rl_hardware_main(hardware(&c, "toy-small"));
  CU_ASSERT_DOUBLE_EQUAL(hbm->bandwidth.value, 500e9, 0);
  CU_ASSERT_DOUBLE_EQUAL(hbm->bandwidth_low.value, 400e9, 0);
  CU_ASSERT_EQUAL(hbm->usable, hbm->capacity);
  spec_close(&c);
}

/* What no document confirms is told apart: five figures of the file say so. */
static void test_unverified(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_hardware *doubtful = hardware(&c, "told");
  CU_ASSERT_EQUAL(rl_hardware_unverified(doubtful), 5);
  CU_ASSERT_EQUAL(doubtful->tdp.source->kind, RL_UNVERIFIED);
  CU_ASSERT_EQUAL(rl_hardware_unverified(hardware(&c, "toy-big")), 0);
  CU_ASSERT_STRING_EQUAL(rl_hardware_peer_link(doubtful)->name, "ring");
  CU_ASSERT_PTR_NULL(rl_hardware_peer_link(hardware(&c, "half-only")));
  spec_close(&c);
}

/* An H200 is 143771 MiB: 143771 * 1048576 = 150,754,820,096 bytes, not 141e9. */
static void test_exact_capacity(void) {
  spec_case c;
  spec_open(&c, NULL);
  CU_ASSERT_EQUAL(rl_hardware_main(hardware(&c, "h200-sxm"))->capacity, 150754820096);
  spec_close(&c);
}

/* Toy has tensor bf16 and vector f32: bf16 runs on the tensor cores, f32 on the vector engine (not
 * on bf16, which is narrower), int8 on the next wider type it has. */
static void test_peaks(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_hardware *big = hardware(&c, "toy-big");
  CU_ASSERT_PTR_EQUAL(rl_hardware_matrix_peak(big, RL_BF16), &big->peaks[0]);
  CU_ASSERT_PTR_EQUAL(rl_hardware_matrix_peak(big, RL_F32), &big->peaks[1]);
  CU_ASSERT_PTR_EQUAL(rl_hardware_matrix_peak(big, RL_F16), &big->peaks[1]);
  CU_ASSERT_PTR_EQUAL(rl_hardware_matrix_peak(big, RL_I8), &big->peaks[0]);
  CU_ASSERT_PTR_EQUAL(rl_hardware_matrix_peak(big, RL_I4), &big->peaks[0]);
  CU_ASSERT_PTR_EQUAL(rl_hardware_vector_peak(big), &big->peaks[1]);
  CU_ASSERT_PTR_NULL(rl_hardware_peak(big, RL_VECTOR, RL_BF16));
  rl_hardware half = *big; /* without f32: nothing as wide is left */
  half.peak_count = 1;
  CU_ASSERT_PTR_NULL(rl_hardware_matrix_peak(&half, RL_F32));
  CU_ASSERT_PTR_NULL(rl_hardware_vector_peak(&half));
  spec_close(&c);
}

/* Without vector f32 the widest floating vector type serves, integers never. */
static void test_widest_vector(void) {
  const rl_peak peaks[] = {{.engine = RL_VECTOR, .type = RL_F8_E4M3},
                           {.engine = RL_VECTOR, .type = RL_I32},
                           {.engine = RL_VECTOR, .type = RL_F16},
                           {.engine = RL_TENSOR, .type = RL_F32}};
  const rl_hardware machine = {.peaks = peaks, .peak_count = 4};
  CU_ASSERT_PTR_EQUAL(rl_hardware_vector_peak(&machine), &peaks[2]);
}

RL_SUITE("spec hardware", {"figures", test_figures}, {"range", test_range},
         {"unverified", test_unverified}, {"exact capacity", test_exact_capacity},
         {"peaks", test_peaks}, {"widest vector", test_widest_vector})
