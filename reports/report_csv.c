/* The tables of an analysis for other programs: every figure, base units, one row each. */
#include "reports/report.h"

/* Key and value of one column in one row: the keys of the first row are the heading. */
typedef struct entry {
  const char *key;
  rl_cell cell;
} entry;

static void add_row(rl_grid *grid, rl_arena *arena, const entry *entries, size_t count) {
  if (grid->columns == NULL && !grid->failed) {
    rl_column *columns = RL_NEW_ARRAY(arena, rl_column, count);
    rl_grid_init(grid, arena, columns, count);
    grid->failed = grid->failed || columns == NULL;
    for (size_t c = 0; columns != NULL && c < count; c++) columns[c].key = entries[c].key;
  }
  rl_cell *row = rl_grid_row(grid);
  for (size_t c = 0; c < count; c++) row[c] = entries[c].cell;
}

/* A row that grows group by group. */
typedef struct entry_list {
  entry items[RL_GRID_COLUMNS];
  size_t count;
} entry_list;
#define APPEND(list, entries) append((list), (entries), sizeof(entries) / sizeof *(entries))
static void append(entry_list *list, const entry *entries, size_t count) {
  for (size_t i = 0; i < count && list->count < RL_GRID_COLUMNS; i++) {
    list->items[list->count++] = entries[i];
  }
}

static void add_times(entry_list *list, const rl_result *result, const rl_result_system *system,
                      const rl_result_batch *b) {
  const entry entries[] = {
      {"model", rl_cell_text(result->model)},
      {"hardware", rl_cell_text(system->name)},
      {"devices", rl_cell_count(system->devices)},
      {"profile", rl_cell_text(result->profile)},
      {"batch", rl_cell_count(b->batch)},
      {"prompt_tokens", rl_cell_count(result->prompt)},
      {"generate_tokens", rl_cell_count(result->generate)},
      {"ttft_at_best_s", rl_cell_positive(b->ttft)},
      {"tpot_at_best_s", rl_cell_positive(b->tpot)},
      {"prefill_rate_at_most_tokens_per_s", rl_cell_positive(b->prefill_rate)},
      {"decode_rate_at_most_tokens_per_s", rl_cell_positive(b->decode_rate)},
      {"prefill_limit", rl_cell_text(b->prefill_limit.what)},
      {"prefill_limit_share", rl_cell_positive(b->prefill_limit.share)},
      {"decode_limit", rl_cell_text(b->decode_limit.what)},
      {"decode_limit_share", rl_cell_positive(b->decode_limit.share)},
  };
  APPEND(list, entries);
}

static void add_memory(entry_list *list, const rl_result_system *system,
                       const rl_result_batch *b) {
  const bool decodes = b->phase_count > 1;
  const entry entries[] = {
      {"weight_bytes", rl_cell_count(b->worst.weights)},
      {"kv_bytes", rl_cell_count(b->worst.kv)},
      {"state_bytes", rl_cell_count(b->worst.state)},
      {"activation_bytes", rl_cell_count(b->worst.activations)},
      {"memory_bytes", rl_cell_count(b->worst.total)},
      {"memory_phase", rl_cell_text(b->worst.phase)},
      {"memory_usable_bytes", rl_cell_count(system->usable)},
      {"fits", rl_cell_flag(b->fits)},
      {"largest_batch", rl_cell_count(system->largest_batch)},
      {"longest_context_tokens", rl_cell_tokens(b->longest_context)},
      {"longest_prompt_tokens", rl_cell_tokens(b->longest_prompt)},
      {"prefill_kv_bytes", rl_cell_count(b->phases[0].kv)},
      {"prefill_state_bytes", rl_cell_count(b->phases[0].state)},
      {"prefill_activation_bytes", rl_cell_count(b->phases[0].activations)},
      {"decode_kv_bytes", decodes ? rl_cell_count(b->phases[1].kv) : (rl_cell){0}},
      {"decode_state_bytes", decodes ? rl_cell_count(b->phases[1].state) : (rl_cell){0}},
      {"decode_activation_bytes", decodes ? rl_cell_count(b->phases[1].activations) : (rl_cell){0}},
  };
  APPEND(list, entries);
}

static void add_expenses(entry_list *list, const rl_result_batch *b) {
  const entry entries[] = {
      {"energy_method", rl_cell_text(b->energy.method)},
      {"prefill_energy_j_per_token", rl_cell_positive(b->energy.prefill)},
      {"decode_energy_j_per_token", rl_cell_positive(b->energy.decode)},
      {"price_usd_per_h", b->price.known ? rl_cell_real(b->price.per_hour) : (rl_cell){0}},
      {"input_at_least_usd_per_mtok", rl_cell_positive(b->price.input)},
      {"output_at_least_usd_per_mtok", rl_cell_positive(b->price.output)},
  };
  APPEND(list, entries);
}

