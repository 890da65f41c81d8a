/* References as plain data and their BibTeX. What is the same work is one entry. */
#ifndef RL_REPORTS_BIBLIOGRAPHY_H
#define RL_REPORTS_BIBLIOGRAPHY_H

#include "base/buf.h"

/* Texts are data, borrowed, and quoted on the way out. */
typedef struct rl_reference {
  const char *type;    /* "software", "article", "misc"; a literal */
  const char *authors; /* "Gu & Dao", "Vaswani et al."; NULL: nobody is named */
  unsigned year;       /* 0: not known */
  const char *title;
  const char *arxiv;   /* "1706.03762"; NULL without */
  const char *url;     /* NULL without */
  const char *version; /* NULL without */
  const char *use;     /* what rests on it, and on which place in it: "family llama: 3.2" */
} rl_reference;

typedef struct rl_bibliography_entry {
  rl_reference reference; /* `use` joins those of all that were united */
  const char *key;        /* letters, digits and '-' only */
} rl_bibliography_entry;

typedef struct rl_bibliography {
  rl_arena *arena;
  RL_LIST(rl_bibliography_entry) list;
  bool failed; /* memory ran out: the writer fails its buffer then */
} rl_bibliography;

void rl_bibliography_init(rl_bibliography *bibliography, rl_arena *arena);
/* Adds the reference, or its use to the entry with the same authors, year and title. Keys follow
 * from these three alone, "vaswani2017attention"; works that would share one get a letter behind
 * it in the order in which they come. */
void rl_bibliography_add(rl_bibliography *bibliography, const rl_reference *reference);
/* One BibTeX entry each, in order. */
void rl_bibliography_write(rl_buf *out, const rl_bibliography *bibliography);

#endif
