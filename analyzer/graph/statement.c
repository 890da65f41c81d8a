/* The attribute table and the checks that need no model: names, attributes, forms of values. */
#include "graph/statement.h"

#include <string.h>

#include "base/names.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PLACE(field) offsetof(rl_evaluated, field)

static const char *const NORM_WORDS[] = {[RL_NORM_RMS] = "rms", [RL_NORM_LAYER] = "layer"};
static const char *const INDEX_WORDS[] = {[RL_INDEX_IDS] = "ids",
                                          [RL_INDEX_POSITIONS] = "positions",
                                          [RL_INDEX_SOURCE_IDS] = "source_ids",
                                          [RL_INDEX_SOURCE_POSITIONS] = "source_positions",
                                          [RL_INDEX_FIXED] = "fixed"};
static const char *const STYLE_WORDS[] = {[RL_ROPE_HALVES] = "halves", [RL_ROPE_PAIRS] = "pairs"};
static const char *const TOKEN_WORDS[] = {[RL_TOKENS_ALL] = "all",
                                          [RL_TOKENS_LAST] = "last",
                                          [RL_TOKENS_FIRST] = "first",
                                          [RL_TOKENS_MERGED] = "merged",
                                          [RL_TOKENS_PREFIX] = "prefix"};
static const char *const MASK_WORDS[] = {"causal"};
static const char *const SCORE_WORDS[] = {[RL_SCORE_SOFTMAX] = "softmax",
                                          [RL_SCORE_SOFTMAX_CHOSEN] = "softmax_chosen",
                                          [RL_SCORE_SIGMOID] = "sigmoid",
                                          [RL_SCORE_SPARSE_MIXER] = "sparse_mixer"};
static const char *const PART_WORDS[] = {[RL_HEAD_KEY] = "key", [RL_HEAD_VALUE] = "value"};
static const char *const ROTATES_WORDS[] = {"first", "last"};
static const char *const GROUP_SCORE_WORDS[] = {"best", "best_two"};
static const char *const PHASE_WORDS[RL_PHASES] = {
    [RL_PHASE_BOTH] = "both", [RL_PHASE_DECODE] = "decode", [RL_PHASE_PREFILL] = "prefill"};
static const char *const DECAY_WORDS[] = {"retnet", "lightning"};
static const char *const CACHE_WORDS[] = {"first", "second"};
static const char *const CLASS_WORDS[] = {
    [RL_LINEAR_ORDINARY] = "linear", [RL_LINEAR_ROUTER] = "router", [RL_LINEAR_TOWER] = "tower"};

/* Function names as configs spell them; evaluate.c maps them to kinds. */
static const char *const ACTIVATION_WORDS[] = {
    "silu",      "swish", "gelu",  "gelu_new", "gelu_pytorch_tanh",
    "gelu_fast", "relu",  "relu2", "tanh",     "quick_gelu"};

