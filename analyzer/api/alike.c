/* What a program and its counts are made of. Descriptions are the same when they are the same
 * object: a database loads each once. */
#include "api/alike.h"

#include <string.h>

static bool same_cache(const rl_scenario *a, const rl_scenario *b) {
  return a->k == b->k && a->v == b->v && a->kv_page == b->kv_page;
}

static bool same_formats(const rl_scenario *a, const rl_scenario *b) {
  if (a->rule_count != b->rule_count || a->stored != b->stored || a->quantized != b->quantized) {
    return false;
  }
  for (size_t i = 0; i < a->rule_count; i++) {
    if (a->rules[i].format != b->rules[i].format) return false;
    if (strcmp(a->rules[i].pattern, b->rules[i].pattern) != 0) return false;
  }
  return a->activations == b->activations && a->weights == b->weights && a->state == b->state &&
         a->wide == b->wide && same_cache(a, b);
}

static bool same_split(const rl_parallel *a, const rl_parallel *b) {
  return a->tensor == b->tensor && a->pipeline == b->pipeline && a->expert == b->expert &&
         a->data == b->data && a->context == b->context && a->micro_batches == b->micro_batches &&
         a->algorithm == b->algorithm;
}

static bool same_methods(const rl_scenario *a, const rl_scenario *b) {
  if (a->method_count != b->method_count) return false;
  for (size_t i = 0; i < a->method_count; i++) {
    if (a->methods[i] != b->methods[i]) return false;
  }
  return true;
}

/* What of a workload is more than tokens and batches. */
static bool same_sources(const rl_workload *a, const rl_workload *b) {
  return a->source == b->source && a->width == b->width && a->height == b->height &&
         a->columns == b->columns && a->images == b->images;
}

/* Skewed experts are counted anew: what is said of them belongs to the scenario. */
bool rl_lowered_alike(const rl_scenario *a, const rl_scenario *b) {
  return a->model == b->model && a->profile == b->profile && a->skew == NULL && b->skew == NULL &&
         same_formats(a, b) && same_split(&a->parallel, &b->parallel) && same_methods(a, b) &&
         same_sources(&a->workload, &b->workload);
}
