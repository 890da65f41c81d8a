/* Number types, engines and figures: the small words every description is made of. */
#ifndef RL_SPEC_TYPES_H
#define RL_SPEC_TYPES_H

#include "doc/quantity.h"

/* Types that a component of a format may store and that an engine may multiply. */
typedef enum rl_type {
  RL_F32, RL_TF32, RL_BF16, RL_F16, RL_F8_E4M3, RL_F8_E5M2, RL_I32, RL_I8, RL_I4, RL_I2, RL_F4_E2M1,
  RL_F8_E8M0, /* powers of two: scales, never values */
  RL_NF4,     /* 16 quantiles of a normal distribution: codes, never multiplied */
  RL_FP4_BNB, /* the 4-bit floats of bitsandbytes, whose smallest is 1/192 of the largest: codes */
  RL_DYN8,    /* 256 values from -1 to 1 whose steps grow with them (dynamic tree): scales of scales */
  RL_TYPE_COUNT
} rl_type;

/* What multiplies: the matrix units or the vector units. */
typedef enum rl_engine { RL_TENSOR, RL_VECTOR, RL_ENGINES } rl_engine;

/* Facts of a type: one row a type. */
typedef struct rl_type_info {
  const char *name; /* "bf16" */
  uint8_t bits;     /* stored bits of one value (tf32 is stored as 32) */
  bool integer;
  rl_type accumulate; /* what a product of this type is summed in: f32, or i32 for integers */
  rl_type wider;      /* the next wider type a device may use instead; itself when there is none */
} rl_type_info;
extern const rl_type_info RL_TYPES[RL_TYPE_COUNT];
/* What a second of such operations is counted in: "OP/s" of integers, else "FLOP/s". */
static inline const char *rl_type_rate_unit(rl_type type) {
  return RL_TYPES[type].integer ? "OP/s" : "FLOP/s";
}
/* By name ("bf16", "fp16" and other usual spellings); false when unknown. */
bool rl_type_find(const char *name, rl_type *out);

/* A figure with its origin. provenance indexes the table of rl_sources; 0 means "not given". */
typedef enum rl_source_kind {
  RL_DATASHEET,
  RL_MEASURED,
  RL_DERIVED,
  RL_UNVERIFIED, /* told by others: the document that would settle it was not seen */
  RL_USER,
  RL_SOURCE_KINDS
} rl_source_kind;
/* The words of `kind:` in a file, and "given" for what the user gave. */
extern const char *const RL_SOURCE_KIND_WORDS[RL_SOURCE_KINDS];
typedef struct rl_source {
  rl_loc loc;          /* where the figure stands */
  rl_source_kind kind;
  const char *text;    /* what it rests on: document, table, formula */
} rl_source;
typedef struct rl_figure {
  double value; /* base unit of its dimension; 0 when absent */
  const rl_source *source; /* NULL when absent */
} rl_figure;

#endif
