/* Bytes of every shipped format, derived by hand from the byte law of docs/counting.md. Widths are
 * chosen so that a group, a byte of two codes and a byte of two zeros are left half full. */
#include <stdio.h>

#include "spec_help.h"
#include "unit.h"

typedef struct row_case {
  const char *format;
  uint64_t cols;
  uint64_t codes, scales, zeros;
  uint64_t tensor; /* once a tensor of seven rows */
} row_case;

static const row_case rows[] = {
    {"fp32", 5, 20, 0, 0, 0}, /* 5 values of 4 bytes */
    {"bf16", 5, 10, 0, 0, 0}, /* of 2 bytes */
    {"fp16", 5, 10, 0, 0, 0},
    {"fp8", 5, 5, 0, 0, 4}, /* of 1 byte; one fp32 scale for all rows */
    {"w8a8-fp8", 5, 5, 0, 0, 4},
    /* a byte a value; seven rows lie in one row of tiles, 129 columns in two: 2 scales of 4 bytes
     */
    {"fp8-block128", 129, 129, 0, 0, 8},
    {"fp8-group128", 129, 129, 8, 0, 0}, /* two groups a row, their scales with it */
    {"w8a16", 5, 5, 2, 0, 0},            /* 1 byte a value, one fp16 scale a row */
    {"w8a8-int8", 5, 5, 2, 0, 0},
    {"w8a8-int8-scale32", 5, 5, 4, 0, 0},
    {"w8a8-fp8-row-scale32", 5, 5, 4, 0, 0},
    {"int8-token", 128, 128, 2, 0, 0},
    {"fp8-token", 128, 128, 2, 0, 0},
    {"int4-token", 128, 64, 2, 0, 0},
    {"int4-token", 5, 3, 2, 0, 0}, /* 5 codes of 4 bits: 20 bits, 3 bytes */
    /* 4096 codes: 2048 bytes. Groups: 32, 64 or 128 scales of 2 bytes. */
    {"w4a16-g128", 4096, 2048, 64, 0, 0},
    {"w4a16-g64", 4096, 2048, 128, 0, 0},
    {"w4a16-g32", 4096, 2048, 256, 0, 0},
    /* 129 codes: 65 bytes. The last group is short but has a scale: 2, 3 and 5 groups. */
    {"w4a16-g128", 129, 65, 4, 0, 0},
    {"w4a16-g64", 129, 65, 6, 0, 0},
    {"w4a16-g32", 129, 65, 10, 0, 0},
    /* As many zeros of 4 bits: 2, 3 and 5 of them take 1, 2 and 3 bytes. */
    {"w4a16-g128-asym", 129, 65, 4, 1, 0},
    {"w4a16-g64-asym", 129, 65, 6, 2, 0},
    {"w4a16-g32-asym", 129, 65, 10, 3, 0},
    {"w4a16-g128-asym", 4096, 2048, 64, 16, 0},
    /* GPTQ, AWQ and Marlin: the same, and the groups of 129 columns, 4 bytes each, with act-order
     */
    {"gptq-g128", 129, 65, 4, 0, 0},
    {"gptq-g32-act", 129, 65, 10, 0, 516},
    {"gptq-g64-asym-act", 129, 65, 6, 2, 516},
    {"awq-g64", 129, 65, 6, 2, 0},
    {"w4a16-row", 129, 65, 2, 0, 0},
    {"w4a16-g128-zero16", 129, 65, 4, 4, 0}, /* 2 zeros of 2 bytes */
    {"mxfp8", 129, 129, 5, 0, 0},
    {"w8a8-mxfp8", 129, 129, 5, 0, 0},
    {"w4a4-mxfp4", 129, 65, 5, 0, 0},
    {"w4a8-fp8-g128", 129, 65, 4, 0, 0},
    {"w4a8-g32", 129, 65, 10, 0, 0},
    {"w4a8-row", 129, 65, 2, 0, 0},
    {"w4a4-int4-g128", 129, 65, 4, 0, 0},
    {"w2a16-g32", 129, 33, 10, 0, 0},
    {"w2a16-g32-asym", 129, 33, 10, 2, 0}, /* 5 zeros of 2 bits */
    {"w2a16-g64", 129, 33, 6, 0, 0},
    {"w2a16-g64-asym", 129, 33, 6, 1, 0},
    {"w2a16-g128", 129, 33, 4, 0, 0},
    {"w2a16-g128-asym", 129, 33, 4, 1, 0},
    {"gptq8-g32-act", 129, 129, 10, 0, 516},
    {"gptq8-g64-act", 129, 129, 6, 0, 516},
    {"gptq8-g128-act", 129, 129, 4, 0, 516},
    {"w8a16-g32", 129, 129, 10, 0, 0},
    {"w8a16-g64", 129, 129, 6, 0, 0},
    {"w4a16-g32-zero16", 129, 65, 10, 10, 0},
    {"w4a16-g64-zero16", 129, 65, 6, 6, 0},
    {"w2a16-g16-zero16", 129, 33, 18, 18, 0}, /* 9 groups */
    {"w2a16-g32-zero16", 129, 33, 10, 10, 0},
    {"w2a16-g64-zero16", 129, 33, 6, 6, 0},
    {"w8a16-g64-zero16", 129, 129, 6, 6, 0},
    {"w8a16-g128-zero16", 129, 129, 4, 4, 0},
    {"tf32", 5, 20, 0, 0, 0},
    {"fp8-e5m2", 5, 5, 0, 0, 4},
    {"fp8-e5m2-row", 5, 5, 2, 0, 0},
    {"fp8-row", 5, 5, 4, 0, 0},
    {"int8-tensor", 5, 5, 0, 0, 4},
    {"w8a8-int8-tensor", 5, 5, 0, 0, 4},
    {"int8-g128", 129, 129, 4, 0, 0},
    /* QLoRA: 4096 codes, 64 scales of 4 bytes (4.5 bits a value); in 8 bits 64 bytes, of seven rows
     * 448 scales, two fp32 scales. */
    {"nf4", 4096, 2048, 256, 0, 0},
    {"nf4-double", 4096, 2048, 64, 0, 8},
    /* bitsandbytes: the same and 16 values of 4 bytes; 256 values and an offset besides */
    {"bnb-nf4", 4096, 2048, 256, 0, 64},
    {"bnb-fp4", 4096, 2048, 256, 0, 64},
    {"bnb-nf4-double", 4096, 2048, 64, 0, 8 + 64 + 1024 + 4},
    {"bnb-fp4-double", 4096, 2048, 64, 0, 8 + 64 + 1024 + 4},
    {"nvfp4", 4096, 2048, 256, 0, 4}, /* 256 groups of 16: 4.5 bits a value */
    {"w4a4-nvfp4", 17, 9, 2, 0, 4},
    {"w4a4-int4", 5, 3, 2, 0, 0}, /* 20 bits, one fp16 scale a row */
    {"w4a8-g128", 129, 65, 4, 0, 0},
    {"fp8-e5m2-cast", 5, 5, 0, 0, 0}, /* no scale */
    {"fp8-e4m3-cast", 5, 5, 0, 0, 0},
    {"w4a16-g128", 0, 0, 0, 0, 0},
    {"w4a16-g128", 1, 1, 2, 0, 0},
};

