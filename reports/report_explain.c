/* Where the time of an operator comes from, for people: formula, numbers, roofs, sources. */
#include <string.h>

#include "base/number.h"
#include "base/quote.h"
#include "reports/report.h"

enum { INDENT = 2, COLUMN = 12, TEXT_MAX = 16384 };

/* "  label     text", the text wrapped in its own column. The text is data: it is quoted here. */
static void line(rl_buf *out, const rl_style *style, const char *label, const rl_buf *text) {
  if (text->failed) out->failed = true;
  if (text->failed || text->length == 0) return;
  rl_buf_pad(out, ' ', INDENT);
  rl_buf_add(out, label);
  rl_buf_pad(out, ' ', COLUMN - INDENT - strlen(label));
  rl_paragraph(out, style, text->text, COLUMN, COLUMN);
}

static void add_place(rl_buf *out, const char *file, uint32_t at_line, uint32_t at_column) {
  rl_buf_add(out, file == NULL ? "" : file);
  if (at_line > 0) rl_buf_addf(out, ":%u:%u", (unsigned)at_line, (unsigned)at_column);
}

/* "12,288 T + 25,165,824 1_T = 25,178,112 B" */
static void add_form(rl_buf *out, const rl_result_form *form) {
  if (form->divisor > 1) rl_buf_add(out, "(");
  for (size_t i = 0; i < form->term_count; i++) {
    if (i > 0) rl_buf_add(out, " + ");
    rl_add_count(out, form->terms[i].coefficient);
    RL_ADD(out, " ", form->terms[i].moment);
  }
  if (form->divisor > 1) {
    rl_buf_add(out, ") / ");
    rl_add_count(out, form->divisor);
  }
  rl_buf_add(out, " = ");
  rl_add_count(out, form->value);
  RL_ADD(out, " ", form->unit);
}

static void forms(rl_buf *out, const rl_style *style, const rl_result_explanation *e) {
  for (size_t i = 0; i < e->form_count; i++) {
    rl_buf text;
    rl_buf_init(&text, out->arena, TEXT_MAX);
    RL_ADD(&text, e->forms[i].what, ": ");
    add_form(&text, &e->forms[i]);
    line(out, style, i == 0 ? "counts" : "", &text);
  }
}

/* Each moment of the forms once, with its value and meaning. */
static bool told_before(const rl_result_explanation *e, size_t form, size_t term) {
  const char *moment = e->forms[form].terms[term].moment;
  for (size_t f = 0; f <= form; f++) {
    size_t end = f == form ? term : e->forms[f].term_count;
    for (size_t t = 0; t < end; t++) {
      if (strcmp(e->forms[f].terms[t].moment, moment) == 0) return true;
    }
  }
  return false;
}

static void moments(rl_buf *out, const rl_style *style, const rl_result_explanation *e) {
  bool first = true;
  for (size_t f = 0; f < e->form_count; f++) {
    for (size_t t = 0; t < e->forms[f].term_count; t++) {
      const rl_result_term *term = &e->forms[f].terms[t];
      rl_buf text;
      if (told_before(e, f, t)) continue;
      rl_buf_init(&text, out->arena, TEXT_MAX);
      RL_ADD(&text, term->moment, " = ");
      rl_add_count(&text, term->value);
      RL_ADD(&text, ", ", term->says);
      line(out, style, first ? "where" : "", &text);
      first = false;
    }
  }
}

/* " + 2 messages x 470 ns"; nothing without a latency. */
static void add_messages(rl_buf *out, uint64_t messages, const rl_result_figure *latency) {
  if (latency->name == NULL) return;
  rl_buf_add(out, " + ");
  rl_add_count(out, messages);
  rl_buf_add(out, messages == 1 ? " message x " : " messages x ");
  rl_add_time(out, latency->value);
}

static void roofs(rl_buf *out, const rl_style *style, const rl_result_explanation *e) {
  for (size_t i = 0; i < e->roof_count; i++) {
    const rl_result_roof *roof = &e->roofs[i];
    char rate_unit[8] = "";
    rl_buf text;
    rl_buf_init(&text, out->arena, TEXT_MAX);
    memcpy(rate_unit, roof->unit, strlen(roof->unit) < 5 ? strlen(roof->unit) + 1 : 1);
    RL_ADD(&text, roof->what, ": ");
    rl_add_si(&text, (double)roof->amount, roof->unit);
    if (!(roof->rate > 0)) {
      RL_ADD(&text, " take no time: there is no figure of the ", roof->figure.name);
      line(out, style, i == 0 ? "roofs" : "", &text);
      continue;
    }
    rl_buf_add(&text, " / ");
    rl_add_figure(&text, roof->rate, rate_unit);
    rl_buf_add(&text, "/s");
    add_messages(&text, roof->messages, &roof->latency);
    add_messages(&text, roof->inner_messages, &roof->inner_latency);
    rl_buf_add(&text, " = ");
    rl_add_time(&text, roof->seconds);
    if (roof->binds) rl_buf_add(&text, ", the largest: it binds");
    line(out, style, i == 0 ? "roofs" : "", &text);
  }
}

