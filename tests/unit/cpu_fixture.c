/* Every tensor has memory of its own, every operand a bitmap. */
#include "cpu_fixture.h"

#include <string.h>

#include "base/checked.h"
#include "unit.h"

enum { KV_ROWS = 20 };

void rl_fixture_init(rl_fixture *f, rl_op_kind kind) {
  memset(f, 0, sizeof *f);
  f->op.kind = kind;
  f->op.compute = RL_F32;
  f->work = (rl_workspace){f->values, f->codes, f->registers};
  f->pass.sequences = f->sequences;
  f->pass.positions = f->positions;
  f->program = (rl_program){.tensors = f->tensors, .operands = f->operands, .parts = f->parts};
}

void rl_fixture_sequence(rl_fixture *f, uint64_t q, uint64_t cached, uint64_t logits,
                         const int32_t *parent) {
  rl_pass_sequence *s = &f->sequences[f->pass.count++];
  *s = (rl_pass_sequence){.q = q,
                          .cached = cached,
                          .first_kv = f->pass.kv_rows,
                          .first_token = f->pass.tokens,
                          .first_logit = f->pass.logit_rows,
                          .logit_rows = logits,
                          .first_prefix = f->pass.prefix,
                          .prefix = cached > 0 ? 0 : rl_min_u64(q, f->program.prefix),
                          .first_score = f->pass.scores,
                          .parent = parent,
                          .state = f->pass.count - 1};
  for (uint64_t i = 0; i < q; i++) f->positions[f->pass.tokens + i] = rl_pass_position(s, i);
  f->pass.tokens += q;
  f->pass.logit_rows += logits;
  f->pass.prefix += s->prefix;
  f->pass.kv_rows += KV_ROWS;
  f->pass.scores += q * (cached + q);
}

static uint32_t add_tensor(rl_fixture *f, const rl_tensor *tensor, const float *values) {
  uint32_t index = f->program.tensor_count++;
  rl_store *store = &f->stores[index];
  f->tensors[index] = *tensor;
  CU_ASSERT_FATAL(rl_store_init(store, tensor->format,
                                tensor->rows * rl_pass_blocks(&f->pass, tensor->extent),
                                tensor->cols));
  CU_ASSERT_FATAL(rl_store_bytes(store) <= FIXTURE_BYTES);
  store->bytes = f->memory[index];
  for (uint64_t r = 0; values != NULL && r < store->rows; r++) {
    rl_store_write(store, (rl_span){r, 0, store->cols}, values + r * store->cols, NULL);
  }
  return index;
}

uint32_t rl_fixture_tensor(rl_fixture *f, rl_role role, rl_test_format format, uint64_t rows,
                           uint64_t cols, const float *values) {
  static const rl_extent extents[RL_ROLES] = {[RL_ROLE_WEIGHT] = RL_EXTENT_FIXED,
                                              [RL_ROLE_KV] = RL_EXTENT_KV,
                                              [RL_ROLE_STATE] = RL_EXTENT_SEQUENCES,
                                              [RL_ROLE_ACTIVATION] = RL_EXTENT_TOKENS,
                                              [RL_ROLE_LOGITS] = RL_EXTENT_LOGIT_ROWS};
  rl_tensor tensor = {.name = "t",
                      .role = role,
                      .format = &RL_TEST_FORMATS[format],
                      .extent = extents[role],
                      .rows = rows,
                      .cols = cols};
  return add_tensor(f, &tensor, values);
}

uint32_t rl_fixture_prefix(rl_fixture *f, uint64_t cols, const float *values) {
  rl_tensor tensor = {.name = "prefix",
                      .role = RL_ROLE_ACTIVATION,
                      .format = &RL_TEST_FORMATS[TEST_FP32],
                      .extent = RL_EXTENT_PREFIX,
                      .rows = 1,
                      .cols = cols};
  return add_tensor(f, &tensor, values);
}

uint32_t rl_fixture_scores(rl_fixture *f, uint64_t heads) {
  rl_tensor tensor = {.name = "scores",
                      .role = RL_ROLE_ACTIVATION,
                      .format = &RL_TEST_FORMATS[TEST_FP32],
                      .extent = RL_EXTENT_SCORES,
                      .rows = heads,
                      .cols = 1};
  return add_tensor(f, &tensor, NULL);
}

static uint32_t add_ids(rl_fixture *f, const rl_tensor *tensor, const uint32_t *ids) {
  uint32_t index = add_tensor(f, tensor, NULL);
  const rl_store *store = &f->stores[index];
  for (uint64_t i = 0; ids != NULL && i < store->rows * store->cols; i++)
    rl_store_write_id(store, i, ids[i], NULL);
  return index;
}

uint32_t rl_fixture_ids(rl_fixture *f, rl_extent extent, const uint32_t *ids) {
  rl_tensor tensor = {.name = "ids", .role = RL_ROLE_IDS, .extent = extent, .rows = 1, .cols = 1};
  return add_ids(f, &tensor, ids);
}

uint32_t rl_fixture_choice(rl_fixture *f, uint64_t k, const uint32_t *experts) {
  rl_tensor tensor = {
      .name = "choice", .role = RL_ROLE_CHOICE, .extent = RL_EXTENT_TOKENS, .rows = 1, .cols = k};
  return add_ids(f, &tensor, experts);
}

void rl_fixture_operand(rl_fixture *f, uint32_t tensor, rl_access access, uint64_t cols) {
  const rl_tensor *shape = &f->tensors[tensor];
  uint32_t o = f->op.operand_count++;
  f->operands[o] = (rl_operand){tensor, access, cols != 0 ? cols : shape->cols};
  f->views[o] = (rl_view){f->stores[tensor], shape->rows * shape->cols, f->touched[o], NULL, NULL};
  memset(f->touched[o], 0, sizeof f->touched[o]);
  f->program.operand_count = f->op.operand_count;
}

void rl_fixture_part_operand(rl_fixture *f, uint32_t part, uint32_t tensor, rl_access access,
                             uint64_t cols) {
  rl_op *op = &f->parts[part];
  uint32_t o = f->program.operand_count++;
  if (op->operand_count++ == 0) op->first_operand = o;
  f->operands[o] = (rl_operand){tensor, access, cols != 0 ? cols : f->tensors[tensor].cols};
  if (f->op.part_count <= part) f->op.part_count = part + 1;
}

void rl_fixture_run(rl_fixture *f) {
  rl_call call = {.program = &f->program,
                  .op = &f->op,
                  .pass = &f->pass,
                  .views = f->views,
                  .work = &f->work};
  RL_KERNELS[f->op.kind].run(&call);
}

float rl_fixture_value(const rl_fixture *f, uint32_t tensor, uint64_t at) {
  const rl_store *store = &f->stores[tensor];
  float value;
  rl_store_read(store, (rl_span){at / store->cols, at % store->cols, 1}, &value, NULL);
  return value;
}

uint64_t rl_fixture_touched(const rl_fixture *f, uint32_t operand) {
  return rl_touched_count(f->touched[operand], FIXTURE_BYTES);
}