static void test_rows(void) {
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const row_case *row = &rows[i];
    const rl_format *format = spec_format(&c, row->format);
    rl_row_layout layout;
    uint64_t bytes, once, sum = row->codes + row->scales + row->zeros;
    CU_ASSERT(rl_component_layout(&format->stack[0], row->cols, &layout));
    CU_ASSERT(rl_format_tensor_bytes(format, 7, row->cols, &once));
    bool same = layout.codes == row->codes && layout.scales == row->scales &&
                layout.zeros == row->zeros && once == row->tensor;
    if (!same) fprintf(stderr, "\n%s, %llu values\n", row->format, (unsigned long long)row->cols);
    CU_ASSERT(same);
    CU_ASSERT(rl_format_row_bytes(format, row->cols, &bytes) && bytes == sum);
    /* Seven rows: every row ends on its own byte, the tensor's scale stands once. */
    CU_ASSERT(rl_format_bytes(format, 7, row->cols, &bytes) && bytes == 7 * sum + row->tensor);
  }
  spec_close(&c);
}

/* A Llama-3-8B feed-forward matrix, 14336 x 4096: in bf16 14336 * 8192 = 117,440,512 bytes; in
 * groups of 128 14336 * (2048 + 64) = 30,277,632. */
static void test_matrices(void) {
  spec_case c;
  uint64_t bytes;
  spec_open(&c, NULL);
  CU_ASSERT(rl_format_bytes(spec_format(&c, "bf16"), 14336, 4096, &bytes) && bytes == 117440512);
  CU_ASSERT(rl_format_bytes(spec_format(&c, "w4a16-g128"), 14336, 4096, &bytes) &&
            bytes == 30277632);
  /* 8 * 2112 / 4096 = 4.125 bits a value */
  CU_ASSERT_DOUBLE_EQUAL(rl_format_bits(spec_format(&c, "w4a16-g128"), 4096), 4.125, 0);
  CU_ASSERT_DOUBLE_EQUAL(rl_format_bits(spec_format(&c, "bf16"), 0), 0, 0);
  /* 4.25 and twice 32 * 16 / 4096; 2 bits and 2 * 16 for 32 tokens; 8 + 32 / 128^2 = 8 + 1 / 512 */
  CU_ASSERT_DOUBLE_EQUAL(rl_format_bits(spec_format(&c, "w4a16-g64-r32"), 4096), 4.5, 0);
  CU_ASSERT_DOUBLE_EQUAL(rl_format_bits(spec_format(&c, "kivi-2"), 4096), 3, 0);
  /* 512 + 4 x 4 B of a latent and 2 x 64 of its rotated key, for 576 values */
  CU_ASSERT_DOUBLE_EQUAL(rl_format_bits(spec_format(&c, "fp8-mla"), 4096), 8.0 * 656 / 576, 0);
  /* 5,888 B of 64 keys and 128 channels; 77 of 128 channels in 16 bits, in 3 over KIVI */
  CU_ASSERT_DOUBLE_EQUAL(rl_format_bits(spec_format(&c, "gear-2"), 128), 8.0 * 5888 / 64 / 128, 0);
  CU_ASSERT_DOUBLE_EQUAL(rl_format_bits(spec_format(&c, "think-kivi-2"), 128), 3.0 * 77 / 128, 0);
  CU_ASSERT_DOUBLE_EQUAL(rl_format_bits(spec_format(&c, "fp8-block128"), 4096), 8 + 1.0 / 512, 0);
  spec_close(&c);
}

