/* Whole models with mixtures, integers derived by hand: what a decode step reads and multiplies,
 * all layers together, and the parameters that one token is computed with. */
#include <stdio.h>

#include "lab.h"
#include "unit.h"

typedef struct sums {
  const char *model;
  uint64_t batch, cached;
  uint64_t matrix, weights, kv_read, kv_write;
} sums;

/* llama-4-scout. A layer without experts: q and o 5120 * 5120, k and v 1024 * 5120, norms 2 * 5120,
 * router 16 * 5120: 63006720 values; an expert, and the shared one, 3 * 8192 * 5120 = 125829120.
 * Head 202048 * 5120 values, final norm and one row of the embedding 5120 each. batch 1: every
 * layer reads one of 16 experts: 2 (48 (63006720 + 2 * 125829120) + 202048 * 5120 + 5120 + 5120).
 * Behind 10000 tokens the 36 layers with chunks of 8192 see 10000 - 8192 + 1 = 1809 rows, the 12
 * others 10001, of 2 * 8 * 128 * 2 = 4096 bytes: 4096 (36 * 1809 + 12 * 10001). FLOPs: 2 a weight
 * but for norms and embedding, 4 * 40 * 128 a row attended to. llama-4-maverick: 24 layers as above
 * with 128 experts, router 128 * 5120, 24 with an MLP of 3 * 16384 * 5120 = 251658240 in their
 * place. */
static const sums SUMS[] = {
    /* gpt-oss-120b, experts in groups of 32 4-bit floats: rows of 2880 take 1440 + 90 = 1530 bytes.
     * A layer without experts: q and o 4096 * 2880, k and v 512 * 2880, biases 4096 + 2 * 512 +
     * 2880, sinks 64, router 128 * 2881, norms 2 * 2880: 26924672 values. An expert: gate and up
     * 5760 rows, 8812800 bytes and biases of 11520; down 2880 rows, 4406400 and 5760. Head 201088 *
     * 2880. Behind 1000 tokens 18 layers see 128 rows, 18 see 1001, of 2 * 8 * 64 * 2 = 2048 bytes.
     */
    {"gpt-oss-120b", 1, 1000,
     2 * (36 * (26542080 + 368640 + 4 * 24883200ull) + 579133440) + 4 * 4096 * 18 * 1129ull,
     36 * (2 * 26924672 + 4 * (8824320 + 4412160ull)) + 2 * (579133440 + 2 * 2880ull),
     2048 * 18 * 1129, 36 * 2048},
    /* batch 16: D = 128 (1 - (31/32)^16) = 50.98 experts, 53457538 units of 2^-20; gate and up read
     * 53457538 * 8824320 / 2^20 = 449873372.8 bytes, down 224936686.4, each rounded up */
    {"gpt-oss-120b", 16, 1000,
     16 * (2 * (36 * (26542080 + 368640 + 4 * 24883200ull) + 579133440) + 4 * 4096 * 18 * 1129ull),
     36 * (2 * 26924672 + 449873373ull + 224936687) + 2 * (579133440 + 17 * 2880ull),
     16 * 2048 * 18 * 1129ull, 16 * 36 * 2048},
    {"llama-4-scout", 1, 10000,
     2 * (48 * (62914560 + 81920 + 2 * 125829120ull) + 1034485760ull) +
         4 * 5120 * (36 * 1809 + 12 * 10001ull),
     2 * (48 * (63006720 + 2 * 125829120ull) + 1034485760ull + 10240),
     4096 * (36 * 1809 + 12 * 10001ull), 48 * 4096},
    {"llama-4-maverick", 1, 10000,
     2 * (24 * (62914560 + 655360 + 2 * 125829120ull) + 24 * (62914560 + 251658240ull) +
          1034485760ull) +
         4 * 5120 * (36 * 1809 + 12 * 10001ull),
     2 * (24 * (62924800 + 655360 + 2 * 125829120ull) + 24 * (62924800 + 251658240ull) +
          1034485760ull + 10240),
     4096 * (36 * 1809 + 12 * 10001ull), 48 * 4096},
    /* granite-3.1-3b-a800m behind 1000 tokens: q and o 1536 * 1536, k and v 512 * 1536, norms 2 *
     * 1536, router 40 * 1536, 8 of 40 experts of 3 * 512 * 1536 = 2359296; head and embedding 49155
     * * 1536; rows of 2 * 8 * 64 * 2 = 2048 bytes */
    {"granite-3.1-3b-a800m", 1, 1000,
     2 * (32 * (6291456 + 61440 + 8 * 2359296ull) + 75502080) + 32 * 4ull * 1536 * 1001,
     2 * (32 * (6291456 + 3072 + 61440 + 8 * 2359296ull) + 75502080 + 2 * 1536ull),
     32 * 2048ull * 1001, 32 * 2048},
    /* batch 16: D = 40 (1 - (4/5)^16) = 38.8741 experts, 40762448 units of 2^-20; a matrix of an
     * expert takes 1572864 = 1.5 * 2^20 bytes, so 40762448 * 1.5 = 61143672 for each of the three
     */
    {"granite-3.1-3b-a800m", 16, 1000,
     16 * (2 * (32 * (6291456 + 61440 + 8 * 2359296ull) + 75502080) + 32 * 4ull * 1536 * 1001),
     32 * (2 * (6291456 + 3072 + 61440ull) + 3 * 61143672ull) + 2 * (75502080 + 17 * 1536ull),
     16 * 32 * 2048ull * 1001, 16 * 32 * 2048},
    /* dbrx behind 2047 tokens: q and o 6144 * 6144, k and v 1024 * 6144, norms 2 * 6144, router 16
     * * 6144, 4 experts of 3 * 10752 * 6144; head 100352 * 6144; rows of 2 * 8 * 128 * 2 bytes */
    {"dbrx", 1, 2047,
     2 * (40 * (88080384 + 98304 + 4 * 198180864ull) + 616562688ull) + 40 * 4ull * 6144 * 2048,
     2 * (40 * (88080384 + 12288 + 98304 + 4 * 198180864ull) + 616562688ull + 12288),
     40 * 4096 * 2048, 40 * 4096},
};

