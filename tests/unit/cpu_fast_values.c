/* Fast rows of the operators that work value by value, against float64 and against the scalar row:
 * every row of the registry that this machine executes, on shapes drawn from a fixed seed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels-ref/cpu/fast/values_tile.h"
#include "kernels-ref/cpu/registry.h"
#include "unit.h"

enum { SHAPES = 32, BLOCKS_MAX = 5, COLS_MAX = 150, VALUES = BLOCKS_MAX * COLS_MAX };
enum { OPERANDS = 3, BYTES = VALUES * 4 + 64 };

static const rl_component STACKS[] = {{.kind = RL_DENSE, .type = RL_F32},
                                      {.kind = RL_DENSE, .type = RL_BF16},
                                      {.kind = RL_DENSE, .type = RL_F16}};
static rl_format formats[3];
static rl_tensor tensors[OPERANDS];
static rl_operand operands[OPERANDS];
static rl_view views[OPERANDS];
static uint8_t memory[OPERANDS][BYTES];
static uint64_t touched[OPERANDS][BYTES / 64 + 1];
static float work_values[2 * 2048], inputs[2][VALUES], results[VALUES];
static rl_workspace work = {.values = work_values};
static rl_program program = {.tensors = tensors, .operands = operands};
static rl_op op;
static rl_pass pass;
static rl_call call = {
    .program = &program, .op = &op, .pass = &pass, .views = views, .work = &work};
static uint64_t seed;

static uint32_t draw(uint32_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % below;
}

/* --- float64 --- */

static double sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

static double activated(double x) {
  switch (op.at.activation) {
    case RL_SILU:
      return x * sigmoid(x);
    case RL_GELU_TANH:
      return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case RL_QUICK_GELU:
      return x * sigmoid(1.702 * x);
    case RL_TANH:
      return tanh(x);
    case RL_RELU_SQUARED:
      return x > 0 ? x * x : 0;
    default:
      return x > 0 ? x : 0;
  }
}

static double expected(double a, double b) {
  if (op.kind == RL_OP_ACTIVATION) return activated(a);
  if (op.kind == RL_OP_MUL) return a * b;
  if (op.kind == RL_OP_ADD) return a + b;
  if (op.kind == RL_OP_SCALE) return a * (double)(float)op.at.factor;
  if (op.kind == RL_OP_SOFTCAP) return op.at.softcap * tanh(a / op.at.softcap);
  if (op.kind == RL_OP_CLAMP) return fmax(fmin(a, op.at.limit), -op.at.limit);
  if (op.kind == RL_OP_SIGMOID_GATE) return a * sigmoid(b);
  const double gate = fmin(a, op.at.limit), up = fmax(fmin(b, op.at.limit), -op.at.limit);
  return (up + 1) * gate * sigmoid(op.at.factor * gate);
}

/* --- one operator --- */

static bool takes_two(void) {
  return op.kind == RL_OP_MUL || op.kind == RL_OP_ADD || op.kind == RL_OP_SWIGLU ||
         op.kind == RL_OP_SIGMOID_GATE;
}

static void add_operand(uint32_t nth, bool written, uint64_t blocks, uint64_t cols) {
  const rl_format *format = &formats[written ? 0 : draw(3)];
  tensors[nth] = (rl_tensor){.role = RL_ROLE_ACTIVATION,
                             .format = format,
                             .extent = RL_EXTENT_TOKENS,
                             .rows = 1,
                             .cols = cols};
  operands[nth] = (rl_operand){nth, written ? RL_WRITE : RL_READ, cols};
  views[nth] = (rl_view){.block = cols, .touched = touched[nth]};
  CU_ASSERT_FATAL(rl_store_init(&views[nth].store, format, blocks, cols));
  views[nth].store.bytes = memory[nth] + draw(64);
  for (uint64_t r = 0; r < blocks && !written; r++) {
    float *row = inputs[nth] + r * cols;
    for (uint64_t c = 0; c < cols; c++) row[c] = ((float)draw(4096) / 2048 - 1) * 12;
    rl_store_write(&views[nth].store, (rl_span){r, 0, cols}, row, NULL);
    rl_store_read(&views[nth].store, (rl_span){r, 0, cols}, row, NULL);
  }
}

static void set_up(rl_op_kind kind, uint32_t nth) {
  static const rl_activation_kind KINDS[] = {RL_SILU, RL_GELU_TANH,    RL_RELU,
                                             RL_TANH, RL_RELU_SQUARED, RL_QUICK_GELU};
  const uint64_t blocks = nth == 0 ? 1 : 1 + draw(BLOCKS_MAX), cols = 1 + draw(COLS_MAX);
  uint32_t count = 0;
  op = (rl_op){.kind = kind, .compute = RL_F32};
  op.at.activation = KINDS[nth % (sizeof KINDS / sizeof *KINDS)];
  op.at.limit = 7;
  op.at.factor = 1.702;
  op.at.softcap = 5;
  pass = (rl_pass){.tokens = blocks};
  add_operand(count++, false, blocks, cols);
  if (takes_two()) add_operand(count++, false, blocks, cols);
  add_operand(count++, true, blocks, cols);
  op.operand_count = count;
}

