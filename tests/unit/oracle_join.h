/* Puts the program's count and the oracle's side by side: the same question to both, the operators
 * of both in the order of execution, layer by layer. */
#ifndef RL_TESTS_ORACLE_JOIN_H
#define RL_TESTS_ORACLE_JOIN_H

#include "lab.h"
#include "oracle.h"

/* Storage of a whole question in the words of both sides. */
typedef struct rl_join_format {
  const char *name;
  const char *weights, *kv; /* NULL: the program's default */
  oracle_formats oracle;
} rl_join_format;
enum { RL_JOIN_BF16, RL_JOIN_W4, RL_JOIN_I8_KV, RL_JOIN_W4_ASYM, RL_JOIN_FORMATS };
extern const rl_join_format RL_JOIN_FORMAT[RL_JOIN_FORMATS];

/* The points that the full-size tests look at. */
typedef struct rl_join_point {
  const char *name;
  oracle_point point;
} rl_join_point;
enum {
  RL_JOIN_PREFILL,      /* 2048 tokens, batch 1 */
  RL_JOIN_PREFILL_1024, /* what GPT-2 has positions for */
  RL_JOIN_DECODE_1,     /* behind 2048 tokens */
  RL_JOIN_DECODE_16,
  RL_JOIN_DECODE_8192, /* beyond every window */
  RL_JOIN_VERIFY_8,    /* a chain of 8 tokens, all of whose logits are wanted */
  RL_JOIN_TREE_16,     /* 16 draft nodes, behind a context in and beyond the windows */
  RL_JOIN_RAGGED, /* chunks with cached tokens, decodes, a fresh prompt, no logits here and there */
  RL_JOIN_POINTS
};
extern const rl_join_point RL_JOIN_POINT[RL_JOIN_POINTS];

/* One place in the order of execution. */
typedef struct rl_join_place {
  const oracle_op *oracle; /* NULL where the oracle's order ended first */
  const rl_lab_row *row;   /* NULL where the program's did */
  uint32_t layer;          /* RL_NONE outside the layers */
} rl_join_place;

typedef struct rl_join {
  rl_lab lab;
  rl_lab_pass pass;
  const oracle_model *model;
  const rl_join_format *format;
  bool fused;
  oracle_pass oracle;
  rl_join_place *places; /* of the last point counted */
  uint32_t place_count;
} rl_join;

/* Lowers and costs the model; asserts that it works. Close it in any case. */
bool rl_join_open(rl_join *join, const char *model, int format, bool fused);
void rl_join_close(rl_join *join);
/* Counts a point on both sides and fills places. */
bool rl_join_count(rl_join *join, const oracle_point *point);
/* The program's stored KV after the pass, without pages; 0 when it fails. */
uint64_t rl_join_kv_bytes(rl_join *join, const oracle_point *point);
/* First place of the named operator of the oracle in a layer of that window; NULL when there is
 * none. Operators outside the layers are found under any window. */
const rl_join_place *rl_join_find(const rl_join *join, const char *name, uint64_t window);

/* Both have the operator, with the same counts and the same operands in the same order. */
bool rl_join_same(const rl_join *join, const rl_join_place *place);
/* What differs, on stderr. */
void rl_join_print(const rl_join *join, const char *point, const rl_join_place *place);
/* An operator of the oracle in the seven counts of the program. */
void rl_join_oracle_counts(const oracle_op *op, uint64_t counts[RL_COUNTS]);

#endif
