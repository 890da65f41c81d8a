/* The k-th allocation of a lowering fails, for every k: the answer is "out of memory" each time,
 * nothing is written, nothing crashes. */
#include <stdlib.h>

#include "graph_help.h"
#include "unit.h"

/* Hands out memory until `left` blocks were taken. */
typedef struct limited {
  size_t left;
  size_t taken;
} limited;

static void *limited_alloc(void *context, size_t bytes) {
  limited *l = context;
  l->taken++;
  if (l->left == 0) return NULL;
  l->left--;
  return malloc(bytes);
}
static void limited_release(void *context, void *block) {
  (void)context;
  free(block);
}

static void prepare(graph_case *c) {
  graph_open(c, NULL);
  graph_shipped(c, "gemma3");
  CU_ASSERT(graph_config(c,
                         "{hidden_size: 16, intermediate_size: 20, num_attention_heads: 4, "
                         "num_key_value_heads: 2, head_dim: 6, vocab_size: 40, "
                         "num_hidden_layers: 7, attention_bias: true, rope_scaling: "
                         "{rope_type: linear, factor: 8.0}}"));
  c->scenario.weights = graph_format(c, "w8a8-int8");
}

/* Each request is a block of its own. The scenario lives in another arena. */
static rl_status lower_within(graph_case *c, size_t blocks, size_t *taken,
                              const rl_program **program) {
  limited l = {.left = blocks};
  rl_allocator allocator = {
      .alloc = limited_alloc, .release = limited_release, .context = &l, .block_bytes = 1};
  rl_arena arena;
  rl_diags diags;
  rl_arena_init(&arena, &allocator);
  rl_diags_init(&diags, &arena);
  rl_status status = rl_lower(&arena, &c->scenario, program, &diags);
  if (status != RL_OK) {
    CU_ASSERT(diags.out_of_memory);
    CU_ASSERT_PTR_NULL(*program);
  }
  *taken = l.taken;
  rl_arena_free(&arena);
  return status;
}

static void test_blocks(void) {
  graph_case c;
  size_t needed = 0, taken;
  const rl_program *program;
  prepare(&c);
  CU_ASSERT_EQUAL_FATAL(lower_within(&c, SIZE_MAX, &needed, &program), RL_OK);
  CU_ASSERT(needed > 100);
  for (size_t blocks = 0; blocks < needed; blocks++) {
    CU_ASSERT_EQUAL(lower_within(&c, blocks, &taken, &program), RL_ENVIRONMENT);
  }
  graph_close(&c);
}

RL_SUITE("lowering without memory", {"every block", test_blocks})
