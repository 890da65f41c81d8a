/* The shipped descriptions inside the program, the last layer of the database: kind, name and
 * aliases are found at build time, so that opening the database reads none of them. The table is
 * generated (cmake/embed_main.c) and empty with -DRL_EMBED_DB=OFF. */
#ifndef RL_SPEC_EMBEDDED_H
#define RL_SPEC_EMBEDDED_H

#include "spec/db.h"

extern const rl_db_entry RL_EMBEDDED[]; /* sorted by path; texts are NUL-terminated */
extern const size_t RL_EMBEDDED_COUNT;

#endif
