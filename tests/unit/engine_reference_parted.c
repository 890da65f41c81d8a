/* KIVI (Liu et al. 2024): eq. 1 and algorithm 1, on doubles. */
#include "engine_reference_parted.h"

#include <string.h>

#include "engine_reference_numbers.h"

/* The oldest behind the first leave, a whole step at a time, while the newest and a step are there. */
bool ref_is_packed(const ref_parted *parted, int cached, int j) {
  int gone = 0;
  while (cached - parted->first - gone >= parted->newest + parted->step) gone += parted->step;
  return j >= parted->first && j < parted->first + gone;
}

static void pack_channels(const ref_parted *parted, int count, int width, ref_rows packed) {
  double channel[REF_TOKENS];
  const int size = parted->size;
  for (int from = parted->first; from + size <= count; from += size) {
    for (int c = 0; c < width; c++) {
      for (int t = 0; t < size; t++) channel[t] = packed[from + t][c];
      ref_round_range(parted->bits, channel, size);
      for (int t = 0; t < size; t++) packed[from + t][c] = channel[t];
    }
  }
}

static void pack_groups(const ref_parted *parted, double *head, int dim) {
  for (int c = 0; c < dim; c += parted->size) {
    int rest = dim - c;
    ref_round_range(parted->bits, head + c, rest < parted->size ? rest : parted->size);
  }
}

void ref_pack(const ref_parted *parted, int count, const int shape[2], ref_rows x, ref_rows packed) {
  const int heads = shape[0], dim = shape[1];
  for (int t = 0; t < count; t++) memcpy(packed[t], x[t], sizeof packed[t]);
  if (parted->packing == REF_PACK_CHANNELS) {
    pack_channels(parted, count, heads * dim, packed);
    return;
  }
  for (int t = 0; t < count; t++) {
    for (int h = 0; h < heads; h++) {
      if (parted->packing == REF_PACK_GROUPS) pack_groups(parted, &packed[t][h * dim], dim);
      if (parted->packing == REF_PACK_ROW) ref_round(REF_INT8_TOKEN, &packed[t][h * dim], dim);
    }
  }
}