static void check_sums(const sums *s) {
  rl_lab lab;
  rl_lab_pass pass;
  uint64_t totals[RL_COUNTS];
  rl_lab_question question = {.model = s->model};
  rl_group group = {.count = s->batch, .q = 1, .cached = s->cached};
  bool open = rl_lab_open(&lab, NULL) && rl_lab_ask(&lab, &question, &pass);
  if (!open) rl_lab_complain(&lab, s->model);
  CU_ASSERT_TRUE_FATAL(open);
  CU_ASSERT_TRUE_FATAL(rl_lab_totals(&pass, &(rl_point){&group, 1}, totals));
  const uint64_t got[] = {totals[RL_C_MATRIX], totals[RL_C_WEIGHTS], totals[RL_C_KV_READ],
                          totals[RL_C_KV_WRITE]};
  const uint64_t expected[] = {s->matrix, s->weights, s->kv_read, s->kv_write};
  for (int i = 0; i < 4; i++) {
    if (got[i] != expected[i]) {
      fprintf(stderr, "\n%s, batch %llu: %d is %llu, not %llu\n", s->model,
              (unsigned long long)s->batch, i, (unsigned long long)got[i],
              (unsigned long long)expected[i]);
    }
    CU_ASSERT_EQUAL(got[i], expected[i]);
  }
  rl_lab_close(&lab);
}

static void test_sums(void) {
  for (size_t i = 0; i < sizeof SUMS / sizeof *SUMS; i++) check_sums(&SUMS[i]);
}

/* All parameters less the experts that a token does not choose. */
static const struct {
  const char *model;
  uint64_t active;
} ACTIVE[] = {
    /* 5711982912; without the embedding of 201088 * 2880 the 5.13e9 of the model card */
    {"gpt-oss-120b", 116829156672 - 36 * 124 * 24891840ull},
    {"gpt-oss-20b", 20914757184 - 24 * 28 * 24891840ull},
    {"llama-4-scout", 107769861120 - 48 * 15 * 125829120ull},     /* 17.17e9 */
    {"llama-4-maverick", 400711848960 - 24 * 127 * 125829120ull}, /* 17.18e9 */
    {"dbrx", 131596523520 - 40 * 12 * 198180864ull},              /* 36.47e9 */
    {"qwen1.5-moe-a2.7b", 14315784192 - 24 * 56 * 8650752ull},    /* 2.69e9 */
    {"olmoe-1b-7b", 6919161856 - 16 * 56 * 6291456ull},           /* 1.28e9 */
    {"granite-3.1-3b-a800m", 3298793472 - 32 * 32 * 2359296ull},  /* 0.88e9 */
    {"granite-3.1-1b-a400m", 1334628352 - 24 * 24 * 1572864ull},  /* 0.43e9 */
    /* GLM-4.5: of attention 2 * 5120 * 12288 + 2 * 5120 * 1024 with 14,336 biases and 256 of norms,
     * 10,240 of norms: 136,339,712, 92 times; 3 * 188,743,680 dense; 89 * (161 * 23,592,960 +
     * 160 * 5121); 2 * 151,552 * 5120 and the last norm: 352,797,829,024. Air likewise: 46 *
     * 109,074,432 + 134,479,872 + 45 * (129 * 17,301,504 + 128 * 4097) + 2 * 151,552 * 4096 + 4096 */
    {"glm-4.5", 352797829024 - 89 * 152 * 23592960ull},     /* 33.6e9, 32e9 with one table less */
    {"glm-4.5-air", 106852251264 - 45 * 120 * 17301504ull}, /* 13.4e9 */
};

static void test_active(void) {
  for (size_t i = 0; i < sizeof ACTIVE / sizeof *ACTIVE; i++) {
    rl_lab lab;
    rl_lab_pass pass;
    uint64_t active = 0;
    rl_lab_question question = {.model = ACTIVE[i].model};
    CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL) && rl_lab_ask(&lab, &question, &pass));
    CU_ASSERT_TRUE(rl_program_active_parameters(pass.program, &active));
    CU_ASSERT_EQUAL(active, ACTIVE[i].active);
    rl_lab_close(&lab);
  }
}

RL_SUITE("mixtures by hand", {"sums", test_sums}, {"active parameters", test_active})
