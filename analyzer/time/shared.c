/* Rows that ask the same of every resource at every point. */
#include "time/shared.h"

/* Equal forms are stored once. */
static bool same_form(const rl_form *a, const rl_form *b) {
  if (a->terms == 0 || b->terms == 0) return a->terms == b->terms;
  return a->first == b->first && a->terms == b->terms && a->divisor == b->divisor;
}

static bool same_counts(const rl_cost_row *a, const rl_cost_row *b) {
  for (int k = 0; k < RL_COUNTS; k++) {
    if (!same_form(&a->counts[k], &b->counts[k])) return false;
  }
  return true;
}

static bool same_rates(const rl_row_time *a, const rl_row_time *b) {
  const double of_a[] = {a->per_matrix, a->per_vector, a->per_byte,      a->per_cache_byte,
                         a->far_weight, a->far_kv,     a->far_activation};
  const double of_b[] = {b->per_matrix, b->per_vector, b->per_byte,      b->per_cache_byte,
                         b->far_weight, b->far_kv,     b->far_activation};
  for (size_t i = 0; i < sizeof of_a / sizeof of_a[0]; i++) {
    if (of_a[i] < of_b[i] || of_a[i] > of_b[i]) return false;
  }
  return a->on_host == b->on_host;
}

/* The row before this one that it shares with; the row itself where there is none. */
static uint32_t first_like(const rl_cost *cost, const rl_row_time *rows, uint32_t row) {
  for (uint32_t r = 0; r < row; r++) {
    if (rows[r].again || cost->rows[r].way_count > 0) continue;
    if (same_counts(&cost->rows[r], &cost->rows[row]) && same_rates(&rows[r], &rows[row])) return r;
  }
  return row;
}

void rl_rows_share(const rl_cost *cost, rl_row_time *rows) {
  uint8_t last = 0;
  for (uint32_t row = 0; row < cost->row_count; row++) {
    if (cost->rows[row].way_count > 0) continue;
    const uint32_t like = first_like(cost, rows, row);
    if (like == row) continue;
    if (rows[like].shared == 0) {
      if (last + 1 == RL_SHARED_ROWS) continue;
      rows[like].shared = ++last;
    }
    rows[row].shared = rows[like].shared;
    rows[row].again = true;
  }
}
