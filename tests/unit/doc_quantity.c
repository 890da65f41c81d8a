/* Quantities: exact values, strict units, helpful refusals. */
#include "doc/quantity.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "doc_help.h"
#include "unit.h"

static const rl_range any = {0, DBL_MAX};

static rl_status read_quantity(doc_case *c, const char *yaml, rl_dimension dimension, double *out) {
  doc_yaml(c, yaml);
  CU_ASSERT_FATAL(c->root != NULL);
  return rl_node_quantity(c->root, "field", dimension, any, out, &c->diags);
}

static void test_values(void) {
  static const struct {
    const char *text;
    rl_dimension dimension;
    double value;
  } cases[] = {
      {"3.35 TB/s", RL_DIM_BYTES_PER_S, 3.35e12},
      {"3.35TB/s", RL_DIM_BYTES_PER_S, 3.35e12},
      {"450 GB/s", RL_DIM_BYTES_PER_S, 450e9},
      {"1 GiB/s", RL_DIM_BYTES_PER_S, 1073741824.0},
      {"143771 MiB", RL_DIM_BYTES, 150754820096.0}, /* 143771 * 1048576 */
      {"80 GB", RL_DIM_BYTES, 80e9},
      {"80 GiB", RL_DIM_BYTES, 85899345920.0},
      {"1.5 KiB", RL_DIM_BYTES, 1536.0},
      {"2.5 us", RL_DIM_SECONDS, 2.5e-6},
      {"0.3 ns", RL_DIM_SECONDS, 0.3e-9},
      {"1.5 min", RL_DIM_SECONDS, 90.0},
      {"2 h", RL_DIM_SECONDS, 7200.0},
      {"700 W", RL_DIM_WATTS, 700.0},
      {"0.7 kW", RL_DIM_WATTS, 700.0},
      {"$2.49/h", RL_DIM_DOLLARS_PER_H, 2.49},
      {"2.49 $/h", RL_DIM_DOLLARS_PER_H, 2.49},
      {"989.5 TFLOP/s", RL_DIM_FLOP_PER_S, 989.5e12},
      {"1979 TOP/s", RL_DIM_FLOP_PER_S, 1979e12},
      {"1.41 GHz", RL_DIM_HERTZ, 1.41e9},
      {"10 pJ/B", RL_DIM_JOULES_PER_BYTE, 10e-12},
      {"0.5 pJ/FLOP", RL_DIM_JOULES_PER_FLOP, 0.5e-12},
      {"'80 GB'", RL_DIM_BYTES, 80e9},
      {"132", RL_DIM_COUNT, 132.0},
      {"1.5e3", RL_DIM_COUNT, 1500.0},
      {"-0", RL_DIM_COUNT, 0.0},
      {"5 EFLOP/s", RL_DIM_FLOP_PER_S, 5e18}, /* E is a prefix here, not an exponent */
      {"5EFLOP/s", RL_DIM_FLOP_PER_S, 5e18},
      {"0.1000000000000000000000000000 us", RL_DIM_SECONDS, 0.1e-6},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    doc_case c;
    double value = -1;
    rl_status status = read_quantity(&c, cases[i].text, cases[i].dimension, &value);
    bool good = status == RL_OK && value == cases[i].value && !signbit(value);
    if (!good) fprintf(stderr, "\n%s = %.17g, status %d\n", cases[i].text, value, (int)status);
    CU_ASSERT(good);
    doc_close(&c);
  }
}

#define BAD(code, message, hint) \
  { RL_D_##code, 2, 3, message, hint }
#define BYTES_HINT "use B, kB, MB, GB, TB, PB, KiB, MiB, GiB, TiB or PiB"

typedef struct refusal {
  const char *text;
  rl_dimension dimension;
  doc_expected expected;
} refusal;

static void check_refusals(const refusal *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char yaml[200];
    doc_case c;
    double value = -1;
    snprintf(yaml, sizeof yaml, "x:\n  %s", cases[i].text);
    doc_yaml(&c, yaml);
    CU_ASSERT_FATAL(c.root != NULL);
    rl_status status =
        rl_node_quantity(c.root->items[0], "field", cases[i].dimension, any, &value, &c.diags);
    CU_ASSERT(status == RL_BAD_INPUT && value == -1 && c.diags.list.count == 1);
    doc_expect(&c, 0, &cases[i].expected);
    doc_close(&c);
  }
}

