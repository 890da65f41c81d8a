/* One tree for YAML and JSON: maps, sequences and scalars that remember where they stood.
 * Scalars stay text until a schema asks for a type, which closes the YAML 1.1 traps. */
#ifndef RL_DOC_TREE_H
#define RL_DOC_TREE_H

#include "base/diag.h"

typedef enum rl_node_kind { RL_SCALAR, RL_SEQUENCE, RL_MAP } rl_node_kind;

typedef struct rl_node rl_node;
struct rl_node {
  rl_node_kind kind;
  bool quoted;      /* a quoted scalar (JSON string): never a number, bool or null */
  char style;       /* scalar: ' or " as quoted in the file, | for a block, 0 for a plain one */
  rl_loc loc;       /* of the node's first character */
  const char *text; /* scalar: NUL-terminated UTF-8 without NUL inside; NULL otherwise */
  size_t length;    /* of text */
  size_t count;     /* children of a map or sequence */
  rl_node **keys;   /* map: scalars, distinct texts */
  rl_node **items;  /* map values or sequence items; an alias shares its anchor's node */
  uint32_t weight;  /* nodes in the subtree with aliases counted in full, saturating */
};

/* Limits on any input, checked before memory is spent on it. */
typedef struct rl_doc_limits {
  size_t file_bytes;   /* 4 MiB */
  size_t scalar_bytes; /* 64 KiB */
  uint32_t nodes;      /* 200,000, aliases counted in full */
  uint32_t depth;      /* 64 */
  uint32_t anchors;    /* 256 */
} rl_doc_limits;
extern const rl_doc_limits RL_DOC_LIMITS;      /* YAML and config.json */
extern const rl_doc_limits RL_DOC_LIMITS_WIDE; /* safetensors index: 64 MiB, 2,000,000 nodes */

/* Reads a regular file (or "-": standard input) whole under a limit. On success *text is
 * NUL-terminated in the arena. */
rl_status rl_read_file(rl_arena *arena, const char *path, size_t limit, const char **text,
                       size_t *length, rl_diags *diags);
/* Opens a regular file to be read, which the caller closes whatever the status is; *size in bytes. */
rl_status rl_open_regular(const char *path, int *fd, uint64_t *size, rl_diags *diags);
/* What an errno says, in words of our own: strerror is neither thread-safe nor free of the locale. */
const char *rl_errno_words(int error);

/* A text to parse. file is the name shown in diagnostics and is kept. */
typedef struct rl_document {
  const char *file;
  const char *text;
  size_t length;
} rl_document;

/* Parse one document of UTF-8.
 * All nodes live in the arena. Reports everything it can; *root is NULL on failure. */
rl_status rl_parse_yaml(rl_arena *arena, const rl_document *document, const rl_doc_limits *limits,
                        rl_node **root, rl_diags *diags);
rl_status rl_parse_json(rl_arena *arena, const rl_document *document, const rl_doc_limits *limits,
                        rl_node **root, rl_diags *diags);

/* Value of a map's key, NULL when absent or when node is no map. */
rl_node *rl_node_get(const rl_node *node, const char *key);
/* True for an unquoted null, ~ or empty scalar. */
bool rl_node_is_null(const rl_node *node);

/* Typed reads of one node; each reports a located diagnostic and returns its status.
 * `what` names the field in the message. */
rl_status rl_node_u64(const rl_node *node, const char *what, uint64_t min, uint64_t max,
                      uint64_t *out, rl_diags *diags);
rl_status rl_node_double(const rl_node *node, const char *what, double min, double max, double *out,
                         rl_diags *diags);
rl_status rl_node_bool(const rl_node *node, const char *what, bool *out, rl_diags *diags);
/* Text of a scalar, quoted or not. */
rl_status rl_node_text(const rl_node *node, const char *what, const char **out, rl_diags *diags);
/* A name: 1..128 printable bytes without control or bidi characters. */
rl_status rl_node_name(const rl_node *node, const char *what, const char **out, rl_diags *diags);

/* Reports every key of the map that is not in `known` (with a did-you-mean), and a non-map. */
rl_status rl_node_known_keys(const rl_node *map, const char *where, const char *const *known,
                             size_t count, rl_diags *diags);

#endif
