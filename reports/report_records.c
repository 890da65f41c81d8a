/* An analysis as JSON, schema rooflinectl/1 (docs/schema/analyze.schema.json): units in the keys,
 * keys always present and in the same order, null for what does not apply. */
#include <string.h>

#include "reports/report.h"

static void optional(rl_json *json, const char *key, double value) {
  if (value > 0) {
    rl_json_real(json, key, value);
  } else {
    rl_json_null(json, key);
  }
}

/* A count that may not be there. */
static void optional_count(rl_json *json, const char *key, uint64_t value, bool there) {
  if (there) {
    rl_json_count(json, key, value);
  } else {
    rl_json_null(json, key);
  }
}

static void stored(rl_json *json, const rl_result *r) {
  rl_json_open(json, "stored", '[');
  for (size_t i = 0; i < r->stored_count; i++) {
    rl_json_open(json, NULL, '{');
    rl_json_text(json, "format", r->stored[i].format);
    rl_json_count(json, "bytes", r->stored[i].bytes);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
}

static void left_out(rl_json *json, const rl_result *r) {
  if (r->left_out_count == 0) return;
  rl_json_open(json, "left_out", '[');
  for (size_t i = 0; i < r->left_out_count; i++) rl_json_text(json, NULL, r->left_out[i]);
  rl_json_close(json, ']');
}

static void model(rl_json *json, const rl_result *r) {
  rl_json_open(json, "model", '{');
  rl_json_text(json, "name", r->model);
  rl_json_text(json, "family", r->family);
  rl_json_count(json, "parameters", r->parameters);
  rl_json_count(json, "active_parameters", r->active_parameters);
  rl_json_count(json, "layers", r->layers);
  rl_json_text(json, "weights", r->weights);
  rl_json_real(json, "weight_bits", r->weight_bits);
  rl_json_count(json, "weight_bytes", r->weight_bytes);
  rl_json_open(json, "weight_exceptions", '[');
  for (size_t i = 0; i < r->exception_count; i++) {
    rl_json_open(json, NULL, '{');
    rl_json_text(json, "tensors", r->exceptions[i].what);
    rl_json_text(json, "format", r->exceptions[i].format);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
  stored(json, r);
  rl_json_text(json, "kv_k", r->keeps_kv ? r->kv_k : NULL);
  rl_json_text(json, "kv_v", r->keeps_kv ? r->kv_v : NULL);
  if (r->keeps_kv && r->kv_page > 1) rl_json_count(json, "kv_page_tokens", r->kv_page);
  left_out(json, r);
  rl_json_text(json, "activations", r->activations);
  rl_json_text(json, "state", r->state);
  rl_json_count(json, "state_bytes_per_sequence", r->state_bytes);
  rl_json_close(json, '}');
}

static void texts(rl_json *json, const char *key, const char *const *items, size_t count) {
  rl_json_open(json, key, '[');
  for (size_t i = 0; i < count; i++) rl_json_text(json, NULL, items[i]);
  rl_json_close(json, ']');
}

static void profile(rl_json *json, const rl_result *r) {
  rl_json_open(json, "profile", '{');
  rl_json_text(json, "name", r->profile);
  rl_json_flag(json, "ideal", r->ideal);
  texts(json, "fuse", r->fusions, r->fusion_count);
  rl_json_close(json, '}');
  rl_json_open(json, "split", '{');
  rl_json_count(json, "devices", r->split.devices);
  rl_json_count(json, "tensor", r->split.tensor);
  rl_json_count(json, "pipeline", r->split.pipeline);
  rl_json_count(json, "expert", r->split.expert);
  rl_json_count(json, "data", r->split.data);
  rl_json_count(json, "context", r->split.context);
  rl_json_text(json, "collectives", r->split.collectives);
  rl_json_count(json, "whole_weight_bytes", r->whole_weight_bytes);
  rl_json_close(json, '}');
  rl_json_open(json, "workload", '{');
  rl_json_count(json, "prompt_tokens", r->prompt);
  rl_json_count(json, "generate_tokens", r->generate);
  if (r->one_pass) rl_json_flag(json, "one_pass", true);
  if (r->source_of != NULL) {
    rl_json_open(json, "source", '{');
    rl_json_text(json, "of", r->source_of);
    rl_json_count(json, "positions", r->source);
    rl_json_count(json, "kept_bytes", r->source_kv_bytes);
    if (strcmp(r->source_of, "images") == 0) {
      rl_json_count(json, "images", r->images.count);
      rl_json_count(json, "tokens_each", r->images.tokens);
      rl_json_count(json, "columns", r->images.columns);
      rl_json_count(json, "rows", r->images.rows);
      optional_count(json, "width_pixels", r->images.width, r->images.width > 0);
      optional_count(json, "height_pixels", r->images.height, r->images.height > 0);
    }
    rl_json_close(json, '}');
  }
  rl_json_close(json, '}');
}

/* ["hidden_size", "4096", 9]: what people compare without the file. */
static void config(rl_json *json, const rl_result *r) {
  rl_json_open(json, "config", '{');
  rl_json_text(json, "file", r->config_file);
  rl_json_open(json, "keys", '[');
  for (size_t i = 0; i < r->config_count; i++) {
    rl_json_line(json, NULL, '[');
    rl_json_text(json, NULL, r->config[i].key);
    rl_json_text(json, NULL, r->config[i].value);
    rl_json_count(json, NULL, r->config[i].line);
    rl_json_end_line(json, ']');
  }
  rl_json_close(json, ']');
  rl_json_close(json, '}');
}

static void figure(rl_json *json, const char *key, const rl_result_figure *f) {
  rl_json_open(json, key, '{');
  rl_json_text(json, "name", f->name);
  rl_json_real(json, "value", f->value);
  rl_json_text(json, "unit", f->unit);
  rl_json_text(json, "kind", f->kind);
  rl_json_text(json, "file", f->file);
  rl_json_count(json, "line", f->line);
  rl_json_count(json, "column", f->column);
  rl_json_text(json, "source", f->source);
  rl_json_close(json, '}');
}

static void limit(rl_json *json, const char *key, const rl_result_limit *l) {
  if (l->what == NULL) {
    rl_json_null(json, key);
    return;
  }
  rl_json_open(json, key, '{');
  rl_json_text(json, "what", l->what);
  rl_json_real(json, "share", l->share);
  rl_json_close(json, '}');
}

static void memory(rl_json *json, const rl_result_memory *m) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "phase", m->phase);
  rl_json_count(json, "weight_bytes", m->weights);
  rl_json_count(json, "kv_bytes", m->kv);
  rl_json_count(json, "state_bytes", m->state);
  rl_json_count(json, "activation_bytes", m->activations);
  rl_json_count(json, "memory_bytes", m->total);
  rl_json_count(json, "host_memory_bytes", m->host);
  rl_json_count(json, "storage_bytes", m->storage);
  rl_json_close(json, '}');
}

