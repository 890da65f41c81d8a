/* The units the program knows. Private to doc/. */
#ifndef RL_DOC_UNIT_TABLE_H
#define RL_DOC_UNIT_TABLE_H

#include "doc/quantity.h"

/* One unit is factor * 2^power2 * 10^power10 of its dimension's base unit. */
typedef struct rl_unit {
  rl_dimension dimension;
  const char *text;
  int power10;
  int power2;
  unsigned factor;
} rl_unit;

/* The unit written exactly so; one of `dimension` when several dimensions share the text. */
const rl_unit *rl_unit_find(const char *text, rl_dimension dimension);
/* Units of a dimension, largest last; returns how many (at most RL_UNITS_OF). */
enum { RL_UNITS_OF = 24 };
size_t rl_units_of(rl_dimension dimension, const char *out[RL_UNITS_OF]);
/* "a data size", "a bandwidth", ... */
const char *rl_dimension_words(rl_dimension dimension);
/* Base unit, as rl_print_si wants it: "B/s". */
const char *rl_dimension_unit(rl_dimension dimension);

#endif
