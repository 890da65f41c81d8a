/* Tensors that stand elsewhere: what crosses the link, what runs on the host, how lanes add up, and
 * where the memory goes. The program is a Llama 3 8B in bf16; all figures are worked out by hand.
 */
#include <math.h>

#include "program_fixture.h"
#include "time/answers.h"
#include "unit.h"

static fixture built;
static fx_machine machine;
static rl_arena arena;
static rl_diags diags;

/* A host of 100 GB/s and 64 GiB, whose engines bound nothing here, behind 32 GB/s. */
static rl_source somewhere;
static rl_peak host_peaks[2] = {
    {RL_TENSOR, RL_BF16, RL_F32, {1e15, &somewhere}, 0},
    {RL_VECTOR, RL_F32, RL_F32, {1e15, &somewhere}, 0},
};
static rl_memory_level host_memory = {.name = "ddr",
                                      .capacity = 68719476736,
                                      .usable = 68719476736,
                                      .bandwidth = {100e9, &somewhere}};
static rl_hardware host = {
    .name = "host", .peaks = host_peaks, .peak_count = 2, .levels = &host_memory, .level_count = 1};
static rl_link links[] = {{.name = "nvlink", .peers = 8, .bandwidth = {450e9, &somewhere}},
                          {.name = "pcie", .peers = 1, .bandwidth = {32e9, &somewhere}}};
static const rl_storage_read reads[] = {{.bytes = 4096, .bandwidth = {1e9, &somewhere}},
                                        {.bytes = 1048576, .bandwidth = {4e9, &somewhere}}};
static const rl_storage drive = {
    .name = "drive", .capacity = 2000000000000, .reads = reads, .read_count = 2};

enum {
  LAYER_BYTES = 436224000, /* 2 (4096 (4096 + 1024 + 1024 + 4096 + 3 14336) + 2 4096) */
  LAYERS = 32
};
#define NEAR(a, b) CU_ASSERT_DOUBLE_EQUAL((a), (b), 1e-12 * (b))

/* The fixture's tensors do not say what they are placed with. */
static void classify(void) {
  uint32_t table = built.operands[built.ops[0].first_operand + 1].tensor;
  for (uint32_t t = 0; t < built.program.tensor_count; t++) {
    rl_tensor *tensor = &built.tensors[t];
    tensor->placed = tensor->role == RL_ROLE_KV ? RL_CLASS_KV
                     : tensor->run != RL_NONE   ? RL_CLASS_LAYERS
                     : t == table               ? RL_CLASS_EMBED
                                                : RL_CLASS_HEAD;
  }
}

static rl_plan *plan_of(const fx_decoder *decoder, rl_placement placement) {
  rl_cost *cost;
  rl_plan *plan;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fx_decode(&built, decoder);
  classify();
  fx_accelerator(&machine);
  machine.hardware.links = links;
  machine.hardware.link_count = 2;
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(
      rl_plan_compile_placed(&arena, cost, &machine.hardware, &placement, &plan, &diags), RL_OK);
  return plan;
}

static rl_lanes lanes_of(const rl_plan *plan, uint64_t batch, uint64_t cached) {
  rl_group group = {.count = batch, .q = 1, .cached = cached};
  rl_lanes lanes;
  CU_ASSERT_TRUE_FATAL(rl_pass_lanes(plan, &group, &lanes));
  return lanes;
}

/* All weights of the layers cross the link in every pass, whatever the batch. */
static void test_streamed(void) {
  rl_placement placement = {.of = {[RL_CLASS_LAYERS] = RL_PLACE_HOST}, .host = &host};
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B, placement);
  rl_lanes here = lanes_of(plan, 1, 5);
  double link = (double)LAYER_BYTES * LAYERS / 32e9;
  NEAR(here.link, link);
  CU_ASSERT_EQUAL(here.host, 0);
  CU_ASSERT_TRUE(here.device > 0.004 && here.device < 0.006); /* it reads them once more */
  NEAR(lanes_of(plan, 64, 5).link, link);
  double seconds;
  rl_group group = {.count = 1, .q = 1, .cached = 5};
  CU_ASSERT_TRUE(rl_pass_seconds(plan, &group, &seconds));
  NEAR(seconds, link);
  rl_arena_free(&arena);
  placement.serial = true;
  plan = plan_of(&FX_LLAMA_3_8B, placement);
  CU_ASSERT_TRUE(rl_pass_seconds(plan, &group, &seconds));
  NEAR(seconds, link + here.device);
  rl_arena_free(&arena);
}