static void tokens(rl_json *json, const char *key, uint64_t count) {
  optional_count(json, key, count, count != RL_RESULT_UNLIMITED);
}

/* Energy and price of a batch; null where the machine file says nothing of them. */
static void expenses(rl_json *json, const rl_result_batch *b) {
  if (b->energy.method == NULL) {
    rl_json_null(json, "energy");
  } else {
    rl_json_open(json, "energy", '{');
    rl_json_text(json, "method", b->energy.method);
    optional(json, "prefill_j_per_token", b->energy.prefill);
    optional(json, "decode_j_per_token", b->energy.decode);
    rl_json_close(json, '}');
  }
  if (!b->price.known) {
    rl_json_null(json, "price");
    return;
  }
  rl_json_open(json, "price", '{');
  rl_json_real(json, "usd_per_h", b->price.per_hour);
  rl_json_real(json, "input_at_least_usd_per_mtok", b->price.input);
  optional(json, "output_at_least_usd_per_mtok", b->price.output);
  rl_json_close(json, '}');
}

static void sensitivities(rl_json *json, const rl_result_batch *b) {
  rl_json_open(json, "sensitivities", '[');
  for (size_t i = 0; i < b->sensitivity_count; i++) {
    rl_json_open(json, NULL, '{');
    figure(json, "figure", &b->sensitivities[i].figure);
    rl_json_real(json, "ttft_elasticity", b->sensitivities[i].ttft);
    rl_json_real(json, "tpot_elasticity", b->sensitivities[i].tpot);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
}

/* Of a pipeline. */
static void bubbles(rl_json *json, const rl_result_batch *b) {
  rl_json_count(json, "micro_batches", b->micro_batches);
  rl_json_count(json, "micro_batch", b->micro_batch);
  rl_json_real(json, "prefill_bubble_share", b->prefill_bubble);
  rl_json_real(json, "decode_bubble_share", b->decode_bubble);
}

static void batch(rl_json *json, const rl_result_batch *b) {
  rl_json_open(json, NULL, '{');
  rl_json_count(json, "batch", b->batch);
  optional(json, "ttft_at_best_s", b->ttft);
  optional(json, "tpot_at_best_s", b->tpot);
  optional(json, "prefill_rate_at_most_tokens_per_s", b->prefill_rate);
  optional(json, "decode_rate_at_most_tokens_per_s", b->decode_rate);
  if (b->sequence_rate > 0) {
    rl_json_real(json, "rate_at_most_sequences_per_s", b->sequence_rate);
  }
  if (b->micro_batches > 0) bubbles(json, b);
  limit(json, "prefill_limit", &b->prefill_limit);
  limit(json, "decode_limit", &b->decode_limit);
  rl_json_count(json, "weight_bytes", b->worst.weights);
  rl_json_count(json, "kv_bytes", b->worst.kv);
  rl_json_count(json, "state_bytes", b->worst.state);
  rl_json_count(json, "activation_bytes", b->worst.activations);
  rl_json_count(json, "memory_bytes", b->worst.total);
  rl_json_count(json, "host_memory_bytes", b->worst.host);
  rl_json_count(json, "storage_bytes", b->worst.storage);
  rl_json_text(json, "memory_phase", b->worst.phase);
  rl_json_flag(json, "fits", b->fits);
  rl_json_count(json, "transfer_bytes", b->transfer_bytes);
  optional(json, "transfer_s", b->transfer);
  rl_json_open(json, "memory_phases", '[');
  for (size_t i = 0; i < b->phase_count; i++) memory(json, &b->phases[i]);
  rl_json_close(json, ']');
  tokens(json, "longest_context_tokens", b->longest_context);
  tokens(json, "longest_prompt_tokens", b->longest_prompt);
  expenses(json, b);
  sensitivities(json, b);
  rl_json_close(json, '}');
}

static void form(rl_json *json, const rl_result_form *f) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "what", f->what);
  rl_json_text(json, "unit", f->unit);
  rl_json_open(json, "terms", '[');
  for (size_t i = 0; i < f->term_count; i++) {
    rl_json_open(json, NULL, '{');
    rl_json_count(json, "coefficient", f->terms[i].coefficient);
    rl_json_text(json, "moment", f->terms[i].moment);
    rl_json_text(json, "says", f->terms[i].says);
    rl_json_count(json, "value", f->terms[i].value);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
  rl_json_count(json, "divisor", f->divisor);
  rl_json_count(json, "value", f->value);
  rl_json_close(json, '}');
}

