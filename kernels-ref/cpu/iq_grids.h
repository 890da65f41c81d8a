/* Grids of GGUF's formats of 1 to 3 bits: an index stands for the levels of eight or of four
 * neighbouring values, of which only some combinations are there. A vector is kept as four
 * characters. Of eight values each holds two digits of base 3, three times the first and the
 * second ('5': digits 1 and 2); of four values one digit of base 8. A digit counts the levels of
 * the grid from the lowest on. */
#ifndef RL_CPU_IQ_GRIDS_H
#define RL_CPU_IQ_GRIDS_H

#include <stdint.h>

enum {
  RL_IQ_PIECES = 4, /* characters of a vector */
  RL_IQ_ACROSS = 16,
  RL_IQ_LINE = RL_IQ_ACROSS * RL_IQ_PIECES + 1,
  RL_IQ_KINDS = 9, /* of characters */
};

typedef enum rl_iq_grid_id {
  RL_IQ_EIGHTS_256,   /* iq2_xxs */
  RL_IQ_EIGHTS_512,   /* iq2_xs */
  RL_IQ_EIGHTS_1024,  /* iq2_s */
  RL_IQ_FOURS_256,    /* iq3_xxs */
  RL_IQ_FOURS_512,    /* iq3_s */
  RL_IQ_TERNARY_2048, /* iq1_s, iq1_m */
  RL_IQ_GRID_COUNT
} rl_iq_grid_id;

typedef struct rl_iq_grid {
  const char (*lines)[RL_IQ_LINE];
  uint16_t count; /* of vectors, a power of two */
  uint8_t values; /* of a vector: 8 or 4 */
  int8_t levels[8];
} rl_iq_grid;
extern const rl_iq_grid RL_IQ_GRIDS[RL_IQ_GRID_COUNT];

/* The nth character of a vector, 0 to 8. */
uint32_t rl_iq_piece(const rl_iq_grid *grid, uint32_t index, uint32_t nth);
/* The nth of the levels that a character stands for. */
int8_t rl_iq_level(const rl_iq_grid *grid, uint32_t piece, uint32_t nth);
/* All levels of a vector. */
void rl_iq_vector(const rl_iq_grid *grid, uint32_t index, int8_t *levels);

#endif
