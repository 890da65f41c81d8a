/* expert_linear, the fast rows: choices are sorted by expert, and the matrix of each that some
 * token chose is multiplied with the inputs of those alone. Others are not touched. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/linear_walk.h"
#include "kernels-ref/cpu/registry.h"

static uint64_t held_of(const rl_op *op) {
  return op->at.held_experts != 0 ? op->at.held_experts : op->at.experts;
}

bool rl_fast_expert_linear_fits(const rl_program *program, const rl_op *op,
                                const rl_kernel *kernel) {
  const rl_tensor *weight = rl_op_tensor(program, op, RL_READ, 2);
  const uint64_t held = held_of(op);
  return held != 0 && weight->rows % held == 0 &&
         rl_tensor_piece_rows(weight) == weight->rows / held &&
         rl_linear_weights_fit(weight, held, kernel) &&
         rl_linear_inputs_fit(rl_op_tensor(program, op, RL_READ, 0), op, weight->cols, kernel) &&
         rl_linear_results_fit(rl_op_tensor(program, op, RL_WRITE, 0));
}

/* An input for each choice, or one a token. */
static bool has_own(const rl_tensor *in, const rl_tensor *weight) {
  return in->rows * in->cols != weight->cols;
}

static bool lay_out(const rl_program *program, const rl_op *op, const rl_linear_tile *tile,
                    const rl_linear_sizes *wanted, rl_linear_layout *layout) {
  const rl_tensor *in = rl_op_tensor(program, op, RL_READ, 0);
  const rl_tensor *weight = rl_op_tensor(program, op, RL_READ, 2);
  rl_linear_sizes sizes = *wanted;
  if (!rl_mul_u64(wanted->inputs, op->at.top_k, &sizes.gathered)) return false;
  if (has_own(in, weight)) sizes.inputs = sizes.gathered;
  sizes.biases = rl_op_tensor(program, op, RL_READ, 3) != NULL ? weight->rows : 0;
  return rl_linear_lay_out(tile, weight, &sizes, layout);
}

/* Of codes: rows of inputs, choices by expert, and where those of each expert begin. */
bool rl_fast_expert_linear_workspace(const rl_program *program, const rl_op *op,
                                     const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_kernel *kernel = rl_kernel_choose(program, op, limits->isa);
  const uint64_t tokens = rl_limits_blocks(limits, rl_op_tensor(program, op, RL_WRITE, 0)->extent);
  const rl_linear_sizes sizes = {.inputs = tokens, .threads = limits->threads};
  rl_linear_layout layout = {0};
  if (!lay_out(program, op, kernel->tile, &sizes, &layout)) return false;
  size->values = layout.end;
  return rl_mul_u64(tokens, 2 * (uint64_t)op->at.top_k, &size->codes) &&
         rl_add_u64(size->codes, held_of(op) + 1, &size->codes);
}

typedef struct mixture {
  rl_linear_walk walk; /* of all inputs, a tile each */
  rl_linear_batch own; /* room for the inputs of an expert that several choose */
  const uint8_t *weights;
  float *bias;     /* [held][rows]; NULL: none */
  uint64_t matrix; /* bytes of one */
  uint64_t choices, held, first, k;
  bool own_inputs;
  int32_t *order;  /* [choices] by expert */
  int32_t *begins; /* [held + 1] */
} mixture;

/* Of this rank's experts; those of other ranks are none. */
static uint64_t expert_of(const mixture *m, const rl_view *chosen, uint64_t choice) {
  return (uint64_t)rl_view_read_id(chosen, choice) - m->first;
}

/* Choices by expert, of each in the order of the tokens; of experts elsewhere results are zero. */
static void sort_choices(mixture *m, const rl_view *chosen) {
  const float zero = 0;
  memset(m->begins, 0, (m->held + 1) * sizeof *m->begins);
  for (uint64_t c = 0; c < m->choices; c++) {
    const uint64_t expert = expert_of(m, chosen, c);
    if (expert < m->held) {
      m->begins[expert + 1]++;
      continue;
    }
    for (uint64_t r = 0; r < m->walk.rows; r++) {
      rl_view_write(m->walk.out, c * m->walk.rows + r, 1, &zero);
    }
  }
  for (uint64_t e = 0; e < m->held; e++) m->begins[e + 1] += m->begins[e];
  for (uint64_t c = 0; c < m->choices; c++) {
    const uint64_t expert = expert_of(m, chosen, c);
    if (expert < m->held) m->order[m->begins[expert]++] = (int32_t)c;
  }
  for (uint64_t e = m->held; e > 0; e--) m->begins[e] = m->begins[e - 1];
  m->begins[0] = 0;
}

static uint64_t input_of(const mixture *m, int32_t choice) {
  return m->own_inputs ? (uint64_t)choice : (uint64_t)choice / m->k;
}

/* The inputs of one expert: a single one where it lies. */
static rl_linear_batch batch_of(const mixture *m, uint64_t expert) {
  const uint64_t first = (uint64_t)m->begins[expert];
  const rl_linear_batch *all = &m->walk.batch;
  rl_linear_batch batch = *all;
  batch.tokens = (uint64_t)m->begins[expert + 1] - first;
  batch.tiles = rl_ceil_div(batch.tokens, m->walk.tile->tokens);
  const rl_linear_batch *from = batch.tokens == 1 ? all : &m->own;
  const uint64_t at = batch.tokens == 1 ? input_of(m, m->order[first]) : first;
  batch.x = from->x + at * all->x_bytes;
  batch.sums = from->sums + at * all->groups * sizeof(int32_t);
  batch.scales = from->scales + at;
  return batch;
}