/* "experts=host,kv=cpu" */
static rl_cell placement_cell(rl_grid *grid, rl_arena *arena, const rl_result_placement *p) {
  const char *text = "";
  for (size_t i = 0; p != NULL && i < p->count && text != NULL; i++) {
    text = rl_textf(arena, "%s%s%s=%s", text, i > 0 ? "," : "", p->classes[i], p->places[i]);
  }
  if (text == NULL) grid->failed = true;
  return rl_cell_text(text);
}

/* How the model is split, what stands elsewhere, who prefills. */
static void add_ways(entry_list *list, rl_grid *grid, rl_arena *arena, const rl_result *result,
                     const rl_result_system *system) {
  const rl_result_split *split = &result->split;
  const rl_result_placement *p = system->placement;
  const rl_result_pool *pool = system->pool;
  const rl_cell none = {0};
  const entry entries[] = {
      {"tensor", rl_cell_count(split->tensor)},
      {"pipeline", rl_cell_count(split->pipeline)},
      {"expert", rl_cell_count(split->expert)},
      {"data", rl_cell_count(split->data)},
      {"context", rl_cell_count(split->context)},
      {"collectives", rl_cell_text(split->collectives)},
      {"placement", placement_cell(grid, arena, p)},
      {"host", rl_cell_text(p == NULL ? NULL : p->host)},
      {"hosts", p == NULL ? none : rl_cell_count(p->hosts)},
      {"storage", rl_cell_text(p == NULL ? NULL : p->storage)},
      {"lanes", rl_cell_text(p == NULL ? NULL : p->serial ? "serial" : "overlapped")},
      {"prefill_hardware", rl_cell_text(pool == NULL ? NULL : pool->name)},
      {"prefill_devices", pool == NULL ? none : rl_cell_count(pool->devices)},
      {"prefill_groups", pool == NULL ? none : rl_cell_count(pool->groups)},
  };
  APPEND(list, entries);
}

/* Of a pipeline: what follows one another through its stages, and the waiting for it. */
static void add_bubbles(entry_list *list, const rl_result_batch *b) {
  const bool flows = b->micro_batches > 0;
  const rl_cell none = {0};
  const entry entries[] = {
      {"micro_batches", flows ? rl_cell_count(b->micro_batches) : none},
      {"micro_batch", flows ? rl_cell_count(b->micro_batch) : none},
      {"prefill_bubble_share", flows ? rl_cell_real(b->prefill_bubble) : none},
      {"decode_bubble_share", flows ? rl_cell_real(b->decode_bubble) : none},
  };
  APPEND(list, entries);
}

/* Images that each prompt begins with. */
static void add_images(entry_list *list, const rl_result *result) {
  const rl_result_images *images = &result->images;
  const rl_cell none = {0};
  const bool there = images->count > 0;
  const entry entries[] = {
      {"images", there ? rl_cell_count(images->count) : none},
      {"image_tokens", there ? rl_cell_count(images->tokens) : none},
      {"image_columns", there ? rl_cell_count(images->columns) : none},
      {"image_rows", there ? rl_cell_count(images->rows) : none},
      {"image_width", images->width > 0 ? rl_cell_count(images->width) : none},
      {"image_height", images->height > 0 ? rl_cell_count(images->height) : none},
  };
  APPEND(list, entries);
}

static void add_elsewhere(entry_list *list, const rl_result_system *system,
                          const rl_result_batch *b) {
  const bool placed = system->placement != NULL, sent = system->pool != NULL;
  const rl_cell none = {0};
  const entry entries[] = {
      {"host_memory_bytes", placed ? rl_cell_count(b->worst.host) : none},
      {"storage_bytes", placed ? rl_cell_count(b->worst.storage) : none},
      {"transfer_bytes", sent ? rl_cell_count(b->transfer_bytes) : none},
      {"transfer_s", rl_cell_positive(b->transfer)},
  };
  APPEND(list, entries);
}

