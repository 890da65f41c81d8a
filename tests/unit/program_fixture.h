/* Operator lists built by hand, so that cost/ and time/ are tested without families or lowering.
 * Tests only; the shapes of a whole decoder follow the fused rows of docs/counting.md. */
#ifndef RL_TESTS_PROGRAM_FIXTURE_H
#define RL_TESTS_PROGRAM_FIXTURE_H

#include "graph/program.h"
#include "spec/hardware.h"

enum { FX_TENSORS = 192, FX_OPERANDS = 1024, FX_OPS = 192, FX_RUNS = 8, FX_SLOTS = 8 };

typedef struct fixture {
  rl_tensor tensors[FX_TENSORS];
  rl_operand operands[FX_OPERANDS];
  rl_op ops[FX_OPS], parts[FX_OPS];
  rl_run runs[FX_RUNS];
  struct rl_slot slots[FX_SLOTS];
  uint32_t layers[128];
  rl_program program;
} fixture;

extern const rl_format FX_BF16, FX_F32, FX_INT8_ROW, FX_FP8_TENSOR;

/* Starts an empty program whose arrays lie in the fixture. */
void fx_begin(fixture *f);
uint32_t fx_tensor(fixture *f, rl_role role, const rl_format *format, rl_extent extent,
                   uint64_t rows, uint64_t cols);
/* A new operator at the end of the list (fx_part: of the parts); operands follow at once. */
rl_op *fx_op(fixture *f, rl_op_kind kind, const char *name);
rl_op *fx_part(fixture *f, rl_op_kind kind, const char *name);
void fx_read(fixture *f, rl_op *op, uint32_t tensor);
void fx_write(fixture *f, rl_op *op, uint32_t tensor);
/* All operators since the last run become one that is repeated. */
void fx_run(fixture *f, uint32_t repeat);

typedef struct fx_decoder {
  uint64_t d, layers, heads, kv_heads, head_dim, d_ff, vocabulary, window;
  const rl_format *weights, *kv;
  bool stores_scores; /* scores, softmax, mix instead of attention */
} fx_decoder;
extern const fx_decoder FX_LLAMA_3_8B;
/* A llama with qkv, rope_append, add_norm, gate_up and silu_mul fused. Rows: embed | norm,
 * qkv_proj, rope_append, attention, o_proj, add_norm, gate_up_proj, silu_mul, down_proj, add |
 * norm, lm_head, sample. */
void fx_decode(fixture *f, const fx_decoder *decoder);

/* An accelerator: bf16 989.5 TFLOP/s, vector f32 66.9 TFLOP/s, cache 50 MiB at 5.5 TB/s, memory
 * 80 GB at 3.35 TB/s. The levels can be changed through `levels`. */
typedef struct fx_machine {
  rl_peak peaks[2];
  rl_memory_level levels[2];
  rl_hardware hardware;
} fx_machine;
void fx_accelerator(fx_machine *machine);

#endif