static void test_units_refused(void) {
  static const refusal cases[] = {
      {"80", RL_DIM_BYTES, BAD(UNIT_MISSING, "field: '80' has no unit", BYTES_HINT)},
      {"'80'", RL_DIM_BYTES, BAD(UNIT_MISSING, "field: '80' has no unit", BYTES_HINT)},
      {"$80", RL_DIM_BYTES, BAD(UNIT_UNKNOWN, "field: unknown unit '$'", BYTES_HINT)},
      {"80 Gb", RL_DIM_BYTES,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'Gb'", "did you mean GB? Case matters")},
      {"80 gb/s", RL_DIM_BYTES_PER_S,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'gb/s'", "did you mean GB/s? Case matters")},
      {"80 KB", RL_DIM_BYTES,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'KB'",
           "did you mean KiB (1,024 B, as memory and pieces of files are cut) or kB (1,000 B)?")},
      {"312 TFLOPS", RL_DIM_FLOP_PER_S,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'TFLOPS'", "did you mean TFLOP/s? Case matters")},
      {"1410 mhz", RL_DIM_HERTZ,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'mhz'", "did you mean MHz? Case matters")},
      {"3 MS", RL_DIM_SECONDS,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'MS'", "did you mean ms? Case matters")},
      {"700 Watt", RL_DIM_WATTS,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'Watt'", "use mW, W, kW or MW")},
      {"3 TB/s", RL_DIM_BYTES,
       BAD(UNIT_DIMENSION, "field: 'TB/s' is a unit of a bandwidth, not of a data size",
           BYTES_HINT)},
      {"3 GB", RL_DIM_SECONDS,
       BAD(UNIT_DIMENSION, "field: 'GB' is a unit of a data size, not of a time",
           "use ns, us, ms, s, min or h")},
      {"132 W", RL_DIM_COUNT,
       BAD(UNIT_DIMENSION, "field: 'W' is a unit of a power, not of a bare number",
           "leave out the unit")},
      {"132 cores", RL_DIM_COUNT,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'cores'", "leave out the unit")},
      {"3 GB per second and per direction", RL_DIM_BYTES_PER_S,
       BAD(UNIT_UNKNOWN, "field: unknown unit 'GB per second and per direction'",
           "use B/s, kB/s, MB/s, GB/s, TB/s, PB/s, KiB/s, MiB/s, GiB/s, TiB/s or PiB/s")},
  };
  check_refusals(cases, sizeof cases / sizeof *cases);
}

static void test_numbers_refused(void) {
  static const refusal cases[] = {
      {"fast", RL_DIM_BYTES,
       BAD(VALUE_NUMBER, "field: 'fast' is not a number", "write a number and a unit")},
      {"1_000 GB", RL_DIM_BYTES,
       BAD(VALUE_NUMBER, "field: '1_000 GB' is not a number", "leave out the underscores")},
      {"1,5 GB", RL_DIM_BYTES,
       BAD(VALUE_NUMBER, "field: '1,5 GB' is not a number",
           "use a point for decimals and nothing for thousands")},
      {"0x10 GB", RL_DIM_BYTES,
       BAD(VALUE_NUMBER, "field: '0x10 GB' is not a number", "write it in decimal digits")},
      {"inf", RL_DIM_COUNT,
       BAD(VALUE_NUMBER, "field: 'inf' is not a number", "only finite numbers are read")},
      {"nan s", RL_DIM_SECONDS,
       BAD(VALUE_NUMBER, "field: 'nan s' is not a number", "write a number and a unit")},
      {"+5 s", RL_DIM_SECONDS,
       BAD(VALUE_NUMBER, "field: '+5 s' is not a number", "leave out the +")},
      {".5 s", RL_DIM_SECONDS,
       BAD(VALUE_NUMBER, "field: '.5 s' is not a number", "put a digit before the point")},
      {"' 5 s'", RL_DIM_SECONDS,
       BAD(VALUE_NUMBER, "field: ' 5 s' is not a number", "write a number and a unit")},
      {"'5'", RL_DIM_COUNT,
       BAD(VALUE_KIND, "field: expected a bare number, got a quoted text", "remove the quotes")},
      {"[5 s]", RL_DIM_SECONDS, BAD(VALUE_KIND, "field: expected a time, got a list", NULL)},
      {"null", RL_DIM_SECONDS, BAD(VALUE_KIND, "field: expected a time, got nothing", NULL)},
      {"-5 s", RL_DIM_SECONDS,
       BAD(VALUE_RANGE, "field: -5 s is out of range", "allowed: 0 s to any size")},
      {"1e308 TB", RL_DIM_BYTES,
       BAD(VALUE_RANGE, "field: 1e308 TB is out of range", "allowed: 0 B to any size")},
      {"1e-400", RL_DIM_COUNT,
       BAD(VALUE_RANGE, "field: 1e-400 is out of range", "allowed: 0 to any size")},
  };
  check_refusals(cases, sizeof cases / sizeof *cases);
}

static void test_range(void) {
  doc_case c;
  double value = -1;
  rl_range range = {1e9, 100e12};
  doc_yaml(&c, "[1 GB/s, 100 TB/s, 999 MB/s, 101 TB/s]");
  for (size_t i = 0; i < 4; i++) {
    rl_status status = rl_node_quantity(c.root->items[i], "bandwidth", RL_DIM_BYTES_PER_S, range,
                                        &value, &c.diags);
    CU_ASSERT_EQUAL(status, i < 2 ? RL_OK : RL_BAD_INPUT);
  }
  doc_expect(&c, 0,
             &(doc_expected){RL_D_VALUE_RANGE, 1, 20, "bandwidth: 999 MB/s is out of range",
                             "allowed: 1.00 GB/s to 100 TB/s"});
  rl_node_quantity(c.root->items[2], "x", RL_DIM_BYTES_PER_S, (rl_range){1e10, (double)INFINITY},
                   &value, &c.diags);
  doc_expect(&c, 2,
             &(doc_expected){RL_D_VALUE_RANGE, 1, 20, "x: 999 MB/s is out of range",
                             "allowed: 10.0 GB/s to any size"});
  doc_close(&c);
}

static void test_bytes(void) {
  static const struct {
    const char *text;
    uint64_t value;
  } good[] = {
      {"143771 MiB", UINT64_C(150754820096)},
      {"0.5 KiB", 512},
      {"0.125 KiB", 128},
      {"2.5 GB", UINT64_C(2500000000)},
      {"18446744073709551615 B", UINT64_MAX},
      {"18446744073709551.615 kB", UINT64_MAX},
      {"16383 PiB", UINT64_C(16383) << 50},
      {"1e3 B", 1000},
      {"0 B", 0},
      {"-0 B", 0},
      {"0.000e9 GB", 0},
      {"9007199254740993 B", UINT64_C(9007199254740993)},
  };
  static const struct {
    const char *text;
    doc_expected expected;
  } bad[] = {
      {"0.3 KiB",
       {RL_D_BYTES_FRACTION, 1, 1, "cap: '0.3 KiB' is not a whole number of bytes", NULL}},
      {"0.5 B", {RL_D_BYTES_FRACTION, 1, 1, "cap: '0.5 B' is not a whole number of bytes", NULL}},
      {"16384 PiB",
       {RL_D_VALUE_RANGE, 1, 1, "cap: 16384 PiB is out of range",
        "allowed: 0 to 18446744073709551615 B"}},
      {"18446744073709551616 B",
       {RL_D_VALUE_RANGE, 1, 1, "cap: 18446744073709551616 B is out of range",
        "allowed: 0 to 18446744073709551615 B"}},
      {"1e400 B",
       {RL_D_VALUE_RANGE, 1, 1, "cap: 1e400 B is out of range",
        "allowed: 0 to 18446744073709551615 B"}},
      {"-1 B",
       {RL_D_VALUE_RANGE, 1, 1, "cap: -1 B is out of range",
        "allowed: 0 to 18446744073709551615 B"}},
      {"80", {RL_D_UNIT_MISSING, 1, 1, "cap: '80' has no unit", BYTES_HINT}},
  };
  uint64_t value = 7;
  doc_case c;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    doc_yaml(&c, good[i].text);
    CU_ASSERT_EQUAL(rl_node_bytes(c.root, "cap", &value, &c.diags), RL_OK);
    CU_ASSERT_EQUAL(value, good[i].value);
    doc_close(&c);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    doc_yaml(&c, bad[i].text);
    value = 7;
    CU_ASSERT_EQUAL(rl_node_bytes(c.root, "cap", &value, &c.diags), RL_BAD_INPUT);
    CU_ASSERT_EQUAL(value, 7);
    doc_expect(&c, 0, &bad[i].expected);
    doc_close(&c);
  }
}

static void test_command_line(void) {
  doc_case c;
  double value = 0;
  rl_loc loc = {"<command line>", 1, 7};
  doc_open(&c);
  CU_ASSERT_EQUAL(rl_text_quantity("3.35TB/s", loc, "bw", RL_DIM_BYTES_PER_S, &value, &c.diags),
                  RL_OK);
  CU_ASSERT_EQUAL(value, 3.35e12);
  CU_ASSERT_EQUAL(rl_text_quantity("", loc, "bw", RL_DIM_BYTES_PER_S, &value, &c.diags),
                  RL_BAD_INPUT);
  doc_expect(&c, 0,
             &(doc_expected){RL_D_VALUE_NUMBER, 1, 7, "bw: '' is not a number",
                             "write a number and a unit"});
  CU_ASSERT_STRING_EQUAL(c.diags.list.items[0].loc.file, "<command line>");
  doc_close(&c);
}

RL_SUITE("quantities", {"values", test_values}, {"units refused", test_units_refused},
         {"numbers refused", test_numbers_refused}, {"range", test_range}, {"bytes", test_bytes},
         {"command line", test_command_line})
