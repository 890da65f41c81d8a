/* Walks a model layer by layer and counts each class of like layers once. */
#include "oracle.h"

#include "oracle_ops.h"

static const oracle_builder *builder_of(const oracle_model *model) {
  switch (model->family) {
    case ORACLE_LLAMA:
      return &ORACLE_BUILD_LLAMA;
    case ORACLE_GEMMA:
      return &ORACLE_BUILD_GEMMA;
    case ORACLE_GPT:
      return &ORACLE_BUILD_GPT;
  }
  return 0;
}

/* The class of layers with this window, counted when it is new. */
static uint64_t layer_class(oracle_cursor *c, const oracle_builder *builder,
                            const oracle_point *point, uint64_t window) {
  oracle_pass *pass = c->pass;
  for (uint64_t i = 0; i < pass->layer_classes; i++) {
    if (pass->layers[i].window == window) return i;
  }
  if (pass->layer_classes == ORACLE_PARTS_MAX) {
    pass->broken = true;
    return 0;
  }
  uint64_t index = pass->layer_classes++;
  c->part = &pass->layers[index];
  c->part->repeat = 0;
  c->part->op_count = 0;
  c->part->window = window;
  c->sight = oracle_look(point, window);
  builder->layer(c);
  return index;
}

void oracle_count(const oracle_model *model, const oracle_formats *formats,
                  const oracle_point *point, bool fused, oracle_pass *pass) {
  const oracle_builder *builder = builder_of(model);
  oracle_cursor c = {.model = model,
                     .formats = formats,
                     .pass = pass,
                     .tokens = oracle_tokens(point),
                     .logit_rows = oracle_logit_rows(point),
                     .fused = fused};
  pass->broken = model->layers > ORACLE_LAYERS_MAX;
  pass->layer_classes = 0;
  pass->before = (oracle_part){.repeat = 1};
  pass->after = (oracle_part){.repeat = 1};
  c.part = &pass->before;
  builder->before(&c);
  for (uint64_t l = 0; l < model->layers && !pass->broken; l++) {
    pass->class_of[l] = layer_class(&c, builder, point, oracle_layer_window(model, l));
    pass->layers[pass->class_of[l]].repeat++;
  }
  c.part = &pass->after;
  builder->after(&c);
}
