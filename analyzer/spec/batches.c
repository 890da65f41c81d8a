/* Batch sizes: "1,8,64", "1..8", "1..256x2" or a list, ascending and without duplicates. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "spec/workload.h"

typedef RL_LIST(uint64_t) size_list;

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static rl_status finish(size_list *sizes, const uint64_t **out, size_t *count) {
  qsort(sizes->items, sizes->count, sizeof *sizes->items, compare);
  size_t kept = 0;
  for (size_t i = 0; i < sizes->count; i++) {
    if (kept == 0 || sizes->items[kept - 1] != sizes->items[i])
      sizes->items[kept++] = sizes->items[i];
  }
  *out = sizes->items;
  *count = kept;
  return RL_OK;
}

static rl_status add(rl_arena *arena, size_list *sizes, uint64_t size, rl_text_at text,
                     rl_diags *diags) {
  if (sizes->count >= RL_BATCHES_MAX) {
    char most[RL_NUMBER_TEXT];
    return RL_REPORT(diags, MANY_BATCHES, text.loc, rl_print_grouped(RL_BATCHES_MAX, most));
  }
  uint64_t *slot = RL_PUSH(arena, sizes);
  if (slot == NULL) return rl_diag_oom(diags);
  *slot = size;
  return RL_OK;
}

typedef struct size_range {
  uint64_t from, to, factor; /* factor 0: one by one */
} size_range;

/* Where the text of batch sizes stands, for what is wrong with it. */
typedef struct size_reader {
  rl_arena *arena;
  rl_text_at text;
  rl_diags *diags;
} size_reader;

static rl_status refuse(const size_reader *reader) {
  return RL_REPORT(reader->diags, BAD_BATCH, reader->text.loc, reader->text.text);
}

static rl_status scan(const size_reader *reader, const char *part, size_t length, uint64_t *out) {
  char most[RL_NUMBER_TEXT];
  if (length == 0 || strspn(part, "0123456789") < length) return refuse(reader);
  if (rl_scan_u64(part, length, out) && *out >= 1 && *out <= RL_TOKENS_MAX) return RL_OK;
  const char *number = rl_strndup(reader->arena, part, length);
  const char *allowed = rl_textf(reader->arena, "1 to %s", rl_print_u64(RL_TOKENS_MAX, most));
  if (number == NULL || allowed == NULL) return rl_diag_oom(reader->diags);
  return RL_REPORT(reader->diags, VALUE_RANGE, reader->text.loc, "batch", number, allowed);
}

/* "256" or "256x2". */
static rl_status scan_end(const size_reader *reader, const char *part, size_t length,
                          size_range *range) {
  const char *times = memchr(part, 'x', length);
  size_t digits = times == NULL ? length : (size_t)(times - part);
  rl_status status = scan(reader, part, digits, &range->to);
  if (status != RL_OK || times == NULL) return status;
  status = scan(reader, times + 1, length - digits - 1, &range->factor);
  return status == RL_OK && range->factor < 2 ? refuse(reader) : status;
}

/* "8" (from = to), "1..8" or "1..256x2". */
static rl_status scan_part(const size_reader *reader, const char *part, size_t length,
                           size_range *range) {
  size_t dots = 0;
  while (dots + 1 < length && !(part[dots] == '.' && part[dots + 1] == '.')) dots++;
  bool one = dots + 1 >= length;
  *range = (size_range){0};
  rl_status status = scan(reader, part, one ? length : dots, &range->from);
  range->to = range->from;
  if (status != RL_OK || one) return status;
  status = scan_end(reader, part + dots + 2, length - dots - 2, range);
  return status == RL_OK && range->from > range->to ? refuse(reader) : status;
}

static rl_status add_range(rl_arena *arena, size_list *sizes, const size_range *range,
                           rl_text_at text, rl_diags *diags) {
  rl_status status = RL_OK;
  for (uint64_t size = range->from; status == RL_OK && size <= range->to;) {
    status = add(arena, sizes, size, text, diags);
    /* No overflow: both are at most 2^32. */
    size = range->factor == 0 ? size + 1 : size * range->factor;
  }
  return status;
}

rl_status rl_batches_parse(rl_arena *arena, rl_text_at text, const uint64_t **out, size_t *count,
                           rl_diags *diags) {
  const size_reader reader = {.arena = arena, .text = text, .diags = diags};
  size_list sizes = {0};
  *count = 0;
  for (const char *part = text.text; part != NULL;) {
    const char *comma = strchr(part, ',');
    size_t length = comma == NULL ? strlen(part) : (size_t)(comma - part);
    size_range range;
    rl_status status = scan_part(&reader, part, length, &range);
    if (status == RL_OK) status = add_range(arena, &sizes, &range, text, diags);
    if (status != RL_OK) return status;
    part = comma == NULL ? NULL : comma + 1;
  }
  return finish(&sizes, out, count);
}

void rl_batches_from_list(const rl_load *load, const rl_node *list, const uint64_t **out,
                          size_t *count) {
  size_list sizes = {0};
  if (list->count == 0) RL_REPORT(load->diags, EMPTY_LIST, list->loc, "batch");
  for (size_t i = 0; i < list->count; i++) {
    uint64_t size;
    rl_text_at text = {list->items[i]->text, list->items[i]->loc};
    rl_status status = rl_node_u64(list->items[i], "batch", 1, RL_TOKENS_MAX, &size, load->diags);
    if (status == RL_OK) status = add(load->arena, &sizes, size, text, load->diags);
    if (status != RL_OK) return;
  }
  if (sizes.count > 0) finish(&sizes, out, count);
}