/* One row for each attribute; a key means the same in every operator that has it, `kind` apart. */
static const rl_attribute_rule RULES[] = {
    {.key = "in", .form = RL_FORM_INPUTS},
    {.key = "out", .form = RL_FORM_TENSOR},
    {.key = "chosen", .form = RL_FORM_TENSOR},
    {.key = "when", .form = RL_FORM_TRUTH, .place = PLACE(when)},
    {.key = "name", .form = RL_FORM_NAME, .place = PLACE(name)},
    {.key = "phase",
     .form = RL_FORM_WORD,
     .place = PLACE(phase),
     .choices = PHASE_WORDS,
     .choice_count = COUNT(PHASE_WORDS)},
    {.key = "rows", .form = RL_FORM_INTEGER, .positive = true, .split = true, .place = PLACE(rows)},
    {.key = "cols", .form = RL_FORM_INTEGER, .positive = true, .split = true, .place = PLACE(cols)},
    {.key = "width",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .nullable = true,
     .split = true,
     .place = PLACE(width)},
    {.key = "pair", .form = RL_FORM_INTEGER, .positive = true, .split = true, .place = PLACE(pair)},
    {.key = "offset", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(offset)},
    {.key = "row_offset", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(row_offset)},
    {.key = "row_block", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(row_block)},
    {.key = "gguf_pairs", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(gguf_pairs)},
    {.key = "gguf_offset", .form = RL_FORM_INTEGER, .place = PLACE(gguf_offset)},
    {.key = "row_stride", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(row_stride)},
    {.key = "heads",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .split = true,
     .place = PLACE(heads)},
    {.key = "kv_heads",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .split = true,
     .place = PLACE(kv_heads)},
    {.key = "head_dim", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(head_dim)},
    {.key = "value_dim", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(value_dim)},
    {.key = "rope_dim", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(rope_dim)},
    {.key = "kv_head_dim",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .nullable = true,
     .place = PLACE(kv_head_dim)},
    {.key = "expert_groups",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .nullable = true,
     .place = PLACE(expert_groups)},
    {.key = "top_groups",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .nullable = true,
     .place = PLACE(top_groups)},
    {.key = "part",
     .form = RL_FORM_WORD,
     .place = PLACE(part),
     .choices = PART_WORDS,
     .choice_count = COUNT(PART_WORDS)},
    {.key = "rotates",
     .form = RL_FORM_WORD,
     .place = PLACE(rotates),
     .choices = ROTATES_WORDS,
     .choice_count = COUNT(ROTATES_WORDS)},
    {.key = "group_score",
     .form = RL_FORM_WORD,
     .place = PLACE(group_score),
     .choices = GROUP_SCORE_WORDS,
     .choice_count = COUNT(GROUP_SCORE_WORDS)},
    {.key = "dims",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .nullable = true,
     .place = PLACE(dims)},
    {.key = "context", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(context)},
    {.key = "original", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(original)},
    {.key = "window", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(window)},
    {.key = "within", .form = RL_FORM_INTEGER, .nullable = true, .place = PLACE(within)},
    {.key = "budget", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(budget)},
    {.key = "persistent", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(persistent)},
    {.key = "depth", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(depth)},
    {.key = "inner", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(inner)},
    {.key = "cache",
     .form = RL_FORM_WORD,
     .place = PLACE(cache),
     .choices = CACHE_WORDS,
     .choice_count = COUNT(CACHE_WORDS)},
    {.key = "floor", .form = RL_FORM_NUMBER, .positive = true, .place = PLACE(floor)},
    {.key = "experts", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(experts)},
    {.key = "top_k", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(top_k)},
    {.key = "orders", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(orders)},
    {.key = "dilation", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(dilation)},
    {.key = "shared", .form = RL_FORM_INTEGER, .place = PLACE(shared)},
    {.key = "taps", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(taps)},
    {.key = "groups",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .split = true,
     .place = PLACE(groups)},
    {.key = "states", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(states)},
    {.key = "chunk", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(chunk)},
    {.key = "kernel", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(kernel)},
    {.key = "stride", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(stride)},
    {.key = "frames", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(frames)},
    {.key = "merge", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(merge)},
    {.key = "prefix", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(prefix)},
    {.key = "clusters", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(clusters)},
    {.key = "iterations", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(iterations)},
    {.key = "ridge", .form = RL_FORM_NUMBER, .positive = true, .place = PLACE(ridge)},
    {.key = "buckets", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(buckets)},
    {.key = "max_distance",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .place = PLACE(max_distance)},
    {.key = "token", .form = RL_FORM_INTEGER, .place = PLACE(token)},
    {.key = "key_heads",
     .form = RL_FORM_INTEGER,
     .positive = true,
     .split = true,
     .place = PLACE(key_heads)},
    {.key = "key_dim", .form = RL_FORM_INTEGER, .positive = true, .place = PLACE(key_dim)},
    {.key = "eps", .form = RL_FORM_NUMBER, .place = PLACE(eps)},
    {.key = "base", .form = RL_FORM_NUMBER, .positive = true, .place = PLACE(base)},
    {.key = "root", .form = RL_FORM_NUMBER, .positive = true, .place = PLACE(root)},
    {.key = "factor", .form = RL_FORM_NUMBER, .positive = true, .place = PLACE(factor)},
    {.key = "limit", .form = RL_FORM_NUMBER, .positive = true, .place = PLACE(limit)},
    {.key = "alibi", .form = RL_FORM_NUMBER, .nullable = true, .place = PLACE(alibi)},
    {.key = "scale_root",
     .form = RL_FORM_NUMBER,
     .positive = true,
     .nullable = true,
     .place = PLACE(scale_root)},
    {.key = "softcap", .form = RL_FORM_NUMBER, .nullable = true, .place = PLACE(cap)},
    {.key = "cap", .form = RL_FORM_NUMBER, .positive = true, .place = PLACE(cap)},
    {.key = "scale",
     .form = RL_FORM_NUMBER,
     .positive = true,
     .nullable = true,
     .place = PLACE(scale)},
    {.key = "jitter", .form = RL_FORM_NUMBER, .place = PLACE(jitter)},
    {.key = "alibi_scaled", .form = RL_FORM_TRUTH, .place = PLACE(alibi_scaled)},
    {.key = "grouped", .form = RL_FORM_TRUTH, .place = PLACE(grouped)},
    {.key = "wide", .form = RL_FORM_TRUTH, .place = PLACE(wide)},
    {.key = "normalize", .form = RL_FORM_TRUTH, .place = PLACE(normalize)},
    {.key = "has_bias", .form = RL_FORM_TRUTH, .place = PLACE(has_bias)},
    {.key = "tied", .form = RL_FORM_TRUTH, .place = PLACE(tied)},
    {.key = "transposed", .form = RL_FORM_TRUTH, .place = PLACE(transposed)},
    {.key = "scaling", .form = RL_FORM_SCALING, .place = PLACE(scaling)},
    {.key = "state", .form = RL_FORM_NAME, .place = PLACE(state)},
    {.key = "tied_to", .form = RL_FORM_NAME, .place = PLACE(tied_to)},
    {.key = "weights", .form = RL_FORM_TEMPLATE, .place = PLACE(weights)},
    {.key = "bias", .form = RL_FORM_TEMPLATE, .place = PLACE(bias)},
    {.key = "skip", .form = RL_FORM_TEMPLATE, .place = PLACE(skip)},
    {.key = "values", .form = RL_FORM_TEMPLATE, .place = PLACE(values)},
    {.key = "sinks", .form = RL_FORM_TEMPLATE, .place = PLACE(sinks)},
    {.key = "gguf", .form = RL_FORM_TEMPLATE, .place = PLACE(gguf)},
    {.key = "gguf_bias", .form = RL_FORM_TEMPLATE, .place = PLACE(gguf_bias)},
    {.key = "gguf_sinks", .form = RL_FORM_TEMPLATE, .place = PLACE(gguf_sinks)},
    {.key = "gguf_skip", .form = RL_FORM_TEMPLATE, .place = PLACE(gguf_skip)},
    {.key = "activation",
     .form = RL_FORM_ACTIVATION,
     .place = PLACE(activation),
     .choices = ACTIVATION_WORDS,
     .choice_count = COUNT(ACTIVATION_WORDS)},
    {.key = "lead", .form = RL_FORM_TEMPLATE, .place = PLACE(lead)},
    {.key = "index",
     .form = RL_FORM_WORD,
     .place = PLACE(index),
     .choices = INDEX_WORDS,
     .choice_count = COUNT(INDEX_WORDS)},
    {.key = "style",
     .form = RL_FORM_WORD,
     .place = PLACE(style),
     .choices = STYLE_WORDS,
     .choice_count = COUNT(STYLE_WORDS)},
    {.key = "tokens",
     .form = RL_FORM_WORD,
     .place = PLACE(tokens),
     .choices = TOKEN_WORDS,
     .choice_count = COUNT(TOKEN_WORDS)},
    {.key = "mask",
     .form = RL_FORM_WORD,
     .place = PLACE(mask),
     .choices = MASK_WORDS,
     .choice_count = COUNT(MASK_WORDS)},
    {.key = "score",
     .form = RL_FORM_WORD,
     .place = PLACE(score),
     .choices = SCORE_WORDS,
     .choice_count = COUNT(SCORE_WORDS)},
    {.key = "decay",
     .form = RL_FORM_WORD,
     .place = PLACE(decay),
     .choices = DECAY_WORDS,
     .choice_count = COUNT(DECAY_WORDS)},
    {.key = "class",
     .form = RL_FORM_WORD,
     .place = PLACE(linear_class),
     .choices = CLASS_WORDS,
     .choice_count = COUNT(CLASS_WORDS)},
};

