/* Large files in memory as the system pages them in: nothing is copied, and what is not looked at
 * is not read. A file that is cut while it is mapped ends the program, as it does every other one.
 */
#ifndef RL_DOC_MAPPED_H
#define RL_DOC_MAPPED_H

#include "base/diag.h"

typedef struct rl_mapped {
  const char *path;     /* borrowed */
  const uint8_t *bytes; /* NULL: none, of an empty file, too */
  uint64_t size;
  void *memory; /* the same bytes, for giving them back */
} rl_mapped;

/* Maps a regular file for reading from front to back. The caller closes what was opened. */
rl_status rl_mapped_open(rl_mapped *mapped, const char *path, rl_diags *diags);
void rl_mapped_close(rl_mapped *mapped);

#endif
