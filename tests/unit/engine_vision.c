/* Shrunk vision models through the script of the twins: sequences that begin with no, one and two
 * images at different places of their prompts, of unequal sizes. Logits against the second
 * implementation, bytes touched against bytes counted, mistakes that are seen. Bounds as in
 * engine_logits.c. */
#include <stdio.h>

#include "engine_reference_vision.h"
#include "engine_twin.h"
#include "unit.h"

static const ref_tower CLIP = {.layers = 3,
                               .heads = 3,
                               .eps = 1e-5,
                               .lead = true,
                               .side = 1,
                               .projector = {"projector_1", "projector_2"}};
static const ref_tower QWEN = {.layers = 2,
                               .heads = 2,
                               .eps = 1e-6,
                               .side = 2,
                               .base = 10000,
                               .merger_norm = true,
                               .projector = {"merger_1", "merger_2"}};
static const ref_tower QWEN25 = {.layers = 3,
                                 .heads = 2,
                                 .eps = 1e-6,
                                 .side = 2,
                                 .base = 10000,
                                 .merger_norm = true,
                                 .gated = true,
                                 .within = 4,
                                 .whole = 1,
                                 .projector = {"merger_1", "merger_2"}};
/* Two images of three patches around a word; none; one of four. */
static const ref_images LLAVA_IMAGES[TWIN_SEQUENCES] = {
    {2, 3, 3, "iiitiii"}, {0, 0, 0, ""}, {1, 4, 2, "tiiii"}, {1, 4, 2, "tiiii"}};
/* Tokens of 2 x 2 patches: one image of 2 x 3; one of 1 x 2; two of 2 x 1. */
static const ref_images QWEN_IMAGES[TWIN_SEQUENCES] = {
    {1, 24, 6, "tiiiiii"}, {1, 8, 4, "iit"}, {2, 8, 2, "iitii"}, {2, 8, 2, "iitii"}};

enum { LLAVA, QWEN2_VL, QWEN25_VL };
static const ref_model MODELS[] = {
    [LLAVA] = {.twin = "llava-twin",
               .layers = 2,
               .width = 28,
               .ff = 43,
               .vocabulary = 47,
               .heads = 6,
               .kv_heads = 3,
               .head_dim = 10,
               .eps = 1e-5,
               .gated = true,
               .score_root = 10,
               .rope_base = {10000, 10000},
               .details = &CLIP,
               .images = LLAVA_IMAGES,
               .image_token = 46,
               .source_width = 12,
               .insert = ref_insert_images},
    [QWEN2_VL] = {.twin = "qwen2-vl-twin",
                  .layers = 3,
                  .width = 30,
                  .ff = 45,
                  .vocabulary = 53,
                  .heads = 4,
                  .kv_heads = 2,
                  .head_dim = 14,
                  .eps = 1e-6,
                  .gated = true,
                  .qkv_bias = true,
                  .score_root = 14,
                  .rope_base = {1000, 1000, 1000},
                  .details = &QWEN,
                  .images = QWEN_IMAGES,
                  .image_token = 51,
                  .sections = {2, 4, 1},
                  .source_width = 8,
                  .insert = ref_insert_images},
    [QWEN25_VL] = {.twin = "qwen2.5-vl-twin",
                   .layers = 3,
                   .width = 30,
                   .ff = 45,
                   .vocabulary = 53,
                   .heads = 4,
                   .kv_heads = 2,
                   .head_dim = 14,
                   .eps = 1e-6,
                   .gated = true,
                   .qkv_bias = true,
                   .score_root = 14,
                   .rope_base = {1000, 1000, 1000},
                   .details = &QWEN25,
                   .images = QWEN_IMAGES,
                   .image_token = 51,
                   .sections = {2, 4, 1},
                   .source_width = 8,
                   .insert = ref_insert_images},
};
enum { MODEL_COUNT = sizeof MODELS / sizeof *MODELS };
static const char *const PROFILES[] = {"reference", "unfused"};
static const double FP32_BOUND = 1e-5, FAR = 100;

static double worst;
static int plant;

static void compare(twin *t, const twin_pass *pass) {
  double error = twin_logit_error(t, pass, (ref_plant)plant);
  if (!(error <= worst)) worst = error;
}

static double worst_error(const twin_setup *setup, int planted) {
  twin t;
  plant = planted;
  worst = 0;
  twin_open(&t, setup);
  twin_run(&t, compare);
  twin_close(&t);
  return worst;
}

