/* Values of statements: expressions over the dims of the model and, inside the layers, the layer
 * index l. Private to graph/. */
#ifndef RL_GRAPH_EVALUATE_H
#define RL_GRAPH_EVALUATE_H

#include "graph/statement.h"

/* Which part of the dims that are split over ranks an expression sees: the whole, what this rank
 * holds, or what the ranks before it hold. */
typedef enum rl_part { RL_PART_WHOLE, RL_PART_SHARE, RL_PART_BEFORE } rl_part;
typedef struct rl_dim_share {
  const char *dim;
  uint64_t before, share;
} rl_dim_share;

/* The dims as scope, with l when there is a layer. Only the attributes that the table of statement.c
 * marks as `split` see a part; all others, and the dims themselves, see the whole. */
typedef struct rl_layer_scope {
  rl_scope scope; /* first: what rl_expr_eval sees */
  const rl_scope *dims;
  bool in_layers;
  uint64_t layer;
  rl_part part;
  const rl_dim_share *shares;
  size_t share_count;
} rl_layer_scope;

void rl_layer_scope_init(rl_layer_scope *scope, const rl_scope *dims);

/* Parsed expression of an attribute: the one the reader made, or a new one in the arena. NULL for
 * the scalar null. */
rl_status rl_attribute_expr(const rl_attribute *attribute, rl_arena *arena, const rl_expr **out,
                            rl_diags *diags);
/* Its value in this layer. */
rl_status rl_attribute_value(const rl_attribute *attribute, const rl_layer_scope *scope,
                             rl_arena *arena, rl_value *out, rl_diags *diags);
/* Whether the statement happens in this layer: its `when`, or always. */
rl_status rl_statement_happens(const rl_statement *statement, const rl_layer_scope *scope,
                               rl_arena *arena, bool *out, rl_diags *diags);
/* All attributes of a checked statement, those that are split as the scope's part of them. has_bias is true for a statement with a bias template
 * that does not say otherwise, tied for one that says only tied_to. */
rl_status rl_statement_evaluate(const rl_statement *statement, const rl_layer_scope *scope,
                                rl_arena *arena, rl_evaluated *out, rl_diags *diags);
/* Kind of an activation function by its position in the list of choices. */
rl_activation_kind rl_activation_of_choice(int choice);

#endif
