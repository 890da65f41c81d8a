/* What every target checks of a document, whatever bytes it was made of; aborts when it is broken.
 */
#ifndef RL_TESTS_FUZZ_TREE_H
#define RL_TESTS_FUZZ_TREE_H

#include "doc/tree.h"

typedef rl_status fuzz_parser(rl_arena *arena, const rl_document *document,
                              const rl_doc_limits *limits, rl_node **root, rl_diags *diags);

/* Parses; a failure must be located and printable, a tree must hold its invariants and come back
 * the same when it is written as JSON and as YAML and read again. */
void fuzz_document(fuzz_parser *parse, const uint8_t *data, size_t size);

/* Aborts with a message unless the condition holds. */
void fuzz_require(bool condition, const char *what);
/* Every diagnostic is of the file, has text, and prints without a harmful byte. */
void fuzz_check_diags(rl_diags *diags);

/* The entry of a target: libFuzzer's and the replay's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
