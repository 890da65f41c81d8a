/* neural_memory: an MLP M for each sequence and head, which every token trains to answer its key
 * with its value (Behrouz et al. 2025, Titans). With decay a, momentum e and step t of the token:
 *   S = e S - t grad |M'(k) - v|^2 (eq. 12, 14),  M = (1 - a) M + S (eq. 13),  y = M(q) (eq. 15)
 * where the gradient is taken at M', the weights at the start of the token's chunk of positions
 * (eq. 16). M begins as learned weights. silu stands between the layers. Rows of a layer's weights
 * are results. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/head_state.h"

static const double LENGTH_EPS = 1e-6;

typedef struct gates {
  float keep, momentum, step;
} gates;

/* Widths of layer l's inputs and results, and where its weights stand. */
typedef struct layer {
  uint64_t in, out, first;
} layer;

typedef struct memory {
  const rl_call *call;
  uint64_t size, width;              /* weights; the widest row of values */
  float *weights, *momentum, *start; /* [size] each */
  float *query, *key, *value;
  float *inputs, *sums;   /* [depth + 1, width]: of each layer, and before silu */
  float *error, *earlier; /* [width]: of a layer's results, of its inputs */
} memory;

static layer layer_of(const rl_op_attributes *at, uint64_t l) {
  uint64_t last = at->depth - 1;
  layer found = {l == 0 ? at->key_dim : at->inner, l == last ? at->value_dim : at->inner, 0};
  if (l > 0) found.first = at->key_dim * at->inner + (l - 1) * at->inner * at->inner;
  return found;
}

static uint64_t widest(const rl_op_attributes *at) {
  uint64_t ends = rl_max_u64(at->key_dim, at->value_dim);
  return at->depth > 1 ? rl_max_u64(ends, at->inner) : ends;
}

static memory begin(const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  uint64_t width = widest(at), rows = (at->depth + 1) * width;
  memory m = {.call = call,
              .size = rl_call_read(call, 7)->store.cols,
              .width = width,
              .weights = call->work->values};
  m.momentum = m.weights + m.size;
  m.start = m.momentum + m.size;
  m.query = m.start + m.size;
  m.key = m.query + width;
  m.value = m.key + width;
  m.inputs = m.value + width;
  m.sums = m.inputs + rows;
  m.error = m.sums + rows;
  m.earlier = m.error + width;
  return m;
}

static float sigmoid(float x) {
  return 1 / (1 + expf(-x));
}

static gates read_gates(const memory *m, uint64_t token, uint64_t head) {
  float logits[3];
  rl_head_load(rl_call_read(m->call, 3), token, head, 3, logits);
  return (gates){1 - sigmoid(logits[0]), sigmoid(logits[1]),
                 (float)m->call->op->at.limit * sigmoid(logits[2])};
}

/* x / |x| */
static void normalize(float *x, uint64_t n) {
  double square = 0;
  for (uint64_t i = 0; i < n; i++) square += (double)x[i] * x[i];
  for (uint64_t i = 0; i < n; i++) x[i] = (float)(x[i] / sqrt(square + LENGTH_EPS));
}

/* x through all layers: what each of them is given, and its sums; answers the last ones. */
static const float *forward(const memory *m, const float *weights, const float *x) {
  const rl_op_attributes *at = &m->call->op->at;
  memcpy(m->inputs, x, at->key_dim * sizeof *x);
  for (uint64_t l = 0; l < at->depth; l++) {
    const layer w = layer_of(at, l);
    const float *in = m->inputs + l * m->width;
    float *sums = m->sums + l * m->width, *next = m->inputs + (l + 1) * m->width;
    for (uint64_t r = 0; r < w.out; r++) {
      sums[r] = rl_ref_dot(weights + w.first + r * w.in, in, w.in);
      next[r] = sums[r] * sigmoid(sums[r]);
    }
  }
  return m->sums + (at->depth - 1) * m->width;
}

/* The error of a layer's inputs: through its weights, and back through the silu that made them. */
static void go_back(const memory *m, uint64_t l) {
  const layer w = layer_of(&m->call->op->at, l);
  const float *sums = m->sums + (l - 1) * m->width;
  memset(m->earlier, 0, w.in * sizeof *m->earlier);
  for (uint64_t r = 0; r < w.out; r++) {
    const float *row = m->start + w.first + r * w.in;
    for (uint64_t c = 0; c < w.in; c++) m->earlier[c] += row[c] * m->error[r];
  }
  for (uint64_t c = 0; c < w.in; c++) {
    float s = sigmoid(sums[c]);
    m->earlier[c] *= s * (1 + sums[c] * (1 - s));
  }
}

