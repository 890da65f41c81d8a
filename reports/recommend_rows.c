/* A recommendation for other programs: every combination, ranked, with base units in the keys. */
#include "reports/recommendation.h"

enum {
  R_RANK,
  R_MEETS,
  R_HARDWARE,
  R_DEVICES,
  R_TENSOR,
  R_PIPELINE,
  R_DATA,
  R_EXPERT,
  R_MICRO_BATCHES,
  R_WEIGHTS,
  R_KV,
  R_BATCH,
  R_TPOT,
  R_TTFT,
  R_RATE,
  R_MEMORY,
  R_USABLE,
  R_PER_HOUR,
  R_INPUT,
  R_OUTPUT,
  R_COST,
  R_MISS,
  R_WHY,
  R_COLUMNS
};

static const rl_column columns[R_COLUMNS] = {
    [R_RANK] = {.key = "rank"},
    [R_MEETS] = {.key = "meets_targets"},
    [R_HARDWARE] = {.key = "hardware"},
    [R_DEVICES] = {.key = "devices"},
    [R_TENSOR] = {.key = "tensor"},
    [R_PIPELINE] = {.key = "pipeline"},
    [R_DATA] = {.key = "data"},
    [R_EXPERT] = {.key = "expert"},
    [R_MICRO_BATCHES] = {.key = "micro_batches"},
    [R_WEIGHTS] = {.key = "weights"},
    [R_KV] = {.key = "kv"},
    [R_BATCH] = {.key = "batch"},
    [R_TPOT] = {.key = "tpot_at_best_s"},
    [R_TTFT] = {.key = "ttft_at_best_s"},
    [R_RATE] = {.key = "decode_rate_at_most_tokens_per_s"},
    [R_MEMORY] = {.key = "memory_bytes"},
    [R_USABLE] = {.key = "memory_usable_bytes"},
    [R_PER_HOUR] = {.key = "price_usd_per_h"},
    [R_INPUT] = {.key = "input_at_least_usd_per_mtok"},
    [R_OUTPUT] = {.key = "output_at_least_usd_per_mtok"},
    [R_COST] = {.key = "cost_at_least_usd_per_mtok"},
    [R_MISS] = {.key = "missed_times"},
    [R_WHY] = {.key = "why_not"},
};

static void fill_row(rl_cell *row, const rl_result_option *o, size_t rank) {
  row[R_RANK] = rl_cell_count(rank);
  row[R_MEETS] = rl_cell_flag(o->meets);
  row[R_HARDWARE] = rl_cell_text(o->hardware);
  row[R_DEVICES] = rl_cell_count(o->devices);
  row[R_TENSOR] = rl_cell_count(o->tensor);
  row[R_PIPELINE] = rl_cell_count(o->pipeline);
  row[R_DATA] = rl_cell_count(o->data);
  row[R_EXPERT] = rl_cell_count(o->expert);
  row[R_MICRO_BATCHES] = rl_cell_count(o->micro_batches);
  row[R_WEIGHTS] = rl_cell_text(o->weights);
  row[R_KV] = rl_cell_text(o->kv);
  row[R_USABLE] = rl_cell_count(o->usable);
  row[R_WHY] = rl_cell_text(o->why);
  if (o->batch == 0) return; /* could not be evaluated */
  row[R_BATCH] = rl_cell_count(o->batch);
  row[R_TPOT] = rl_cell_positive(o->tpot);
  row[R_TTFT] = rl_cell_positive(o->ttft);
  row[R_RATE] = rl_cell_positive(o->decode_rate);
  row[R_MEMORY] = rl_cell_count(o->memory);
  if (o->price.known) {
    row[R_PER_HOUR] = rl_cell_real(o->price.per_hour);
    row[R_INPUT] = rl_cell_real(o->price.input);
    row[R_OUTPUT] = rl_cell_positive(o->price.output);
    row[R_COST] = rl_cell_real(o->cost);
  }
  if (!o->meets) row[R_MISS] = rl_cell_real(o->miss);
}

static void grid_all(rl_grid *grid, rl_arena *arena, const rl_result_recommendation *r) {
  rl_grid_init(grid, arena, columns, R_COLUMNS);
  for (size_t i = 0; i < r->option_count; i++) fill_row(rl_grid_row(grid), &r->options[i], i + 1);
}

void rl_recommendation_csv(rl_buf *out, const rl_result_recommendation *result) {
  rl_grid grid;
  grid_all(&grid, out->arena, result);
  rl_grid_csv(out, &grid);
}

static void target(rl_json *json, const char *key, double value) {
  if (value > 0) {
    rl_json_real(json, key, value);
  } else {
    rl_json_null(json, key);
  }
}

void rl_recommendation_json(rl_buf *out, const rl_result_recommendation *r) {
  rl_json json;
  rl_grid grid;
  grid_all(&grid, out->arena, r);
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "schema", "rooflinectl/1");
  rl_json_text(&json, "kind", "recommend");
  rl_json_text(&json, "version", r->version);
  rl_json_text(&json, "model", r->model);
  rl_json_text(&json, "profile", r->profile);
  rl_json_count(&json, "prompt_tokens", r->prompt);
  rl_json_count(&json, "generate_tokens", r->generate);
  if (r->one_pass) rl_json_flag(&json, "one_pass", true);
  rl_json_open(&json, "targets", '{');
  target(&json, "tpot_s", r->tpot);
  target(&json, "ttft_s", r->ttft);
  target(&json, "cost_usd_per_mtok", r->cost);
  rl_json_close(&json, '}');
  rl_json_text(&json, "ranked_by", r->priced ? "cost" : "devices");
  rl_json_count(&json, "meeting", r->meeting);
  rl_grid_json(&json, "options", &grid);
  rl_json_close(&json, '}');
  rl_json_end(&json);
}