/* DeepSeek-V3's q_b_proj, 24576 x 1536, in tiles of 128 x 128: a byte a value and 192 * 12 scales
 * of 4 bytes. One row and one column more make 193 * 13. */
static void test_tiles(void) {
  spec_case c;
  uint64_t bytes;
  spec_open(&c, NULL);
  const rl_format *tiled = spec_format(&c, "fp8-block128");
  CU_ASSERT(rl_format_tensor_bytes(tiled, 24576, 1536, &bytes) && bytes == 9216);
  CU_ASSERT(rl_format_bytes(tiled, 24576, 1536, &bytes) && bytes == 37748736 + 9216);
  CU_ASSERT(rl_format_tensor_bytes(tiled, 24577, 1537, &bytes) && bytes == 10036);
  CU_ASSERT(rl_format_is_joint(tiled) && !rl_format_is_rowwise(tiled));
  CU_ASSERT(!rl_format_is_joint(spec_format(&c, "fp8")));
  CU_ASSERT(!rl_format_is_rowwise(spec_format(&c, "fp8")));
  CU_ASSERT(rl_format_is_rowwise(spec_format(&c, "fp8-group128")));
  spec_close(&c);
}

/* Codes of 4 bits in groups of 64, then what is left over in 4 bits with one scale a row: for 65
 * values 33 + 2 * 2 bytes, behind them 33 + 2. Nothing stands once a tensor. */
static void test_stack(void) {
  spec_case c;
  rl_component_part parts[RL_STACK_MAX];
  uint64_t bytes;
  spec_open(&c, "tests/fail/db");
  const rl_format *two = spec_format(&c, "residual");
  CU_ASSERT_EQUAL_FATAL(two->depth, 2);
  CU_ASSERT(rl_format_parts(two, 3, 65, parts));
  CU_ASSERT(parts[0].row_at == 0 && parts[0].row_bytes == 37);
  CU_ASSERT(parts[1].row_at == 37 && parts[1].row_bytes == 35);
  CU_ASSERT(rl_format_bytes(two, 3, 65, &bytes) && bytes == 216);
  CU_ASSERT(rl_format_is_rowwise(two) && !rl_format_is_dense(two));
  spec_close(&c);
}

/* Bytes of a row and once a tensor of 4096 x 4096. lut3-row: 4096 * 3 bits, 8 values of 2 bytes.
 * lut4-tensor: once 16 values. vq-1.5: 2048 codes of 3 bits and 2 of scale, once 8 pairs; vq-6:
 * 2048 codes of 12 bits, once 4096 pairs of 2 * 2 bytes; nuq-3: 4096 codes of 3 bits, once 8
 * values. tcq-2.5: 2048 codes of 5 bits and 2 of scale; once 512 pairs of 2 * 2 bytes; tcq-5 has
 * 2048 pairs, tcq-4.25 with 1024 codes of 8 bits and 1024 of 9 the 1024 of the wider ones. */