/* The gradient of a layer's weights is the product of the error of its results and its inputs. */
static void update(const memory *m, uint64_t l, gates g) {
  const layer w = layer_of(&m->call->op->at, l);
  const float *in = m->inputs + l * m->width;
  for (uint64_t r = 0; r < w.out; r++) {
    for (uint64_t c = 0; c < w.in; c++) {
      uint64_t i = w.first + r * w.in + c;
      m->momentum[i] = g.momentum * m->momentum[i] - m->error[r] * in[c];
      m->weights[i] = g.keep * m->weights[i] + m->momentum[i];
    }
  }
}

static void learn(const memory *m, gates g) {
  const rl_op_attributes *at = &m->call->op->at;
  const float *answer = forward(m, m->start, m->key);
  for (uint64_t i = 0; i < at->value_dim; i++) {
    m->error[i] = 2 * g.step * (answer[i] - m->value[i]);
  }
  for (uint64_t l = at->depth; l-- > 0;) {
    if (l > 0) go_back(m, l);
    update(m, l, g);
    memcpy(m->error, m->earlier, m->width * sizeof *m->error);
  }
}

static void step(const memory *m, uint64_t token, uint64_t head) {
  const rl_op_attributes *at = &m->call->op->at;
  rl_head_load(rl_call_read(m->call, 0), token, head, at->key_dim, m->query);
  rl_head_load(rl_call_read(m->call, 1), token, head, at->key_dim, m->key);
  rl_head_load(rl_call_read(m->call, 2), token, head, at->value_dim, m->value);
  normalize(m->query, at->key_dim);
  normalize(m->key, at->key_dim);
  learn(m, read_gates(m, token, head));
  rl_head_store(rl_call_write(m->call, 3), token, head, at->value_dim,
                forward(m, m->weights, m->query));
}

/* The start of a chunk is read where the first token continues one, and written where one begins.
 */
static void run_head(const memory *m, const rl_pass_sequence *sequence, uint64_t head) {
  uint64_t chunk = m->call->op->at.chunk, state = sequence->state;
  bool begun = false;
  rl_head_load(rl_call_read(m->call, 4), state, head, m->size, m->weights);
  rl_head_load(rl_call_read(m->call, 5), state, head, m->size, m->momentum);
  if (sequence->cached % chunk != 0) {
    rl_head_load(rl_call_read(m->call, 6), state, head, m->size, m->start);
  }
  if (sequence->cached == 0) rl_head_load(rl_call_read(m->call, 7), 0, head, m->size, m->weights);
  for (uint64_t i = 0; i < sequence->q; i++) {
    if ((sequence->cached + i) % chunk == 0) {
      memcpy(m->start, m->weights, m->size * sizeof *m->start);
      begun = true;
    }
    step(m, sequence->first_token + i, head);
  }
  rl_head_store(rl_call_write(m->call, 0), state, head, m->size, m->weights);
  rl_head_store(rl_call_write(m->call, 1), state, head, m->size, m->momentum);
  if (begun) rl_head_store(rl_call_write(m->call, 2), state, head, m->size, m->start);
}

void rl_ref_neural_memory(const rl_call *call) {
  const memory m = begin(call);
  for (size_t s = 0; s < call->pass->count; s++) {
    for (uint64_t h = 0; h < call->op->at.heads; h++) {
      run_head(&m, &call->pass->sequences[s], h);
    }
  }
}

/* weights, momentum and start; inputs and sums of every layer; query, key, value and two errors */
bool rl_ref_neural_memory_workspace(const rl_program *program, const rl_op *op,
                                    const rl_pass_limits *limits, rl_workspace_size *size) {
  const uint64_t width = widest(&op->at), weights = rl_op_tensor(program, op, RL_READ, 7)->cols;
  (void)limits;
  return rl_mul_u64(weights, 3, &size->values) &&
         rl_muladd_u64(&size->values, width, 2 * (op->at.depth + 1) + 5);
}
