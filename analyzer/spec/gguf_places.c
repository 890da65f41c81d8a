/* Tensors in the order of their data, each held against the one in front of it and the file. */
#include "spec/gguf_places.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"

static int by_offset(const void *a, const void *b) {
  const rl_gguf_place *left = a, *right = b;
  if (left->offset != right->offset) return left->offset < right->offset ? -1 : 1;
  if (left->bytes != right->bytes) return left->bytes < right->bytes ? -1 : 1;
  return strcmp(left->name, right->name);
}

static rl_status wrong(const rl_load *load, const rl_gguf_data *data, const rl_gguf_place *place,
                       const char *what) {
  if (what == NULL) return rl_diag_oom(load->diags);
  return RL_REPORT(load->diags, GGUF_TENSOR, (rl_loc){.file = data->path}, place->name, what);
}

static rl_status check_place(const rl_load *load, const rl_gguf_data *data,
                             const rl_gguf_place *place) {
  char at[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  uint64_t end;
  rl_print_grouped(place->offset, at);
  if (place->offset % data->alignment != 0) {
    rl_print_grouped(data->alignment, limit);
    return wrong(
        load, data, place,
        rl_textf(load->arena, "begins at byte %s of the data, no multiple of general.alignment %s",
                 at, limit));
  }
  if (rl_add_u64(place->offset, place->bytes, &end) && end <= data->bytes) return RL_OK;
  rl_print_grouped(data->bytes, limit);
  return wrong(load, data, place,
               rl_textf(load->arena,
                        "begins at byte %s of the data and ends behind the end of the file, which "
                        "has %s of them",
                        at, limit));
}

rl_status rl_gguf_places_check(const rl_load *load, const rl_gguf_data *data,
                               rl_gguf_places *places) {
  uint64_t end = 0;
  if (places->count > 1) qsort(places->items, places->count, sizeof *places->items, by_offset);
  for (size_t i = 0; i < places->count; i++) {
    const rl_gguf_place *place = &places->items[i];
    rl_status status = check_place(load, data, place);
    if (status != RL_OK) return status;
    if (place->offset < end) {
      return wrong(
          load, data, place,
          rl_textf(load->arena, "begins before tensor '%s' in front of it ends", place[-1].name));
    }
    end = place->offset + place->bytes; /* within the file */
  }
  return RL_OK;
}
