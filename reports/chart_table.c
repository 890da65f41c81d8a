/* The rows of a chart and what its axes show of them. */
#include "reports/chart_table.h"

#include <string.h>

/* What can be drawn, beside the keys. Those without a limit are bounded by nothing that changes. */
static const struct {
  const char *word, *synonym; /* synonym: as it may be called too, NULL without */
  rl_sweep_figure figure;
  const char *says, *unit;
  rl_sweep_figure limit;  /* RL_SWEEP_FIGURES: none */
  const char *per_device; /* key of the figure of one device; NULL: it is told as it stands */
} drawn[] = {
    {"tpot", NULL, RL_SWEEP_TPOT, "time a generated token, at best", "s", RL_SWEEP_DECODE_LIMIT,
     NULL},
    {"ttft", NULL, RL_SWEEP_TTFT, "time until the first token, at best", "s",
     RL_SWEEP_PREFILL_LIMIT, NULL},
    {"tokens_per_s", "rate", RL_SWEEP_DECODE_RATE, "tokens a second, at most", "tokens/s",
     RL_SWEEP_DECODE_LIMIT, NULL},
    {"tokens_per_s_per_device", "device-rate", RL_SWEEP_DECODE_RATE,
     "tokens a second and device, at most", "tokens/s", RL_SWEEP_DECODE_LIMIT,
     "decode_rate_per_device_at_most_tokens_per_s"},
    {"prefill_tokens_per_s", "prefill-rate", RL_SWEEP_PREFILL_RATE,
     "prompt tokens a second, at most", "tokens/s", RL_SWEEP_PREFILL_LIMIT, NULL},
    {"sequences_per_s", NULL, RL_SWEEP_SEQUENCE_RATE, "sequences a second, at most", "sequences/s",
     RL_SWEEP_PREFILL_LIMIT, NULL},
    {"memory", NULL, RL_SWEEP_MEMORY, "memory of one device", "B", RL_SWEEP_FIGURES, NULL},
    {"usable", NULL, RL_SWEEP_USABLE, "usable memory of one device", "B", RL_SWEEP_FIGURES, NULL},
    {"weight_bytes", NULL, RL_SWEEP_WEIGHTS, "weights on one device", "B", RL_SWEEP_FIGURES, NULL},
    {"kv_bytes", NULL, RL_SWEEP_KV, "KV cache of one device", "B", RL_SWEEP_FIGURES, NULL},
    {"state_bytes", NULL, RL_SWEEP_STATE, "states of one device", "B", RL_SWEEP_FIGURES, NULL},
    {"activation_bytes", NULL, RL_SWEEP_ACTIVATIONS, "activations of one device", "B",
     RL_SWEEP_FIGURES, NULL},
    {"energy", NULL, RL_SWEEP_DECODE_ENERGY, "energy a generated token", "J", RL_SWEEP_FIGURES,
     NULL},
    {"prefill_energy", NULL, RL_SWEEP_PREFILL_ENERGY, "energy a token of the prompt", "J",
     RL_SWEEP_FIGURES, NULL},
    {"price", NULL, RL_SWEEP_OUTPUT_PRICE, "price of a million generated tokens", "$",
     RL_SWEEP_FIGURES, NULL},
    {"input_price", NULL, RL_SWEEP_INPUT_PRICE, "price of a million tokens of the prompts", "$",
     RL_SWEEP_FIGURES, NULL},
    {"price_per_hour", NULL, RL_SWEEP_PRICE_PER_HOUR, "price of an hour", "$", RL_SWEEP_FIGURES,
     NULL},
};
enum { DRAWN = sizeof drawn / sizeof *drawn };

/* Keys that a table of names calls otherwise than people do. */
static const struct {
  const char *key, *says;
} spoken[] = {{"batch", "sequences at once"},
              {"prompt_tokens", "tokens of each prompt"},
              {"generate_tokens", "generated tokens a sequence"},
              {"tensor", "tensor-parallel devices"},
              {"pipeline", "stages"},
              {"expert", "expert-parallel devices"},
              {"data", "data-parallel groups"},
              {"context", "context-parallel ranks"},
              {"kv", "format of the KV cache"},
              {"weights", "format of the weights"},
              {"hardware", "machine"}};

