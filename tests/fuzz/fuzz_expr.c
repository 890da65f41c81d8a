/* Fuzz target: any bytes as one expression, as a quantity, and as a YAML map of definitions. */
#include <math.h>
#include <string.h>

#include "doc/expr.h"
#include "doc/quantity.h"
#include "fuzz_tree.h"

/* Three numbers, a text and something absent. */
static bool resolve(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                    rl_diags *diags) {
  (void)scope;
  (void)status;
  (void)diags;
  *out = (rl_value){.kind = RL_VALUE_NUMBER, .num = 7, .den = 1};
  if (strcmp(name, "big") == 0) out->num = UINT64_MAX;
  if (strcmp(name, "none") == 0) *out = (rl_value){.kind = RL_VALUE_NULL};
  if (strcmp(name, "t") == 0) *out = (rl_value){.kind = RL_VALUE_TEXT, .text = "silu"};
  return strlen(name) <= 4;
}

static const char *const names[] = {"x", "big", "none", "t"};
static const rl_scope outer = {.resolve = resolve, .names = names, .name_count = 4};

static uint64_t gcd(uint64_t a, uint64_t b) {
  return b == 0 ? a : gcd(b, a % b);
}

static void check_value(const rl_value *value) {
  if (value->kind == RL_VALUE_TEXT) fuzz_require(value->text != NULL, "a text is there");
  if (value->kind == RL_VALUE_NODE) fuzz_require(value->node != NULL, "a node is there");
  if (value->kind != RL_VALUE_NUMBER) return;
  fuzz_require(value->den > 0 && gcd(value->num, value->den) == 1, "lowest terms");
  fuzz_require(!value->negative || value->num > 0, "no negative zero");
  double nearest = rl_value_double(value);
  double rough = (double)value->num / (double)value->den;
  fuzz_require(fabs(fabs(nearest) - rough) <= 1e-15 * rough, "the double is near");
}

static void check_expression(rl_arena *arena, const char *text, char style) {
  const rl_expr *expr = NULL;
  rl_value value = {.kind = RL_VALUE_NULL};
  rl_diags diags;
  rl_node node = {.kind = RL_SCALAR,
                  .quoted = style != 0,
                  .style = style,
                  .loc = {"input", 1, 1},
                  .text = text,
                  .length = strlen(text)};
  rl_diags_init(&diags, arena);
  rl_status status = rl_expr_parse(arena, &node, &expr, &diags);
  fuzz_require((status == RL_OK) == (expr != NULL), "an expression or a status");
  if (expr != NULL) {
    size_t used = arena->used;
    status = rl_expr_eval(expr, &outer, &value, &diags);
    fuzz_require(status != RL_OK || used == arena->used, "evaluates without memory");
    if (status == RL_OK) check_value(&value);
  }
  fuzz_require((status == RL_OK) == (diags.list.count == 0), "a failure is reported");
  fuzz_check_diags(&diags);
}

static void check_definitions(rl_arena *arena, const uint8_t *data, size_t size) {
  rl_node *root = NULL;
  rl_definitions *definitions = NULL;
  rl_diags diags;
  rl_diags_init(&diags, arena);
  rl_document document = {"input", (const char *)data, size};
  rl_status status = rl_parse_yaml(arena, &document, &RL_DOC_LIMITS, &root, &diags);
  if (status == RL_OK) status = rl_definitions_new(arena, root, &outer, &definitions, &diags);
  for (size_t i = 0; status == RL_OK && i < root->count; i++) {
    const rl_scope *scope = rl_definitions_scope(definitions);
    rl_value value = {.kind = RL_VALUE_NULL};
    rl_status found = RL_OK;
    fuzz_require(scope->resolve(scope, root->keys[i]->text, &value, &found, &diags), "it is known");
    if (found == RL_OK) check_value(&value);
  }
  fuzz_check_diags(&diags);
}

static void check_quantities(rl_arena *arena, const char *text) {
  rl_diags diags;
  rl_diags_init(&diags, arena);
  for (int d = 0; d < RL_DIM_COUNT_OF_THEM; d++) {
    double value = -1;
    rl_status status =
        rl_text_quantity(text, (rl_loc){"input", 1, 1}, "x", (rl_dimension)d, &value, &diags);
    fuzz_require((status == RL_OK) == (isfinite(value) && value >= 0), "finite and not negative");
  }
  fuzz_check_diags(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char styles[] = {0, '\'', '"', '|'};
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  const char *text = rl_strndup(&arena, (const char *)data, size);
  fuzz_require(text != NULL, "there is memory");
  for (size_t i = 0; i < sizeof styles; i++) check_expression(&arena, text, styles[i]);
  check_quantities(&arena, text);
  check_definitions(&arena, data, size);
  rl_arena_free(&arena);
  return 0;
}
