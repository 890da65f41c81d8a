/* A resolved scenario as YAML that resolves to the same one. */
#include <string.h>

#include "base/number.h"
#include "base/quote.h"
#include "doc/tree.h"
#include "spec/scenario.h"

static void write_text(rl_buf *out, const char *key, const char *text) {
  rl_buf_add(out, key);
  rl_buf_add(out, ": ");
  rl_quote(out, RL_QUOTE_YAML, text);
  rl_buf_add(out, "\n");
}

static void write_number(rl_buf *out, const char *key, uint64_t value) {
  char number[RL_NUMBER_TEXT];
  rl_buf_add(out, key);
  rl_buf_add(out, ": ");
  rl_buf_add(out, rl_print_u64(value, number));
  rl_buf_add(out, "\n");
}

/* The count and the name are one text; a reference is our own name or a path, quoted as a whole. */
static void write_counted(rl_buf *out, const char *key, uint64_t count, const char *reference) {
  char number[RL_NUMBER_TEXT];
  if (count <= 1) {
    write_text(out, key, reference);
    return;
  }
  rl_buf text;
  rl_buf_init(&text, out->arena, out->max);
  rl_buf_add(&text, rl_print_u64(count, number));
  rl_buf_add(&text, "x ");
  rl_buf_add(&text, reference);
  if (text.failed) out->failed = true;
  if (!text.failed) write_text(out, key, text.text);
}

static void write_hardware(const rl_scenario *scenario, rl_buf *out) {
  const rl_hardware *hardware = scenario->hardware;
  if (scenario->every_machine) write_counted(out, "hardware", scenario->devices, "all");
  if (hardware == NULL) return;
  write_counted(out, "hardware", scenario->devices / hardware->devices, hardware->reference);
}

/* What the model's files hold, tensor by tensor or module by module, has no name. */
static void write_weights(const rl_scenario *scenario, rl_buf *out) {
  const bool of_model = scenario->stored || scenario->quantized;
  if (of_model && scenario->rule_count == 0) return;
  rl_buf_add(out, "weights:\n");
  if (!of_model) write_text(out, "  default", scenario->weights->reference);
  for (size_t i = 0; i < scenario->rule_count; i++) {
    rl_buf_add(out, "  ");
    rl_quote(out, RL_QUOTE_YAML, scenario->rules[i].pattern);
    write_text(out, "", scenario->rules[i].format->reference);
  }
}

static void write_parallel(const rl_parallel *parallel, rl_buf *out) {
  bool single = parallel->tensor == 1 && parallel->pipeline == 1 && parallel->expert == 1 &&
                parallel->data == 1 && parallel->context == 1;
  if (single) return;
  rl_buf_add(out, "parallel:\n");
  write_number(out, "  tensor", parallel->tensor);
  write_number(out, "  pipeline", parallel->pipeline);
  if (parallel->micro_batches > 0) write_number(out, "  micro_batches", parallel->micro_batches);
  write_number(out, "  expert", parallel->expert);
  write_number(out, "  data", parallel->data);
  write_number(out, "  context", parallel->context);
  write_text(out, "  collectives", RL_ALGORITHM_WORDS[parallel->algorithm]);
}

static void write_placement(const rl_placement *placement, rl_buf *out) {
  if (!rl_placement_any(placement)) return;
  rl_buf_add(out, "placement:\n");
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    if (placement->of[c] == RL_PLACE_DEVICE) continue;
    rl_buf_add(out, "  ");
    write_text(out, RL_CLASS_WORDS[c], RL_PLACE_WORDS[placement->of[c]]);
  }
  write_counted(out, "host", placement->hosts, placement->host->reference);
  if (placement->storage != NULL) write_text(out, "storage", placement->storage->reference);
  write_text(out, "lanes", placement->serial ? "serial" : "overlapped");
}

static void write_pools(const rl_pools *pools, rl_buf *out) {
  char number[RL_NUMBER_TEXT];
  if (pools->prefill == NULL) return;
  rl_buf_add(out, "pools:\n");
  write_counted(out, "  prefill", pools->devices / pools->prefill->devices,
                pools->prefill->reference);
  rl_buf_add(out, "  link: ");
  rl_buf_add(out, rl_print_double(pools->link.value, number));
  rl_buf_add(out, " B/s\n");
}

/* The exponent in decimals of its unit; weights as they are kept, which read back as themselves. */
static void write_skew(const rl_skew *skew, rl_buf *out) {
  char number[RL_NUMBER_TEXT];
  if (skew == NULL) return;
  rl_buf_add(out, "experts:\n");
  write_text(out, "  skew", RL_SKEW_WORDS[skew->kind]);
  if (skew->kind == RL_SKEW_POWER_LAW) {
    double exponent = (double)skew->exponent / RL_SKEW_EXPONENT_UNIT;
    rl_buf_add(out, "  exponent: ");
    rl_buf_add(out, rl_print_fixed(exponent, 6, number));
    rl_buf_add(out, "\n");
  }
  if (skew->kind != RL_SKEW_MEASURED) return;
  rl_buf_add(out, "  popularity: [");
  for (size_t i = 0; i < skew->count; i++) {
    if (i > 0) rl_buf_add(out, ", ");
    rl_buf_add(out, rl_print_u64(skew->popularity[i], number));
  }
  rl_buf_add(out, "]\n");
}

static void write_methods(const rl_scenario *scenario, rl_buf *out) {
  if (scenario->method_count == 0) return;
  rl_buf_add(out, "methods:\n");
  for (size_t i = 0; i < scenario->method_count; i++) {
    rl_buf_add(out, "  - ");
    rl_quote(out, RL_QUOTE_YAML, scenario->methods[i]->reference);
    rl_buf_add(out, "\n");
  }
}

