/* A model out of a GGUF file, counted: each weight in the format of its tensor, each byte of the
 * file once; what does not fit the family is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/analysis.h"
#include "gguf_help.h"
#include "graph/lower.h"
#include "spec_help.h"
#include "unit.h"

static gguf_file file;

/* A scenario over the file as it stands. */
typedef struct counted {
  spec_case c;
  char path[GGUF_PATH];
  rl_scenario *scenario;
  const rl_program *program;
  rl_status status;
} counted;

static void begin(counted *k, const char *weights) {
  spec_open(&k->c, NULL);
  gguf_write(&file, gguf_folder(), "m.gguf", k->path);
  rl_request request = {
      .model.text = k->path, .hardware.text = "h100-sxm", .weights.text = weights};
  k->program = NULL;
  k->status = rl_scenario_resolve(&k->c.arena, k->c.db, &request, &k->scenario, &k->c.diags);
  CU_ASSERT_EQUAL_FATAL(k->status, RL_OK);
  k->status = rl_lower(&k->c.arena, k->scenario, &k->program, &k->c.diags);
}

static void end(counted *k) {
  spec_close(&k->c);
  gguf_folder_end(k->path);
}

/* Layers whose down_proj is stored otherwise are a run of their own; the file's bytes and values
 * are those of gguf_make_llama: 716,624 bytes; 2 * 10,240 + 2 * 590,336 + 256 values. */
static void test_mixed(void) {
  counted k;
  uint64_t bytes, values;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q6_K, .head = 1});
  begin(&k, NULL);
  CU_ASSERT_EQUAL_FATAL(k.status, RL_OK);
  CU_ASSERT(rl_program_weight_bytes(k.program, &bytes) && bytes == 716624);
  CU_ASSERT(rl_program_parameters(k.program, &values) && values == 1201408);
  CU_ASSERT_EQUAL(k.program->run_count, 4); /* embedding, a layer, a layer, head */
  CU_ASSERT_EQUAL(k.program->runs[1].repeat, 1);
  CU_ASSERT_EQUAL(rl_stored_check(&k.c.arena, k.scenario, k.program, &k.c.diags), RL_OK);
  CU_ASSERT_EQUAL(k.c.diags.list.count, 0);
  end(&k);
}

/* Without an output matrix the embedding is read as one; equal layers are one run. */
static void test_tied(void) {
  counted k;
  uint64_t bytes;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  begin(&k, NULL);
  CU_ASSERT_EQUAL_FATAL(k.status, RL_OK);
  CU_ASSERT(rl_program_weight_bytes(k.program, &bytes) && bytes == 5760 + 2 * 333824 + 1024);
  CU_ASSERT_EQUAL(k.program->run_count, 3);
  CU_ASSERT_EQUAL(k.program->runs[1].repeat, 2);
  end(&k);
}

/* A format that is asked for comes before the file's: 1,190,912 + 256 values of 2 bytes. */
static void test_asked(void) {
  counted k;
  uint64_t bytes;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q6_K});
  begin(&k, "bf16");
  CU_ASSERT_EQUAL_FATAL(k.status, RL_OK);
  CU_ASSERT(rl_program_weight_bytes(k.program, &bytes));
  CU_ASSERT_EQUAL(bytes, UINT64_C(2) * (10240 + 2 * 590336 + 256));
  CU_ASSERT_FALSE(k.scenario->stored);
  end(&k);
}

/* 115,920 bytes of q6_k are the head and one down_proj, 5,120 of fp32 the norms; what no weight is
 * made of has no share. */
static void test_shares(void) {
  counted k;
  const rl_result *result;
  rl_pass_view view = {0};
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q6_K, .head = 1});
  gguf_tensor(&file, "v.patch_embd.weight", (gguf_shape){GGUF_F32, 32, 0, 128});
  begin(&k, NULL);
  CU_ASSERT_EQUAL_FATAL(rl_analyze(&k.c.arena, k.c.db, k.scenario, &view, &result, &k.c.diags),
                        RL_OK);
  CU_ASSERT_EQUAL_FATAL(result->stored_count, 3);
  CU_ASSERT_STRING_EQUAL(result->stored[0].format, "q4_k");
  CU_ASSERT_EQUAL(result->stored[0].bytes, 595584);
  CU_ASSERT_STRING_EQUAL(result->stored[1].format, "q6_k");
  CU_ASSERT_EQUAL(result->stored[1].bytes, 115920);
  CU_ASSERT_STRING_EQUAL(result->stored[2].format, "fp32");
  CU_ASSERT_EQUAL(result->stored[2].bytes, 5120);
  CU_ASSERT_DOUBLE_EQUAL(result->weight_bits, 8.0 * 716624 / 1201408, 1e-12);
  end(&k);
}

