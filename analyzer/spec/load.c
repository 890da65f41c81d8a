/* Typed reads of the fields of one description. */
#include "spec/load.h"
#include "spec/checker.h"
#include "spec/kind_keys.h"

#include <string.h>

#include "base/names.h"
#include "base/number.h"

static const char *const kind_words[] = {
    [RL_SCALAR] = "a single value", [RL_SEQUENCE] = "a list", [RL_MAP] = "a map"};
enum { ORIGIN_WORDS = RL_USER }; /* a file does not say `given` */

bool rl_load_clean(const rl_load *load) {
  return load->diags->errors == load->errors && !load->diags->out_of_memory;
}

bool rl_load_checks(const rl_load *load) {
  size_t reckoned = 0;
  for (size_t i = 0; i < load->diags->list.count; i++) {
    const rl_diag *diag = &load->diags->list.items[i];
    const bool judged = diag->code == RL_D_SOURCE_ARITHMETIC || diag->code == RL_D_USABLE_RANGE;
    if (judged && strcmp(diag->loc.file, load->file) == 0) reckoned++;
  }
  return rl_db_careful(load->db) && !load->diags->out_of_memory &&
         load->diags->errors <= load->errors + reckoned;
}

rl_status rl_load_finish(const rl_load *load, const void *object, const void **out) {
  *out = NULL;
  if (object == NULL) return rl_diag_oom(load->diags);
  if (!rl_load_clean(load)) return rl_diags_status(load->diags);
  *out = object;
  return RL_OK;
}

const rl_node *rl_load_get(const rl_node *map, const char *key) {
  const rl_node *node = rl_node_get(map, key);
  return node == NULL || rl_node_is_null(node) ? NULL : node;
}

/* What to write for a key that is missing; NULL: no table says. */
static const char *mend_of(const rl_load *load, const char *where, const char *key) {
  const rl_kind_key *known = rl_key_of(where, key);
  if (known == NULL) return NULL;
  const bool words = known->words != NULL && known->form == RL_KEY_TEXT;
  const char *text = !words
                         ? rl_textf(load->arena, "add %s: %s", key, known->says)
                         : rl_textf(load->arena, "add %s: %s, one of the words %s", key,
                                    known->says, known->words);
  if (text == NULL) rl_diag_oom(load->diags);
  return text;
}

const rl_node *rl_load_need(const rl_load *load, const rl_node *map, const char *where,
                            const char *key) {
  const rl_node *node = rl_load_get(map, key);
  if (node == NULL && map->kind == RL_MAP) {
    RL_REPORT(load->diags, MISSING_KEY, map->loc, where, key, mend_of(load, where, key));
  }
  return node;
}

const char *rl_load_text(const rl_load *load, const rl_node *map, const char *key) {
  const rl_node *node = rl_load_get(map, key);
  const char *text = NULL;
  if (node != NULL) rl_node_text(node, key, &text, load->diags);
  return text;
}

const char *rl_load_name(const rl_load *load, const rl_node *node, const char *what) {
  const char *name = NULL;
  if (node != NULL && rl_node_name(node, what, &name, load->diags) != RL_OK) return NULL;
  return name;
}

static bool is_kind(const rl_load *load, const rl_node *node, const char *what, rl_node_kind kind) {
  char most[RL_NUMBER_TEXT];
  if (node->kind != kind) {
    RL_REPORT(load->diags, VALUE_KIND, node->loc, what, kind_words[kind], kind_words[node->kind],
              NULL);
  } else if (node->count > RL_ENTRIES_MAX) {
    RL_REPORT(load->diags, LONG_LIST, node->loc, what, rl_print_grouped(RL_ENTRIES_MAX, most));
  }
  return node->kind == kind && node->count <= RL_ENTRIES_MAX;
}

bool rl_load_is_list(const rl_load *load, const rl_node *node, const char *what) {
  return is_kind(load, node, what, RL_SEQUENCE);
}

bool rl_load_is_map(const rl_load *load, const rl_node *node, const char *what) {
  return is_kind(load, node, what, RL_MAP);
}