/* "compute, 25.0 times shorter; it binds from batch 241 on" */
static void change(rl_buf *out, const rl_style *style, const rl_result_explanation *e) {
  char ratio[RL_NUMBER_TEXT];
  rl_buf text;
  rl_buf_init(&text, out->arena, TEXT_MAX);
  if (e->next != NULL) {
    RL_ADD(&text, e->next, " would take ", rl_print_short(e->next_ratio, ratio), " times less");
  }
  if (e->change_batch > 0) {
    RL_ADD(&text, text.length > 0 ? "; " : "", e->change_to, " binds from batch ");
    rl_add_count(&text, e->change_batch);
    rl_buf_add(&text, " on");
  } else if (e->next != NULL) {
    rl_buf_add(&text, "; no larger batch changes what binds");
  }
  line(out, style, "next", &text);
}

/* "H = 32 (models/families/llama.yaml:20:6), num_attention_heads at config.json:9:26" */
static void dims(rl_buf *out, const rl_style *style, const rl_result_explanation *e) {
  for (size_t i = 0; i < e->dim_count; i++) {
    const rl_result_dim *dim = &e->dims[i];
    rl_buf text;
    rl_buf_init(&text, out->arena, TEXT_MAX);
    RL_ADD(&text, dim->name, " = ");
    rl_add_count(&text, dim->value);
    rl_buf_add(&text, " (");
    add_place(&text, dim->file, dim->line, dim->column);
    rl_buf_add(&text, ")");
    if (dim->key != NULL) {
      RL_ADD(&text, ", ", dim->key, " at ");
      add_place(&text, dim->key_file, dim->key_line, dim->key_column);
    }
    line(out, style, i == 0 ? "dims" : "", &text);
  }
}

/* "q_proj.weight, weight read: 33.6 MB stored, all streamed" */
static void operands(rl_buf *out, const rl_style *style, const rl_result_explanation *e) {
  for (size_t i = 0; i < e->operand_count; i++) {
    const rl_result_operand *o = &e->operands[i];
    rl_buf text;
    rl_buf_init(&text, out->arena, TEXT_MAX);
    RL_ADD(&text, o->tensor, ", ", o->role, o->written ? " written: " : " read: ");
    if (o->stored_known) {
      rl_add_si(&text, (double)o->stored, "B");
      rl_buf_add(&text, " stored, ");
    }
    rl_add_si(&text, (double)(o->streamed + o->resident), "B");
    rl_buf_add(&text, o->resident > 0 ? " resident in the cache" : " streamed");
    line(out, style, i == 0 ? "operands" : "", &text);
  }
}

/* Nothing of a figure that is not there. */
static void source(rl_buf *out, const rl_style *style, const rl_result_figure *figure,
                   bool *first) {
  rl_buf text;
  if (!(figure->value > 0)) return;
  rl_buf_init(&text, out->arena, TEXT_MAX);
  RL_ADD(&text, figure->name, " = ");
  rl_add_figure(&text, figure->value, figure->unit);
  if (figure->kind != NULL) RL_ADD(&text, " (", figure->kind, ") ");
  add_place(&text, figure->file, figure->line, figure->column);
  if (figure->source != NULL) RL_ADD(&text, " \"", figure->source, "\"");
  line(out, style, *first ? "sources" : "", &text);
  *first = false;
}

static void sources(rl_buf *out, const rl_style *style, const rl_result_explanation *e) {
  bool first = true;
  for (size_t i = 0; i < e->roof_count; i++) {
    source(out, style, &e->roofs[i].figure, &first);
    source(out, style, &e->roofs[i].latency, &first);
    source(out, style, &e->roofs[i].inner_latency, &first);
  }
}

/* Layers of both kinds, under a window and without, need headings that tell them apart. */
static bool has_windowed_twin(const rl_result_pass *pass, const rl_result_operator *op) {
  for (size_t i = 0; i < pass->operator_count; i++) {
    const rl_result_operator *other = &pass->operators[i];
    if (other->window > 0 && strcmp(other->name, op->name) == 0) return true;
  }
  return false;
}

static void title_window(rl_buf *out, const rl_result_pass *pass, const rl_result_operator *op) {
  if (op->window > 0) {
    rl_buf_add(out, ", window ");
    rl_add_count(out, op->window);
  } else if (has_windowed_twin(pass, op)) {
    rl_buf_add(out, ", no window");
  }
}

/* ", micro-batch of 2, stages 2 to 7 of 8" */
static void title_stages(rl_buf *out, const rl_result_system *system, const rl_result_pass *pass,
                         size_t alike) {
  if (system->stage_count == 0) return;
  rl_buf_add(out, ", micro-batch of ");
  rl_add_count(out, pass->micro_batch);
  rl_buf_add(out, alike > 1 ? ", stages " : ", stage ");
  rl_add_count(out, pass->stage + 1);
  if (alike > 1) rl_buf_add(out, " to ");
  if (alike > 1) rl_add_count(out, pass->stage + alike);
  rl_buf_add(out, " of ");
  rl_add_count(out, system->stage_count);
}

