/* Bytes of a tensor beyond 64 bits are refused, whichever part of its format does not fit; those of
 * 2 rows of 4 columns are worked out beside each. */
#include <stdio.h>

#include "spec/format.h"
#include "unit.h"

#define POWER(n) (UINT64_C(1) << (n))
#define GROUPS_OF_2(...) \
  { .kind = RL_QUANT, .type = RL_I4, .span = RL_PER_GROUP, .group = 2, __VA_ARGS__ }

static const struct {
  rl_component component;
  uint64_t rows, cols; /* too many */
  uint64_t bytes;      /* of 2 rows of 4 columns */
} ENDLESS[] = {
    /* codes: 8 of 2 bytes; 16 2^60 bits; 2^40 2^41 bytes */
    {{.kind = RL_DENSE, .type = RL_BF16}, 1, POWER(60), 16},
    {{.kind = RL_DENSE, .type = RL_BF16}, POWER(40), POWER(40), 16},
    /* scales: 2 + 2 4 a row; 32 2^59 bits */
    {GROUPS_OF_2(.scale = RL_F32), 1, POWER(60), 20},
    /* zero points: 2 + 2 + 2 4 a row; likewise */
    {GROUPS_OF_2(.scale = RL_F8_E4M3, .zero = RL_ZERO_TYPE, .zero_type = RL_F32), 1, POWER(60), 24},
    /* scales of scales, one of two: 2 + 2 a row and 2 4 in all; 2^60 32 and 4 2^62 of them */
    {GROUPS_OF_2(.scale = RL_F8_E4M3, .outer = true, .outer_group = 2), POWER(60), 64, 16},
    {GROUPS_OF_2(.scale = RL_F8_E4M3, .outer = true, .outer_group = 1), POWER(62), 2, 24},
    /* groups of columns: 2 + 2 2 a row and 4 4 in all; 4 2^62 */
    {GROUPS_OF_2(.scale = RL_F16, .ordered = true), 1, POWER(62), 28},
    /* tiles of 2 x 2: 4 a row and 2 2 in all; 2^40 2^40, and 16 2^60 bits */
    {{.kind = RL_QUANT, .type = RL_I8, .span = RL_PER_TILE, .tile = 2, .group = 2, .scale = RL_F16},
     POWER(41),
     POWER(41),
     12},
    {{.kind = RL_QUANT, .type = RL_I8, .span = RL_PER_TILE, .tile = 2, .group = 2, .scale = RL_F16},
     POWER(31),
     POWER(31),
     12},
    /* one scale and one zero point: 8 + 2 + 1; 8 2^61 bits */
    {{.kind = RL_QUANT,
      .type = RL_I8,
      .span = RL_PER_TENSOR,
      .scale = RL_F16,
      .zero = RL_ZERO_CODE},
     1,
     POWER(61),
     11},
    /* a table of 16: 2 a row and 16 2; 4 2^62 bits */
    {{.kind = RL_LUT,
      .bits = 4,
      .vector = 1,
      .entry = RL_F16,
      .span = RL_PER_TENSOR,
      .scale = RL_F16},
     1,
     POWER(62),
     36},
    /* the same for each row, with a scale: 2 + 2 + 32 a row */
    {{.kind = RL_LUT,
      .bits = 4,
      .vector = 1,
      .entry = RL_F16,
      .span = RL_PER_ROW,
      .scale = RL_F16,
      .scaled = true},
     1,
     POWER(62),
     72},
    /* a stream: 2 pairs of 4 bits and a scale of 2 a row, 2^10 values of 2; 4 2^62 bits */
    {{.kind = RL_TRELLIS, .bits = 4, .vector = 2, .entry = RL_F16, .scale = RL_F16},
     1,
     POWER(63),
     2054},
    /* two of them: a pair of 1 bit, one of 8; 8 2^61 bits */
    {{.kind = RL_TRELLIS,
      .bits = 1,
      .second_bits = 8,
      .vector = 2,
      .entry = RL_F16,
      .scale = RL_F16},
     1,
     POWER(63),
     2056},
    /* rank 4: 4 2 a row, 4 4 2 in all; 4 2^62 values, 2 2^63 bytes */
    {{.kind = RL_LOWRANK, .type = RL_BF16, .rank = 4}, 1, POWER(62), 48},
    {{.kind = RL_LOWRANK, .type = RL_BF16, .rank = 4}, 1, POWER(61), 48},
};

static void test_endless(void) {
  for (size_t i = 0; i < sizeof ENDLESS / sizeof *ENDLESS; i++) {
    const rl_format format = {
        .name = "f", .file = "test", .stack = &ENDLESS[i].component, .depth = 1};
    uint64_t bytes = 0;
    CU_ASSERT_TRUE(rl_format_bytes(&format, 2, 4, &bytes));
    if (bytes != ENDLESS[i].bytes) {
      fprintf(stderr, "\nrow %zu: %llu bytes\n", i, (unsigned long long)bytes);
    }
    CU_ASSERT_EQUAL(bytes, ENDLESS[i].bytes);
    bool fits = rl_format_bytes(&format, ENDLESS[i].rows, ENDLESS[i].cols, &bytes);
    if (fits) fprintf(stderr, "\nrow %zu fits\n", i);
    CU_ASSERT_FALSE(fits);
  }
}

RL_SUITE("formats beyond 64 bits", {"endless", test_endless})
