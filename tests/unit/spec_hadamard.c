/* Hadamard matrices: every base has rows at right angles, and the sizes of published models have
 * the bases that their papers use. */
#include <stdio.h>

#include "spec/hadamard.h"
#include "unit.h"

enum { LARGEST = 172 };

/* The product of a row with itself is its length, with another 0: the definition. */
static void test_right_angles(void) {
  static const uint64_t bases[] = {1, 12, 20, 28, 36, 44, 52, 60, 76, 108, 116, 124, 140, 156, 172};
  for (size_t b = 0; b < sizeof bases / sizeof *bases; b++) {
    const uint64_t n = bases[b];
    uint64_t wrong = 0;
    static int h[LARGEST][LARGEST];
    CU_ASSERT_EQUAL_FATAL(rl_hadamard_base(n), n);
    for (uint64_t i = 0; i < n * n; i++) h[i / n][i % n] = rl_hadamard_sign(n, i / n, i % n);
    for (uint64_t i = 0; i < n * n; i++) {
      int sum = 0;
      for (uint64_t k = 0; k < n; k++) sum += h[i / n][k] * h[i % n][k];
      wrong += sum != (i / n == i % n ? (int)n : 0);
    }
    if (wrong != 0) fprintf(stderr, "\nbase %llu\n", (unsigned long long)n);
    CU_ASSERT_EQUAL(wrong, 0);
  }
}

/* 11008 = 43 * 256, 13824 = 27 * 512, 14336 = 7 * 2048, 17920 = 35 * 512, 5120 = 5 * 1024, 6656 =
 * 13 * 512, 19968 = 39 * 512 (get_hadK of Q-Palette); 18944 = 37 * 512: 148 = 2 * (73 + 1). */
static void test_sizes(void) {
  static const uint64_t sizes[][2] = {{4096, 1},    {11008, 172}, {13824, 108}, {14336, 28},
                                      {17920, 140}, {5120, 20},   {6656, 52},   {19968, 156},
                                      {18944, 148}, {2, 1},       {24, 12},     {48, 12},
                                      {0, 0},       {3, 0},       {6, 0},       {77, 0}};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    CU_ASSERT_EQUAL(rl_hadamard_base(sizes[s][0]), sizes[s][1]);
  }
}

RL_SUITE("hadamard", {"right angles", test_right_angles}, {"sizes", test_sizes})