static void add_batch(rl_grid *grid, rl_arena *arena, const rl_result *result,
                      const rl_result_system *system, const rl_result_batch *b) {
  const entry of_a_pass[] = {
      {"rate_at_most_sequences_per_s", rl_cell_positive(b->sequence_rate)},
  };
  entry_list list = {.count = 0};
  add_times(&list, result, system, b);
  add_memory(&list, system, b);
  add_expenses(&list, b);
  add_ways(&list, grid, arena, result, system);
  add_elsewhere(&list, system, b);
  add_bubbles(&list, b);
  add_images(&list, result);
  if (result->one_pass) APPEND(&list, of_a_pass);
  add_row(grid, arena, list.items, list.count);
}

/* Whose operator a row is. */
typedef struct place {
  const rl_result *result;
  const rl_result_system *system;
  const rl_result_pass *pass;
  const rl_result_batch *batch;
  const rl_result_step *step; /* NULL without a pipeline */
} place;

static void add_operator(rl_grid *grid, rl_arena *arena, const place *at,
                         const rl_result_operator *op) {
  const bool flows = at->step != NULL;
  const rl_cell none = {0};
  const entry entries[] = {
      {"model", rl_cell_text(at->result->model)},
      {"hardware", rl_cell_text(at->system->name)},
      {"phase", rl_cell_text(at->pass->phase)},
      {"batch", rl_cell_count(at->pass->batch)},
      {"new_tokens", rl_cell_count(at->pass->tokens)},
      {"cached_tokens", rl_cell_count(at->pass->cached)},
      {"operator", rl_cell_text(op->name)},
      {"kind", rl_cell_text(op->kind)},
      {"fusion", rl_cell_text(op->fusion)},
      {"repeat", rl_cell_count(op->repeat)},
      {"window_tokens", op->window > 0 ? rl_cell_count(op->window) : (rl_cell){0}},
      {"compute", rl_cell_text(op->compute)},
      {"time_at_best_s", rl_cell_real(op->seconds)},
      {"share", rl_cell_real(op->share)},
      {"bound", rl_cell_text(op->bound)},
      {"matrix_flop", rl_cell_count(op->matrix)},
      {"vector_op", rl_cell_count(op->vector)},
      {"weight_read_bytes", rl_cell_count(op->weights)},
      {"kv_read_bytes", rl_cell_count(op->kv_read)},
      {"kv_write_bytes", rl_cell_count(op->kv_write)},
      {"activation_read_bytes", rl_cell_count(op->act_read)},
      {"activation_write_bytes", rl_cell_count(op->act_write)},
      {"link_bytes", rl_cell_count(op->link)},
      {"expected", rl_cell_flag(op->expected)},
      {"state_read_bytes", rl_cell_count(op->state_read)},
      {"state_write_bytes", rl_cell_count(op->state_write)},
      {"algorithm", rl_cell_text(op->algorithm)},
      {"computed_on", rl_cell_text(op->place)},
      {"transfer_s", rl_cell_positive(op->transfer)},
      {"stage", flows ? rl_cell_count(at->pass->stage + 1) : none},
      {"stages", flows ? rl_cell_count(at->system->stage_count) : none},
      {"micro_batch", flows ? rl_cell_count(at->pass->micro_batch) : none},
      {"micro_batches", flows ? rl_cell_count(at->batch->micro_batches) : none},
      {"whole_batch_at_best_s", flows ? rl_cell_real(at->step->seconds) : none},
      {"images", at->pass->images > 0 ? rl_cell_count(at->result->images.count) : none},
  };
  add_row(grid, arena, entries, sizeof entries / sizeof *entries);
}

static void add_passes(rl_grid *grid, rl_arena *arena, const rl_result *result,
                       const rl_result_system *system) {
  for (size_t p = 0; p < system->pass_count; p++) {
    const rl_result_pass *pass = &system->passes[p];
    const size_t b = p / (system->stage_count > 0 ? system->stage_count : 1);
    const rl_result_step *step = system->steps == NULL ? NULL : &system->steps[b];
    const place at = {result, system, pass, &system->batches[b], step};
    for (size_t i = 0; i < pass->operator_count; i++) {
      if (pass->operators[i].bound != NULL) add_operator(grid, arena, &at, &pass->operators[i]);
    }
  }
}

void rl_report_csv(rl_buf *out, const rl_result *result, bool operators) {
  rl_grid grid = {.arena = out->arena};
  for (size_t s = 0; s < result->system_count; s++) {
    const rl_result_system *system = &result->systems[s];
    if (operators) add_passes(&grid, out->arena, result, system);
    for (size_t b = 0; !operators && b < system->batch_count; b++) {
      add_batch(&grid, out->arena, result, system, &system->batches[b]);
    }
  }
  rl_grid_csv(out, &grid);
}
