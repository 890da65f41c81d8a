/* A drive that weights or KV may be kept on: what it holds, and how fast it is read by the size of
 * the pieces. Read-only once loaded. */
#ifndef RL_SPEC_STORAGE_H
#define RL_SPEC_STORAGE_H

#include "spec/citation.h"
#include "spec/types.h"

/* Reads of at least `bytes` each. */
typedef struct rl_storage_read {
  uint64_t bytes;
  rl_figure chunk, bandwidth; /* bytes, bytes/s */
} rl_storage_read;

typedef struct rl_storage {
  const char *name;      /* file stem: "nvme-gen4" */
  const char *file;
  const char *reference; /* text that finds it again: its name or a path */
  const char *title;
  rl_source_texts sources; /* what it was written from */
  uint64_t capacity;     /* bytes */
  rl_figure capacity_figure;
  const rl_storage_read *reads; /* ascending sizes, at least one */
  size_t read_count;
  uint64_t lanes;   /* of its connector; 0: not told */
  rl_figure signal; /* bit/s of one lane; absent: not told */
} rl_storage;

/* The figure that holds for pieces of that many bytes: that of the largest listed size not above
 * it; smaller pieces than the smallest are read at its rate of pieces, so *share < 1 of its bytes
 * a read are wanted. */
const rl_figure *rl_storage_bandwidth(const rl_storage *storage, uint64_t bytes, double *share);

#endif
