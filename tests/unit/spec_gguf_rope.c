/* How positions turn in a GGUF file: divisors from its tensors, and what its facts say. */
#include <stdio.h>
#include <string.h>

#include "gguf_help.h"
#include "spec_help.h"
#include "unit.h"

enum { PAIRS = 32, LISTS_MAX = 2 }; /* half of the heads of 64 values */

/* A llama with lists of divisors behind its weights, read back from a file. */
typedef struct rope_file {
  gguf_file file;
  uint64_t places[LISTS_MAX];
  float values[LISTS_MAX][PAIRS];
  size_t lists;
  char path[GGUF_PATH], message[512];
  spec_case c;
  const rl_model *model;
  rl_status status;
} rope_file;

static rope_file r;

static void begin(void) {
  memset(&r, 0, sizeof r);
  gguf_make_llama(&r.file, (gguf_llama){.down = GGUF_Q4_K});
}

/* Divisors 1, 1 + step, 1 + 2 step, ... */
static void add_list(const char *name, float step) {
  r.places[r.lists] = r.file.data;
  for (int i = 0; i < PAIRS; i++) r.values[r.lists][i] = 1 + (float)i * step;
  r.lists++;
  gguf_tensor(&r.file, name, (gguf_shape){GGUF_F32, PAIRS, 0, sizeof r.values[0]});
}

static void read_model(void) {
  static uint8_t head[2 * GGUF_BYTES];
  gguf_write(&r.file, gguf_folder(), "x.gguf", r.path);
  size_t data = (gguf_head(&r.file, head) + 31) / 32 * 32;
  FILE *out = fopen(r.path, "r+b");
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  for (size_t i = 0; i < r.lists; i++) {
    CU_ASSERT_EQUAL(fseek(out, (long)(data + r.places[i]), SEEK_SET), 0);
    CU_ASSERT_EQUAL(fwrite(r.values[i], sizeof(float), PAIRS, out), PAIRS);
  }
  CU_ASSERT_EQUAL(fclose(out), 0);
  spec_open(&r.c, NULL);
  r.status = rl_db_model(r.c.db, r.path, (rl_loc){0}, &r.model, &r.c.diags);
  gguf_last_line(&r.c.diags, r.message, sizeof r.message);
}

static void end(void) {
  spec_close(&r.c);
  gguf_folder_end(r.path);
}

static const rl_node *scaling(const char *key) {
  const rl_node *map = rl_node_get(r.model->config, "rope_scaling");
  return map == NULL ? NULL : rl_node_get(map, key);
}

static void expect(const char *key, const char *text) {
  const rl_node *node = scaling(key);
  CU_ASSERT_PTR_NOT_NULL_FATAL(node);
  CU_ASSERT_STRING_EQUAL(node->text, text);
}

/* The tensor becomes a list, and is no weight any more. */
static void test_divisors(void) {
  begin();
  add_list("rope_freqs.weight", 0.25f);
  read_model();
  CU_ASSERT_EQUAL_FATAL(r.status, RL_OK);
  expect("rope_type", "divisors");
  const rl_node *list = scaling("divisors");
  CU_ASSERT_PTR_NOT_NULL_FATAL(list);
  CU_ASSERT_EQUAL_FATAL(list->count, PAIRS);
  CU_ASSERT_STRING_EQUAL(list->items[0]->text, "1");
  CU_ASSERT_STRING_EQUAL(list->items[1]->text, "1.25");
  CU_ASSERT_STRING_EQUAL(list->items[PAIRS - 1]->text, "8.75");
  CU_ASSERT_PTR_NULL(rl_stored_find(r.model->stored, "rope_freqs.weight"));
  CU_ASSERT_PTR_NOT_NULL(rl_stored_find(r.model->stored, "output_norm.weight"));
  CU_ASSERT_PTR_NOT_NULL(rl_stored_find(r.model->stored, "token_embd.weight"));
  CU_ASSERT_EQUAL(r.model->stored->beside_count, 1);
  CU_ASSERT_EQUAL(r.model->stored->beside_bytes, 128);
  /* test_config of spec_gguf.c: 716,624 with a head of 8,400 and a down_proj in q6_k, whose 512
   * blocks take 66 bytes more than those of q4_k. */
  CU_ASSERT_EQUAL(r.model->stored->bytes, 716624 - 8400 - 512 * 66);
  end();
}

/* Phi-3's two lists, of which lowering takes the one for the model's context. */
static void test_two_lists(void) {
  begin();
  gguf_real(&r.file, "llama.rope.scaling.attn_factor", 1.5f);
  add_list("rope_factors_long.weight", 1);
  add_list("rope_factors_short.weight", 0.5f);
  read_model();
  CU_ASSERT_EQUAL_FATAL(r.status, RL_OK);
  expect("rope_type", "longrope");
  expect("attention_factor", "1.5");
  CU_ASSERT_STRING_EQUAL(scaling("long_factor")->items[2]->text, "3");
  CU_ASSERT_STRING_EQUAL(scaling("short_factor")->items[2]->text, "2");
  CU_ASSERT_PTR_NULL(scaling("divisors"));
  CU_ASSERT_EQUAL(r.model->stored->beside_count, 2);
  end();
}

static void test_facts(void) {
  begin();
  gguf_text(&r.file, "llama.rope.scaling.type", "yarn");
  gguf_real(&r.file, "llama.rope.scaling.factor", 4);
  gguf_number(&r.file, "llama.rope.scaling.original_context_length", 32768);
  read_model();
  CU_ASSERT_EQUAL_FATAL(r.status, RL_OK);
  expect("rope_type", "yarn");
  expect("factor", "4");
  expect("original_max_position_embeddings", "32768");
  CU_ASSERT_PTR_NULL(scaling("beta_fast"));
  end();
  begin();
  gguf_text(&r.file, "llama.rope.scaling.type", "none");
  read_model();
  CU_ASSERT_EQUAL_FATAL(r.status, RL_OK);
  CU_ASSERT_PTR_NULL(rl_node_get(r.model->config, "rope_scaling"));
  end();
}

static void expect_wrong(const char *message) {
  read_model();
  CU_ASSERT_EQUAL(r.status, RL_BAD_INPUT);
  CU_ASSERT_STRING_EQUAL(r.message, message);
  end();
}

static void test_wrong(void) {
  begin();
  add_list("rope_freqs.weight", -0.5f); /* the third is 0 */
  expect_wrong(
      "x.gguf: error: tensor 'rope_freqs.weight' holds no positive number at value 2 — download or "
      "convert the file again");
  begin();
  gguf_tensor(&r.file, "rope_freqs.weight", (gguf_shape){GGUF_F32, 16, 2, 128});
  expect_wrong(
      "x.gguf: error: tensor 'rope_freqs.weight' is no list of up to 4,096 divisors in fp32 — "
      "download or convert the file again");
  begin();
  gguf_tensor(&r.file, "rope_freqs.weight", (gguf_shape){GGUF_F32, 4097, 0, 4 * 4097});
  expect_wrong(
      "x.gguf: error: tensor 'rope_freqs.weight' is no list of up to 4,096 divisors in fp32 — "
      "download or convert the file again");
  begin();
  gguf_tensor(&r.file, "rope_freqs.weight", (gguf_shape){GGUF_I32, 32, 0, 128});
  expect_wrong(
      "x.gguf: error: tensor 'rope_freqs.weight' is no list of up to 4,096 divisors in fp32 — "
      "download or convert the file again");
}

RL_SUITE("spec gguf rope", {"divisors", test_divisors}, {"two lists", test_two_lists},
         {"facts", test_facts}, {"wrong", test_wrong})
