/* YAML to the tree, through the event interface of libyaml only: its loader looks anchors up in
 * linear time and accepts duplicate keys. What a configuration has no use for is refused: tags,
 * merge keys, keys that are no texts, several documents, control characters. */
#include <string.h>
#include <yaml.h>

#include "base/number.h"
#include "base/utf8.h"
#include "doc/builder.h"
#include "doc/excerpt.h"
#include "doc/text.h"
#include "doc/yaml_problem.h"

typedef struct anchor {
  const char *name;
  rl_node *node;
} anchor;

typedef struct reader {
  rl_builder builder;
  rl_document document;
  RL_LIST(anchor) anchors;
  bool started; /* a document has begun */
  bool done;
} reader;

static rl_loc mark_loc(const reader *r, yaml_mark_t mark) {
  return (rl_loc){.file = r->document.file,
                  .line = (uint32_t)mark.line + 1,
                  .column = (uint32_t)mark.column + 1};
}

/* The latest anchor of that name, as YAML lets names be given anew. */
static const anchor *find_anchor(const reader *r, const char *name) {
  for (size_t i = r->anchors.count; i-- > 0;) {
    if (strcmp(r->anchors.items[i].name, name) == 0) return &r->anchors.items[i];
  }
  return NULL;
}

static rl_status add_anchor(reader *r, const yaml_char_t *name, rl_node *node) {
  char number[RL_NUMBER_TEXT];
  if (name == NULL) return RL_OK;
  uint32_t most = r->builder.limits->anchors;
  if (r->anchors.count >= most) {
    return RL_REPORT(r->builder.diags, YAML_ANCHORS, node->loc, rl_print_u64(most, number));
  }
  char *copy = rl_strdup(r->builder.arena, (const char *)name);
  anchor *slot = RL_PUSH(r->builder.arena, &r->anchors);
  if (copy == NULL || slot == NULL) return rl_diag_oom(r->builder.diags);
  *slot = (anchor){.name = copy, .node = node};
  return RL_OK;
}

/* Marks the document as wrong after a report that reading can go on after. */
static rl_status go_on(reader *r) {
  r->builder.failed = true;
  return r->builder.diags->out_of_memory ? RL_ENVIRONMENT : RL_OK;
}

static rl_status check_tag(reader *r, const yaml_char_t *tag, rl_loc loc) {
  char shown[RL_EXCERPT];
  if (tag == NULL) return RL_OK;
  const char *text = (const char *)tag;
  RL_REPORT(r->builder.diags, YAML_TAG, loc, rl_excerpt(text, strlen(text), shown));
  return go_on(r);
}

static bool is_open(const reader *r, const rl_node *node) {
  for (size_t i = 0; i < r->builder.depth; i++) {
    if (r->builder.frames[i].node == node) return true;
  }
  return false;
}

static rl_status on_alias(reader *r, const yaml_event_t *event, rl_loc loc) {
  char shown[RL_EXCERPT];
  const char *name = (const char *)event->data.alias.anchor;
  const anchor *target = find_anchor(r, name);
  rl_excerpt(name, strlen(name), shown);
  if (target == NULL) {
    RL_REPORT(r->builder.diags, YAML_ALIAS_UNKNOWN, loc, shown);
    rl_status status = go_on(r);
    return status == RL_OK ? rl_builder_scalar(&r->builder, "", 0, 0, loc, NULL) : status;
  }
  if (is_open(r, target->node)) return RL_REPORT(r->builder.diags, YAML_ALIAS_CYCLE, loc, shown);
  return rl_builder_share(&r->builder, target->node, loc);
}

/* Only escapes can bring control characters this far; the raw ones were refused before. */
static rl_status check_scalar(reader *r, const char *text, size_t length, rl_loc loc) {
  char shown[RL_EXCERPT];
  for (size_t at = 0; at < length;) {
    uint32_t code = 0;
    size_t bytes = rl_utf8_decode(text + at, length - at, &code);
    bool harmless = code == '\n' || code == '\t' || !rl_utf8_is_control(code);
    if (bytes == 0 || !harmless) {
      rl_excerpt_code(code, shown);
      RL_REPORT(r->builder.diags, DOC_SCALAR_CONTROL, loc, shown);
      return go_on(r);
    }
    at += bytes;
  }
  return RL_OK;
}

