/* One operator with its tensors in memory, put together by hand, to run a kernel alone. */
#ifndef RL_TESTS_CPU_FIXTURE_H
#define RL_TESTS_CPU_FIXTURE_H

#include "cpu_formats.h"
#include "kernels-ref/cpu/kernel.h"

enum {
  FIXTURE_OPERANDS = 16,
  FIXTURE_PARTS = 3,
  FIXTURE_BYTES = 1 << 14,
  FIXTURE_WORK = 1 << 12,
  FIXTURE_SEQUENCES = 4,
  FIXTURE_TOKENS = 16
};

typedef struct rl_fixture {
  rl_program program;
  rl_tensor tensors[FIXTURE_OPERANDS];
  rl_operand operands[2 * FIXTURE_OPERANDS];
  rl_op op, parts[FIXTURE_PARTS];
  rl_store stores[FIXTURE_OPERANDS]; /* of the tensors */
  rl_view views[FIXTURE_OPERANDS];
  uint64_t touched[FIXTURE_OPERANDS][FIXTURE_BYTES / 64];
  uint8_t memory[FIXTURE_OPERANDS][FIXTURE_BYTES], registers[FIXTURE_BYTES];
  float values[FIXTURE_WORK];
  int32_t codes[FIXTURE_WORK];
  rl_pass_sequence sequences[FIXTURE_SEQUENCES];
  uint64_t positions[FIXTURE_TOKENS];
  rl_pass pass;
  rl_workspace work;
} rl_fixture;

/* An empty pass and an operator without operands. */
void rl_fixture_init(rl_fixture *f, rl_op_kind kind);
/* A sequence of q tokens behind `cached`, logits of its last `logits` tokens; 20 KV rows each. */
void rl_fixture_sequence(rl_fixture *f, uint64_t q, uint64_t cached, uint64_t logits,
                         const int32_t *parent);
/* A tensor for the pass as it is now, filled with the values unless they are NULL. The role decides
 * how many blocks there are: one, or one a token, logit row or kept token. */
uint32_t rl_fixture_tensor(rl_fixture *f, rl_role role, rl_test_format format, uint64_t rows,
                           uint64_t cols, const float *values);
/* fp32 values of each token of the prefixes, as long as program.prefix said when they were added. */
uint32_t rl_fixture_prefix(rl_fixture *f, uint64_t cols, const float *values);
/* fp32 scores of so many heads, one block a (query, key). */
uint32_t rl_fixture_scores(rl_fixture *f, uint64_t heads);
uint32_t rl_fixture_ids(rl_fixture *f, rl_extent extent, const uint32_t *ids);
/* A choice of k experts a token. */
uint32_t rl_fixture_choice(rl_fixture *f, uint64_t k, const uint32_t *experts);
/* The tensor becomes the next operand of the operator; cols 0: all. */
void rl_fixture_operand(rl_fixture *f, uint32_t tensor, rl_access access, uint64_t cols);
/* As the next operand of part p of a fused operator; call after all operands of the operator. */
void rl_fixture_part_operand(rl_fixture *f, uint32_t part, uint32_t tensor, rl_access access,
                             uint64_t cols);
void rl_fixture_run(rl_fixture *f);
/* Values of a tensor from flat index `at` on. */
float rl_fixture_value(const rl_fixture *f, uint32_t tensor, uint64_t at);
/* Bytes touched through the nth operand. */
uint64_t rl_fixture_touched(const rl_fixture *f, uint32_t operand);

#endif
