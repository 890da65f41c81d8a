/* What the shipped machines must keep saying: figures of public documents typed a second time, and
 * rules that hold for all. */
#include <math.h>
#include <string.h>

#include "spec_help.h"
#include "unit.h"

static const rl_hardware *machine(spec_case *c, const char *name) {
  const rl_hardware *out;
  rl_status status = rl_db_hardware(c->db, name, (rl_loc){0}, &out, &c->diags);
  if (status != RL_OK) spec_print(c);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  return out;
}

static double peak(const rl_hardware *h, rl_engine engine, rl_type type) {
  const rl_peak *found = rl_hardware_peak(h, engine, type);
  return found == NULL ? 0 : found->rate.value / 1e12;
}

/* Dense peaks in TFLOP/s as the vendors' tables print them (of sparse ones the half). */
static void test_peaks_typed_again(void) {
  static const struct {
    const char *name;
    double f16, f8, i8, vector;
  } rows[] = {
      {"v100-sxm2-32gb", 125, 0, 0, 15.7},
      {"a100-pcie-80gb", 312, 0, 624, 19.5},
      {"l4", 121, 242.5, 242.5, 30.3},
      {"h100-nvl", 835.5, 1671, 1671, 60},
      {"rtx-3090", 71, 0, 284, 35.6},
      {"rtx-5090", 209.5, 419, 838, 104.8},
      {"mi210", 181, 0, 181, 22.6},
      {"mi325x", 1307.4, 2614.9, 2614.9, 163.4},
      {"mi355x", 2516.6, 5033.2, 5033.2, 157.3},
      {"trainium2", 667, 1299, 0, 8},
      {"jetson-orin-nx-16gb", 15, 0, 30, 1.88},
      {"arc-pro-b60", 98.5, 0, 197, 12.28},
  };
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const rl_hardware *h = machine(&c, rows[i].name);
    CU_ASSERT_DOUBLE_EQUAL(peak(h, RL_TENSOR, RL_F16), rows[i].f16, 0.001 * rows[i].f16);
    CU_ASSERT_DOUBLE_EQUAL(peak(h, RL_TENSOR, RL_F8_E4M3), rows[i].f8, 0.001 * rows[i].f8);
    CU_ASSERT_DOUBLE_EQUAL(peak(h, RL_TENSOR, RL_I8), rows[i].i8, 0.001 * rows[i].i8);
    CU_ASSERT_DOUBLE_EQUAL(peak(h, RL_VECTOR, RL_F32), rows[i].vector, 0.001 * rows[i].vector);
  }
  spec_close(&c);
}

/* A GeForce sums 16-bit products in fp32 at half rate, and int8 products at the full one: four
 * times as many. Blackwell Ultra all but drops int8. */
static void test_odd_ratios(void) {
  static const char *const geforce[] = {"rtx-3090", "rtx-4090", "rtx-5090"};
  static const char *const ultra[] = {"b300", "gb300"};
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof geforce / sizeof *geforce; i++) {
    const rl_hardware *h = machine(&c, geforce[i]);
    double ratio = peak(h, RL_TENSOR, RL_I8) / peak(h, RL_TENSOR, RL_BF16);
    CU_ASSERT_DOUBLE_EQUAL(ratio, 4, 0.01);
  }
  for (size_t i = 0; i < sizeof ultra / sizeof *ultra; i++) {
    const rl_hardware *h = machine(&c, ultra[i]);
    CU_ASSERT(peak(h, RL_TENSOR, RL_I8) < peak(h, RL_TENSOR, RL_BF16) / 10);
  }
  spec_close(&c);
}

/* Capacities and links as the program holds them: bytes, and bytes a second in one direction. */
static void test_bytes(void) {
  spec_case c;
  spec_open(&c, NULL);
  /* 275040 MiB x 1048576 */
  CU_ASSERT_EQUAL(rl_hardware_main(machine(&c, "b300"))->capacity, 288400343040u);
  CU_ASSERT_EQUAL(rl_hardware_main(machine(&c, "m4-max"))->capacity, 137438953472u); /* 2^37 */
  /* 110100 MiB x 1048576, what Metal recommends at most on macOS 26 */
  CU_ASSERT_EQUAL(rl_hardware_main(machine(&c, "m4-max"))->usable, 115448217600u);
  /* 81089 MiB x 1048576, what CUDA has left of 81559 MiB */
  CU_ASSERT_EQUAL(rl_hardware_main(machine(&c, "h100"))->usable, 85027979264u);
  CU_ASSERT_DOUBLE_EQUAL(rl_hardware_link(machine(&c, "h100-nvl"), 2)->bandwidth.value, 300e9, 0);
  CU_ASSERT_DOUBLE_EQUAL(rl_hardware_link(machine(&c, "h800"), 8)->bandwidth.value, 200e9, 0);
  CU_ASSERT_DOUBLE_EQUAL(rl_hardware_host_link(machine(&c, "gh200"))->bandwidth.value, 450e9, 0);
  /* 21 of 24 ports of a Gaudi stay in the server: x 200 and x 100 Gbit/s / 8 */
  CU_ASSERT_DOUBLE_EQUAL(rl_hardware_link(machine(&c, "gaudi-3"), 8)->bandwidth.value, 525e9, 0);
  CU_ASSERT_DOUBLE_EQUAL(rl_hardware_link(machine(&c, "gaudi-2"), 8)->bandwidth.value, 262.5e9, 0);
  CU_ASSERT_DOUBLE_EQUAL(rl_hardware_main(machine(&c, "raspberry-pi-5"))->bandwidth.value, 17.068e9,
                         1);
  CU_ASSERT_EQUAL(machine(&c, "mi250x")->devices, 2);
  CU_ASSERT_EQUAL(rl_hardware_main(machine(&c, "mi250x"))->capacity, 68719476736u); /* one die */
  spec_close(&c);
}

/* Short names that people type. */
static void test_short_names(void) {
  static const char *const pairs[][2] = {
      {"h100", "h100-sxm"},           {"a100", "a100-sxm-80gb"},
      {"a100-40gb", "a100-sxm-40gb"}, {"h200", "h200-sxm"},
      {"h800", "h800-sxm"},           {"v100", "v100-sxm2-32gb"},
      {"m3-max", "m3-max-40c"},       {"m4-max", "m4-max-40c"},
      {"m5-max", "m5-max-40c"},       {"gh200", "gh200-96gb"},
      {"dgx-spark", "gb10"},          {"a6000", "rtx-a6000"},
      {"epyc-turin", "epyc-9755"},    {"xeon-gnr", "xeon-6980p"},
      {"altra", "altra-q80-30"},      {"jetson-orin-nano", "jetson-orin-nano-8gb"},
  };
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    CU_ASSERT_STRING_EQUAL(machine(&c, pairs[i][0])->name, pairs[i][1]);
  }
  spec_close(&c);
}

RL_SUITE("spec machines", {"peaks typed again", test_peaks_typed_again},
         {"odd ratios", test_odd_ratios}, {"bytes", test_bytes}, {"short names", test_short_names})
