/* Splits flat ranges into rows and each row between the group's own copy and memory. */
#include "kernels-ref/cpu/view.h"

#include "base/checked.h"

static bool in_hand(const rl_view *view, uint64_t row, uint64_t col) {
  return view->own != NULL && rl_store_is_marked(view->own, row, col, view->written);
}

/* Consecutive values of one row, in runs that come from one place. */
static void read_span(const rl_view *view, rl_span span, float *values) {
  for (uint64_t done = 0; done < span.count;) {
    rl_span rest = {span.row, span.first + done, span.count - done};
    bool own = false;
    if (view->own != NULL) {
      rest.count = rl_store_marked_run(view->own, rest, view->written, &own);
    }
    rl_store_read(own ? view->own : &view->store, rest, values + done, own ? NULL : view->touched);
    done += rest.count;
  }
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
    if (view->written != NULL) rl_store_mark(&view->store, span, view->written);
    done += span.count;
  }
}

/* Where a whole row comes from: the group's own copy when it has one. */
static const rl_store *row_source(const rl_view *view, uint64_t row, uint64_t **touched) {
  bool own = in_hand(view, row, 0);
  *touched = own ? NULL : view->touched;
  return own ? view->own : &view->store;
}

void rl_view_read_codes(const rl_view *view, uint64_t row, int32_t *codes) {
  uint64_t *touched;
  const rl_store *store = row_source(view, row, &touched);
  rl_store_read_codes(store, row, codes, touched);
}

void rl_view_read_scales(const rl_view *view, uint64_t row, float *scales) {
  uint64_t *touched;
  const rl_store *store = row_source(view, row, &touched);
  rl_store_read_scales(store, row, scales, touched);
}

const uint8_t *rl_view_take_row(const rl_view *view, uint64_t row) {
  uint64_t *touched;
  const rl_store *store = row_source(view, row, &touched);
  return rl_store_take_rows(store, row, 1, touched);
}

uint32_t rl_view_read_id(const rl_view *view, uint64_t index) {
  return rl_store_read_id(&view->store, index, view->touched);
}

void rl_view_write_id(const rl_view *view, uint64_t index, uint32_t id) {
  rl_store_write_id(&view->store, index, id, view->touched);
}
