/* A family: a graph of operator statements over named dims. spec/ checks its shape; graph/ gives
 * the statements their meaning. A new architecture is a new file, never C. */
#ifndef RL_SPEC_FAMILY_H
#define RL_SPEC_FAMILY_H

#include "doc/expr.h"
#include "spec/citation.h"

/* One attribute of a statement: `rows: H*d_h`, `in: [x, o]`, `weights: "model.{l}.w"`.
 * The operator table of graph/ says whether it is an expression, a name or a list. */
typedef struct rl_attribute {
  const char *key;
  rl_loc loc;           /* of the key */
  const rl_node *value;
  const rl_expr *expr;  /* the value parsed as expression when it is a scalar that parses, else NULL */
} rl_attribute;

typedef struct rl_statement rl_statement;
struct rl_statement {
  const char *op;       /* "linear"; "repeat" for the layer loop */
  rl_loc loc;
  const rl_attribute *attributes;
  size_t attribute_count;
  const rl_expr *count; /* repeat: number of layers; `l` ranges over first..first+count-1 in the body */
  const rl_expr *first; /* repeat: NULL: 0 */
  const rl_expr *when;  /* repeat: left out where it is false; NULL: always there */
  const rl_statement *body;
  size_t body_count;
};

/* How the ranks of a tensor-parallel group divide a dim. */
typedef enum rl_shard_kind {
  RL_SHARD_HEADS,    /* as many on every rank */
  RL_SHARD_KV_HEADS, /* likewise; where there are fewer than ranks, several ranks keep the same one */
  RL_SHARD_WIDTH,    /* any cut */
  RL_SHARD_EXPERT_WIDTH, /* any cut; whole where ranks hold whole experts */
  RL_SHARD_KINDS
} rl_shard_kind;
extern const char *const RL_SHARD_WORDS[RL_SHARD_KINDS];
typedef struct rl_shard {
  const char *dim;
  rl_shard_kind kind;
  rl_loc loc;
} rl_shard;

/* What a sequence begins with beside its tokens. */
typedef enum rl_piece_kind {
  RL_PIECE_NONE,
  RL_PIECE_TEXT,
  RL_PIECE_SOUND,
  RL_PIECE_IMAGES /* of which a sequence may begin with several, or none */
} rl_piece_kind;
extern const char *const RL_PIECE_WORDS[]; /* "text", ... by rl_piece_kind; NULL first */

/* How a GGUF file of this family is known, and what it calls the config's keys. */
typedef struct rl_family_gguf {
  const char *const *architectures; /* general.architecture */
  size_t architecture_count;
  const rl_expr *when;              /* over the file's facts; NULL: always */
  const rl_node *config;            /* config key -> expression over the facts, beside the usual ones; NULL */
  const rl_node *join;              /* name of a tensor -> those that it is kept in, in order; NULL */
} rl_family_gguf;

typedef struct rl_family {
  const char *name;
  const char *file;
  const char *reference;          /* text that finds it again: its name or a path */
  const char *config_key;         /* `config: text_config`: key of config.json whose map holds the
                                     dims, NULL when they stand at its top */
  const char *const *model_types; /* values of config.json's model_type that it matches */
  size_t model_type_count;
  const rl_expr *untyped;         /* holds for configs of this family that say no model_type; NULL: of none */
  const rl_node *absent;          /* config key -> value where a config leaves the key out; null in
                                     the config stays null. NULL when the family has none */
  const rl_node *dims;            /* name -> expression over config keys and other dims; a dim that
                                     is a bare key requires the key */
  const rl_shard *shards;         /* dims that tensor parallelism divides */
  size_t shard_count;
  const rl_statement *graph;
  size_t statement_count;
  const char *const *neutral;     /* config keys that cost nothing and may be ignored */
  size_t neutral_count;
  const char *const *refused;     /* config keys that change cost in a way the graph does not say:
                                     an error when present and neither null, false nor 0 */
  size_t refused_count;
  rl_source_texts sources; /* what it was written from */
  const rl_node *cited;    /* name of a source -> expression: models of which it holds rest on it. Those
                              without one are for all of them. NULL when none has */
  rl_piece_kind source;          /* what the graph's encoder or vision tower reads */
  const rl_expr *source_positions;/* of a piece, when the workload does not say; NULL without a source */
  /* Of images taken at any size: pixels of the side of a patch, and of what sides are rounded to. */
  const rl_expr *source_patch, *source_round; /* NULL: every image has the positions above */
  const rl_expr *source_prompt;   /* prompt tokens when the workload does not say; NULL: as for others */
  rl_family_gguf gguf;
  const rl_expr *const *expressions; /* every expression of dims and graph, for what they mention */
  size_t expression_count;
} rl_family;

/* True when some expression of the family reads the name or a path through it (name.key). */
bool rl_family_mentions(const rl_family *family, const char *name);
/* Whether one of its expressions reads both. */
bool rl_family_relates(const rl_family *family, const char *a, const char *b);

#endif