static const rl_attribute_rule NORM_KIND = {.key = "kind",
                                            .form = RL_FORM_WORD,
                                            .place = PLACE(norm),
                                            .choices = NORM_WORDS,
                                            .choice_count = COUNT(NORM_WORDS)};
static const rl_attribute_rule ACTIVATION_KIND = {.key = "kind",
                                                  .form = RL_FORM_ACTIVATION,
                                                  .place = PLACE(activation),
                                                  .choices = ACTIVATION_WORDS,
                                                  .choice_count = COUNT(ACTIVATION_WORDS)};

/* Steps through the words of a field list; `optional` says whether the word stands in brackets. */
static bool next_field(const char **fields, const char **word, size_t *length, bool *optional) {
  const char *at = *fields;
  while (*at == ' ') at++;
  if (*at == '[') {
    *optional = true;
    at++;
  }
  *word = at;
  while (*at != '\0' && *at != ' ' && *at != ']') at++;
  *length = (size_t)(at - *word);
  *fields = at;
  return *length > 0;
}

/* Every statement may have a phase but those of tables, whose distinct rows are facts of a pass. */
static bool has_field(rl_op_kind kind, const char *key) {
  if (strcmp(key, "phase") == 0) return kind != RL_OP_EMBED && kind != RL_OP_EMBED_NEXT;
  const char *fields = RL_OP_INFO[kind].fields, *word;
  const size_t sought = strlen(key);
  size_t length;
  bool optional = false;
  while (next_field(&fields, &word, &length, &optional)) {
    if (sought == length && memcmp(key, word, length) == 0) return true;
  }
  return false;
}

