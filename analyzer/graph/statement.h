/* What a family statement may say: one row for each attribute with the form of its value and the
 * place where the evaluated value goes. For graph/, and for the command that shows operators. */
#ifndef RL_GRAPH_STATEMENT_H
#define RL_GRAPH_STATEMENT_H

#include "graph/program.h"
#include "spec/family.h"

/* Limits that keep hostile families and configs small; real ones stay far below. */
enum {
  RL_STATEMENTS_MAX = 1024,
  RL_LAYERS_MAX = 4096,
  RL_VARYING_MAX = 1 << 17,
  RL_OPS_MAX = 1 << 16,
  RL_EXPERTS_MAX = 1 << 12
};

/* Statements that are no operators. `refuse: {when: ..., because: ...}` names the models that the
 * config keys could describe but the graph does not; it stands outside of the layers. */
#define RL_WORD_REPEAT "repeat"
#define RL_WORD_REFUSE "refuse"
/* The tensor that is there from the start: values of the source. */
#define RL_SOURCE_TENSOR "source"

typedef enum rl_attribute_form {
  RL_FORM_INTEGER,   /* expression: whole number >= 0 */
  RL_FORM_NUMBER,    /* expression: number >= 0 */
  RL_FORM_TRUTH,     /* expression: yes or no */
  RL_FORM_SCALING,   /* expression: a map of the config, or null */
  RL_FORM_INPUTS,    /* a tensor name, or as many as the operator reads */
  RL_FORM_TENSOR,    /* one tensor name */
  RL_FORM_NAME,      /* a row name, or that of a state */
  RL_FORM_TEMPLATE,  /* a weight's name, with {l} for the layer index, {e} for the expert's */
  RL_FORM_WORD,      /* one of the choices */
  RL_FORM_ACTIVATION /* a known function, or an expression that gives its name */
} rl_attribute_form;

/* What a linear is, for the formats of its weights: routers and vision towers stay as accurate as
 * activations. */
typedef enum rl_linear_class {
  RL_LINEAR_ORDINARY,
  RL_LINEAR_ROUTER,
  RL_LINEAR_TOWER
} rl_linear_class;
typedef enum rl_token_choice {
  RL_TOKENS_ALL,
  RL_TOKENS_LAST,
  RL_TOKENS_FIRST,
  RL_TOKENS_MERGED,
  RL_TOKENS_PREFIX
} rl_token_choice;

/* Everything but tensors that a statement says, evaluated for one layer. Zero: not said. */
typedef struct rl_evaluated {
  uint64_t rows, cols, width, pair, offset, row_offset, row_block, row_stride;
  uint64_t gguf_pairs, gguf_offset;
  uint64_t persistent, depth, inner;
  uint64_t heads, kv_heads, head_dim, dims, window, within, context, original;
  uint64_t experts, top_k, expert_groups, top_groups;
  uint64_t value_dim, rope_dim, kv_head_dim;
  uint64_t kernel, stride, frames, merge, buckets, max_distance, token, prefix, budget;
  uint64_t iterations, clusters;
  double eps, base, root, factor, scale_root, cap, scale, alibi, limit, floor, ridge, jitter;
  bool wide, when, has_bias, tied, transposed, normalize, grouped, alibi_scaled;
  uint64_t orders, dilation, taps, groups, states, chunk, shared, key_heads, key_dim;
  /* positions in the list of choices */
  int index, norm, style, tokens, mask, activation, score, linear_class, phase, part, rotates, group_score, decay, cache;
  const rl_node *scaling;
  const char *name, *state, *tied_to, *weights, *bias, *skip, *values, *sinks, *gguf, *lead;
  const char *gguf_bias, *gguf_skip, *gguf_sinks; /* twins that are not named after gguf */
} rl_evaluated;

typedef struct rl_attribute_rule {
  const char *key;
  rl_attribute_form form;
  bool positive;              /* numbers: must not be 0 */
  bool nullable;              /* null means "not given" */
  bool split;                 /* a size: dims that are split over ranks count with this rank's share */
  size_t place;               /* offset in rl_evaluated */
  const char *const *choices; /* words */
  size_t choice_count;
} rl_attribute_rule;

/* The kind a family may write by that name; false when there is none. */
bool rl_operator_find(const char *name, rl_op_kind *out);
/* How many tensors `in` names. */
size_t rl_operator_inputs(rl_op_kind kind);
/* The rule of an attribute of that kind; NULL when the kind has no such attribute. */
const rl_attribute_rule *rl_attribute_rule_find(rl_op_kind kind, const char *key);
const rl_attribute *rl_attribute_find(const rl_statement *statement, const char *key);
/* The i-th tensor name of `in` (or `out`); the form was checked before. */
const char *rl_attribute_tensor(const rl_attribute *attribute, size_t index);
/* Index of the word among the rule's choices; false when it is none. */
bool rl_choice_find(const rl_attribute_rule *rule, const char *word, int *out);
/* The choices as "a, b, c" for a hint; NULL when memory is exhausted. */
const char *rl_choices_print(rl_arena *arena, const rl_attribute_rule *rule);
/* The name of a statement's row: its `name`, else its operator's. */
const char *rl_statement_name(const rl_statement *statement);

/* Checks operator, attributes and their forms; in_layers says whether {l} has a meaning here. */
rl_status rl_statement_check(const rl_statement *statement, bool in_layers, rl_arena *scratch,
                             rl_diags *diags);

#endif