static void write_workload(const rl_scenario *scenario, rl_buf *out) {
  const rl_workload *workload = &scenario->workload;
  const bool images = scenario->model->family->source == RL_PIECE_IMAGES;
  char number[RL_NUMBER_TEXT];
  rl_buf_add(out, "workload:\n  batch: [");
  for (size_t i = 0; i < workload->batch_count; i++) {
    if (i > 0) rl_buf_add(out, ", ");
    rl_buf_add(out, rl_print_u64(workload->batches[i], number));
  }
  rl_buf_add(out, "]\n");
  write_number(out, "  prompt", workload->prompt);
  write_number(out, "  generate", workload->generate);
  if (workload->source != 0 && workload->width == 0)
    write_number(out, "  source", workload->source);
  if (!images) return;
  write_number(out, "  images", workload->images);
  if (workload->width == 0) return;
  rl_buf_add(out, "  image_size: ");
  rl_buf_add(out, rl_print_u64(workload->width, number));
  rl_buf_add(out, "x");
  rl_buf_add(out, rl_print_u64(workload->height, number));
  rl_buf_add(out, "\n");
}

static void write_price(const rl_scenario *scenario, rl_buf *out) {
  char number[RL_NUMBER_TEXT];
  if (scenario->price.source == NULL) return;
  rl_buf_add(out, "price: ");
  rl_buf_add(out, rl_print_double(scenario->price.value, number));
  rl_buf_add(out, " $/h\n");
}

static void write_changes(const rl_model *model, rl_buf *out) {
  for (size_t i = 0; i < model->change_count; i++) {
    const rl_node *value = model->changes[i].value;
    rl_buf_add(out, "model.");
    rl_buf_add(out, model->changes[i].key);
    rl_buf_add(out, ": ");
    if (rl_value_from_node(value).kind == RL_VALUE_NUMBER) {
      rl_buf_add(out, value->text); /* in quotes it would be a text */
    } else {
      rl_quote(out, RL_QUOTE_YAML, value->text);
    }
    rl_buf_add(out, "\n");
  }
}

void rl_scenario_write(const rl_scenario *scenario, rl_buf *out) {
  rl_buf_add(out, "kind: scenario\n");
  write_text(out, "model", scenario->model->reference);
  write_changes(scenario->model, out);
  write_hardware(scenario, out);
  write_text(out, "profile", scenario->profile->reference);
  write_weights(scenario, out);
  write_text(out, "activations", scenario->activations->reference);
  rl_buf_add(out, "kv:\n");
  write_text(out, "  k", scenario->k->reference);
  write_text(out, "  v", scenario->v->reference);
  if (scenario->kv_page > 1) write_number(out, "  page", scenario->kv_page);
  write_text(out, "state", scenario->state->reference);
  write_parallel(&scenario->parallel, out);
  write_placement(&scenario->placement, out);
  write_pools(&scenario->pools, out);
  write_skew(scenario->skew, out);
  write_methods(scenario, out);
  write_workload(scenario, out);
  write_price(scenario, out);
}

/* What is written must read back as what it was: true for every text that YAML can hold. */
static bool reads_back(rl_arena *arena, const char *text) {
  rl_buf yaml;
  rl_node *root;
  rl_diags silent;
  rl_diags_init(&silent, arena);
  rl_buf_init(&yaml, arena, (size_t)1 << 16);
  rl_quote(&yaml, RL_QUOTE_YAML, text);
  if (yaml.failed) return false;
  const rl_document document = {.file = "", .text = yaml.text, .length = yaml.length};
  rl_status status = rl_parse_yaml(arena, &document, &RL_DOC_LIMITS, &root, &silent);
  return status == RL_OK && root->kind == RL_SCALAR && strcmp(root->text, text) == 0;
}

typedef struct reference_check {
  rl_arena *arena;
  rl_diags *diags;
} reference_check;

static void check(const reference_check *c, const char *reference) {
  if (strcmp(reference, "-") == 0) {
    RL_REPORT(c->diags, CANNOT_SAVE, (rl_loc){0}, "what was read from standard input",
              "it is gone afterwards");
  } else if (!reads_back(c->arena, reference)) {
    RL_REPORT(c->diags, CANNOT_SAVE, (rl_loc){.file = reference}, "this path",
              "it is not UTF-8 or holds control characters");
  }
}

rl_status rl_scenario_check_writable(const rl_scenario *scenario, rl_arena *arena,
                                     rl_diags *diags) {
  const reference_check c = {.arena = arena, .diags = diags};
  const size_t errors = diags->errors;
  check(&c, scenario->model->reference);
  if (scenario->hardware != NULL) check(&c, scenario->hardware->reference);
  if (scenario->placement.host != NULL) check(&c, scenario->placement.host->reference);
  if (scenario->pools.prefill != NULL) check(&c, scenario->pools.prefill->reference);
  if (scenario->placement.storage != NULL) check(&c, scenario->placement.storage->reference);
  check(&c, scenario->profile->reference);
  check(&c, scenario->weights->reference);
  check(&c, scenario->activations->reference);
  check(&c, scenario->k->reference);
  check(&c, scenario->v->reference);
  check(&c, scenario->state->reference);
  for (size_t i = 0; i < scenario->rule_count; i++) {
    check(&c, scenario->rules[i].format->reference);
  }
  for (size_t i = 0; i < scenario->method_count; i++) check(&c, scenario->methods[i]->reference);
  return diags->errors == errors ? RL_OK : rl_diags_status(diags);
}
