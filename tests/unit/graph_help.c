/* Shared by the tests of graph/. */
#include "graph_help.h"

#include <stdio.h>
#include <string.h>

#include "spec/load.h"
#include "unit.h"

static const rl_loc nowhere = {0};

void graph_open(graph_case *c, const rl_allocator *allocator) {
  *c = (graph_case){.db = NULL};
  rl_arena_init(&c->arena, allocator);
  rl_diags_init(&c->diags, &c->arena);
  if (rl_db_open(&c->arena, NULL, 0, &c->db, &c->diags) != RL_OK) return;
  c->scenario = (rl_scenario){.model = &c->model,
                              .activations = graph_format(c, "bf16"),
                              .state = graph_format(c, "fp32"),
                              .weights = graph_format(c, "bf16"),
                              .k = graph_format(c, "bf16"),
                              .v = graph_format(c, "bf16")};
  c->model.name = "tiny";
  graph_profile(c, "reference");
}

void graph_close(graph_case *c) {
  rl_arena_free(&c->arena);
}

static const rl_node *parse(graph_case *c, const char *file, const char *yaml) {
  rl_document document = {.file = file, .text = yaml, .length = strlen(yaml)};
  rl_node *root;
  rl_status status = rl_parse_yaml(&c->arena, &document, &RL_DOC_LIMITS, &root, &c->diags);
  return status == RL_OK ? root : NULL;
}

/* Config keys as names; an absent one is null, as spec/ has it. */
typedef struct config_scope {
  rl_scope scope;
  const graph_case *c;
} config_scope;

/* The node at the path a.b.c below a map. */
static const rl_node *at_path(const rl_node *map, const char *path) {
  char key[64];
  while (map != NULL && map->kind == RL_MAP) {
    size_t length = strcspn(path, ".");
    if (length >= sizeof key) return NULL;
    memcpy(key, path, length);
    key[length] = '\0';
    map = rl_node_get(map, key);
    if (path[length] == '\0') return map;
    path += length + 1;
  }
  return NULL;
}

static bool resolve(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                    rl_diags *diags) {
  const rl_node *node = at_path(((const config_scope *)scope)->c->config, name);
  (void)diags;
  *status = RL_OK;
  *out = node == NULL ? (rl_value){.kind = RL_VALUE_NULL} : rl_value_from_node(node);
  return true;
}

static bool set_family(graph_case *c, const rl_family *family) {
  config_scope *outer = RL_NEW(&c->arena, config_scope);
  rl_definitions *dims;
  if (outer == NULL) return false;
  *outer = (config_scope){.scope = {.resolve = resolve}, .c = c};
  c->model.family = family;
  rl_status status = rl_definitions_new(&c->arena, family->dims, &outer->scope, &dims, &c->diags);
  if (status == RL_OK) c->model.dims = dims;
  return status == RL_OK;
}

bool graph_family(graph_case *c, const char *yaml) {
  rl_load load = {.db = c->db,
                  .arena = &c->arena,
                  .diags = &c->diags,
                  .name = "test",
                  .file = "family.yaml",
                  .root = parse(c, "family.yaml", yaml)};
  const void *family;
  if (load.root == NULL || rl_load_family(&load, &family) != RL_OK) return false;
  return set_family(c, family);
}

void graph_shipped(graph_case *c, const char *name) {
  const rl_family *family;
  rl_status status = rl_db_family(c->db, name, nowhere, &family, &c->diags);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  CU_ASSERT(set_family(c, family));
}

bool graph_config(graph_case *c, const char *yaml) {
  c->config = c->model.config = parse(c, "config.yaml", yaml);
  return c->config != NULL;
}

const rl_format *graph_format(graph_case *c, const char *name) {
  const rl_format *format = NULL;
  (void)rl_db_format(c->db, name, nowhere, &format, &c->diags);
  return format;
}

void graph_profile(graph_case *c, const char *name) {
  (void)rl_db_profile(c->db, name, nowhere, &c->scenario.profile, &c->diags);
}

rl_status graph_lower(graph_case *c) {
  return rl_lower(&c->arena, &c->scenario, &c->program, &c->diags);
}

void graph_print(const graph_case *c) {
  for (size_t i = 0; i < c->diags.list.count; i++) {
    const rl_diag *diag = &c->diags.list.items[i];
    fprintf(stderr, "\n%s:%u:%u: %s", diag->loc.file == NULL ? "" : diag->loc.file, diag->loc.line,
            diag->loc.column, diag->message);
  }
}

void graph_blamed(const graph_case *c) {
  const rl_diag *told = c->diags.list.items;
  CU_ASSERT_FATAL(c->diags.list.count == 1 || c->diags.list.count == 2);
  if (c->diags.list.count == 1) return;
  CU_ASSERT_EQUAL(told[1].code, RL_D_LOWERED_HERE);
  CU_ASSERT(strcmp(told[0].loc.file, told[1].loc.file) != 0);
}

void graph_must(graph_case *c) {
  rl_status status = graph_lower(c);
  if (status != RL_OK) graph_print(c);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
}

const char *graph_runs(graph_case *c) {
  rl_buf out;
  rl_buf_init(&out, &c->arena, (size_t)1 << 16);
  for (uint32_t r = 0; r < c->program->run_count; r++) {
    const rl_run *run = &c->program->runs[r];
    rl_buf_add(&out, "[");
    for (uint32_t i = 0; run->layers != NULL && i < run->repeat; i++) {
      rl_buf_addf(&out, i == 0 ? "%u" : " %u", run->layers[i]);
    }
    rl_buf_add(&out, "]");
    for (uint32_t i = 0; i < run->op_count; i++) {
      rl_buf_add(&out, " ");
      rl_buf_add(&out, c->program->ops[run->first_op + i].name);
    }
    rl_buf_add(&out, "\n");
  }
  return out.text;
}

const char *graph_operands(graph_case *c, const rl_op *op) {
  rl_buf out;
  bool writing = false;
  rl_buf_init(&out, &c->arena, (size_t)1 << 12);
  rl_buf_add(&out, op->name);
  rl_buf_add(&out, ":");
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const rl_operand *operand = &c->program->operands[op->first_operand + i];
    const rl_tensor *tensor = &c->program->tensors[operand->tensor];
    if (operand->access == RL_WRITE && !writing) rl_buf_add(&out, " ->");
    writing = operand->access == RL_WRITE;
    rl_buf_add(&out, " ");
    rl_buf_add(&out, tensor->name);
    if (operand->cols != tensor->cols) rl_buf_addf(&out, "/%u", (unsigned)operand->cols);
  }
  return out.text;
}

const rl_op *graph_op(const graph_case *c, uint32_t run, const char *name) {
  const rl_run *found = &c->program->runs[run];
  for (uint32_t i = 0; i < found->op_count; i++) {
    const rl_op *op = &c->program->ops[found->first_op + i];
    if (strcmp(op->name, name) == 0) return op;
  }
  return NULL;
}

const rl_tensor *graph_tensor(const graph_case *c, const char *name) {
  for (uint32_t t = 0; t < c->program->tensor_count; t++) {
    if (strcmp(c->program->tensors[t].name, name) == 0) return &c->program->tensors[t];
  }
  return NULL;
}

void graph_same(const char *text, const char *expected) {
  bool same = strcmp(text, expected) == 0;
  if (!same) fprintf(stderr, "\n--- got\n%s\n--- expected\n%s\n", text, expected);
  CU_ASSERT(same);
}
