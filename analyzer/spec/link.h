/* A kind of link as its standard gives it: what no device's link of that name goes beyond.
 * Read-only once loaded. */
#ifndef RL_SPEC_LINK_H
#define RL_SPEC_LINK_H

#include "spec/types.h"

typedef struct rl_link_standard {
  const char *name; /* file stem: "pcie5" */
  const char *file;
  const char *title;
  rl_figure bandwidth; /* bytes/s in one direction, of the whole link a device has */
  rl_figure payload;   /* bytes/s in one direction that are data, when the standard tells */
  rl_figure latency;   /* s of a message without content; absent: not told */
  uint64_t lanes;      /* that carry bits in one direction; 0: not told */
  rl_figure signal;    /* bit/s of one lane; absent: not told */
} rl_link_standard;

#endif
