/* Reads `kind: profile` into rl_profile: what a software stack fuses and how well it does. */
#include "spec/kind_keys.h"
#include "spec/load.h"
#include "spec/profile.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

const char *const RL_FUSION_NAMES[RL_FUSIONS] = {[RL_FUSE_QKV] = "qkv",
                                                 [RL_FUSE_GATE_UP] = "gate_up",
                                                 [RL_FUSE_ADD_NORM] = "add_norm",
                                                 [RL_FUSE_SILU_MUL] = "silu_mul",
                                                 [RL_FUSE_ROPE_APPEND] = "rope_append",
                                                 [RL_FUSE_NORM_QUANT] = "norm_quant",
                                                 [RL_FUSE_GEMM_QUANT] = "gemm_quant",
                                                 [RL_FUSE_ATTENTION] = "attention",
                                                 [RL_FUSE_ALLREDUCE_NORM] = "allreduce_norm"};

static const rl_range seconds_range = {
    0, 1}; /* a floor or host cost above a second is a wrong prefix */

static void load_fuse(const rl_load *load, rl_profile *profile) {
  const rl_node *list = rl_load_need(load, load->root, "profile", "fuse");
  if (list == NULL || !rl_load_is_list(load, list, "fuse")) return;
  for (size_t i = 0; i < list->count; i++) {
    const rl_node *node = list->items[i];
    int fusion = rl_load_word(load, node, "fusion", RL_FUSION_NAMES, RL_FUSIONS);
    if (fusion < 0) continue;
    if (fusion == RL_FUSE_ALLREDUCE_NORM) {
      RL_REPORT(load->diags, NOT_SUPPORTED, node->loc, "fusion allreduce_norm", NULL);
    }
    if ((profile->fuse & 1u << fusion) != 0) {
      RL_REPORT(load->diags, GIVEN_TWICE, node->loc, "fusion", node->text);
    }
    profile->fuse |= 1u << fusion;
  }
}

/* An optional time; 0 when absent. */
static double load_seconds(const rl_load *load, const rl_node *map, const char *key) {
  double seconds = 0;
  const rl_node *node = rl_load_get(map, key);
  if (node != NULL) {
    rl_node_quantity(node, key, RL_DIM_SECONDS, seconds_range, &seconds, load->diags);
  }
  return seconds;
}

/* A required share of a peak, (0, 1]. */
static double load_share(const rl_load *load, const rl_node *map, const char *key) {
  double share = 1;
  const rl_node *node = rl_load_need(load, map, "kernel", key);
  if (node != NULL) rl_node_double(node, key, 1e-6, 1, &share, load->diags);
  return share;
}

/* `p: 1 | 2 | 4 | inf`; 0 stands for infinity. */
static int load_overlap(const rl_load *load, const rl_node *map) {
  static const char *const words[] = {"inf", "1", "2", "4"};
  static const int exponents[] = {0, 1, 2, 4};
  const rl_node *node = rl_load_need(load, map, "kernel", "p");
  int word = node == NULL ? -1 : rl_load_word(load, node, "p", words, RL_COUNT(words));
  return word < 0 ? 0 : exponents[word];
}

/* How the row was fitted: kept in the file for readers, checked for shape only. */
static void check_fit(const rl_load *load, const rl_node *map) {
  const rl_node *fit = rl_load_need(load, map, "kernel", "fit");
  double value;
  if (fit == NULL) return;
  if (rl_nested_known(load, fit, RL_BELOW_FIT, "fit") != RL_OK) return;
  rl_load_text(load, fit, "source");
  rl_load_need(load, fit, "fit", "source");
  for (const rl_kind_key *key = RL_NESTED_KEYS[RL_BELOW_FIT].keys; !key->needed; key++) {
    const rl_node *node = rl_load_get(fit, key->name);
    if (node != NULL) rl_node_double(node, key->name, -1e12, 1e12, &value, load->diags);
  }
}

static void load_kernel(const rl_load *load, const rl_node *node, rl_efficiency *kernel) {
  if (rl_nested_known(load, node, RL_BELOW_KERNEL, "kernel") != RL_OK) return;
  const rl_node *tiles = rl_load_get(node, "tiles");
  const rl_node *compute = rl_load_need(load, node, "kernel", "compute");
  int engine = 0;
  if (tiles != NULL) RL_REPORT(load->diags, NOT_SUPPORTED, tiles->loc, "tiles", NULL);
  *kernel = (rl_efficiency){.loc = node->loc};
  kernel->op = rl_load_name(load, rl_load_need(load, node, "kernel", "op"), "op");
  kernel->weights = rl_load_name(load, rl_load_get(node, "weights"), "weights");
  if (compute != NULL) rl_load_engine_type(load, compute, &engine, &kernel->type);
  kernel->engine = (rl_engine)engine;
  kernel->t0 = load_seconds(load, node, "t0");
  kernel->e_c = load_share(load, node, "e_c");
  kernel->e_m = load_share(load, node, "e_m");
  kernel->p = load_overlap(load, node);
  check_fit(load, node);
}

static void load_kernels(const rl_load *load, rl_profile *profile) {
  const rl_node *list = rl_load_get(load->root, "kernels");
  profile->ideal = list == NULL;
  if (list == NULL || !rl_load_is_list(load, list, "kernels")) return;
  rl_efficiency *kernels = RL_NEW_ARRAY(load->arena, rl_efficiency, list->count);
  if (kernels == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < list->count; i++) load_kernel(load, list->items[i], &kernels[i]);
  profile->kernels = kernels;
  profile->kernel_count = list->count;
}

/* One token a sequence is always decoded. */
static uint64_t load_decode_tokens(const rl_load *load) {
  uint64_t tokens = 1;
  const rl_node *node = rl_load_get(load->root, "decode_tokens");
  if (node != NULL) rl_node_u64(node, "decode_tokens", 1, UINT32_MAX, &tokens, load->diags);
  return tokens;
}

static void load_host(const rl_load *load, rl_profile *profile) {
  const rl_node *host = rl_load_get(load->root, "host");
  if (host == NULL) return;
  if (rl_nested_known(load, host, RL_BELOW_HOST, "host") != RL_OK) return;
  profile->host_step = load_seconds(load, host, "step");
  profile->host_layer = load_seconds(load, host, "layer");
  profile->host_sequence = load_seconds(load, host, "sequence");
}

rl_status rl_load_profile(rl_load *load, const void **out) {
  static const char *const launches[] = {"graph", "eager"};
  rl_profile *profile = RL_NEW(load->arena, rl_profile);
  if (profile == NULL) return rl_diag_oom(load->diags);
  const rl_node *root = load->root, *launch = rl_load_get(root, "launch");
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_PROFILE], "profile");
  *profile = (rl_profile){.name = load->name, .file = load->file, .reference = load->reference};
  profile->stack = rl_load_name(load, rl_load_get(root, "stack"), "stack");
  profile->arch = rl_load_name(load, rl_load_get(root, "arch"), "arch");
  rl_load_text(load, root, "doc");
  rl_load_name(load, rl_load_get(root, "default_for"), "default_for");
  if (launch != NULL) rl_load_word(load, launch, "launch", launches, RL_COUNT(launches));
  load_fuse(load, profile);
  profile->decode_tokens = load_decode_tokens(load);
  load_kernels(load, profile);
  load_host(load, profile);
  return rl_load_finish(load, profile, out);
}
