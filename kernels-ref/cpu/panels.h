/* The other order that a matrix may be stored in: panels of 16 rows whose bytes lie beside each
 * other, so that one load brings the same columns of all of them. The bytes are those of the rows,
 * as many and of the same values; only where they lie differs.
 *
 * A row is a run of blocks and a block a run of sections: codes, scales, zeros. Of a panel's block
 * the scales come first, then zeros and codes, so that all is read from its beginning to its end;
 * of a section the first unit of each row, then the second of each, and so on; a last unit may be
 * shorter. Rows behind the last whole panel stay rows. */
#ifndef RL_CPU_PANELS_H
#define RL_CPU_PANELS_H

#include "spec/format.h"

enum { RL_PANEL_ROWS = 16, RL_PANEL_SECTIONS = 3 };

typedef struct rl_panels {
  uint64_t rows;  /* of a matrix; 0: nothing is in panels */
  uint64_t block; /* bytes of a row's block: all of the row but for blocks of a fixed size */
  uint64_t row_bytes;
  uint64_t ends[RL_PANEL_SECTIONS];  /* of the sections within a block of a row */
  uint64_t begin[RL_PANEL_SECTIONS]; /* and where each begins in a panel, in bytes a row */
  uint32_t units[RL_PANEL_SECTIONS];
} rl_panels;

/* How matrices of so many rows of that format lie in panels; false where they never do: formats of
 * one component, of dense values, of codes with scales a row or group, or of some blocks, have
 * panels. */
bool rl_panels_lay_out(const rl_format *format, uint64_t rows, uint64_t cols, rl_panels *panels);
/* Where a byte lies that would be at the offset if all rows were rows. */
uint64_t rl_panels_at(const rl_panels *panels, uint64_t offset);
/* Puts `count` rows, 16 at most, into a panel; missing ones are zero. Not in place. */
void rl_panels_pack(const rl_panels *panels, const uint8_t *rows, uint64_t count, uint8_t *panel);

#endif
