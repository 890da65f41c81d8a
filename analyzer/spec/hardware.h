/* A machine: peaks by engine and type, memory levels, links, power, price. Read-only once loaded. */
#ifndef RL_SPEC_HARDWARE_H
#define RL_SPEC_HARDWARE_H

#include "spec/citation.h"
#include "spec/types.h"

/* Dense peak of one engine and operand type; never derived from another type's. */
typedef struct rl_peak {
  rl_engine engine;
  rl_type type;
  rl_type accumulate;
  rl_figure rate;     /* FLOP/s (OP/s for integers) */
  double sparse_2_4;  /* factor with 2:4 weights, 0 when the engine has none */
} rl_peak;

typedef struct rl_memory_level {
  const char *name;    /* "l2", "hbm" */
  uint64_t capacity;   /* bytes, exact */
  uint64_t usable;     /* bytes an application can have; = capacity when not given */
  rl_figure capacity_figure, usable_figure;
  rl_figure bandwidth; /* bytes/s for reading; absent (0) = never the bound */
  rl_figure bandwidth_low; /* measured bimodal machines; absent = bandwidth */
  rl_figure latency;   /* seconds */
  uint64_t lanes;      /* data pins of its bus; 0: not told */
  rl_figure signal;    /* bit/s of one pin; absent: not told */
} rl_memory_level;

typedef struct rl_link {
  const char *name;
  uint64_t peers;
  rl_figure bandwidth; /* bytes/s in one direction, all links of the device together */
  rl_figure latency;
  uint64_t lanes;   /* that carry bits in one direction; 0: those of the standard of its name */
  rl_figure signal; /* bit/s of one lane; absent: that of the standard */
} rl_link;

typedef struct rl_hardware {
  const char *name;    /* file stem: "h100-sxm" */
  const char *file;
  const char *reference; /* text that finds it again: its name, a path or an id */
  const char *vendor;  /* folder: "nvidia" */
  const char *title;   /* "NVIDIA H100 SXM5 80 GB" */
  const char *arch;    /* "hopper": what profiles are fitted for */
  rl_loc arch_loc;
  const char *default_for; /* "h100" or NULL */
  rl_source_texts sources; /* what it was written from */
  bool host;           /* it can stand behind the host link of devices */
  bool common;         /* many people have it: shown where no machine is named */
  uint64_t devices;    /* of a server: how many; all figures but links and price are those of one.
                          1 for a device */
  rl_figure cores;
  rl_figure clock;     /* Hz; absent when not given */
  double capability;   /* CUDA's compute capability; 0: none */
  const rl_peak *peaks;
  size_t peak_count;
  const rl_memory_level *levels; /* from the innermost to main memory: the last one is main */
  size_t level_count;
  const rl_link *links; /* of a server from the innermost tier outwards */
  size_t link_count;
  rl_figure tdp;       /* W */
  rl_figure idle;      /* W */
  rl_figure energy_per_byte, energy_per_flop; /* J */
  rl_figure throttled;       /* share of the peaks that lasting load leaves; absent: all of them */
  rl_figure throttled_after; /* s of full load */
  rl_figure price;     /* $/h */
} rl_hardware;

const rl_peak *rl_hardware_peak(const rl_hardware *hardware, rl_engine engine, rl_type type);
/* Where products of `type` run: the tensor engine of that type, else the vector engine of it, else
 * the same with the next wider type (RL_TYPES[].wider). NULL when there is none. */
const rl_peak *rl_hardware_matrix_peak(const rl_hardware *hardware, rl_type type);
/* Where element-wise work runs: vector f32 (the widest vector peak when f32 is absent). */
const rl_peak *rl_hardware_vector_peak(const rl_hardware *hardware);
const rl_memory_level *rl_hardware_main(const rl_hardware *hardware);
/* The link with a single peer, which is the host; NULL when the file has none. */
const rl_link *rl_hardware_host_link(const rl_hardware *hardware);
/* The level before main memory, NULL when there is only one. */
const rl_memory_level *rl_hardware_cache(const rl_hardware *hardware);

/* How many of its figures are of kind unverified. */
size_t rl_hardware_unverified(const rl_hardware *hardware);
/* The link of most bandwidth that joins devices; NULL when none does. */
const rl_link *rl_hardware_peer_link(const rl_hardware *hardware);

/* The first link that joins at least so many devices; NULL when none does. */
const rl_link *rl_hardware_link(const rl_hardware *hardware, uint64_t devices);
/* The same of neighbouring devices from that number on: a link of p peers joins devices 0 to p - 1,
 * the next p, and so on. */
const rl_link *rl_hardware_link_from(const rl_hardware *hardware, uint64_t first,
                                     uint64_t devices);
/* What these devices exchange over: the link that joins them; of a device that no link joins with
 * others, the link to its host, up which one sends and down which another receives. NULL when there
 * is neither. */
const rl_link *rl_hardware_exchange_link(const rl_hardware *hardware, uint64_t first,
                                         uint64_t devices);

#endif