const char *const *rl_load_names(const rl_load *load, const rl_node *node, const char *what,
                                 size_t *count) {
  *count = 0;
  if (node == NULL) return NULL;
  bool one = node->kind == RL_SCALAR;
  if (!one && !rl_load_is_list(load, node, what)) return NULL;
  size_t items = one ? 1 : node->count;
  const char **names = RL_NEW_ARRAY(load->arena, const char *, items);
  if (names == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  for (size_t i = 0; i < items; i++) {
    names[*count] = rl_load_name(load, one ? node : node->items[i], what);
    if (names[*count] != NULL) ++*count;
  }
  return names;
}

const char *rl_load_join(rl_arena *arena, const char *const *words, size_t count) {
  rl_buf buf;
  rl_buf_init(&buf, arena, (size_t)1 << 16);
  rl_buf_add(&buf, "");
  for (size_t i = 0; i < count; i++) {
    if (i > 0) rl_buf_add(&buf, i + 1 == count ? " or " : ", ");
    rl_buf_add(&buf, words[i]);
  }
  return buf.failed ? NULL : buf.text;
}

int rl_load_word(const rl_load *load, const rl_node *node, const char *what,
                 const char *const *words, size_t count) {
  const char *text;
  if (rl_node_text(node, what, &text, load->diags) != RL_OK) return -1;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(text, words[i]) == 0) return (int)i;
  }
  const char *allowed = rl_load_join(load->arena, words, count);
  if (allowed == NULL) {
    rl_diag_oom(load->diags);
  } else {
    RL_REPORT(load->diags, UNKNOWN_WORD, node->loc, what, text, allowed);
  }
  return -1;
}

bool rl_load_type(const rl_load *load, const rl_node *node, rl_type *out) {
  const char *text, *names[RL_TYPE_COUNT];
  if (rl_node_text(node, "type", &text, load->diags) != RL_OK) return false;
  if (rl_type_find(text, out)) return true;
  for (int type = 0; type < RL_TYPE_COUNT; type++) names[type] = RL_TYPES[type].name;
  RL_REPORT(load->diags, UNKNOWN_TYPE, node->loc, text,
            rl_did_you_mean(text, names, RL_TYPE_COUNT));
  return false;
}

bool rl_load_engine_type(const rl_load *load, const rl_node *node, int *engine, rl_type *type) {
  static const char *const engines[] = {"tensor.", "vector."};
  const char *text;
  if (rl_node_text(node, "compute", &text, load->diags) != RL_OK) return false;
  for (int i = 0; i < 2; i++) {
    size_t length = strlen(engines[i]);
    if (strncmp(text, engines[i], length) != 0) continue;
    *engine = i;
    if (rl_type_find(text + length, type)) return true;
  }
  RL_REPORT(load->diags, UNKNOWN_COMPUTE, node->loc, text);
  return false;
}

rl_origin rl_origin_of(const rl_node *map, rl_origin outer) {
  const rl_node *kind = rl_load_get(map, "kind"), *source = rl_load_get(map, "source");
  return (rl_origin){.kind = kind != NULL ? kind : outer.kind,
                     .source = source != NULL ? source : outer.source};
}

/* The key of an entry; NULL in a list. */
static const char *key_at(const rl_node *node, size_t index) {
  return node->kind == RL_MAP ? node->keys[index]->text : NULL;
}

rl_source_texts rl_load_sources(const rl_load *load) {
  const rl_node *node = load->sources != NULL ? load->sources : rl_load_get(load->root, "source");
  const bool one = node != NULL && node->kind == RL_SCALAR;
  rl_source_texts out = {0};
  if (node == NULL || (!one && load->sources == NULL)) return out;
  const size_t count = one ? 1 : node->count;
  rl_source_text *items = RL_NEW_ARRAY(load->arena, rl_source_text, count + 1);
  if (items == NULL) {
    rl_diag_oom(load->diags);
    return out;
  }
  out.items = items;
  for (size_t i = 0; i < count; i++) {
    const rl_node *item = one ? node : node->items[i];
    const char *text;
    if (rl_node_text(item, "source", &text, load->diags) != RL_OK) continue;
    items[out.count++] = (rl_source_text){text, item->loc, key_at(node, i)};
  }
  return out;
}

void rl_load_check_papers(const rl_load *load, const rl_source_texts *sources) {
  for (size_t i = 0; rl_db_careful(load->db) && i < sources->count; i++) {
    const char *rest = sources->items[i].text;
    rl_citation citation;
    bool papers = rest[0] != '\0';
    while (rl_citation_next(load->arena, &rest, &citation)) {
      papers = papers && rl_citation_is_paper(&citation);
    }
    if (papers) continue;
    RL_REPORT(load->diags, SOURCE_NO_PAPER, sources->items[i].loc, sources->items[i].text);
  }
}

/* What `source: KEY` stands for: an entry of the file's `sources:`, else the text itself. */
static const char *source_text(const rl_load *load, const rl_node *node) {
  const char *text = NULL;
  if (rl_node_text(node, "source", &text, load->diags) != RL_OK) return NULL;
  const rl_node *entry = rl_load_get(load->sources, text);
  if (entry != NULL) rl_node_text(entry, "source", &text, load->diags);
  return text;
}

