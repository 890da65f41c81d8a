/* Configs as the models' publishers write them: read without a word of warning, lowered to as many
 * parameters as the published weights have. The files hold the keys and values of the models'
 * config.json on the Hugging Face hub. */
#include "graph_help.h"
#include "unit.h"

static const rl_loc nowhere = {0};

/* Totals by the sums of graph_families.c, from other dims:
 *   Llama-3.1-8B    as Llama-3-8B
 *   Mistral-7B-v0.3 2*32768*4096 + 32*218112000 + 4096
 *   Qwen2.5-0.5B    151936*896 + 24*(896*(2*896 + 2*128 + 3*4864 + 2) + 896 + 256) + 896
 *   Qwen3-0.6B      151936*1024 + 28*(1024*(2*2048 + 2*1024 + 3*3072 + 2) + 256) + 1024
 *   Gemma-2-2B      256000*2304 + 26*2304*(2*2048 + 2*1024 + 3*9216 + 4) + 2304
 *   Gemma-3-27B     text only; Gemma-3-4B 262208*2560
 *                   + 34*(2560*(2*2048 + 2*1024 + 3*10240 + 4) + 512) + 2560
 *   OPT-125M        (50272 + 2050)*768 + 12*(4*(768*768 + 768) + 2*768*3072 + 3072 + 5*768)
 *                   + 2*768 */
static const struct {
  const char *file;
  uint64_t parameters;
} CONFIGS[] = {
    {"llama-3.1-8b", 8030261248},  {"mistral-7b-v0.3", 7248023552},
    {"qwen2.5-0.5b", 494032768},   {"qwen3-0.6b", 596049920},
    {"gemma-2-2b", 2614341888},    {"gemma-3-27b-it", 27009346304},
    {"gemma-3-4b-it", 3880263168}, {"gpt2", 124439808},
    {"opt-125m", 125239296},
};

static void test_published(void) {
  for (size_t i = 0; i < sizeof CONFIGS / sizeof *CONFIGS; i++) {
    graph_case c;
    uint64_t values = 0;
    graph_open(&c, NULL);
    const char *path =
        rl_textf(&c.arena, "%s/tests/unit/configs/%s.json", RL_SOURCE_DIR, CONFIGS[i].file);
    rl_status status = rl_db_model(c.db, path, nowhere, &c.scenario.model, &c.diags);
    if (c.diags.list.count != 0) graph_print(&c);
    CU_ASSERT_EQUAL_FATAL(status, RL_OK);
    graph_must(&c);
    CU_ASSERT_EQUAL(c.diags.list.count, 0);
    CU_ASSERT(rl_program_parameters(c.program, &values));
    CU_ASSERT_EQUAL(values, CONFIGS[i].parameters);
    graph_close(&c);
  }
}

RL_SUITE("published configs", {"published", test_published})
