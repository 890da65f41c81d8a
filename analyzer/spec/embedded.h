/* The shipped descriptions inside the program, the last layer of the database. The table is
 * generated at build time (cmake/embed.cmake) and empty with -DRL_EMBED_DB=OFF. */
#ifndef RL_SPEC_EMBEDDED_H
#define RL_SPEC_EMBEDDED_H

#include <stddef.h>

typedef struct rl_embedded {
  const char *path; /* "hwdb/nvidia/h100-sxm.yaml" */
  const char *text; /* NUL-terminated */
  size_t length;    /* bytes, without the NUL */
} rl_embedded;

extern const rl_embedded RL_EMBEDDED[]; /* sorted by path */
extern const size_t RL_EMBEDDED_COUNT;

#endif
