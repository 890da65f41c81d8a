/* Splits flat ranges into rows and each row between the group's own copy and memory. */
#include "kernels-ref/cpu/view.h"

#include "base/checked.h"

/* Consecutive values of one row: own ones first, they are the leading columns. */
static void read_span(const rl_view *view, rl_span span, float *values) {
  uint64_t own = 0;
  if (view->own != NULL && span.first < view->own_cols) {
    own = rl_min_u64(span.count, view->own_cols - span.first);
    rl_store_read(view->own, (rl_span){span.row, span.first, own}, values, NULL);
  }
  if (own == span.count) return;
  rl_store_read(&view->store, (rl_span){span.row, span.first + own, span.count - own}, values + own,
                view->touched);
}

static rl_span span_at(const rl_view *view, uint64_t at, uint64_t count) {
  uint64_t first = at % view->store.cols;
  return (rl_span){at / view->store.cols, first, rl_min_u64(count, view->store.cols - first)};
}

void rl_view_read(const rl_view *view, uint64_t at, uint64_t count, float *values) {
  for (uint64_t done = 0; done < count;) {
    rl_span span = span_at(view, at + done, count - done);
    read_span(view, span, values + done);
    done += span.count;
  }
}

void rl_view_write(const rl_view *view, uint64_t at, uint64_t count, const float *values) {
  for (uint64_t done = 0; done < count;) {
    rl_span span = span_at(view, at + done, count - done);
    rl_store_write(&view->store, span, values + done, view->touched);
    done += span.count;
  }
}

/* Where whole rows and ids come from: the group's own copy when it has one. */
static const rl_store *source_of(const rl_view *view, uint64_t **touched) {
  *touched = view->own != NULL ? NULL : view->touched;
  return view->own != NULL ? view->own : &view->store;
}

void rl_view_read_codes(const rl_view *view, uint64_t row, int32_t *codes) {
  uint64_t *touched;
  const rl_store *store = source_of(view, &touched);
  rl_store_read_codes(store, row, codes, touched);
}

void rl_view_read_scales(const rl_view *view, uint64_t row, float *scales) {
  uint64_t *touched;
  const rl_store *store = source_of(view, &touched);
  rl_store_read_scales(store, row, scales, touched);
}

uint32_t rl_view_read_id(const rl_view *view, uint64_t index) {
  uint64_t *touched;
  const rl_store *store = source_of(view, &touched);
  return rl_store_read_id(store, index, touched);
}

void rl_view_write_id(const rl_view *view, uint64_t index, uint32_t id) {
  rl_store_write_id(&view->store, index, id, view->touched);
}