rl_cell *rl_chart_table_add(rl_chart_table *table) {
  rl_cell *row = RL_NEW_ARRAY(table->arena, rl_cell, RL_GRID_COLUMNS);
  rl_cell **slot = row == NULL ? NULL : RL_PUSH(table->arena, &table->rows);
  if (slot != NULL) *slot = row;
  return slot == NULL ? NULL : row;
}

size_t rl_chart_table_column(rl_chart_table *table, const rl_sweep_column *column) {
  rl_sweep_columns *columns = &table->columns;
  for (size_t c = 0; c < columns->count; c++) {
    if (strcmp(columns->items[c].column.key, column->column.key) == 0) return c;
  }
  if (columns->count >= RL_GRID_COLUMNS) return SIZE_MAX;
  columns->items[columns->count] = *column;
  return columns->count++;
}

bool rl_chart_is_key(const rl_sweep_column *column) {
  return column->source == RL_FROM_PLAN || column->source == RL_FROM_BATCH ||
         column->source == RL_FROM_PROMPT || column->source == RL_FROM_GENERATE;
}

/* Keys of an analysis, in front of the figures. */
enum { MODEL, HARDWARE, WEIGHTS, KV, DEVICES, PROMPT, GENERATE, BATCH, RESULT_KEYS };
static const struct {
  const char *key;
  rl_sweep_source source;
} result_keys[RESULT_KEYS] = {{"model", RL_FROM_PLAN},
                              {"hardware", RL_FROM_PLAN},
                              {"weights", RL_FROM_PLAN},
                              {"kv", RL_FROM_PLAN},
                              {"devices", RL_FROM_PLAN},
                              {"prompt_tokens", RL_FROM_PROMPT},
                              {"generate_tokens", RL_FROM_GENERATE},
                              {"batch", RL_FROM_BATCH}};

static void describe(rl_chart_table *table) {
  for (size_t k = 0; k < RESULT_KEYS; k++) {
    const rl_sweep_column column = {.column = {.key = result_keys[k].key},
                                    .source = result_keys[k].source,
                                    .word = result_keys[k].key};
    rl_chart_table_column(table, &column);
  }
  for (size_t f = 0; f < RL_SWEEP_FIGURES; f++) {
    const rl_sweep_column column = {.column = RL_SWEEP_FIGURE_TABLE[f].column,
                                    .source = RL_FROM_FIGURE,
                                    .index = f,
                                    .word = RL_SWEEP_FIGURE_TABLE[f].word};
    rl_chart_table_column(table, &column);
  }
}

static bool add_batch(rl_chart_table *table, const rl_chart_subject *subject,
                      const rl_result_batch *batch) {
  const rl_result *result = subject->result;
  rl_sweep_row row = {.batch = batch->batch};
  rl_cell *cells = rl_chart_table_add(table);
  if (cells == NULL) return false;
  rl_sweep_row_fill(&row, batch, subject->system->usable);
  cells[MODEL] = rl_cell_text(result->model);
  cells[HARDWARE] = rl_cell_text(subject->machine);
  cells[WEIGHTS] = rl_cell_text(result->weights);
  cells[KV] = rl_cell_text(result->kv_k);
  cells[DEVICES] = rl_cell_count(subject->system->devices);
  cells[PROMPT] = rl_cell_count(result->prompt);
  cells[GENERATE] = rl_cell_count(result->generate);
  cells[BATCH] = rl_cell_count(batch->batch);
  for (size_t f = 0; f < RL_SWEEP_FIGURES; f++) {
    cells[RESULT_KEYS + f] = rl_sweep_row_figure(&row, (rl_sweep_figure)f);
  }
  return true;
}

const rl_chart_table *rl_chart_table_of(rl_chart *chart, const rl_chart_input *input) {
  rl_chart_table *table = RL_NEW(chart->grid.arena, rl_chart_table);
  rl_chart_subjects systems;
  if (table == NULL) return NULL;
  table->arena = chart->grid.arena;
  describe(table);
  rl_chart_list_systems(chart, input, &systems);
  for (size_t s = 0; s < systems.count; s++) {
    const rl_result_system *system = systems.items[s].system;
    for (size_t b = 0; b < system->batch_count; b++) {
      if (!add_batch(table, &systems.items[s], &system->batches[b])) return NULL;
    }
  }
  return table;
}

