/* Reads `kind: workload` into rl_workload: batch sizes, prompt and generated tokens. */
#include "spec/kind_keys.h"
#include "spec/load.h"
#include "spec/scenario.h"
#include "spec/workload.h"

void rl_workload_read(const rl_load *load, const rl_node *node, const char *what, uint64_t min,
                      uint64_t *out) {
  if (node != NULL) rl_node_u64(node, what, min, RL_TOKENS_MAX, out, load->diags);
}

void rl_workload_batches(const rl_load *load, const rl_node *node, rl_workload *workload) {
  if (node == NULL) return;
  if (node->kind == RL_SCALAR) {
    rl_text_at text = {node->text, node->loc};
    rl_batches_parse(load->arena, text, &workload->batches, &workload->batch_count, load->diags);
    return;
  }
  /* A list may hold as many batches as a range may mean: the reader below bounds it. */
  if (node->kind != RL_SEQUENCE && !rl_load_is_list(load, node, "batch")) return;
  rl_batches_from_list(load, node, &workload->batches, &workload->batch_count);
}

rl_status rl_load_workload(rl_load *load, const void **out) {
  const rl_node *root = load->root;
  rl_workload *workload = RL_NEW(load->arena, rl_workload);
  if (workload == NULL) return rl_diag_oom(load->diags);
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_WORKLOAD], "workload");
  *workload = (rl_workload){.name = load->name};
  rl_workload_batches(load, rl_load_need(load, root, "workload", "batch"), workload);
  rl_workload_read(load, rl_load_need(load, root, "workload", "prompt"), "prompt", 1,
                   &workload->prompt);
  rl_workload_read(load, rl_load_need(load, root, "workload", "generate"), "generate", 0,
                   &workload->generate);
  return rl_load_finish(load, workload, out);
}
