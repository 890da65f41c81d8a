/* The keys at the top of each kind of file, once: loaders refuse others, schemas and editors read
 * what they are. */
#ifndef RL_SPEC_KIND_KEYS_H
#define RL_SPEC_KIND_KEYS_H

#include "spec/db.h"

/* What a value may be. */
typedef enum rl_key_form {
  RL_KEY_TEXT,
  RL_KEY_TEXTS, /* a text or a list of them */
  RL_KEY_WHOLE,
  RL_KEY_TRUTH,
  RL_KEY_FIGURE, /* a number or a quantity, or a map {value, kind, source} of one */
  RL_KEY_MAP,
  RL_KEY_MAPS,    /* a list of maps */
  RL_KEY_SOURCES, /* a map of names to texts, or a list of texts */
  RL_KEY_ANY,
  RL_KEY_FORMS
} rl_key_form;

typedef struct rl_kind_key {
  const char *name;
  rl_key_form form;
  bool needed;
  const char *words; /* texts: the only ones there are, separated by blanks; NULL: any */
  const char *says;
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

struct rl_load;
/* Reports the keys of the file's top that the table does not have; where names it in messages. */
rl_status rl_known_keys(const struct rl_load *load, const rl_key_table *table, const char *where);

#endif