static char scalar_style(yaml_scalar_style_t style) {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
      return '\'';
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
      return '"';
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE:
      return '|';
    default:
      return 0;
  }
}

static rl_status on_scalar(reader *r, const yaml_event_t *event, rl_loc loc) {
  const char *text = (const char *)event->data.scalar.value;
  size_t length = event->data.scalar.length;
  char style = scalar_style(event->data.scalar.style);
  rl_node *node = NULL;
  rl_status status = check_tag(r, event->data.scalar.tag, loc);
  if (status == RL_OK) status = check_scalar(r, text, length, loc);
  if (status == RL_OK && style == 0 && rl_builder_wants_key(&r->builder) &&
      strcmp(text, "<<") == 0) {
    RL_REPORT(r->builder.diags, KEY_MERGE, loc, NULL);
    status = go_on(r);
  }
  if (status == RL_OK) status = rl_builder_scalar(&r->builder, text, length, style, loc, &node);
  return status == RL_OK ? add_anchor(r, event->data.scalar.anchor, node) : status;
}

static rl_status on_start(reader *r, rl_node_kind kind, const yaml_char_t *anchor_name,
                          const yaml_char_t *tag, rl_loc loc) {
  rl_node *node = NULL;
  rl_status status = rl_builder_open(&r->builder, kind, loc, &node);
  if (status == RL_OK) status = check_tag(r, tag, loc);
  return status == RL_OK ? add_anchor(r, anchor_name, node) : status;
}

static rl_status on_document(reader *r, rl_loc loc) {
  if (r->started) return RL_REPORT(r->builder.diags, DOC_SECOND, loc, NULL);
  r->started = true;
  return RL_OK;
}

static rl_status on_event(reader *r, const yaml_event_t *event) {
  rl_loc loc = mark_loc(r, event->start_mark);
  switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
      return on_document(r, loc);
    case YAML_ALIAS_EVENT:
      return on_alias(r, event, loc);
    case YAML_SCALAR_EVENT:
      return on_scalar(r, event, loc);
    case YAML_SEQUENCE_START_EVENT:
      return on_start(r, RL_SEQUENCE, event->data.sequence_start.anchor,
                      event->data.sequence_start.tag, loc);
    case YAML_MAPPING_START_EVENT:
      return on_start(r, RL_MAP, event->data.mapping_start.anchor, event->data.mapping_start.tag,
                      loc);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      return rl_builder_close(&r->builder);
    case YAML_STREAM_END_EVENT:
      r->done = true;
      return RL_OK;
    default:
      return RL_OK;
  }
}

static rl_status read_events(reader *r, yaml_parser_t *parser) {
  rl_status status = RL_OK;
  while (status == RL_OK && !r->done) {
    yaml_event_t event;
    if (!yaml_parser_parse(parser, &event)) {
      return rl_yaml_problem(parser, &r->document, r->builder.diags);
    }
    status = on_event(r, &event);
    yaml_event_delete(&event);
  }
  return status;
}

rl_status rl_parse_yaml(rl_arena *arena, const rl_document *document, const rl_doc_limits *limits,
                        rl_node **root, rl_diags *diags) {
  reader r = {.document = *document};
  yaml_parser_t parser;
  *root = NULL;
  rl_status status = rl_text_check(&r.document, limits, true, diags);
  if (status == RL_OK) status = rl_builder_init(&r.builder, arena, limits, diags);
  if (status != RL_OK) return status;
  if (!yaml_parser_initialize(&parser)) return rl_diag_oom(diags);
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, (const unsigned char *)r.document.text, r.document.length);
  status = read_events(&r, &parser);
  yaml_parser_delete(&parser);
  if (status == RL_OK && r.builder.root == NULL) {
    status = RL_REPORT(diags, DOC_EMPTY, ((rl_loc){document->file, 1, 1}), NULL);
  }
  if (status == RL_OK && r.builder.failed) status = RL_BAD_INPUT;
  if (status == RL_OK) *root = r.builder.root;
  return status;
}
