/* Models and families as rows: dims with their values, the graph statement by statement. */
#include "base/number.h"
#include "cli/show_parts.h"
#include "doc/expr.h"
#include "spec/model.h"

enum { TEXT_MAX = 4096 };

/* A scalar or a list of scalars as one text; what is deeper is said to be so. */
static void add_node(rl_buf *text, const rl_node *node) {
  if (node->kind == RL_SCALAR) {
    rl_buf_add(text, node->text);
    return;
  }
  rl_buf_add(text, node->kind == RL_MAP ? "{" : "[");
  for (size_t i = 0; i < node->count; i++) {
    const rl_node *item = node->items[i];
    rl_buf_add(text, i > 0 ? ", " : "");
    if (node->kind == RL_MAP) RL_ADD(text, node->keys[i]->text, ": ");
    rl_buf_add(text, item->kind == RL_SCALAR ? item->text : "...");
  }
  rl_buf_add(text, node->kind == RL_MAP ? "}" : "]");
}

static const char *finished(rl_shown *shown, const rl_buf *text) {
  if (text->failed) shown->grid->failed = true;
  return text->failed || text->text == NULL ? "" : text->text;
}

/* A dim as a number, a text, or "not given". */
static void show_value(rl_shown *shown, const char *what, const rl_value *value, rl_loc loc) {
  char number[RL_NUMBER_TEXT];
  if (value->kind == RL_VALUE_NUMBER && value->den == 1 && !value->negative) {
    rl_show_count(shown, what, value->num, loc);
  } else if (value->kind == RL_VALUE_NUMBER) {
    rl_print_digits(rl_value_double(value), 10, number);
    rl_show_text(shown, what, rl_strdup(&shown->session->arena, number), loc);
  } else if (value->kind == RL_VALUE_TEXT) {
    rl_show_text(shown, what, value->text, loc);
  } else {
    rl_show_text(shown, what, value->kind == RL_VALUE_NULL ? "not given" : "a list of the config",
                 loc);
  }
}

static void show_dims(rl_shown *shown, const rl_model *m) {
  const rl_node *dims = m->family->dims;
  const rl_scope *scope = rl_definitions_scope(m->dims);
  for (size_t i = 0; i < dims->count; i++) {
    rl_value value;
    rl_status status = RL_OK;
    const char *name = dims->keys[i]->text;
    if (!scope->resolve(scope, name, &value, &status, &shown->session->diags)) continue;
    if (status == RL_OK) {
      show_value(shown, rl_textf(&shown->session->arena, "dim %s", name), &value,
                 dims->keys[i]->loc);
    }
  }
}

rl_status rl_show_model(rl_shown *shown, const char *name) {
  const rl_model *m;
  rl_status status =
      rl_db_model(shown->session->db, name, RL_COMMAND_LINE, &m, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "model", m->name, (rl_loc){.file = m->file});
  rl_show_text(shown, "family", m->family->name, (rl_loc){.file = m->family->file});
  for (size_t i = 0; i < m->id_count; i++) {
    rl_show_text(shown, "Hugging Face id", m->ids[i], (rl_loc){0});
  }
  rl_show_text(shown, "type", RL_TYPES[m->type].name, (rl_loc){0});
  rl_show_text(shown, "quantization", m->quantization, (rl_loc){0});
  rl_show_figure(shown, "parameters", m->parameters, "values");
  show_dims(shown, m);
  for (size_t i = 0; i < m->config->count; i++) {
    rl_buf text;
    rl_buf_init(&text, &shown->session->arena, TEXT_MAX);
    add_node(&text, m->config->items[i]);
    rl_show_text(shown, rl_textf(&shown->session->arena, "config %s", m->config->keys[i]->text),
                 finished(shown, &text), m->config->keys[i]->loc);
  }
  return RL_OK;
}

/* "in: h, out: q, rows: H*d_h" */
static const char *attributes(rl_shown *shown, const rl_statement *s) {
  rl_buf text;
  rl_buf_init(&text, &shown->session->arena, TEXT_MAX);
  for (size_t i = 0; i < s->attribute_count; i++) {
    RL_ADD(&text, i > 0 ? ", " : "", s->attributes[i].key, ": ");
    add_node(&text, s->attributes[i].value);
  }
  return finished(shown, &text);
}

static void show_statements(rl_shown *shown, const rl_statement *s, size_t count, bool inside) {
  for (size_t i = 0; i < count; i++) {
    const char *what = rl_textf(&shown->session->arena, "%s%s", inside ? "  " : "", s[i].op);
    rl_show_text(shown, what, s[i].body_count > 0 ? "for each layer" : attributes(shown, &s[i]),
                 s[i].loc);
    if (!inside) show_statements(shown, s[i].body, s[i].body_count, true);
  }
}

rl_status rl_show_family(rl_shown *shown, const char *name) {
  const rl_family *f;
  rl_status status =
      rl_db_family(shown->session->db, name, RL_COMMAND_LINE, &f, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "family", f->name, (rl_loc){.file = f->file});
  for (size_t i = 0; i < f->model_type_count; i++) {
    rl_show_text(shown, "model_type", f->model_types[i], (rl_loc){0});
  }
  for (size_t i = 0; i < f->dims->count; i++) {
    rl_buf text;
    rl_buf_init(&text, &shown->session->arena, TEXT_MAX);
    add_node(&text, f->dims->items[i]);
    rl_show_text(shown, rl_textf(&shown->session->arena, "dim %s", f->dims->keys[i]->text),
                 finished(shown, &text), f->dims->keys[i]->loc);
  }
  show_statements(shown, f->graph, f->statement_count, false);
  return RL_OK;
}
