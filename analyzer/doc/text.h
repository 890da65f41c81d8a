/* The text of a whole input before any parser sees it: encoding and characters. Private to doc/. */
#ifndef RL_DOC_TEXT_H
#define RL_DOC_TEXT_H

#include "doc/tree.h"

/* Refuses a text that is too large, not UTF-8 (UTF-16 and UTF-32 are named), or holds a NUL;
 * with printable_only also other control characters and separators YAML would trip over. Skips a
 * UTF-8 byte order mark. Reports the first finding at its true line and column. */
rl_status rl_text_check(rl_document *document, const rl_doc_limits *limits, bool printable_only,
                        rl_diags *diags);
/* Line and column (in code points) of a byte offset. */
rl_loc rl_text_loc(const rl_document *document, size_t offset);

#endif