bool rl_operator_find(const char *name, rl_op_kind *out) {
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    const rl_op_info *info = &RL_OP_INFO[kind];
    if (info->name[0] != name[0] || info->fields[0] == '\0') continue;
    if (strcmp(info->name, name) == 0) {
      *out = (rl_op_kind)kind;
      return true;
    }
  }
  return false;
}

size_t rl_operator_inputs(rl_op_kind kind) {
  return RL_OP_INFO[kind].inputs;
}

const rl_attribute_rule *rl_attribute_rule_find(rl_op_kind kind, const char *key) {
  if (!has_field(kind, key)) return NULL;
  if (strcmp(key, "kind") == 0) return kind == RL_OP_NORM ? &NORM_KIND : &ACTIVATION_KIND;
  for (size_t i = 0; i < COUNT(RULES); i++) {
    if (RULES[i].key[0] == key[0] && strcmp(RULES[i].key, key) == 0) return &RULES[i];
  }
  return NULL;
}

const rl_attribute *rl_attribute_find(const rl_statement *statement, const char *key) {
  for (size_t i = 0; i < statement->attribute_count; i++) {
    if (strcmp(statement->attributes[i].key, key) == 0) return &statement->attributes[i];
  }
  return NULL;
}

const char *rl_attribute_tensor(const rl_attribute *attribute, size_t index) {
  const rl_node *value = attribute->value;
  return value->kind == RL_SEQUENCE ? value->items[index]->text : value->text;
}

