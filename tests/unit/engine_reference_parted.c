/* KIVI (Liu et al. 2024): eq. 1 and algorithm 1; ThinK (Xu et al. 2024): eq. 5 and 6; GEAR (Kang et
 * al. 2024): algorithm 1; on doubles.
 */
#include "engine_reference_parted.h"

#include <math.h>
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

static void pack_largest(const ref_parted *parted, double *head, int dim) {
  const int kept = (dim * parted->largest + 9) / 10 + parted->more;
  bool left[REF_WIDTH];
  for (int c = 0; c < dim; c++) {
    int larger = 0;
    for (int o = 0; o < dim; o++) {
      larger += fabs(head[o]) > fabs(head[c]) || (fabs(head[o]) == fabs(head[c]) && o < c);
    }
    left[c] = larger >= kept;
  }
  for (int c = 0; c < dim; c++) {
    if (left[c]) head[c] = 0;
  }
}

static void pack_groups(const ref_parted *parted, double *head, int dim) {
  for (int c = 0; c < dim; c += parted->size) {
    int rest = dim - c;
    ref_round_range(parted->bits, head + c, rest < parted->size ? rest : parted->size);
  }
}

enum { GEAR_ROWS = 24 };
typedef struct gear_block {
  int rows, cols;
  double of[GEAR_ROWS][GEAR_ROWS], held[GEAR_ROWS][GEAR_ROWS]; /* what is left over, what is held */
} gear_block;

/* The largest magnitudes of a row, of equal ones the first, leave it. */
static void take_outliers(gear_block *b, int r, int tenths) {
  for (int n = 0; n < (b->cols * tenths + 9) / 10; n++) {
    int most = 0;
    for (int c = 1; c < b->cols; c++) {
      if (fabs(b->of[r][c]) > fabs(b->of[r][most])) most = c;
    }
    b->held[r][most] += (float)b->of[r][most];
    b->of[r][most] = 0;
  }
}

static void take_codes(const ref_parted *parted, gear_block *b, int r) {
  double codes[GEAR_ROWS];
  const int size = parted->channels ? b->cols : parted->size;
  memcpy(codes, b->of[r], sizeof codes);
  for (int c = 0; c < b->cols; c += size) {
    ref_round_range(parted->bits, codes + c, b->cols - c < size ? b->cols - c : size);
  }
  for (int c = 0; c < b->cols; c++) {
    b->held[r][c] += codes[c];
    b->of[r][c] -= codes[c];
  }
}

/* v becomes A^T A v without the directions before it, of length 1. */
static void step_direction(const gear_block *b, double (*directions)[GEAR_ROWS], int n, double *v) {
  double next[GEAR_ROWS] = {0}, length = 0;
  for (int r = 0; r < b->rows; r++) {
    double dot = 0;
    for (int c = 0; c < b->cols; c++) dot += b->of[r][c] * v[c];
    for (int c = 0; c < b->cols; c++) next[c] += dot * b->of[r][c];
  }
  for (int m = 0; m < n; m++) {
    double dot = 0, of = 0;
    for (int c = 0; c < b->cols; c++) dot += directions[m][c] * next[c];
    for (int c = 0; c < b->cols; c++) of += directions[m][c] * directions[m][c];
    for (int c = 0; c < b->cols; c++) next[c] -= of > 0 ? dot / of * directions[m][c] : 0;
  }
  for (int c = 0; c < b->cols; c++) length += next[c] * next[c];
  for (int c = 0; c < b->cols; c++) v[c] = length > 0 ? next[c] / sqrt(length) : 0;
}

/* Four steps from a start of ones and minus ones; then each row keeps its share of each direction.
 */
static void take_directions(gear_block *b, int rank) {
  double directions[GEAR_ROWS][GEAR_ROWS];
  for (int n = 0; n < rank; n++) {
    double *v = directions[n];
    for (int c = 0; c < b->cols; c++) v[c] = c * (n + 3) % 7 < 3 ? -1 : 1;
    for (int step = 0; step < 4; step++) step_direction(b, directions, n, v);
  }
  for (int n = 0; n < rank; n++) {
    const double *v = directions[n];
    for (int r = 0; r < b->rows; r++) {
      double dot = 0, of = 0;
      for (int c = 0; c < b->cols; c++) dot += v[c] * b->of[r][c];
      for (int c = 0; c < b->cols; c++) of += v[c] * v[c];
      for (int c = 0; c < b->cols && of > 0; c++) {
        b->held[r][c] += dot / of * v[c];
        b->of[r][c] -= dot / of * v[c];
      }
    }
  }
}

/* A block of one head, whose first token and channel are given. */
static void pack_gear(const ref_parted *parted, int from, int first, int dim, ref_rows packed) {
  const bool turned = parted->channels;
  gear_block b = {.rows = turned ? dim : parted->tokens, .cols = turned ? parted->tokens : dim};
  for (int i = 0; i < parted->tokens * dim; i++) {
    const int t = i / dim, c = i % dim;
    b.of[turned ? c : t][turned ? t : c] = packed[from + t][first + c];
  }
  for (int r = 0; r < b.rows; r++) take_outliers(&b, r, parted->outliers);
  for (int r = 0; r < b.rows; r++) take_codes(parted, &b, r);
  take_directions(&b, parted->rank);
  for (int i = 0; i < parted->tokens * dim; i++) {
    const int t = i / dim, c = i % dim;
    packed[from + t][first + c] = b.held[turned ? c : t][turned ? t : c];
  }
}

void ref_pack(const ref_parted *parted, int count, const int shape[2], ref_rows x, ref_rows packed) {
  const int heads = shape[0], dim = shape[1];
  for (int t = 0; t < count; t++) memcpy(packed[t], x[t], sizeof packed[t]);
  if (parted->packing == REF_PACK_CHANNELS) {
    pack_channels(parted, count, heads * dim, packed);
    return;
  }
  if (parted->packing == REF_PACK_GEAR) {
    for (int from = parted->first; from + parted->tokens <= count; from += parted->tokens) {
      for (int h = 0; h < heads; h++) pack_gear(parted, from, h * dim, dim, packed);
    }
    return;
  }
  for (int t = 0; t < count; t++) {
    for (int h = 0; h < heads; h++) {
      if (parted->packing == REF_PACK_GROUPS) pack_groups(parted, &packed[t][h * dim], dim);
      if (parted->packing == REF_PACK_LARGEST) pack_largest(parted, &packed[t][h * dim], dim);
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