static void dim(rl_json *json, const rl_result_dim *d) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "name", d->name);
  rl_json_count(json, "value", d->value);
  rl_json_text(json, "file", d->file);
  rl_json_count(json, "line", d->line);
  rl_json_count(json, "column", d->column);
  rl_json_text(json, "config_key", d->key);
  rl_json_text(json, "config_file", d->key_file);
  optional_count(json, "config_line", d->key_line, d->key != NULL);
  optional_count(json, "config_column", d->key_column, d->key != NULL);
  rl_json_close(json, '}');
}

static void operand(rl_json *json, const rl_result_operand *o) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "tensor", o->tensor);
  rl_json_text(json, "class", o->role);
  rl_json_text(json, "access", o->written ? "write" : "read");
  optional_count(json, "stored_bytes", o->stored, o->stored_known);
  rl_json_count(json, "streamed_bytes", o->streamed);
  rl_json_count(json, "resident_bytes", o->resident);
  rl_json_close(json, '}');
}

static void explanation(rl_json *json, const rl_result_explanation *e) {
  if (e == NULL) {
    rl_json_null(json, "explanation");
    return;
  }
  rl_json_open(json, "explanation", '{');
  rl_json_text(json, "part", e->part);
  rl_json_text(json, "says", e->doc);
  rl_json_text(json, "paper", e->paper);
  rl_json_text(json, "file", e->file);
  rl_json_count(json, "line", e->line);
  rl_json_count(json, "column", e->column);
  rl_json_open(json, "counts", '[');
  for (size_t i = 0; i < e->form_count; i++) form(json, &e->forms[i]);
  rl_json_close(json, ']');
  rl_json_open(json, "roofs", '[');
  for (size_t i = 0; i < e->roof_count; i++) {
    const rl_result_roof *roof = &e->roofs[i];
    rl_json_open(json, NULL, '{');
    rl_json_text(json, "what", roof->what);
    rl_json_text(json, "unit", roof->unit);
    rl_json_count(json, "amount", roof->amount);
    optional(json, "rate_per_s", roof->rate);
    rl_json_real(json, "time_s", roof->seconds);
    rl_json_flag(json, "binds", roof->binds);
    figure(json, "figure", &roof->figure);
    rl_json_count(json, "messages", roof->messages);
    optional(json, "message_latency_s", roof->latency.value);
    rl_json_count(json, "inner_messages", roof->inner_messages);
    optional(json, "inner_message_latency_s", roof->inner_latency.value);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
  rl_json_text(json, "next", e->next);
  optional(json, "next_times_shorter", e->next_ratio);
  optional_count(json, "change_batch", e->change_batch, e->change_batch > 0);
  rl_json_text(json, "change_to", e->change_batch > 0 ? e->change_to : NULL);
  rl_json_open(json, "dims", '[');
  for (size_t i = 0; i < e->dim_count; i++) dim(json, &e->dims[i]);
  rl_json_close(json, ']');
  rl_json_open(json, "operands", '[');
  for (size_t i = 0; i < e->operand_count; i++) operand(json, &e->operands[i]);
  rl_json_close(json, ']');
  rl_json_close(json, '}');
}

/* "file:line:column" of what it was lowered from. */
static const char *statement_of(rl_json *json, const rl_result_operator *op) {
  if (op->file == NULL) return NULL;
  const char *text =
      rl_textf(json->out->arena, "%s:%u:%u", op->file, (unsigned)op->line, (unsigned)op->column);
  if (text == NULL) json->out->failed = true;
  return text;
}

static void operator_record(rl_json *json, const rl_result_operator *op) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "name", op->name);
  rl_json_text(json, "kind", op->kind);
  rl_json_text(json, "fusion", op->fusion);
  rl_json_text(json, "statement", statement_of(json, op));
  optional_count(json, "first_layer", op->layers == NULL ? 0 : op->layers[0], op->layers != NULL);
  rl_json_count(json, "repeat", op->repeat);
  rl_json_flag(json, "expected", op->expected);
  optional_count(json, "window_tokens", op->window, op->window > 0);
  rl_json_text(json, "compute", op->compute);
  rl_json_text(json, "computed_on", op->place);
  optional(json, "transfer_s", op->transfer);
  rl_json_real(json, "time_at_best_s", op->seconds);
  rl_json_real(json, "share", op->share);
  rl_json_text(json, "bound", op->bound);
  rl_json_count(json, "matrix_flop", op->matrix);
  rl_json_count(json, "vector_op", op->vector);
  rl_json_count(json, "weight_read_bytes", op->weights);
  rl_json_count(json, "kv_read_bytes", op->kv_read);
  rl_json_count(json, "kv_write_bytes", op->kv_write);
  rl_json_count(json, "state_read_bytes", op->state_read);
  rl_json_count(json, "state_write_bytes", op->state_write);
  rl_json_count(json, "activation_read_bytes", op->act_read);
  rl_json_count(json, "activation_write_bytes", op->act_write);
  rl_json_count(json, "link_bytes", op->link);
  rl_json_text(json, "algorithm", op->algorithm);
  explanation(json, op->explanation);
  rl_json_close(json, '}');
}

