/* What the fast rows of `attention` share: keys and values are read where they are stored, block by
 * block, once for all query heads and tokens that meet them.
 *
 * Keys have fixed places: a block is RL_BLOCK_KEYS keys from a multiple of that number on, a split
 * RL_SPLIT_KEYS. In a block scores are sums over channels, first to last, and mixes sums over keys;
 * blocks of a split follow each other, then splits are merged, first to last. So a result depends
 * neither on the number of tokens, nor on threads, nor on who shares the block. */
#ifndef RL_CPU_ATTENTION_TILE_H
#define RL_CPU_ATTENTION_TILE_H

#include "kernels-ref/cpu/kernel.h"

enum {
  RL_BLOCK_KEYS = 64, /* bits of a word of `seen` */
  RL_SPLIT_KEYS = 512,
  RL_BLOCK_LANES = 16, /* sums of weights that stand side by side */
  RL_BLOCK_PAD = 32,   /* values that rows of keys and mixes are padded to */
  RL_QUERY_PANEL = 8   /* queries of a panel, where a tile takes them so */
};

/* What all blocks of a call have in common. Queries and weights are multiplied in words of 4 bytes:
 * one fp32 number, or two of 16 bits. */
typedef struct rl_attention_task {
  uint64_t head_dim, rotated; /* channels of keys and values; more of keys, stored apart */
  uint64_t words, own_words;  /* words of a query; those in front that meet head_dim channels */
  uint64_t padded_words;      /* all of them, rounded up to what vectors load */
  uint64_t width;             /* floats of a mix, padded */
  uint64_t codes;             /* stored bytes of a row in front of its scale */
  uint64_t rotated_codes;     /* and of one that is stored apart */
  uint64_t lanes;             /* sums of the weights of a row: RL_BLOCK_LANES, or 1 of panels */
  const rl_component *component;
  float scale, softcap; /* to scores in units of log2, as their cap is; 0: none */
} rl_attention_task;

/* Keys and values of one KV head, or latents, which are both, and all rows of queries that meet
 * them. */
typedef struct rl_attention_block {
  const uint8_t *keys,
      *values;    /* row of key 0 of the block; what lies outside first .. end is not read */
  uint64_t apart; /* bytes from the row of a key to that of the next */
  const uint8_t *rotated; /* row of key 0 of what is stored apart; NULL: nothing is */
  uint64_t rotated_apart;
  uint32_t first, end;
  uint64_t rows;
  const uint64_t *seen;                   /* [rows] bit j: the query attends to key j */
  const float *q;                         /* [rows][padded words], words of whatever they hold */
  float *mix;                             /* [rows][width] */
  float *lanes;                           /* [rows][lanes] sums of the weights */
  float *largest;                         /* [rows] score that both are relative to */
  float *room;                            /* rl_attention_room of them */
  const uint8_t *ahead[2], *ahead_end[2]; /* of keys and values: what is asked for meanwhile */
} rl_attention_block;

/* One way to meet stored keys and values with one instruction set. */
struct rl_attention_tile {
  rl_type type; /* of queries and weights in products: RL_F32 or RL_BF16 */
  void (*block)(const rl_attention_task *task, const rl_attention_block *block);
  /* A query as the words that the tile multiplies, two channels each, and two floats behind them.
   * NULL: as numbers of the type, in the order of the channels. */
  void (*arrange)(const rl_attention_task *task, const float *query, float *words);
  uint32_t together; /* channels that words come from together */
  uint32_t pad;      /* values that rows of mixes are padded to; 0: RL_BLOCK_PAD */
  /* Queries stand in panels of RL_QUERY_PANEL, [padded words / 2][rows][2 words], those of rows
   * that are not there 0; mixes, sums and largest scores have room for whole panels. */
  bool panels;
  const uint8_t *order; /* [pad] places of neighbouring channels in a mix; NULL: their order */
};

/* Floats that a block needs: keys by words, values, scores and weights. */
static inline uint64_t rl_attention_room(const rl_attention_task *task, uint64_t rows) {
  return RL_BLOCK_KEYS * (task->padded_words + task->width + rows + RL_BLOCK_LANES);
}

#endif