static size_t column_at(const rl_chart_table *table, const char *word) {
  const rl_sweep_column *column = rl_sweep_column_find(&table->columns, word);
  return column == NULL ? SIZE_MAX : (size_t)(column - table->columns.items);
}

static size_t figure_at(const rl_chart_table *table, rl_sweep_figure figure) {
  if (figure == RL_SWEEP_FIGURES) return SIZE_MAX;
  return column_at(table, RL_SWEEP_FIGURE_TABLE[figure].column.key);
}

static bool find_figure(const rl_chart_table *table, size_t which, rl_quantity *out) {
  const rl_sweep_figure_row *figure = &RL_SWEEP_FIGURE_TABLE[drawn[which].figure];
  const char *alone = drawn[which].per_device;
  *out = (rl_quantity){.says = drawn[which].says,
                       .key = alone == NULL ? figure->column.key : alone,
                       .unit = drawn[which].unit,
                       .column = figure_at(table, drawn[which].figure),
                       .divisor = alone == NULL ? SIZE_MAX : column_at(table, "devices"),
                       .limit = figure_at(table, drawn[which].limit),
                       .most = figure->better == RL_BETTER_MORE};
  return out->column != SIZE_MAX && (alone == NULL || out->divisor != SIZE_MAX);
}

static bool find_key(const rl_chart_table *table, size_t column, rl_quantity *out) {
  const char *key = table->columns.items[column].column.key;
  *out = (rl_quantity){.says = key,
                       .key = key,
                       .column = column,
                       .divisor = SIZE_MAX,
                       .limit = SIZE_MAX,
                       .is_key = true};
  for (size_t i = 0; i < sizeof spoken / sizeof *spoken; i++) {
    if (strcmp(spoken[i].key, key) == 0) out->says = spoken[i].says;
  }
  for (size_t r = 0; r < table->rows.count; r++) {
    out->category = out->category || table->rows.items[r][column].kind == RL_CELL_TEXT;
  }
  return true;
}

bool rl_quantity_find(const rl_chart_table *table, const char *word, rl_quantity *out) {
  const size_t column = column_at(table, word);
  if (column != SIZE_MAX && rl_chart_is_key(&table->columns.items[column])) {
    return find_key(table, column, out);
  }
  for (size_t i = 0; i < DRAWN; i++) {
    const char *synonym = drawn[i].synonym,
               *key = RL_SWEEP_FIGURE_TABLE[drawn[i].figure].column.key;
    const bool named = strcmp(word, drawn[i].word) == 0 ||
                       (synonym != NULL && strcmp(word, synonym) == 0) ||
                       (drawn[i].per_device == NULL && strcmp(word, key) == 0);
    if (named) return find_figure(table, i, out);
  }
  return false;
}

const char *rl_quantity_words(rl_arena *arena, const rl_chart_table *table) {
  const char *words = "";
  for (size_t c = 0; c < table->columns.count && words != NULL; c++) {
    const rl_sweep_column *column = &table->columns.items[c];
    if (!rl_chart_is_key(column)) continue;
    words = rl_textf(arena, "%s%s%s", words, words[0] == '\0' ? "" : ", ", column->word);
  }
  for (size_t i = 0; i < DRAWN && words != NULL; i++) {
    words = rl_textf(arena, "%s, %s", words, drawn[i].word);
  }
  return words;
}

static double number_of(const rl_cell *cell) {
  if (cell->kind == RL_CELL_COUNT) return (double)cell->count;
  return cell->kind == RL_CELL_REAL ? cell->real : 0;
}

bool rl_quantity_value(const rl_quantity *quantity, const rl_cell *row, double *out) {
  *out = number_of(&row[quantity->column]);
  if (quantity->divisor != SIZE_MAX) {
    const double by = number_of(&row[quantity->divisor]);
    *out = by > 0 ? *out / by : 0;
  }
  return *out > 0;
}
