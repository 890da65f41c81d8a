/* An operand as a kernel sees it: values in a row-major order, addressed by one flat index. Behind
 * it stand the stored bytes, a bitmap of the bytes touched, and, inside a fused group, the part
 * that the group wrote itself and therefore does not read from memory. */
#ifndef RL_CPU_VIEW_H
#define RL_CPU_VIEW_H

#include "kernels-ref/cpu/store.h"

typedef struct rl_view {
  rl_store store;
  uint64_t block;    /* values of one block: a token's activation, a kept token's KV heads */
  uint64_t *touched; /* one bit a stored byte; NULL: not counted */
  /* Inside a fused group: where the parts write this tensor, and which values they have written. A
   * view that is read takes those from there; one that is written marks them. NULL outside groups.
   */
  const rl_store *own;
  uint64_t *written;
} rl_view;

/* count values from flat index `at` on, which may run over several rows. */
void rl_view_read(const rl_view *view, uint64_t at, uint64_t count, float *values);
/* A quantized tensor is written in whole rows. */
void rl_view_write(const rl_view *view, uint64_t at, uint64_t count, const float *values);
/* Codes and group scales of one row, for integer products; the store must be an integer one. */
void rl_view_read_codes(const rl_view *view, uint64_t row, int32_t *codes);
void rl_view_read_scales(const rl_view *view, uint64_t row, float *scales);
/* The stored bytes of a whole row, wherever it is; its store must have its rows one by one. */
const uint8_t *rl_view_take_row(const rl_view *view, uint64_t row);
uint32_t rl_view_read_id(const rl_view *view, uint64_t index);
void rl_view_write_id(const rl_view *view, uint64_t index, uint32_t id);

#endif
