/* Texts that name papers, as descriptions and operator kinds carry them: "Authors Year, Title, place
 * in it"; several are separated by "; ". Documents of makers are named freely. */
#ifndef RL_SPEC_CITATION_H
#define RL_SPEC_CITATION_H

#include "spec/types.h"

/* A text under `sources:` or `source:`, and where it stands. */
typedef struct rl_source_text {
  const char *text;
  rl_loc loc;
  const char *name; /* its key; NULL: of a list, or alone */
} rl_source_text;
typedef struct rl_source_texts {
  const rl_source_text *items;
  size_t count;
} rl_source_texts;

/* Those of `a`, then those of `b`; of `a` alone when memory runs out. */
rl_source_texts rl_source_texts_join(rl_arena *arena, rl_source_texts a, rl_source_texts b);

/* Most authors that a text names: one, "A & B" or "A et al.". */
typedef struct rl_citation {
  const char *authors; /* "Vaswani et al."; NULL: a document that is named freely */
  unsigned year;       /* 0: not said */
  const char *title;   /* "" when it is neither said nor known from spec/works.def */
  const char *arxiv;   /* "1706.03762", NULL when not known */
  const char *place;   /* "3.2 and 3.4 (scaling)", "" when none is said */
} rl_citation;

/* The piece at *text up to the next that names a paper, and moves *text behind it; false at the end
 * or (out->title NULL) when memory ran out. Texts live in the arena. */
bool rl_citation_next(rl_arena *arena, const char **text, rl_citation *out);
/* A paper with authors, year and title. */
bool rl_citation_is_paper(const rl_citation *citation);

#endif
