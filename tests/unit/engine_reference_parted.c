/* KIVI (Liu et al. 2024): eq. 1 and algorithm 1; ThinK (Xu et al. 2024): eq. 5 and 6; on doubles.
 */
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

/* Tokens at the end of the first pass behind which some are compressed; 0: there is none yet. */
static int first_packed(const ref_parted *parted, const int *cached, int count) {
  for (int i = 0; i < count; i++) {
    const bool last = i + 1 == count || cached[i + 1] != cached[i];
    if (last && ref_is_packed(parted, i + 1, parted->first)) return i + 1;
  }
  return 0;
}

/* Who chooses the channels of the keys x. */
typedef struct choosing {
  int first_query, end, shared, dim;
  ref_rows q, x;
} choosing;

/* The norm of what channel c of head h adds to the scores: that of its queries times that of its
 * keys. */
static double channel_weight(const choosing *by, int h, int c) {
  double of_queries = 0, of_keys = 0;
  for (int i = by->first_query; i < by->end; i++) {
    for (int g = h * by->shared; g < (h + 1) * by->shared; g++) {
      of_queries += by->q[i][g * by->dim + c] * by->q[i][g * by->dim + c];
    }
  }
  for (int j = 0; j < by->end; j++) {
    of_keys += by->x[j][h * by->dim + c] * by->x[j][h * by->dim + c];
  }
  return of_queries * of_keys;
}

static bool is_left(const choosing *by, int kept, int h, int c) {
  int heavier = 0;
  for (int o = 0; o < by->dim; o++) {
    heavier += channel_weight(by, h, o) > channel_weight(by, h, c);
  }
  return heavier >= kept;
}

void ref_leave_channels(const ref_parted *parted, const int *cached, int count,
                        const ref_keys *keys) {
  const int end = first_packed(parted, cached, count);
  if (parted->tenths == 0 || end == 0) return;
  const int begin = cached[end - 1], newest = end - parted->queries;
  const int kept = (keys->dim * parted->tenths + 9) / 10;
  const choosing by = {
      newest > begin ? newest : begin, end, keys->shared, keys->dim, keys->q, keys->x};
  for (int c = 0; c < keys->heads * keys->dim; c++) {
    if (!is_left(&by, kept, c / keys->dim, c % keys->dim)) continue;
    for (int t = 0; t < count; t++) keys->packed[t][c] = 0;
  }
}