static void test_tables(void) {
  static const struct {
    const char *name;
    uint64_t row, tensor;
  } cases[] = {{"lut3-row", 1536 + 16, 0},
               {"lut4-tensor", 2048, 32},
               {"vq-1.5", 768 + 2, 32},
               {"vq-6", 3072 + 2, 16384},
               {"nuq-3", 1536 + 2, 16},
               {"tcq-2.5", 1280 + 2, 2048},
               {"tcq-5", 2560 + 2, 8192},
               {"tcq-1.75", 384 + 512 + 2, 2048},
               {"tcq-4.25", 1024 + 1152 + 2, 4096},
               {"qtip-2", 1024 + 2, 2048}};
  spec_case c;
  uint64_t bytes;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const rl_format *format = spec_format(&c, cases[i].name);
    CU_ASSERT(rl_format_row_bytes(format, 4096, &bytes) && bytes == cases[i].row);
    CU_ASSERT(rl_format_tensor_bytes(format, 4096, 4096, &bytes) && bytes == cases[i].tensor);
    CU_ASSERT(!rl_format_row_bytes(format, UINT64_MAX, &bytes));
  }
  spec_close(&c);
}

/* Rows of 130 values, and what seven of them store once. Two of four: 33 quads, 66 values and 132
 * bits of places, 17 bytes. Half and 30 %: 65 and 39 values, 17 bytes of bits or 2 bytes an index,
 * and eight pointers of 4 bytes. Tiles of 16: five of nine, 80 values; one row of tiles: two
 * pointers and five indices. 32 factors of 2 bytes, groups of 64 (65 + 3 * 2 bytes), 32 directions
 * of 130. SqueezeLLM: one value of 130 and its column, 390 or 520 bits of codes, 8 or 16 entries of
 * 2 bytes. */
static const struct {
  const char *format;
  uint64_t row, once;
} partial[] = {
    {"sparse-2-4", 132 + 17, 0},         {"sparse-2-4-fp8", 66 + 2 + 17, 0},
    {"sparse-2-4-int8", 66 + 2 + 17, 0}, {"sparse-2-4-w4a16-g128", 33 + 2 * 2 + 17, 0},
    {"sparse-bitmap-50", 130 + 17, 0},   {"sparse-bitmap-70", 78 + 17, 0},
    {"sparse-csr-50", 130 + 130, 32},    {"sparse-csr-70", 78 + 78, 32},
    {"sparse-tiles-16-50", 160, 8 + 10}, {"w4a16-g64-r32", 64 + 65 + 6, 32 * 260},
    {"squeezellm-w3", 4 + 49 + 16, 32},  {"squeezellm-w4", 4 + 65 + 32, 32},
};

static void test_partial(void) {
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof partial / sizeof *partial; i++) {
    const rl_format *format = spec_format(&c, partial[i].format);
    uint64_t row = 0, once = 0;
    CU_ASSERT(rl_format_row_bytes(format, 130, &row) && row == partial[i].row);
    CU_ASSERT(rl_format_tensor_bytes(format, 7, 130, &once) && once == partial[i].once);
  }
  spec_close(&c);
}

/* 2^64 values need more bits, bytes or rows than 64 bits count. */
static void test_overflow(void) {
  spec_case c;
  uint64_t bytes;
  spec_open(&c, NULL);
  const rl_format *bf16 = spec_format(&c, "bf16"), *fp8 = spec_format(&c, "fp8");
  CU_ASSERT(!rl_format_row_bytes(bf16, UINT64_MAX / 8, &bytes));
  CU_ASSERT(!rl_format_bytes(bf16, UINT64_MAX / 2, 2, &bytes));
  CU_ASSERT(rl_format_bytes(fp8, UINT64_MAX - 4, 1, &bytes) && bytes == UINT64_MAX);
  CU_ASSERT(!rl_format_bytes(fp8, UINT64_MAX - 3, 1, &bytes));
  spec_close(&c);
}