static void run(const rl_kernel *kernel) {
  memset(touched, 0, sizeof touched);
  call.kernel = kernel;
  kernel->run(&call);
  const rl_store *out = &views[op.operand_count - 1].store;
  for (uint64_t r = 0; r < out->rows; r++) {
    rl_store_read(out, (rl_span){r, 0, out->cols}, results + r * out->cols, NULL);
  }
}

/* A few roundings of fp32; where the result is a difference from 1, of it. */
static void check_values(const rl_kernel *kernel) {
  for (uint64_t i = 0; i < views[0].store.rows * views[0].store.cols; i++) {
    const double a = (double)inputs[0][i], b = (double)inputs[1][i], value = expected(a, b);
    if (fabs((double)results[i] - value) <= 1e-6 * fmax(fabs(value), 1)) continue;
    fprintf(stderr, "\n%s of %g, %g: %.9g for %.9g\n", kernel->name, a, b, (double)results[i],
            value);
    CU_FAIL("further from float64 than a few roundings");
    return;
  }
}

static void check_bytes(const rl_kernel *kernel) {
  rl_declared declared;
  CU_ASSERT_TRUE_FATAL(rl_kernel_declare(kernel, &call, &declared));
  CU_ASSERT_EQUAL(declared.flops, 0);
  for (int turn = 0; turn < 2; turn++) {
    for (uint32_t o = 0; o < op.operand_count; o++) {
      const uint64_t bytes = rl_store_bytes(&views[o].store);
      CU_ASSERT_EQUAL(declared.bytes[o], rl_touched_count(touched[o], bytes));
    }
    run(&RL_KERNELS[op.kind]);
  }
}

/* The last value of each block alone, at the front of a vector, has the very bits. */
static void check_invariant(const rl_kernel *kernel) {
  const uint64_t cols = views[0].store.cols;
  for (uint64_t i = cols - 1; i < views[0].store.rows * cols; i += cols) {
    float alone;
    kernel->values->run(&op, &inputs[0][i], takes_two() ? &inputs[1][i] : NULL, &alone, 1);
    CU_ASSERT_EQUAL(memcmp(&alone, &results[i], sizeof alone), 0);
  }
}

/* RL_SHAPES asks for more than the short run has. */
static uint32_t shapes_wanted(void) {
  const char *text = getenv("RL_SHAPES");
  return text == NULL ? SHAPES : (uint32_t)strtoul(text, NULL, 10);
}

static void open_formats(void) {
  for (int f = 0; f < 3; f++) {
    formats[f] = (rl_format){.name = "f", .file = "test", .stack = &STACKS[f], .depth = 1};
  }
}

static void check_row(rl_op_kind kind, const rl_kernel *kernel) {
  for (uint32_t n = 0; n < shapes_wanted(); n++) {
    rl_pass_limits limits = {.tokens = BLOCKS_MAX, .isa = RL_ISAS, .threads = 1};
    rl_workspace_size size = {0};
    set_up(kind, n);
    CU_ASSERT_TRUE_FATAL(kernel->fits(&program, &op, kernel));
    CU_ASSERT_TRUE(kernel->workspace(&program, &op, &limits, &size));
    CU_ASSERT_FATAL(size.values <= sizeof work_values / sizeof *work_values);
    run(kernel);
    check_values(kernel);
    check_invariant(kernel);
    check_bytes(kernel);
  }
}

static void test_rows(void) {
  const rl_kernel_rows *groups;
  const size_t count = rl_kernel_groups(&groups);
  open_formats();
  seed = 1;
  for (size_t g = 0; g < count; g++) {
    for (size_t r = 0; r < groups[g].count && rl_isa_runs(groups[g].isa); r++) {
      if (groups[g].rows[r].values != NULL) check_row(groups[g].kind, &groups[g].rows[r]);
    }
  }
}

static bool chooses_scalar(void) {
  return rl_kernel_choose(&program, &op, rl_isa_best()) == &RL_KERNELS[op.kind];
}

/* The error function, ids and codes are left to the scalar row. */
static void test_strange(void) {
  static const rl_component codes = {
      .kind = RL_QUANT, .type = RL_I8, .span = RL_PER_ROW, .scale = RL_F16};
  const rl_format format = {.name = "f", .file = "test", .stack = &codes, .depth = 1};
  const rl_kernel_rows *groups;
  open_formats();
  if (rl_kernel_groups(&groups) == 0) return;
  set_up(RL_OP_ACTIVATION, 1);
  CU_ASSERT_FALSE(chooses_scalar());
  op.at.activation = RL_GELU;
  CU_ASSERT_TRUE(chooses_scalar());
  set_up(RL_OP_MUL, 1);
  CU_ASSERT_FALSE(chooses_scalar());
  tensors[1].format = &format;
  CU_ASSERT_TRUE(chooses_scalar());
  tensors[1].format = NULL;
  CU_ASSERT_TRUE(chooses_scalar());
}

RL_SUITE("fast values", {"rows", test_rows}, {"strange operands", test_strange})