/* With the KV cache used on the host, rope_append and attention run there and only activations
 * cross. Attention behind 1000 tokens: 1001 rows of 2 8 128 values in bf16, q and the result of
 * 4096 values each; rope_append: q, k, v and the rotated q, and one row of the cache. */
static void test_used_on_the_host(void) {
  const rl_placement placement = {.of = {[RL_CLASS_KV] = RL_PLACE_CPU}, .host = &host};
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B, placement);
  rl_lanes lanes = lanes_of(plan, 1, 1000);
  double attention = 1001 * 4096 + 2 * 8192, append = 8192 + 2048 + 2048 + 8192 + 4096;
  NEAR(lanes.host, LAYERS * (attention + append) / 100e9);
  NEAR(lanes.link, LAYERS * (2 * 8192 + 8192 + 2048 + 2048 + 8192) / 32e9);
  rl_arena_free(&arena);
}

/* Weights on a drive come in the pieces they are stored in: a norm of 8192 B at 1 GB/s, the
 * matrices of more than 1 MiB at 4 GB/s. A row of the embedding is a piece of 8192 B. */
static void test_drive(void) {
  const rl_placement placement = {
      .of = {[RL_CLASS_LAYERS] = RL_PLACE_STORAGE, [RL_CLASS_EMBED] = RL_PLACE_STORAGE},
      .host = &host,
      .storage = &drive};
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B, placement);
  double matrices = LAYER_BYTES - 2 * 8192;
  NEAR(lanes_of(plan, 1, 5).link, LAYERS * (matrices / 4e9 + 2 * 8192 / 1e9) + 8192 / 1e9);
  double share;
  CU_ASSERT_EQUAL(rl_storage_bandwidth(&drive, 1048575, &share)->value, 1e9);
  CU_ASSERT_EQUAL(share, 1);
  CU_ASSERT_EQUAL(rl_storage_bandwidth(&drive, 1024, &share)->value, 1e9);
  CU_ASSERT_EQUAL(share, 0.25);
  CU_ASSERT_EQUAL(rl_storage_bandwidth(&drive, 1048576, &share)->value, 4e9);
  rl_arena_free(&arena);
}

static void check_generation(const fx_decoder *decoder, rl_placement placement, rl_job job) {
  rl_plan *plan = plan_of(decoder, placement);
  rl_generation closed, stepwise;
  CU_ASSERT_EQUAL(rl_generate(plan, job, &closed, &diags), RL_OK);
  CU_ASSERT_EQUAL(rl_generate_stepwise(plan, &arena, job, &stepwise, &diags), RL_OK);
  CU_ASSERT_DOUBLE_EQUAL(closed.decode, stepwise.decode, 1e-11 * stepwise.decode);
  CU_ASSERT_EQUAL(closed.ttft, stepwise.ttft);
  rl_arena_free(&arena);
}

/* The KV cache crosses the link: 131072 B a token take 4.096 us, so the link overtakes the device's
 * 4.8 ms near 1170 tokens, in the middle of this generation; a window stops it again. */
static void test_generation(void) {
  rl_placement placement = {.of = {[RL_CLASS_KV] = RL_PLACE_HOST}, .host = &host};
  fx_decoder windowed = FX_LLAMA_3_8B;
  const rl_job job = {.batch = 1, .prompt = 500, .generate = 2000};
  check_generation(&FX_LLAMA_3_8B, placement, job);
  windowed.window = 1500;
  check_generation(&windowed, placement, job);
  placement.serial = true;
  check_generation(&windowed, placement, job);
  placement.of[RL_CLASS_KV] = RL_PLACE_CPU;
  placement.serial = false;
  check_generation(&windowed, placement, (rl_job){.batch = 3, .prompt = 1, .generate = 1600});
  check_generation(&FX_LLAMA_3_8B, placement, (rl_job){.batch = 1, .prompt = 1, .generate = 2});
}

/* Each byte stands in one place; the largest streamed matrix (gate and up, 2 14336 4096 values, are
 * two of 117440512 B) needs room on the device. */
