/* The roofs of a roofline: slopes of memory levels, ceilings of what computes, of each machine; the
 * ridges where they meet, and the names along them. */
#ifndef RL_REPORTS_CHART_ROOFS_H
#define RL_REPORTS_CHART_ROOFS_H

#include "reports/chart.h"
#include "reports/result.h"

/* The first columns of the chart's data, and the last one. */
enum {
  RL_ROOF_LAYER,
  RL_ROOF_INTENSITY,
  RL_ROOF_RATE,
  RL_ROOF_FLOP,
  RL_ROOF_BYTES,
  RL_ROOF_SECONDS,
  RL_ROOF_BOUND,
  RL_ROOF_LEVEL,
  RL_ROOF_SERIES,
  RL_ROOF_NAME,
  RL_ROOF_COLUMNS
};

/* A roof of a machine: FLOP/s, OP/s of integers, or bytes/s of a memory level. */
typedef struct rl_roof {
  const char *name; /* "hbm", "tensor.bf16" */
  const char *unit; /* "B/s", "FLOP/s", "OP/s" */
  double rate;
  bool slope;   /* a memory level */
  bool outmost; /* main memory */
  bool wide;    /* a ceiling over work whose bytes come from a cache that sets no limit */
  size_t machine;
  size_t guide; /* its line among the chart's */
  bool told;    /* of its ridge */
} rl_roof;

typedef struct rl_roofs {
  rl_chart *chart;
  RL_LIST(rl_roof) list;
  RL_LIST(const char *) machines;
  double low, high;        /* of intensities */
  double slowest, fastest; /* of rates */
} rl_roofs;

/* A limit of an operator, once for each machine; wide: what it reads is all in a cache. */
void rl_roofs_add(rl_roofs *roofs, const char *machine, const rl_result_roof *from, bool wide);
/* The axes show this. */
void rl_roofs_widen(rl_roofs *roofs, double intensity, double rate);
/* The axes: all points, all ceilings and every ridge. */
void rl_roofs_set_ranges(rl_roofs *roofs);
/* Whether a point is over the roofs of every machine, by more than what clocks differ. */
bool rl_roofs_exceeded(const rl_roofs *roofs, double intensity, double rate);
/* Rows, layers and keys; layers are numbered from 1. */
void rl_roofs_draw(rl_roofs *roofs);
/* The lines that names keep off, once the axes stand. */
void rl_roofs_outline(rl_roofs *roofs);
/* Names and ridges, once they are outlined. */
void rl_roofs_name(rl_roofs *roofs);
/* Below the plot those that found no place with their figure, once all names stand: where a roof
 * has no name at all, by a number that stands at it. */
void rl_roofs_tell_rest(rl_roofs *roofs);

#endif
