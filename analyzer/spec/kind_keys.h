/* The keys of each kind of file and of the maps in it, once: loaders refuse others, schemas and
 * editors read what they are. */
#ifndef RL_SPEC_KIND_KEYS_H
#define RL_SPEC_KIND_KEYS_H

#include "doc/tree.h"
#include "spec/db.h"

/* What a value may be. */
typedef enum rl_key_form {
  RL_KEY_TEXT,
  RL_KEY_TEXTS, /* a text or a list of them */
  RL_KEY_WHOLE,
  RL_KEY_TRUTH,
  RL_KEY_FIGURE, /* a number or a quantity, or a map {value, kind, source} of one */
  RL_KEY_RANGE,  /* a figure, or a map {low, high, kind, source} */
  RL_KEY_MAP,
  RL_KEY_MAPS,        /* a list of maps */
  RL_KEY_NAMED,       /* a map of names to maps; words: the pattern of names */
  RL_KEY_WORD_OR_MAP, /* a text or a map */
  RL_KEY_LIST,
  RL_KEY_SOURCES, /* a map of names to texts, or a list of texts */
  RL_KEY_RULES,   /* a list of rules (docs/check.md) */
  RL_KEY_ANY,
  RL_KEY_FORMS
} rl_key_form;

/* The maps inside files that have a table of their own. */
typedef enum rl_nested_keys {
  RL_BELOW_ANY, /* no table: any key */
  RL_BELOW_FIGURE,
  RL_BELOW_RANGE,
  RL_BELOW_PEAK,
  RL_BELOW_LEVEL,
  RL_BELOW_LINK,
  RL_BELOW_POWER,
  RL_BELOW_ENERGY,
  RL_BELOW_THROTTLE,
  RL_BELOW_READ,
  RL_BELOW_KERNEL,
  RL_BELOW_FIT,
  RL_BELOW_HOST,
  RL_BELOW_COMPONENT,
  RL_BELOW_DENSE,
  RL_BELOW_QUANT,
  RL_BELOW_LUT,
  RL_BELOW_SPARSE,
  RL_BELOW_LOWRANK,
  RL_BELOW_TRELLIS,
  RL_BELOW_MASK,
  RL_BELOW_TAIL,
  RL_BELOW_COMPARE,
  RL_BELOW_STORED,
  RL_BELOW_TENSOR,
  RL_BELOW_MATCH,
  RL_BELOW_SOURCE,
  RL_BELOW_GGUF,
  RL_BELOW_REPEAT,
  RL_BELOW_STATEMENT, /* an operator kind with its attributes (graph/statement.h), or a repeat */
  RL_BELOW_WEIGHTS,   /* and patterns of operators */
  RL_BELOW_KV,
  RL_BELOW_EXPERTS,
  RL_BELOW_PARALLEL,
  RL_BELOW_PLACEMENT,
  RL_BELOW_POOLS,
  RL_BELOW_WORKLOAD,
  RL_BELOW_RULES,
  RL_BELOW_TABLES
} rl_nested_keys;

typedef struct rl_kind_key {
  const char *name;
  rl_key_form form;
  bool needed;
  const char *words; /* texts: the only ones there are, separated by blanks; NULL: any */
  const char *says;
  rl_nested_keys below; /* of maps and lists of maps */
} rl_kind_key;

enum { RL_KIND_KEYS_MAX = 32 };
typedef struct rl_key_table {
  rl_kind_key keys[RL_KIND_KEYS_MAX];
  const char *title;
} rl_key_table;

/* Without `kind` itself; behind the last key is one without a name. */
extern const rl_key_table RL_KEY_TABLES[RL_DB_KINDS];
/* A machine of several devices (kind: hardware with `device`). */
extern const rl_key_table RL_SERVER_KEYS;
extern const rl_key_table RL_NESTED_KEYS[RL_BELOW_TABLES];
/* Rules of the gate (kind: check). */
extern const rl_key_table RL_RULES_KEYS;
/* The names of a table's keys, RL_KIND_KEYS_MAX at most; how many. */
size_t rl_key_names(const rl_key_table *table, const char **names);

struct rl_load;
/* What a key is, of the file's kind or inner map that `where` names last; NULL: no table has it. */
const rl_kind_key *rl_key_of(const char *where, const char *name);
/* Reports the map's keys that are not among the table's, and where those belong that the file's other
 * tables have; first is one more that is known, or NULL. */
rl_status rl_table_known(const struct rl_load *load, const rl_node *map, const rl_key_table *table,
                         const char *where, const char *first);
/* Reports the keys of the file's top that the table does not have; where names it in messages. */
rl_status rl_known_keys(const struct rl_load *load, const rl_key_table *table, const char *where);
/* The same of a map inside the file. */
rl_status rl_nested_known(const struct rl_load *load, const rl_node *node, rl_nested_keys below,
                          const char *where);

#endif