/* Only formats that quantize activations multiply in their own type. */
static void test_compute(void) {
  spec_case c;
  spec_open(&c, NULL);
  const rl_format *bf16 = spec_format(&c, "bf16"), *fp16 = spec_format(&c, "fp16");
  CU_ASSERT_EQUAL(rl_format_compute(spec_format(&c, "w8a8-int8"), bf16), RL_I8);
  CU_ASSERT_EQUAL(rl_format_compute(spec_format(&c, "w8a8-fp8"), bf16), RL_F8_E4M3);
  CU_ASSERT_EQUAL(rl_format_compute(spec_format(&c, "w4a4-int4"), bf16), RL_I4);
  CU_ASSERT_EQUAL(rl_format_compute(spec_format(&c, "w4a8-g128"), bf16), RL_I8);
  CU_ASSERT_EQUAL(rl_format_compute(spec_format(&c, "fp8-e5m2-cast"), bf16), RL_BF16);
  CU_ASSERT_EQUAL(rl_format_compute(spec_format(&c, "w8a16"), bf16), RL_BF16);
  CU_ASSERT_EQUAL(rl_format_compute(spec_format(&c, "fp8"), fp16), RL_F16);
  CU_ASSERT_EQUAL(rl_format_compute(spec_format(&c, "w4a16-g64"), fp16), RL_F16);
  CU_ASSERT_EQUAL(rl_format_compute(fp16, bf16), RL_BF16);
  CU_ASSERT(rl_format_is_dense(bf16));
  CU_ASSERT(!rl_format_is_dense(spec_format(&c, "fp8")));
  spec_close(&c);
}

/* `bits: 8` is the integer type of that width. */
static void test_bits_synonym(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_format *format = spec_format(&c, "bits-8");
  CU_ASSERT_EQUAL(format->stack[0].type, RL_I8);
  CU_ASSERT_EQUAL(format->stack[0].group, 64);
  CU_ASSERT_EQUAL(format->stack[0].scale, RL_F32);
  uint64_t bytes; /* 65 codes of a byte, 2 groups with a scale of 4 bytes */
  CU_ASSERT(rl_format_row_bytes(format, 65, &bytes) && bytes == 65 + 8);
  spec_close(&c);
}

static void test_types(void) {
  rl_type type;
  CU_ASSERT(rl_type_find("BF16", &type) && type == RL_BF16);
  CU_ASSERT(rl_type_find("float16", &type) && type == RL_F16);
  CU_ASSERT(rl_type_find("fp8_e4m3", &type) && type == RL_F8_E4M3);
  CU_ASSERT(!rl_type_find("bf17", &type));
  for (int i = 0; i < RL_TYPE_COUNT; i++) {
    CU_ASSERT(rl_type_find(RL_TYPES[i].name, &type) && type == (rl_type)i);
    /* Following `wider` ends, never narrower: a device search over it terminates. */
    rl_type at = (rl_type)i;
    for (int step = 0; step < RL_TYPE_COUNT && RL_TYPES[at].wider != at; step++) {
      CU_ASSERT(RL_TYPES[RL_TYPES[at].wider].bits >= RL_TYPES[at].bits);
      at = RL_TYPES[at].wider;
    }
    CU_ASSERT_EQUAL(RL_TYPES[at].wider, at);
  }
}

/* A token-head of d_h 128 has four tiles of 64, each of 12 B and 16 B a group of 8. Of a tile whose
 * values are kept with a probability p, k are in C(64, k) p^k (1 - p)^(64 - k) of the cases: with p
 * = 0.3 the groups are 2.84237 on average and the token-head takes 229.9 B, with p = 40/128 they
 * are 2.94076, 236.2 B. */
static void test_packed(void) {
  static const struct {
    uint64_t kept, of;
    double groups, bytes;
  } cases[] = {{3, 10, 2.842373896710909, 229.9}, {40, 128, 2.940757537602573, 236.2}};
  const rl_component packed = {
      .kind = RL_SPARSE, .pattern = RL_PACKED, .group = 64, .pad = 8, .drop = 700000};
  for (int c = 0; c < 2; c++) {
    const uint64_t got = rl_expected_groups(&packed, 64, cases[c].kept, cases[c].of);
    CU_ASSERT_DOUBLE_EQUAL((double)got / RL_GROUP_UNIT, cases[c].groups, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(4 * (12 + 16.0 * (double)got / RL_GROUP_UNIT), cases[c].bytes, 0.05);
  }
  /* two tiles, and one of 2 values, of which 1 in 2 is kept: 1 - 1/4 groups */
  CU_ASSERT_EQUAL(rl_expected_groups(&packed, 130, 1, 2),
                  2 * rl_expected_groups(&packed, 64, 1, 2) + RL_GROUP_UNIT * 3 / 4);
  CU_ASSERT_EQUAL(rl_packed_kept(&packed, 128), 128 - 89 + 1);
  CU_ASSERT_EQUAL(rl_packed_kept(&packed, 1), 1);
}

RL_SUITE("spec format", {"packed", test_packed}, {"rows", test_rows}, {"matrices", test_matrices},
         {"tiles", test_tiles}, {"stack", test_stack}, {"tables", test_tables},
         {"partial", test_partial}, {"overflow", test_overflow}, {"compute", test_compute},
         {"bits synonym", test_bits_synonym}, {"types", test_types})
