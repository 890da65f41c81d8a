/* The complaints of libyaml 0.2 that users meet, in words of ours; others pass through as they are.
 */
#include "doc/yaml_problem.h"

#include <string.h>

typedef struct wording {
  const char *theirs;
  const char *ours;
  const char *hint;
  bool at_context; /* the place to look at is where the construct began */
} wording;

static const wording wordings[] = {
    {"mapping values are not allowed in this context", "a ':' where no key can stand",
     "put the text in quotes, or check the indentation", false},
    {"did not find expected key", "a key was expected here",
     "keys of one map have the same indentation", false},
    {"could not find expected ':'", "a key without its ':'", "write key: value", true},
    {"found character that cannot start any token", "a character that cannot begin a value",
     "indent with blanks, not tabs; put texts that begin with @ ` or % in quotes", false},
    {"found a tab character that violates indentation", "a tab in the indentation",
     "indent with blanks", false},
    {"did not find expected ',' or ']'", "a list that is not closed by ']'",
     "put a ',' between its items", true},
    {"did not find expected ',' or '}'", "a map that is not closed by '}'",
     "put a ',' between its entries", true},
    {"found unexpected end of stream", "a quoted text that is not closed", "", true},
    {"found unexpected document indicator", "a quoted text that is not closed", "", true},
    {"did not find expected '-' indicator", "a list item was expected here",
     "items of one list have the same indentation", false},
    {"block sequence entries are not allowed in this context", "a '-' where no list can begin",
     "begin the list on the next line", false},
    {"block mapping entries are not allowed in this context", "a key where none can stand",
     "begin the map on the next line", false},
    {"did not find expected node content", "a value was expected here", "", false},
    {"did not find expected <document start>", "text after the end of the document",
     "one file holds one document", false},
    {"found unknown escape character", "an escape that YAML does not know",
     "use single quotes, or write \\\\ for a backslash", false},
    {"did not find expected comment or line break", "text after the head of a block",
     "begin the block on the next line", false},
};

static const wording *find_wording(const char *theirs) {
  for (size_t i = 0; i < sizeof wordings / sizeof *wordings; i++) {
    if (strcmp(wordings[i].theirs, theirs) == 0) return &wordings[i];
  }
  return NULL;
}

static rl_loc mark_loc(const char *file, yaml_mark_t mark) {
  return (rl_loc){
      .file = file, .line = (uint32_t)mark.line + 1, .column = (uint32_t)mark.column + 1};
}

rl_status rl_yaml_problem(const yaml_parser_t *parser, const rl_document *document,
                          rl_diags *diags) {
  if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL) return rl_diag_oom(diags);
  const wording *w = find_wording(parser->problem);
  const char *words = w != NULL ? w->ours : parser->problem;
  const char *hint = w != NULL ? w->hint : NULL;
  rl_loc loc = mark_loc(document->file, parser->problem_mark);
  if (parser->error == YAML_READER_ERROR) loc = rl_text_loc(document, parser->problem_offset);
  if (w != NULL && w->at_context && parser->context != NULL) {
    loc = mark_loc(document->file, parser->context_mark);
  }
  return RL_REPORT(diags, YAML_SYNTAX, loc, words, hint);
}