static void pass(rl_json *json, const rl_result_pass *p, bool staged) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "phase", p->phase);
  rl_json_count(json, "batch", p->batch);
  if (staged) rl_json_count(json, "stage", p->stage + 1);
  if (staged) rl_json_count(json, "micro_batch", p->micro_batch);
  rl_json_count(json, "new_tokens", p->tokens);
  rl_json_count(json, "cached_tokens", p->cached);
  rl_json_count(json, "source_positions", p->source);
  rl_json_count(json, "image_tokens", p->images);
  rl_json_real(json, "time_at_best_s", p->seconds);
  optional(json, "device_lane_s", p->device_lane);
  optional(json, "host_lane_s", p->host_lane);
  optional(json, "link_lane_s", p->link_lane);
  rl_json_open(json, "operators", '[');
  for (size_t i = 0; i < p->operator_count; i++) {
    if (p->operators[i].bound != NULL) operator_record(json, &p->operators[i]);
  }
  rl_json_close(json, ']');
  rl_json_close(json, '}');
}

static void verify(rl_json *json, const rl_result_verify *v) {
  rl_json_open(json, NULL, '{');
  rl_json_count(json, "batch", v->batch);
  rl_json_count(json, "tokens", v->tokens);
  rl_json_count(json, "cached_tokens", v->cached);
  rl_json_real(json, "time_at_best_s", v->seconds);
  rl_json_real(json, "ratio", v->ratio);
  rl_json_close(json, '}');
}

