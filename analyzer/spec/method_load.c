/* Reads `kind: method` into rl_method: which primitives it sets. Their meaning belongs to the rooms
 * that lower them. */
#include "spec/kind_keys.h"
#include "spec/load.h"
#include "spec/method.h"

const char *const RL_PRIMITIVE_KEYS[RL_PRIMITIVES] = {[RL_PRIM_FORMAT] = "format",
                                                      [RL_PRIM_EDIT] = "edit",
                                                      [RL_PRIM_STATE] = "state",
                                                      [RL_PRIM_SELECTION] = "selection",
                                                      [RL_PRIM_PLACEMENT] = "placement",
                                                      [RL_PRIM_TRANSFER] = "transfer",
                                                      [RL_PRIM_COMPOSITION] = "composition",
                                                      [RL_PRIM_OVERHEAD] = "overhead",
                                                      [RL_PRIM_DRAFT] = "draft",
                                                      [RL_PRIM_TRAINING] = "training",
                                                      [RL_PRIM_WORKLOAD] = "workload",
                                                      [RL_PRIM_POWER] = "power"};

rl_status rl_load_method(rl_load *load, const void **out) {
  rl_method *method = RL_NEW(load->arena, rl_method);
  if (method == NULL) return rl_diag_oom(load->diags);
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_METHOD], "method");
  *method = (rl_method){.name = load->name, .file = load->file, .reference = load->reference};
  rl_load_text(load, load->root, "doc");
  rl_load_need(load, load->root, "method", "paper");
  method->paper = rl_load_text(load, load->root, "paper");
  bool any = false;
  for (int i = 0; i < RL_PRIMITIVES; i++) {
    method->primitives[i] = rl_load_get(load->root, RL_PRIMITIVE_KEYS[i]);
    if (method->primitives[i] != NULL) any = true;
  }
  method->acceptance = rl_load_get(load->root, "acceptance");
  if (!any && load->root->kind == RL_MAP)
    RL_REPORT(load->diags, NO_PRIMITIVE, load->root->loc, NULL);
  return rl_load_finish(load, method, out);
}