bool rl_choice_find(const rl_attribute_rule *rule, const char *word, int *out) {
  for (size_t i = 0; i < rule->choice_count; i++) {
    if (strcmp(rule->choices[i], word) == 0) {
      *out = (int)i;
      return true;
    }
  }
  return false;
}

const char *rl_choices_print(rl_arena *arena, const rl_attribute_rule *rule) {
  const char *text = rule->choices[0];
  for (size_t i = 1; i < rule->choice_count && text != NULL; i++) {
    text = rl_textf(arena, "%s, %s", text, rule->choices[i]);
  }
  return text;
}

const char *rl_statement_name(const rl_statement *statement) {
  const rl_attribute *name = rl_attribute_find(statement, "name");
  return name == NULL ? statement->op : name->value->text;
}

/* --- checks --- */

static bool is_word(const rl_node *node) {
  return node->kind == RL_SCALAR && node->length > 0 && !rl_node_is_null(node);
}

static rl_status report_form(const rl_attribute *attribute, const char *wanted, rl_diags *diags) {
  return RL_REPORT(diags, ATTRIBUTE_FORM, attribute->value->loc, attribute->key, wanted);
}

static rl_status check_inputs(const rl_attribute *attribute, size_t wanted, rl_diags *diags) {
  static const char *const forms[RL_INPUTS_MAX] = {"a tensor name",
                                                   "a list of two tensor names",
                                                   "a list of three tensor names",
                                                   "a list of four tensor names",
                                                   "a list of five tensor names",
                                                   "a list of six tensor names",
                                                   "a list of seven tensor names",
                                                   "a list of eight tensor names"};
  const rl_node *value = attribute->value;
  if (wanted == 1 && is_word(value)) return RL_OK;
  bool good = value->kind == RL_SEQUENCE && value->count == wanted;
  for (size_t i = 0; good && i < value->count; i++) good = is_word(value->items[i]);
  if (good) return RL_OK;
  return report_form(attribute, forms[wanted - 1], diags);
}

/* Placeholders are {l}, only where there is a layer, and {e} in weights of experts. */
static rl_status check_template(const rl_attribute *attribute, bool of_experts, bool in_layers,
                                rl_diags *diags) {
  if (!is_word(attribute->value)) return report_form(attribute, "a weight name", diags);
  const char *text = attribute->value->text;
  for (const char *brace = strpbrk(text, "{}"); brace != NULL; brace = strpbrk(brace, "{}")) {
    bool expert = of_experts && strncmp(brace, "{e}", 3) == 0;
    if (!expert && strncmp(brace, "{l}", 3) != 0) {
      return report_form(attribute,
                         of_experts ? "a weight name whose placeholders are {l} and {e}"
                                    : "a weight name whose only placeholder is {l}",
                         diags);
    }
    if (!expert && !in_layers) {
      return RL_REPORT(diags, NO_LAYER_HERE, attribute->value->loc, "{l}");
    }
    brace += 3;
  }
  return RL_OK;
}

static rl_status check_expression(const rl_attribute *attribute, bool in_layers, rl_arena *scratch,
                                  rl_diags *diags) {
  const rl_expr *expr = attribute->expr;
  if (attribute->value->kind != RL_SCALAR) return report_form(attribute, "an expression", diags);
  if (rl_node_is_null(attribute->value)) return RL_OK; /* as good as the expression null */
  if (expr == NULL) {
    rl_status status = rl_expr_parse(scratch, attribute->value, &expr, diags);
    if (status != RL_OK) return status;
  }
  if (in_layers || !rl_expr_mentions(expr, "l")) return RL_OK;
  return RL_REPORT(diags, NO_LAYER_HERE, attribute->value->loc, "l");
}

static rl_status check_word(const rl_attribute *attribute, const rl_attribute_rule *rule,
                            rl_diags *diags) {
  int ignored;
  if (!is_word(attribute->value)) return report_form(attribute, "a word", diags);
  const char *word = attribute->value->text;
  if (rl_choice_find(rule, word, &ignored)) return RL_OK;
  const char *choices = rl_choices_print(diags->arena, rule);
  if (choices == NULL) return rl_diag_oom(diags);
  return RL_REPORT(diags, UNKNOWN_CHOICE, attribute->value->loc, word, attribute->key, choices);
}

