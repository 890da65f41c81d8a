/* Quantities with units: "3.35 TB/s", "143771 MiB", "2.5 us", "700 W", "$2.49/h", "989.5 TFLOP/s".
 */
#ifndef RL_DOC_QUANTITY_H
#define RL_DOC_QUANTITY_H

#include "doc/tree.h"

typedef enum rl_dimension {
  RL_DIM_COUNT,           /* bare number */
  RL_DIM_BYTES,           /* B; k M G T P decimal, Ki Mi Gi Ti Pi binary */
  RL_DIM_BYTES_PER_S,     /* B/s */
  RL_DIM_FLOP_PER_S,      /* FLOP/s, and OP/s for integer types */
  RL_DIM_SECONDS,         /* s ms us ns min h */
  RL_DIM_HERTZ,           /* Hz */
  RL_DIM_WATTS,           /* W */
  RL_DIM_JOULES_PER_BYTE, /* J/B pJ/B */
  RL_DIM_JOULES_PER_FLOP, /* J/FLOP pJ/FLOP */
  RL_DIM_DOLLARS_PER_H,   /* $/h */
  RL_DIM_BITS_PER_S,      /* bit/s, T/s: transfers of one bit on a lane */
  RL_DIM_COUNT_OF_THEM
} rl_dimension;

/* What a field admits, in the base unit of its dimension. */
typedef struct rl_range {
  double min, max;
} rl_range;

/* Value in the base unit of the dimension (bytes, FLOP/s, seconds, ...), finite and >= 0.
 * A missing unit, a unit of another dimension, or a value outside the range is reported with
 * the units that would do. */
rl_status rl_node_quantity(const rl_node *node, const char *what, rl_dimension dimension,
                           rl_range range, double *out, rl_diags *diags);
/* As above for exact byte counts: "143771 MiB" -> 150754820096; fractions of a byte are refused. */
rl_status rl_node_bytes(const rl_node *node, const char *what, uint64_t *out, rl_diags *diags);
/* The same on bare text, for the command line. */
rl_status rl_text_quantity(const char *text, rl_loc loc, const char *what, rl_dimension dimension,
                           double *out, rl_diags *diags);
/* Whether two texts are the same number, with or without a unit, exactly: "1 TB/s", "1000 GB/s". */
bool rl_same_quantity(const char *a, const char *b);

#endif
