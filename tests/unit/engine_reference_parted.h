/* Caches that keep tokens apart, as their papers define them, for the second implementation. */
#ifndef RL_TESTS_ENGINE_REFERENCE_PARTED_H
#define RL_TESTS_ENGINE_REFERENCE_PARTED_H

#include "engine_reference.h"

typedef enum ref_packing {
  REF_PACK_CHANNELS, /* KIVI's keys: the tokens of a block share a scale in each channel */
  REF_PACK_GROUPS,   /* KIVI's values: so many channels of a token share one */
  REF_PACK_ROW,      /* one symmetric scale a token and head */
  REF_PACK_NOT,      /* as it came */
  REF_PACK_LARGEST,  /* Mustafar: the largest magnitudes of a token and head as they are, the others not */
  REF_PACK_GEAR      /* outliers, codes and directions of a block of `tokens` tokens and a head */
} ref_packing;

typedef struct ref_parted {
  ref_packing packing;
  int bits, size; /* tokens of a block, or channels of a group */
  int first, newest, step;
  int tenths, queries; /* ThinK: tenths of the channels of a head that are kept, rounded up, and the
                          newest queries that choose them; 0: all are */
  /* GEAR: tenths of a row that are outliers, directions, tokens of a block; whether its rows are channels */
  int outliers, rank, tokens;
  bool channels;
  int largest, more; /* Mustafar: tenths of a head that are kept, rounded up, and so many more */
} ref_parted;

/* Keys x [count, heads * dim] of which some are packed; queries q have `shared` times as many heads. */
typedef struct ref_keys {
  int heads, dim, shared;
  ref_rows q, x, packed;
} ref_keys;
/* Channels that are not kept become 0 in what is packed: chosen at the end of the pass that first
 * compresses a token, by the tokens there are then. cached[i]: tokens kept before token i's pass. */
void ref_leave_channels(const ref_parted *parted, const int *cached, int count,
                        const ref_keys *keys);
/* What stays of each token's key or value, x [count, heads * dim], when it is compressed; of tokens
 * whose block is not full, nothing that counts. */
void ref_pack(const ref_parted *parted, int count, const int shape[2], ref_rows x, ref_rows packed);
/* Token j is compressed when `cached` tokens are kept. */
bool ref_is_packed(const ref_parted *parted, int cached, int j);

#endif
