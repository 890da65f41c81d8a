/* Reads `kind: storage` into rl_storage. */
#include "spec/hardware_check.h"
#include "spec/kind_keys.h"
#include "spec/load.h"
#include "spec/storage.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

static const rl_field field_read = {"bandwidth", RL_DIM_BYTES_PER_S, {1e3, 1e13}};
static const uint64_t capacity_max = (uint64_t)1 << 60;

static void load_read(const rl_load *load, const rl_node *node, rl_storage_read *read) {
  if (rl_nested_known(load, node, RL_BELOW_READ, "read") != RL_OK) return;
  rl_origin origin = rl_origin_of(node, (rl_origin){0});
  const rl_node *chunk = rl_load_need(load, node, "read", "chunk");
  read->chunk = rl_load_bytes(load, chunk, origin, "chunk", &read->bytes);
  const rl_node *bandwidth = rl_load_need(load, node, "read", "bandwidth");
  read->bandwidth = rl_load_figure(load, bandwidth, origin, &field_read);
}

/* Larger pieces are never read more slowly: a list that says so is out of order. */
static void check_order(const rl_load *load, const rl_node *list, const rl_storage_read *reads) {
  for (size_t i = 0; i + 1 < list->count; i++) {
    const rl_storage_read *a = &reads[i], *b = &reads[i + 1];
    if (a->chunk.source == NULL || b->chunk.source == NULL) continue;
    if (a->bytes < b->bytes && a->bandwidth.value <= b->bandwidth.value) continue;
    RL_REPORT(load->diags, READS_ORDER, list->items[i + 1]->loc, "");
  }
}

static void load_reads(const rl_load *load, rl_storage *storage) {
  const rl_node *list = rl_load_need(load, load->root, "storage", "read");
  if (list == NULL || !rl_load_is_list(load, list, "read")) return;
  if (list->count == 0) {
    RL_REPORT(load->diags, EMPTY_LIST, list->loc, "read");
    return;
  }
  rl_storage_read *reads = RL_NEW_ARRAY(load->arena, rl_storage_read, list->count);
  if (reads == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < list->count; i++) load_read(load, list->items[i], &reads[i]);
  check_order(load, list, reads);
  storage->reads = reads;
  storage->read_count = list->count;
}

rl_status rl_load_storage(rl_load *load, const void **out) {
  const rl_node *root = load->root;
  rl_storage *storage = RL_NEW(load->arena, rl_storage);
  if (storage == NULL) return rl_diag_oom(load->diags);
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_STORAGE], "storage");
  *storage = (rl_storage){.name = load->name, .file = load->file, .reference = load->reference};
  storage->sources = rl_load_sources(load);
  const rl_node *title = rl_load_need(load, root, "storage", "title");
  if (title != NULL) storage->title = rl_load_name(load, title, "title");
  const rl_node *capacity = rl_load_need(load, root, "storage", "capacity");
  storage->capacity_figure =
      rl_load_bytes(load, capacity, (rl_origin){0}, "capacity", &storage->capacity);
  if (storage->capacity_figure.source != NULL && storage->capacity > capacity_max) {
    RL_REPORT(load->diags, CAPACITY_RANGE, storage->capacity_figure.source->loc, "capacity");
  }
  load_reads(load, storage);
  storage->signal = rl_load_lanes(load, root, (rl_origin){0}, &storage->lanes);
  if (rl_load_checks(load)) rl_storage_check(load, storage);
  return rl_load_finish(load, storage, out);
}

const rl_figure *rl_storage_bandwidth(const rl_storage *storage, uint64_t bytes, double *share) {
  size_t i = storage->read_count;
  while (i > 1 && storage->reads[i - 1].bytes > bytes) i--;
  const rl_storage_read *read = &storage->reads[i - 1];
  *share = bytes < read->bytes ? (double)bytes / (double)read->bytes : 1;
  return &read->bandwidth;
}