static const struct {
  const char *formats[3];
  double bound;
} FORMATS[] = {
    {{"fp32", "fp32", "fp32"}, 1e-5},      {{"bf16", "fp32", "fp32"}, 1e-5},
    {{"w4a16-g32", "fp32", "fp32"}, 1e-5}, {{"fp32", "fp32", "int8-token"}, 5e-3},
    {{"bf16", "bf16", "bf16"}, 5e-2},      {{"w4a16-g128", "bf16", "int8-token"}, 5e-2},
    {{"w8a8-int8", "fp32", "fp32"}, 5e-2},
};
enum { FORMAT_COUNT = sizeof FORMATS / sizeof *FORMATS };

static twin_setup setup_of(int model, int format, int profile) {
  return (twin_setup){&MODELS[model], FORMATS[format].formats[0], FORMATS[format].formats[1],
                      FORMATS[format].formats[2], PROFILES[profile]};
}

static void test_logits(void) {
  for (int i = 0; i < MODEL_COUNT * FORMAT_COUNT * 2; i++) {
    const twin_setup setup = setup_of(i % MODEL_COUNT, i / MODEL_COUNT / 2, i / MODEL_COUNT % 2);
    double error = worst_error(&setup, REF_RIGHT), bound = FORMATS[i / MODEL_COUNT / 2].bound;
    if (!(error <= bound)) {
      fprintf(stderr, "\n%s %s %s %s: error %g\n", setup.model->twin, setup.weights, setup.kv,
              setup.profile, error);
    }
    CU_ASSERT_TRUE(error <= bound);
  }
}

static void test_bytes(void) {
  for (int i = 0; i < MODEL_COUNT * FORMAT_COUNT * 2; i++) {
    const twin_setup setup = setup_of(i % MODEL_COUNT, i / MODEL_COUNT / 2, i / MODEL_COUNT % 2);
    twin_check_bytes(&setup);
  }
}

/* A prompt with images in chunks of 5 and 4 gives the logits of the prompt in one piece. */
static void test_chunks(void) {
  for (int m = 0; m < MODEL_COUNT; m++) {
    const twin_setup setup = {&MODELS[m], "bf16", "bf16", "bf16", PROFILES[0]};
    CU_ASSERT_EQUAL(twin_count_same_chunks(&setup), 1);
  }
}

static void test_plants(void) {
  static const struct {
    int model, plant;
  } planted[] = {{LLAVA, REF_SCALE_ONE_TOO_EARLY},    {LLAVA, REF_MASK_ONE_TOO_FAR},
                 {LLAVA, REF_SOURCE_ONE_SHORT},       {LLAVA, VISION_IMAGES_MEET},
                 {LLAVA, VISION_LEAD_KEPT},           {LLAVA, VISION_TABLE_ONE_LATE},
                 {LLAVA, VISION_IMAGES_SWAPPED},      {LLAVA, REF_ROPE_ONE_TOO_LATE},
                 {QWEN2_VL, REF_MASK_ONE_TOO_FAR},    {QWEN2_VL, REF_ROPE_ONE_TOO_LATE},
                 {QWEN2_VL, REF_SOURCE_ONE_SHORT},    {QWEN2_VL, VISION_IMAGES_MEET},
                 {QWEN2_VL, VISION_ROW_MAJOR},        {QWEN2_VL, VISION_COLUMNS_FIRST},
                 {QWEN2_VL, VISION_WIDTH_FIRST},      {QWEN2_VL, VISION_NO_SHIFT},
                 {QWEN2_VL, REF_SCALE_ONE_TOO_EARLY}, {QWEN2_VL, VISION_IMAGES_SWAPPED},
                 {QWEN25_VL, VISION_IMAGES_MEET},     {QWEN25_VL, VISION_WINDOWS_LARGER},
                 {QWEN25_VL, VISION_ROW_MAJOR},       {QWEN25_VL, REF_SOURCE_ONE_SHORT},
                 {QWEN25_VL, VISION_NO_SHIFT}};
  for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
    const twin_setup setup = {&MODELS[planted[i].model], "w4a16-g32", "fp32", "fp32", PROFILES[0]};
    double error = worst_error(&setup, planted[i].plant);
    if (!(error > FAR * FP32_BOUND)) {
      fprintf(stderr, "\n%s, plant %d: only %g\n", setup.model->twin, planted[i].plant, error);
    }
    CU_ASSERT_TRUE(error > FAR * FP32_BOUND);
  }
}

RL_SUITE("vision", {"logits", test_logits}, {"bytes", test_bytes}, {"chunks", test_chunks},
         {"plants", test_plants})
