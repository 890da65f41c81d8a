/* Settings and the family's defaults to what sequences begin with: positions of a text or a sound,
 * or images and their patches. */
#include "spec/source_resolve.h"

#include <string.h>

#include "base/number.h"
#include "spec/workload.h"

typedef struct resolver {
  const rl_load *load;
  const rl_settings *settings;
  rl_scenario *scenario;
} resolver;

static const rl_node *setting(const resolver *r, rl_setting which) {
  return r->settings->values[which];
}

/* An expression of the family's `source` over the model's dims. */
static bool evaluate(const resolver *r, const rl_expr *expr, const char *what, uint64_t *out) {
  const rl_scope *dims = rl_definitions_scope(r->scenario->model->dims);
  return expr != NULL && rl_expr_u64(expr, dims, what, out, r->load->diags) == RL_OK;
}

/* "1280x720"; no side is 0 or beyond what a camera could take. */
static bool scan_size(const char *text, uint64_t *width, uint64_t *height) {
  enum { PIXELS_MAX = 1 << 20 };
  const char *cross = strchr(text, 'x');
  if (cross == NULL || !rl_scan_u64(text, (size_t)(cross - text), width)) return false;
  if (!rl_scan_u64(cross + 1, strlen(cross + 1), height)) return false;
  return *width > 0 && *height > 0 && *width <= PIXELS_MAX && *height <= PIXELS_MAX;
}

/* The nearest multiple of `unit`, of two as near the even one, and never none (Hugging Face
 * transformers, models/qwen2_vl, smart_resize). */
static uint64_t round_side(uint64_t pixels, uint64_t unit) {
  uint64_t units = pixels / unit, rest = pixels % unit;
  bool up = rest > unit - rest || (rest == unit - rest && units % 2 == 1);
  if (up || units == 0) units++;
  return units * unit;
}

static void read_image_size(const resolver *r, const rl_node *node) {
  const rl_family *family = r->scenario->model->family;
  rl_workload *workload = &r->scenario->workload;
  uint64_t patch = 0, unit = 0;
  const char *text = rl_settings_text(r->load, r->settings, RL_SET_IMAGE_SIZE);
  if (node == NULL || text == NULL) return;
  if (setting(r, RL_SET_SOURCE) != NULL) {
    RL_REPORT(r->load->diags, IMAGE_SIZE_TWICE, node->loc, NULL);
  } else if (family->source_patch == NULL) {
    RL_REPORT(r->load->diags, IMAGE_SIZE_FIXED, node->loc, r->scenario->model->name);
  } else if (!scan_size(text, &workload->width, &workload->height)) {
    RL_REPORT(r->load->diags, IMAGE_SIZE, node->loc, text);
  } else if (evaluate(r, family->source_patch, "patch", &patch) &&
             evaluate(r, family->source_round, "round", &unit) && patch > 0 && unit > 0) {
    workload->columns = round_side(workload->width, unit) / patch;
    workload->source = workload->columns * (round_side(workload->height, unit) / patch);
  }
}

/* What is said of images, of a model that reads none. */
static bool refuse_images(const resolver *r) {
  static const rl_setting said[] = {RL_SET_IMAGES, RL_SET_IMAGE_SIZE};
  bool refused = false;
  if (r->scenario->model->family->source == RL_PIECE_IMAGES) return false;
  for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
    const rl_node *node = setting(r, said[i]);
    if (node == NULL) continue;
    RL_REPORT(r->load->diags, NO_IMAGES, node->loc, r->scenario->model->name);
    refused = true;
  }
  return refused;
}

static void read_images(const resolver *r) {
  rl_workload *workload = &r->scenario->workload;
  const rl_node *images = setting(r, RL_SET_IMAGES);
  if (r->scenario->model->family->source != RL_PIECE_IMAGES) return;
  workload->images = 1;
  rl_workload_read(r->load, images, "images", 0, &workload->images);
  if (images != NULL) workload->images_loc = images->loc;
  read_image_size(r, setting(r, RL_SET_IMAGE_SIZE));
}

void rl_source_resolve(const rl_load *load, const rl_settings *settings, rl_scenario *scenario) {
  const resolver r = {load, settings, scenario};
  const rl_node *positions = settings->values[RL_SET_SOURCE];
  rl_workload *workload = &scenario->workload;
  if (scenario->model == NULL || refuse_images(&r)) return;
  const rl_family *family = scenario->model->family;
  if (family->source == RL_PIECE_NONE && positions != NULL) {
    RL_REPORT(load->diags, NO_SOURCE, positions->loc, scenario->model->name);
  }
  if (family->source == RL_PIECE_NONE) return;
  if (workload->prompt_loc.file == NULL) {
    evaluate(&r, family->source_prompt, "prompt", &workload->prompt);
  }
  evaluate(&r, family->source_positions, "positions", &workload->source);
  rl_workload_read(load, positions, "source", 1, &workload->source);
  if (positions != NULL) workload->source_loc = positions->loc;
  read_images(&r);
}