static void expect(const counted *k, const char *line) {
  char said[512];
  gguf_last_line(&k->c.diags, said, sizeof said);
  CU_ASSERT_STRING_EQUAL(said, line);
}

/* Heads of 63 values cannot be rotated by halves: the fact that says so is named. */
static void test_fact(void) {
  counted k;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  gguf_number(&file, "llama.attention.key_length", 63);
  begin(&k, NULL);
  CU_ASSERT_EQUAL(k.status, RL_BAD_INPUT);
  CU_ASSERT_EQUAL_FATAL(k.c.diags.list.count, 3);
  CU_ASSERT_EQUAL(k.c.diags.list.items[0].code, RL_D_ROPE_DIMS);
  CU_ASSERT_STRING_EQUAL(k.c.diags.list.items[0].loc.file, k.path);
  CU_ASSERT_EQUAL(k.c.diags.list.items[2].code, RL_D_LOWERED_HERE);
  k.c.diags.list.count = 2;
  expect(&k, "x.gguf: note: the file says llama.attention.key_length: 63");
  end(&k);
}

static void test_leftover(void) {
  counted k;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K, .head = 1});
  gguf_tensor(&file, "blk.0.extra.weight", (gguf_shape){GGUF_F32, 32, 0, 128});
  begin(&k, NULL);
  CU_ASSERT_EQUAL(rl_stored_check(&k.c.arena, k.scenario, k.program, &k.c.diags), RL_OK);
  expect(
      &k,
      "x.gguf: note: no weight of the family is made of blk.0.extra.weight: 1 in the file, 128 B "
      "— these bytes are not counted");
  end(&k);
}

/* The file says 40 tokens; its head has 41 rows. */
static void test_shape(void) {
  counted k;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  gguf_tensor(&file, "output.weight", (gguf_shape){GGUF_F32, 256, 41, 41984});
  begin(&k, NULL);
  CU_ASSERT_EQUAL(rl_stored_check(&k.c.arena, k.scenario, k.program, &k.c.diags), RL_BAD_INPUT);
  expect(&k,
         "x.gguf: error: tensor 'output.weight' of the file has 10,496 values, the family makes "
         "10,240 of it — the family, or its dims, are not those of the file");
  end(&k);
}

/* The head's 256 rows of 40 values are as many as 40 rows of 256. */
static void test_transposed(void) {
  counted k;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  gguf_tensor(&file, "output.weight", (gguf_shape){GGUF_F32, 40, 256, 40960});
  begin(&k, NULL);
  CU_ASSERT_EQUAL(rl_stored_check(&k.c.arena, k.scenario, k.program, &k.c.diags), RL_BAD_INPUT);
  expect(&k,
         "x.gguf: error: tensor 'output.weight' of the file has rows of 40 values, lm_head.weight "
         "multiplies rows of 256 — its rows and columns seem to be exchanged");
  end(&k);
}

static void test_missing(void) {
  counted k;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  for (size_t i = 0; i + 12 < file.tensor_bytes; i++) {
    if (memcmp(file.tensors + i, "blk.1.attn_q", 12) == 0) file.tensors[i + 11] = 'z';
  }
  begin(&k, NULL);
  CU_ASSERT_EQUAL(k.status, RL_BAD_INPUT);
  expect(&k,
         "x.gguf: error: the file has no tensor 'blk.1.attn_q.weight', which q_proj.weight is "
         "made of");
  end(&k);
}

static void test_type(void) {
  counted k;
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  gguf_tensor(&file, "output.weight", (gguf_shape){GGUF_I32, 256, 40, 40960});
  begin(&k, NULL);
  CU_ASSERT_EQUAL(k.status, RL_BAD_INPUT);
  expect(&k,
         "x.gguf: error: tensor 'output.weight' of the file is of type i32, which no weight can "
         "have");
  end(&k);
}

RL_SUITE("api gguf", {"mixed", test_mixed}, {"tied", test_tied}, {"asked", test_asked},
         {"shares", test_shares}, {"fact", test_fact}, {"leftover", test_leftover}, {"shape", test_shape},
         {"transposed", test_transposed}, {"missing", test_missing}, {"type", test_type})