static const rl_source *source_new(const rl_load *load, rl_loc loc, rl_origin origin,
                                   const char *what) {
  if (origin.kind == NULL) RL_REPORT(load->diags, MISSING_SOURCE, loc, what, "kind");
  if (origin.source == NULL) RL_REPORT(load->diags, MISSING_SOURCE, loc, what, "source");
  if (origin.kind == NULL || origin.source == NULL) return NULL;
  int kind = rl_load_word(load, origin.kind, "kind of source", RL_SOURCE_KIND_WORDS, ORIGIN_WORDS);
  const char *text = source_text(load, origin.source);
  if (kind < 0 || text == NULL) return NULL;
  rl_source *source = RL_NEW(load->arena, rl_source);
  if (source == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  *source = (rl_source){.loc = loc, .kind = (rl_source_kind)kind, .text = text};
  return source;
}

/* The scalar of a figure and, in *origin, whence it takes kind and source. NULL: reported. */
static const rl_node *figure_value(const rl_load *load, const rl_node *node, const char *what,
                                   rl_origin *origin) {
  if (node->kind != RL_MAP) return node;
  if (rl_nested_known(load, node, RL_BELOW_FIGURE, what) != RL_OK) return NULL;
  *origin = rl_origin_of(node, *origin);
  return rl_load_need(load, node, what, "value");
}

/* Lint's: rates against what their source reckons, unless that is a document that others share. */
static void check_own_words(const rl_load *load, const rl_figure *figure, const rl_node *source,
                            const rl_field *field) {
  const bool rate =
      field->dimension == RL_DIM_BYTES_PER_S || field->dimension == RL_DIM_FLOP_PER_S;
  if (!rate || !rl_db_careful(load->db) || rl_load_get(load->sources, source->text) != NULL) return;
  rl_check_reckoning(load, figure, field->dimension, field->what);
}

rl_figure rl_load_figure(const rl_load *load, const rl_node *node, rl_origin outer,
                         const rl_field *field) {
  rl_figure figure = {0};
  const rl_node *value = node == NULL ? NULL : figure_value(load, node, field->what, &outer);
  if (value == NULL) return figure;
  rl_status status = field->dimension == RL_DIM_COUNT
                         ? rl_node_double(value, field->what, field->range.min, field->range.max,
                                          &figure.value, load->diags)
                         : rl_node_quantity(value, field->what, field->dimension, field->range,
                                            &figure.value, load->diags);
  figure.source = source_new(load, value->loc, outer, field->what);
  if (status != RL_OK || figure.source == NULL) return (rl_figure){0};
  check_own_words(load, &figure, outer.source, field);
  return figure;
}

rl_figure rl_load_given(rl_arena *arena, double value, rl_loc loc, rl_diags *diags) {
  rl_source *source = RL_NEW(arena, rl_source);
  if (source == NULL) {
    rl_diag_oom(diags);
    return (rl_figure){0};
  }
  *source = (rl_source){.loc = loc, .kind = RL_USER};
  return (rl_figure){.value = value, .source = source};
}

rl_figure rl_load_bytes(const rl_load *load, const rl_node *node, rl_origin outer, const char *what,
                        uint64_t *bytes) {
  rl_figure figure = {0};
  const rl_node *value = node == NULL ? NULL : figure_value(load, node, what, &outer);
  if (value == NULL) return figure;
  rl_status status = rl_node_bytes(value, what, bytes, load->diags);
  figure.source = source_new(load, value->loc, outer, what);
  if (status != RL_OK || figure.source == NULL) return (rl_figure){0};
  figure.value = (double)*bytes;
  return figure;
}

rl_figure rl_load_integer(const rl_load *load, const rl_node *node, rl_origin outer,
                          const rl_field *field, uint64_t *out) {
  rl_figure figure = {0};
  const rl_node *value = node == NULL ? NULL : figure_value(load, node, field->what, &outer);
  if (value == NULL) return figure;
  rl_status status = rl_node_u64(value, field->what, (uint64_t)field->range.min,
                                 (uint64_t)field->range.max, out, load->diags);
  figure.source = source_new(load, value->loc, outer, field->what);
  if (status != RL_OK || figure.source == NULL) return (rl_figure){0};
  figure.value = (double)*out;
  return figure;
}

rl_figure rl_load_lanes(const rl_load *load, const rl_node *map, rl_origin outer, uint64_t *lanes) {
  static const rl_field field_signal = {"signal", RL_DIM_BITS_PER_S, {1e6, 1e12}};
  const rl_node *node = rl_load_get(map, "lanes");
  if (node != NULL) rl_node_u64(node, "lanes", 1, 1 << 16, lanes, load->diags);
  return rl_load_figure(load, rl_load_get(map, "signal"), outer, &field_signal);
}