static void machine(rl_json *json, const rl_result_system *s) {
  rl_json_open(json, "hardware", '{');
  rl_json_text(json, "name", s->name);
  rl_json_text(json, "title", s->title);
  rl_json_count(json, "devices", s->devices);
  rl_json_text(json, "matrix_type", s->matrix_type);
  optional(json, "matrix_peak_flop_per_s", s->matrix_peak);
  optional(json, "memory_bandwidth_bytes_per_s", s->bandwidth);
  rl_json_count(json, "memory_capacity_bytes", s->capacity);
  rl_json_count(json, "memory_usable_bytes", s->usable);
  rl_json_flag(json, "memory_usable_known", s->usable_known);
  rl_json_flag(json, "wider_type_used", s->wider);
  rl_json_open(json, "figures", '[');
  for (size_t i = 0; i < s->figure_count; i++) figure(json, NULL, &s->figures[i]);
  rl_json_close(json, ']');
  rl_json_close(json, '}');
}

static void placement(rl_json *json, const rl_result_placement *p) {
  if (p == NULL) {
    rl_json_null(json, "placement");
    return;
  }
  rl_json_open(json, "placement", '{');
  rl_json_text(json, "host", p->host);
  rl_json_count(json, "hosts", p->hosts);
  rl_json_count(json, "devices_sharing", p->devices);
  rl_json_text(json, "storage", p->storage);
  rl_json_text(json, "link", p->link);
  rl_json_real(json, "link_bandwidth_bytes_per_s", p->link_bandwidth);
  rl_json_count(json, "host_usable_bytes", p->host_usable);
  rl_json_count(json, "storage_usable_bytes", p->storage_usable);
  rl_json_text(json, "lanes", p->serial ? "serial" : "overlapped");
  rl_json_open(json, "elsewhere", '[');
  for (size_t i = 0; i < p->count; i++) {
    rl_json_open(json, NULL, '{');
    rl_json_text(json, "class", p->classes[i]);
    rl_json_text(json, "place", p->places[i]);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
  rl_json_close(json, '}');
}

static void pool(rl_json *json, const rl_result_pool *p) {
  if (p == NULL) {
    rl_json_null(json, "prefill_pool");
    return;
  }
  rl_json_open(json, "prefill_pool", '{');
  rl_json_text(json, "name", p->name);
  rl_json_text(json, "title", p->title);
  rl_json_count(json, "devices", p->devices);
  rl_json_count(json, "groups", p->groups);
  rl_json_text(json, "matrix_type", p->matrix_type);
  optional(json, "matrix_peak_flop_per_s", p->matrix_peak);
  optional(json, "memory_bandwidth_bytes_per_s", p->bandwidth);
  rl_json_count(json, "memory_usable_bytes", p->usable);
  rl_json_real(json, "transfer_bytes_per_s", p->link);
  rl_json_close(json, '}');
}

/* Told where there is a pipeline. */
static void stages(rl_json *json, const rl_result_system *s) {
  if (s->stage_count == 0) return;
  rl_json_count(json, "shown_stage", s->stage + 1);
  rl_json_open(json, "stages", '[');
  for (size_t i = 0; i < s->stage_count; i++) {
    rl_json_open(json, NULL, '{');
    rl_json_count(json, "first_layer", s->stages[i].first_layer);
    rl_json_count(json, "layers", s->stages[i].layers);
    rl_json_count(json, "weight_bytes", s->stages[i].weight_bytes);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
}

/* The pass shown of whole batches through all stages; told where there is a pipeline. */
static void steps(rl_json *json, const rl_result_system *s) {
  if (s->steps == NULL) return;
  rl_json_open(json, "steps", '[');
  for (size_t i = 0; i < s->batch_count; i++) {
    const rl_result_step *step = &s->steps[i];
    rl_json_open(json, NULL, '{');
    rl_json_count(json, "batch", step->batch);
    rl_json_count(json, "stages", s->stage_count);
    rl_json_count(json, "micro_batches", s->batches[i].micro_batches);
    rl_json_real(json, "time_at_best_s", step->seconds);
    rl_json_count(json, "matrix_flop", step->matrix);
    rl_json_count(json, "vector_op", step->vector);
    rl_json_count(json, "weight_read_bytes", step->weights);
    rl_json_count(json, "kv_read_bytes", step->kv_read);
    rl_json_count(json, "kv_write_bytes", step->kv_write);
    rl_json_count(json, "state_read_bytes", step->state_read);
    rl_json_count(json, "state_write_bytes", step->state_write);
    rl_json_count(json, "activation_read_bytes", step->act_read);
    rl_json_count(json, "activation_write_bytes", step->act_write);
    rl_json_count(json, "link_bytes", step->link);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
}

static void system_record(rl_json *json, const rl_result_system *s) {
  rl_json_open(json, NULL, '{');
  machine(json, s);
  placement(json, s->placement);
  pool(json, s->pool);
  rl_json_count(json, "largest_batch", s->largest_batch);
  optional_count(json, "ridge_tokens", s->ridge_tokens, s->ridge_known);
  stages(json, s);
  optional_count(json, "head_ridge_tokens", s->head_ridge_tokens, s->head_ridge_known);
  rl_json_open(json, "batches", '[');
  for (size_t i = 0; i < s->batch_count; i++) batch(json, &s->batches[i]);
  rl_json_close(json, ']');
  rl_json_open(json, "passes", '[');
  for (size_t i = 0; i < s->pass_count; i++) pass(json, &s->passes[i], s->stage_count > 0);
  rl_json_close(json, ']');
  steps(json, s);
  rl_json_open(json, "verify", '[');
  for (size_t i = 0; i < s->verify_count; i++) verify(json, &s->verifies[i]);
  rl_json_close(json, ']');
  texts(json, "words", s->words, s->word_count);
  rl_json_close(json, '}');
}

void rl_report_json(rl_buf *out, const rl_result *result) {
  rl_json json;
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "schema", "rooflinectl/1");
  rl_json_text(&json, "kind", "analyze");
  rl_json_text(&json, "version", result->version);
  model(&json, result);
  profile(&json, result);
  config(&json, result);
  rl_json_open(&json, "systems", '[');
  for (size_t i = 0; i < result->system_count; i++) system_record(&json, &result->systems[i]);
  rl_json_close(&json, ']');
  rl_json_close(&json, '}');
  rl_json_end(&json);
}