/* "qkv_proj at batch 1: 32 times 17.9 us at best = 573 us, 7.3 % of the pass"; on so many stages.
 */
static void title(rl_buf *out, const rl_result_system *system, const rl_result_pass *pass,
                  const rl_result_operator *op, size_t alike) {
  char number[RL_NUMBER_TEXT];
  title_window(out, pass, op);
  rl_buf_add(out, " at batch ");
  rl_add_count(out, pass->batch);
  title_stages(out, system, pass, alike);
  rl_buf_add(out, ": ");
  if (op->repeat > 1) {
    rl_add_count(out, op->repeat);
    rl_buf_add(out, " times ");
  }
  rl_add_time(out, op->seconds);
  if (op->repeat > 1) {
    rl_buf_add(out, " = ");
    rl_add_time(out, op->seconds * (double)op->repeat);
  }
  RL_ADD(out, " at best, ", rl_print_short(op->share * 100, number), " % of the ");
  rl_buf_add(out, system->stage_count > 0 ? "stage's pass\n" : "pass\n");
}

static void what_it_is(rl_buf *out, const rl_style *style, const rl_result_operator *op) {
  const rl_result_explanation *e = op->explanation;
  rl_buf part;
  rl_buf_init(&part, out->arena, TEXT_MAX);
  if (e->part != NULL) RL_ADD(&part, e->part, " went into ", op->name);
  line(out, style, "asked", &part);
  rl_buf what, from;
  rl_buf_init(&what, out->arena, TEXT_MAX);
  rl_buf_init(&from, out->arena, TEXT_MAX);
  if (op->fusion != NULL) RL_ADD(&what, "fusion ", op->fusion, ": ");
  RL_ADD(&what, e->doc, " (", e->paper, ")");
  line(out, style, "what", &what);
  add_place(&from, e->file, e->line, e->column);
  line(out, style, "from", &from);
}

/* What is told of an operator is the same of the two. */
static bool told_alike(const rl_result_operator *a, const rl_result_operator *b) {
  const uint64_t counts[][2] = {{a->repeat, b->repeat},           {a->window, b->window},
                                {a->matrix, b->matrix},           {a->vector, b->vector},
                                {a->weights, b->weights},         {a->kv_read, b->kv_read},
                                {a->kv_write, b->kv_write},       {a->act_read, b->act_read},
                                {a->act_write, b->act_write},     {a->state_read, b->state_read},
                                {a->state_write, b->state_write}, {a->link, b->link}};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    if (counts[i][0] != counts[i][1]) return false;
  }
  return strcmp(a->name, b->name) == 0 && a->seconds == b->seconds && a->share == b->share;
}

/* Stages from that of the pass on that run the nth operator alike. */
static size_t stages_alike(const rl_result_system *system, const rl_result_pass *pass, size_t nth) {
  size_t alike = 1;
  if (nth >= pass->operator_count) return alike; /* the stage before may have fewer */
  while (pass->stage + alike < system->stage_count && nth < pass[alike].operator_count &&
         told_alike(&pass->operators[nth], &pass[alike].operators[nth])) {
    alike++;
  }
  return alike;
}

static void explain(rl_buf *out, const rl_result_operator *op, const rl_style *style) {
  what_it_is(out, style, op);
  forms(out, style, op->explanation);
  moments(out, style, op->explanation);
  dims(out, style, op->explanation);
  operands(out, style, op->explanation);
  roofs(out, style, op->explanation);
  change(out, style, op->explanation);
  sources(out, style, op->explanation);
}

static void explain_pass(rl_buf *out, const rl_result_system *system, const rl_result_pass *pass,
                         const rl_style *style) {
  for (size_t i = 0; i < pass->operator_count; i++) {
    const rl_result_operator *op = &pass->operators[i];
    if (op->explanation == NULL) continue;
    if (pass->stage > 0 && stages_alike(system, pass - 1, i) > 1) continue;
    rl_buf_add(out, "\n");
    rl_ink_set(out, style, RL_INK_HEAD);
    rl_quote(out, RL_QUOTE_TERMINAL, op->name);
    rl_ink_set(out, style, RL_INK_PLAIN);
    title(out, system, pass, op, stages_alike(system, pass, i));
    explain(out, op, style);
  }
}

void rl_report_explanations(rl_buf *out, const rl_result_system *system, size_t batch,
                            const rl_style *style) {
  const size_t stages = system->stage_count > 0 ? system->stage_count : 1;
  for (size_t s = 0; s < stages; s++) {
    explain_pass(out, system, &system->passes[batch * stages + s], style);
  }
}

void rl_report_stages(rl_buf *out, const rl_result_system *system, const rl_style *style) {
  if (system->stage_word_count > 0) rl_buf_add(out, "\n");
  for (size_t i = 0; i < system->stage_word_count; i++) {
    rl_paragraph(out, style, system->words[i], 0, 2);
  }
}
