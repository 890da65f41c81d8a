/* The parsed form of an expression, shared by parser and evaluator. Private to doc/. */
#ifndef RL_DOC_EXPR_TERM_H
#define RL_DOC_EXPR_TERM_H

#include "doc/expr.h"

typedef enum rl_term_op {
  RL_TERM_VALUE, /* a literal */
  RL_TERM_NAME,
  RL_TERM_NEGATE,
  RL_TERM_NOT,
  RL_TERM_ADD,
  RL_TERM_SUB,
  RL_TERM_MUL,
  RL_TERM_DIV,
  RL_TERM_MOD,
  RL_TERM_EQUAL,
  RL_TERM_UNEQUAL,
  RL_TERM_LESS,
  RL_TERM_LESS_EQUAL,
  RL_TERM_GREATER,
  RL_TERM_GREATER_EQUAL,
  RL_TERM_AND,
  RL_TERM_OR,
  RL_TERM_DEFAULT,
  RL_TERM_CHOOSE,
  RL_TERM_INDEX,
  RL_TERM_CEIL_DIV,
  RL_TERM_INDEX_OF,
  RL_TERM_MIN,
  RL_TERM_MAX,
  RL_TERM_OPS
} rl_term_op;

typedef struct rl_term rl_term;
struct rl_term {
  rl_term_op op;
  size_t at;         /* offset of its operator, name or literal in the text */
  rl_value value;    /* RL_TERM_VALUE */
  const char *name;  /* RL_TERM_NAME */
  rl_term *operands; /* the first one; the others follow through next */
  rl_term *next;
};

struct rl_expr {
  const rl_node *node; /* the scalar it was parsed from */
  const rl_term *root;
};

enum { RL_EXPR_BYTES = 256, RL_EXPR_DEPTH = 32 };

/* How the operation is written: "+", "ceil_div". */
const char *rl_term_symbol(rl_term_op op);
/* Where a byte of the node's text stands in the file. */
rl_loc rl_expr_position(const rl_node *node, size_t at);

#endif