static void gather(void *context, rl_team_member member) {
  const mixture *m = context;
  const rl_team_share share = rl_team_divide(member, m->held, 1);
  for (uint64_t e = share.first; e < share.end; e++) {
    const rl_linear_batch to = batch_of(m, e);
    for (uint64_t t = 0; to.tokens > 1 && t < to.tokens; t++) {
      const int32_t choice = m->order[(uint64_t)m->begins[e] + t];
      rl_linear_copy(&m->walk.batch, input_of(m, choice), &to, t);
    }
  }
}

static rl_linear_walk walk_of(const mixture *m, uint64_t expert) {
  rl_linear_walk walk = m->walk;
  walk.batch = batch_of(m, expert);
  walk.weights = m->weights + expert * m->matrix;
  walk.places = m->order + m->begins[expert];
  if (m->bias != NULL) walk.bias = m->bias + expert * walk.rows;
  return walk;
}

static bool is_chosen(const mixture *m, uint64_t expert) {
  return m->begins[expert] != m->begins[expert + 1];
}

static void multiply(void *context, rl_team_member member) {
  const mixture *m = context;
  for (uint64_t e = 0; e < m->held; e++) {
    if (!is_chosen(m, e)) continue;
    const rl_linear_walk walk = walk_of(m, e);
    rl_linear_walk_share(&walk, member);
  }
}

/* Matrices and biases of the experts that are chosen. */
static void take_experts(mixture *m, const rl_view *bias) {
  const rl_view *weight = m->walk.weight;
  m->weights = weight->store.bytes;
  for (uint64_t e = 0; e < m->held; e++) {
    const uint64_t first = e * m->walk.rows;
    if (!is_chosen(m, e)) continue;
    rl_store_take_rows(&weight->store, first, m->walk.rows, weight->touched);
    if (bias == NULL) continue;
    const float *read = rl_linear_bias(bias, first, m->walk.rows, m->bias + first);
    if (read != m->bias + first) memcpy(m->bias + first, read, m->walk.rows * sizeof *read);
  }
}

static void begin(mixture *m, const rl_call *call, const rl_linear_layout *layout) {
  const rl_view *weight = rl_call_read(call, 2);
  float *values = call->work->values;
  rl_linear_begin(&m->walk, call, weight, layout);
  m->held = held_of(call->op);
  m->first = call->op->at.first_expert;
  m->k = call->op->at.top_k;
  m->choices = rl_call_blocks(call) * m->k;
  m->own_inputs = has_own(rl_op_tensor(call->program, call->op, RL_READ, 0),
                          rl_op_tensor(call->program, call->op, RL_READ, 2));
  m->matrix = m->walk.rows * weight->store.row_bytes;
  m->walk.block = m->walk.rows;
  m->walk.batch.tokens = m->walk.batch.tiles = m->own_inputs ? m->choices : m->choices / m->k;
  m->own = m->walk.batch;
  m->own.x = (uint8_t *)(values + layout->own_x);
  m->own.sums = (uint8_t *)(values + layout->own_sums);
  m->own.scales = values + layout->own_scales;
  m->order = call->work->codes + m->choices;
  m->begins = m->order + m->choices;
}

void rl_fast_expert_linear(const rl_call *call) {
  const rl_linear_sizes sizes = {.inputs = rl_call_blocks(call), .threads = call->threads};
  const rl_view *bias = rl_call_read(call, 3);
  rl_linear_layout layout = {0};
  mixture m = {.bias = NULL};
  if (sizes.inputs == 0) return;
  lay_out(call->program, call->op, call->kernel->tile, &sizes, &layout); /* was planned so */
  begin(&m, call, &layout);
  if (bias != NULL) m.bias = call->work->values + layout.bias;
  sort_choices(&m, rl_call_read(call, 1));
  for (uint64_t i = 0; i < m.walk.batch.tokens; i++) call->work->codes[i] = (int32_t)i;
  rl_linear_load_all(&m.walk, call->work->codes, call->threads);
  take_experts(&m, bias);
  rl_team_run(m.choices == m.k ? 1 : call->threads, gather, &m);
  rl_team_run(call->threads, multiply, &m);
  for (uint64_t e = 0; e < m.held; e++) {
    const rl_linear_walk walk = walk_of(&m, e);
    rl_linear_mark(&walk);
  }
}

/* Rows of the experts that are chosen once, each once; every input, choice and result once. */
void rl_fast_expert_linear_declare(const rl_call *call, rl_declared *declared) {
  const rl_view *chosen = rl_call_read(call, 1), *weight = rl_call_read(call, 2);
  const uint64_t tokens = rl_call_blocks(call), choices = tokens * call->op->at.top_k;
  const uint64_t held = held_of(call->op), rows = weight->store.rows / held;
  uint64_t here = 0, distinct = 0;
  for (uint64_t c = 0; c < choices; c++) {
    const uint32_t expert = rl_store_read_id(&chosen->store, c, NULL);
    bool before = false;
    for (uint64_t b = 0; b < c && !before; b++) {
      before = rl_store_read_id(&chosen->store, b, NULL) == expert;
    }
    const bool mine = expert - call->op->at.first_expert < held;
    here += mine;
    distinct += mine && !before;
  }
  declared->flops = 2 * rows * weight->store.cols * here;
  for (uint32_t o = 0; o < call->op->operand_count; o++) {
    const rl_view *view = &call->views[o];
    const bool of_experts = view == weight || view == rl_call_read(call, 3);
    const uint64_t each = rows / rl_max_u64(of_experts ? view->store.cols : 1, 1);
    uint64_t all = tokens * view->block / rl_max_u64(view->store.cols, 1);
    if (view == weight) all = distinct * rows;
    if (of_experts && view != weight) all = distinct * each;
    declared->bytes[o] = all * view->store.row_bytes;
  }
}