static rl_status check_form(const rl_attribute *attribute, const rl_attribute_rule *rule,
                            rl_op_kind kind, bool in_layers, rl_arena *scratch, rl_diags *diags) {
  int ignored;
  switch (rule->form) {
    case RL_FORM_TENSOR:
    case RL_FORM_NAME:
      return is_word(attribute->value) ? RL_OK : report_form(attribute, "a name", diags);
    case RL_FORM_TEMPLATE:
      return check_template(attribute, kind == RL_OP_EXPERT_LINEAR, in_layers, diags);
    case RL_FORM_WORD:
      return check_word(attribute, rule, diags);
    case RL_FORM_ACTIVATION:
      if (is_word(attribute->value) && rl_choice_find(rule, attribute->value->text, &ignored)) {
        return RL_OK;
      }
      return check_expression(attribute, in_layers, scratch, diags);
    default:
      return check_expression(attribute, in_layers, scratch, diags);
  }
}

/* The attribute the user may have meant: the field names of the kind are the candidates. */
static const char *guess_attribute(rl_op_kind kind, const char *key) {
  const char *candidates[COUNT(RULES) + 1];
  size_t count = 0;
  for (size_t i = 0; i < COUNT(RULES); i++) {
    if (has_field(kind, RULES[i].key)) candidates[count++] = RULES[i].key;
  }
  if (has_field(kind, "kind")) candidates[count++] = "kind";
  return rl_did_you_mean(key, candidates, count);
}

static rl_status check_required(const rl_statement *statement, rl_op_kind kind, rl_arena *scratch,
                                rl_diags *diags) {
  const char *fields = RL_OP_INFO[kind].fields, *word;
  size_t length;
  bool optional = false;
  while (next_field(&fields, &word, &length, &optional) && !optional) {
    char *key = rl_strndup(scratch, word, length);
    if (key == NULL) return rl_diag_oom(diags);
    if (rl_attribute_find(statement, key) != NULL) continue;
    return RL_REPORT(diags, MISSING_ATTRIBUTE, statement->loc, statement->op, key);
  }
  return RL_OK;
}

/* Attributes that say whether another one holds make no sense alone. */
static rl_status check_companions(const rl_statement *statement, rl_diags *diags) {
  static const char *const pairs[][2] = {{"has_bias", "bias"},
                                         {"tied", "tied_to"},
                                         {"buckets", "weights"},
                                         {"buckets", "max_distance"},
                                         {"max_distance", "buckets"}};
  for (size_t i = 0; i < COUNT(pairs); i++) {
    if (rl_attribute_find(statement, pairs[i][0]) == NULL) continue;
    if (rl_attribute_find(statement, pairs[i][1]) != NULL) continue;
    return RL_REPORT(diags, MISSING_ATTRIBUTE, statement->loc, statement->op, pairs[i][1]);
  }
  return RL_OK;
}

/* Norms without weights have no bias. */
static rl_status check_norm(const rl_statement *statement, rl_op_kind kind, rl_diags *diags) {
  if (kind != RL_OP_NORM || rl_attribute_find(statement, "bias") == NULL) return RL_OK;
  if (rl_attribute_find(statement, "weights") != NULL) return RL_OK;
  return RL_REPORT(diags, MISSING_ATTRIBUTE, statement->loc, statement->op, "weights");
}

/* A scale without a number scales by nothing. */
static rl_status check_scale(const rl_statement *statement, rl_op_kind kind, rl_diags *diags) {
  if (kind != RL_OP_SCALE || rl_attribute_find(statement, "root") != NULL) return RL_OK;
  if (rl_attribute_find(statement, "factor") != NULL) return RL_OK;
  return RL_REPORT(diags, MISSING_ATTRIBUTE, statement->loc, statement->op, "factor");
}

