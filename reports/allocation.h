/* Formats that were given to linear operators so that weights fit a budget, as plain data, and its
 * four forms. */
#ifndef RL_REPORTS_ALLOCATION_H
#define RL_REPORTS_ALLOCATION_H

#include "reports/grid.h"

/* A linear operator: all weights of that name, in all layers. */
typedef struct rl_result_share {
  const char *name, *format;
  uint64_t parameters, bytes;
  double worth; /* what its bits are multiplied with */
} rl_result_share;

typedef struct rl_result_allocation {
  const char *version, *model;
  const char *weights; /* as -w takes it */
  uint64_t budget, total,
      other; /* bytes: allowed, taken by all weights, of those by what is not chosen */
  double seconds, tpot; /* s a decode step: allowed (0: bytes were), taken at best */
  const char *hardware; /* and where, at which batch; */
  uint64_t batch;
  bool fits;            /* in its memory */
  const rl_result_share *shares;
  size_t share_count;
} rl_result_allocation;

void rl_allocation_terminal(rl_buf *out, const rl_result_allocation *result, const rl_style *style);
void rl_allocation_markdown(rl_buf *out, const rl_result_allocation *result);
void rl_allocation_csv(rl_buf *out, const rl_result_allocation *result);
/* Schema rooflinectl/1, kind "allocation". */
void rl_allocation_json(rl_buf *out, const rl_result_allocation *result);

#endif