static void test_memory(void) {
  rl_placement placement = {
      .of = {[RL_CLASS_LAYERS] = RL_PLACE_HOST, [RL_CLASS_KV] = RL_PLACE_HOST}, .host = &host};
  const rl_job job = {.batch = 2, .prompt = 100, .generate = 29};
  rl_memory all, apart;
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B, (rl_placement){.host = NULL});
  CU_ASSERT_EQUAL(rl_memory_fit(plan, job, &all, &diags), RL_OK);
  CU_ASSERT_EQUAL(all.host, 0);
  rl_arena_free(&arena);
  plan = plan_of(&FX_LLAMA_3_8B, placement);
  CU_ASSERT_EQUAL(rl_memory_fit(plan, job, &apart, &diags), RL_OK);
  CU_ASSERT_EQUAL(apart.kv, 0);
  CU_ASSERT_EQUAL(apart.staging, 117440512);
  CU_ASSERT_EQUAL(apart.weights, 16060522496 - (uint64_t)LAYER_BYTES * LAYERS);
  CU_ASSERT_EQUAL(apart.activations, all.activations + 117440512);
  CU_ASSERT_EQUAL(apart.host, (uint64_t)LAYER_BYTES * LAYERS + all.kv);
  CU_ASSERT_TRUE(apart.fits);
  rl_arena_free(&arena);
  host_memory.usable = (uint64_t)LAYER_BYTES * LAYERS; /* no room for the cache */
  plan = plan_of(&FX_LLAMA_3_8B, placement);
  CU_ASSERT_EQUAL(rl_memory_fit(plan, job, &apart, &diags), RL_OK);
  CU_ASSERT_FALSE(apart.fits);
  uint64_t batch;
  CU_ASSERT_EQUAL(rl_largest_batch(plan, 100, 29, &batch, &diags), RL_OK);
  CU_ASSERT_EQUAL(batch, 0);
  host_memory.usable = host_memory.capacity;
  rl_arena_free(&arena);
}

/* Four devices before two hosts of 100 GB/s and one drive: each has 50 GB/s of the hosts, more than
 * its link of 32 GB/s, and a quarter of the drive; of one host it has 25 GB/s. What runs on the host
 * has half of one's memory rate, or a quarter. A quarter of 2 x 64 GiB is 34359738368 B. */
static void test_shared_host(void) {
  rl_placement placement = {
      .of = {[RL_CLASS_LAYERS] = RL_PLACE_HOST}, .host = &host, .hosts = 2, .devices = 4};
  const double layers = (double)LAYER_BYTES * LAYERS;
  NEAR(lanes_of(plan_of(&FX_LLAMA_3_8B, placement), 1, 5).link, layers / 32e9);
  rl_arena_free(&arena);
  placement.hosts = 1;
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B, placement);
  NEAR(lanes_of(plan, 1, 5).link, layers / 25e9);
  rl_arena_free(&arena);
  placement.of[RL_CLASS_LAYERS] = RL_PLACE_DEVICE;
  placement.of[RL_CLASS_KV] = RL_PLACE_CPU;
  for (placement.hosts = 1; placement.hosts <= 2; placement.hosts++) {
    plan = plan_of(&FX_LLAMA_3_8B, placement);
    double attention = 1001 * 4096 + 2 * 8192, append = 8192 + 2048 + 2048 + 8192 + 4096;
    NEAR(lanes_of(plan, 1, 1000).host,
         LAYERS * (attention + append) / (25e9 * (double)placement.hosts));
    rl_memory memory;
    CU_ASSERT_EQUAL(rl_memory_fit(plan, (rl_job){1, 100, 2}, &memory, &diags), RL_OK);
    CU_ASSERT_EQUAL(memory.host_usable, 17179869184 * placement.hosts);
    rl_arena_free(&arena);
  }
  placement = (rl_placement){.of = {[RL_CLASS_EMBED] = RL_PLACE_STORAGE},
                             .host = &host,
                             .devices = 4,
                             .storage = &drive};
  plan = plan_of(&FX_LLAMA_3_8B, placement);
  NEAR(lanes_of(plan, 1, 5).link, 8192 / 0.25e9);
  rl_memory memory;
  CU_ASSERT_EQUAL(rl_memory_fit(plan, (rl_job){1, 100, 2}, &memory, &diags), RL_OK);
  CU_ASSERT_EQUAL(memory.storage_usable, 500000000000);
  rl_arena_free(&arena);
}

/* Everything on the device is the plan without placement; no link to a host is an error. */
static void test_edges(void) {
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B, (rl_placement){.host = &host});
  CU_ASSERT_PTR_NULL(plan->placement);
  const rl_cost *cost = plan->cost;
  const rl_placement placement = {.of = {[RL_CLASS_KV] = RL_PLACE_HOST}, .host = &host};
  machine.hardware.link_count = 1;
  CU_ASSERT_EQUAL(
      rl_plan_compile_placed(&arena, cost, &machine.hardware, &placement, &plan, &diags),
      RL_BAD_INPUT);
  CU_ASSERT_PTR_NULL(plan);
  rl_arena_free(&arena);
}

RL_SUITE("placement", {"streamed over the link", test_streamed},
         {"used on the host", test_used_on_the_host}, {"read from a drive", test_drive},
         {"one host, several devices", test_shared_host},
         {"generation", test_generation}, {"memory", test_memory}, {"edges", test_edges})