/* A part of a weight is that of another statement, or of one that the statement names. */
static rl_status check_head_linear(const rl_statement *statement, rl_op_kind kind,
                                   rl_diags *diags) {
  if (kind != RL_OP_HEAD_LINEAR || rl_attribute_find(statement, "tied_to") != NULL) return RL_OK;
  if (rl_attribute_find(statement, "weights") != NULL) return RL_OK;
  return RL_REPORT(diags, MISSING_ATTRIBUTE, statement->loc, statement->op, "tied_to");
}

static rl_status unknown_operator(const rl_statement *statement, bool in_layers, rl_diags *diags) {
  const char *candidates[RL_OP_KINDS + 2];
  size_t count = 0;
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    if (RL_OP_INFO[kind].fields[0] != '\0') candidates[count++] = RL_OP_INFO[kind].name;
  }
  if (!in_layers) candidates[count++] = RL_WORD_REPEAT;
  if (!in_layers) candidates[count++] = RL_WORD_REFUSE;
  return RL_REPORT(diags, UNKNOWN_OPERATOR, statement->loc, statement->op,
                   rl_did_you_mean(statement->op, candidates, count));
}

/* refuse: {when: expression, because: text} */
static rl_status check_refuse(const rl_statement *statement, rl_arena *scratch, rl_diags *diags) {
  static const char *const keys[] = {"when", "because"};
  for (size_t i = 0; i < COUNT(keys); i++) {
    if (rl_attribute_find(statement, keys[i]) != NULL) continue;
    return RL_REPORT(diags, MISSING_ATTRIBUTE, statement->loc, statement->op, keys[i]);
  }
  for (size_t i = 0; i < statement->attribute_count; i++) {
    const rl_attribute *attribute = &statement->attributes[i];
    if (strcmp(attribute->key, "when") == 0) {
      rl_status status = check_expression(attribute, false, scratch, diags);
      if (status != RL_OK) return status;
    } else if (strcmp(attribute->key, "because") != 0) {
      return RL_REPORT(diags, UNKNOWN_ATTRIBUTE, attribute->loc, statement->op, attribute->key,
                       rl_did_you_mean(attribute->key, keys, COUNT(keys)));
    } else if (!is_word(attribute->value)) {
      return report_form(attribute, "a text", diags);
    }
  }
  return RL_OK;
}

rl_status rl_statement_check(const rl_statement *statement, bool in_layers, rl_arena *scratch,
                             rl_diags *diags) {
  rl_op_kind kind;
  if (!in_layers && strcmp(statement->op, RL_WORD_REFUSE) == 0) {
    return check_refuse(statement, scratch, diags);
  }
  if (!rl_operator_find(statement->op, &kind)) {
    return unknown_operator(statement, in_layers, diags);
  }
  rl_status worst = check_required(statement, kind, scratch, diags);
  if (worst == RL_OK) worst = check_companions(statement, diags);
  if (worst == RL_OK) worst = check_norm(statement, kind, diags);
  if (worst == RL_OK) worst = check_scale(statement, kind, diags);
  if (worst == RL_OK) worst = check_head_linear(statement, kind, diags);
  for (size_t i = 0; i < statement->attribute_count; i++) {
    const rl_attribute *attribute = &statement->attributes[i];
    const rl_attribute_rule *rule = rl_attribute_rule_find(kind, attribute->key);
    rl_status status;
    if (rule == NULL) {
      status = RL_REPORT(diags, UNKNOWN_ATTRIBUTE, attribute->loc, statement->op, attribute->key,
                         guess_attribute(kind, attribute->key));
    } else if (rule->form == RL_FORM_INPUTS) {
      status = check_inputs(attribute, rl_operator_inputs(kind), diags);
    } else {
      status = check_form(attribute, rule, kind, in_layers, scratch, diags);
    }
    if (status != RL_OK) worst = status;
  }
  return worst;
}
