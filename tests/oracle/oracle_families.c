/* The order of operators in each family, read off the published reference implementations, once
 * operator by operator and once with the fused ones. Nothing fuses across a layer's border. */
#include "oracle_ops.h"

void oracle_project_qkv(oracle_cursor *c, bool bias) {
  const oracle_model *m = c->model;
  const oracle_matrix matrices[3] = {
      {"q_proj", m->heads * m->head_size, m->width, bias},
      {"k_proj", m->kv_heads * m->head_size, m->width, bias},
      {"v_proj", m->kv_heads * m->head_size, m->width, bias},
  };
  oracle_quantize(c, m->width);
  if (c->fused) {
    oracle_qkv(c, matrices);
    return;
  }
  for (int i = 0; i < 3; i++) oracle_linear(c, matrices[i]);
}

void oracle_attend(oracle_cursor *c) {
  if (c->fused) {
    oracle_attention(c);
    return;
  }
  oracle_scores(c);
  oracle_softmax(c);
  oracle_mix(c);
}

void oracle_residual_norm(oracle_cursor *c, const char *add, const char *norm, bool layer) {
  if (c->fused) {
    oracle_add_norm(c, norm, layer);
    return;
  }
  oracle_add(c, add);
  oracle_norm(c, norm, 1, c->model->width, layer);
}

/* q and k of Qwen3 and Gemma 3 are normalised head by head, then both are rotated and k, v stored.
 */
static void place_keys(oracle_cursor *c) {
  const oracle_model *m = c->model;
  if (m->head_norm) {
    oracle_norm(c, "q_norm", m->heads, m->head_size, false);
    oracle_norm(c, "k_norm", m->kv_heads, m->head_size, false);
  }
  if (c->fused) {
    oracle_rope_append(c);
    return;
  }
  oracle_rope(c);
  oracle_append(c);
}

static void project_out(oracle_cursor *c, const char *name, bool bias) {
  const oracle_model *m = c->model;
  oracle_quantize(c, m->heads * m->head_size);
  oracle_linear(c, (oracle_matrix){name, m->width, m->heads * m->head_size, bias});
}

/* down(act(gate x) * up x) */
static void gated_mlp(oracle_cursor *c) {
  const oracle_model *m = c->model;
  const oracle_matrix matrices[2] = {{"gate_proj", m->inner, m->width, false},
                                     {"up_proj", m->inner, m->width, false}};
  oracle_quantize(c, m->width);
  if (c->fused) {
    oracle_gate_up(c, matrices);
    oracle_activate_multiply(c);
  } else {
    oracle_linear(c, matrices[0]);
    oracle_linear(c, matrices[1]);
    oracle_activate(c);
    oracle_multiply(c);
  }
  oracle_quantize(c, m->inner);
  oracle_linear(c, (oracle_matrix){"down_proj", m->width, m->inner, false});
}

/* The same in each chosen expert, behind a router; the results are summed. */
static void mixture(oracle_cursor *c) {
  const oracle_model *m = c->model;
  const oracle_matrix matrices[2] = {{"gate_proj", m->inner, m->width, false},
                                     {"up_proj", m->inner, m->width, false}};
  oracle_router(c);
  oracle_route(c);
  oracle_quantize(c, m->width);
  if (c->fused) {
    oracle_expert_gate_up(c, matrices);
    oracle_activate_multiply(c);
  } else {
    oracle_expert_linear(c, matrices[0], false);
    oracle_expert_linear(c, matrices[1], false);
    oracle_activate(c);
    oracle_multiply(c);
  }
  oracle_quantize_chosen(c, m->inner);
  oracle_expert_linear(c, (oracle_matrix){"down_proj", m->width, m->inner, false}, true);
  oracle_combine(c);
}

/* ---- Llama, Mistral, Mixtral, Qwen: norm, attention, add, norm, gated MLP, add ---- */

static void llama_layer(oracle_cursor *c) {
  oracle_norm(c, "input_layernorm", 1, c->model->width, false);
  oracle_project_qkv(c, c->model->qkv_bias);
  place_keys(c);
  oracle_attend(c);
  project_out(c, "o_proj", false);
  oracle_residual_norm(c, "attention_add", "post_attention_layernorm", false);
  if (c->model->experts != 0) {
    mixture(c);
  } else {
    gated_mlp(c);
  }
  oracle_add(c, "mlp_add");
}

static void rms_tail(oracle_cursor *c) {
  oracle_norm(c, "norm", 1, c->model->width, false);
  oracle_head(c);
  if (c->model->logit_cap) oracle_cap_logits(c);
  oracle_sample(c);
}

const oracle_builder ORACLE_BUILD_LLAMA = {oracle_embed_ids, llama_layer, rms_tail};

/* ---- Gemma 2 and 3: scaled embedding, a norm before and after each block ---- */

static void gemma_before(oracle_cursor *c) {
  oracle_embed_ids(c);
  oracle_scale(c);
}

static void gemma_layer(oracle_cursor *c) {
  oracle_norm(c, "input_layernorm", 1, c->model->width, false);
  oracle_project_qkv(c, false);
  place_keys(c);
  oracle_attend(c);
  project_out(c, "o_proj", false);
  oracle_norm(c, "post_attention_layernorm", 1, c->model->width, false);
  oracle_residual_norm(c, "attention_add", "pre_feedforward_layernorm", false);
  gated_mlp(c);
  oracle_norm(c, "post_feedforward_layernorm", 1, c->model->width, false);
  oracle_add(c, "mlp_add");
}

const oracle_builder ORACLE_BUILD_GEMMA = {gemma_before, gemma_layer, rms_tail};

/* ---- GPT-2 and OPT: learned positions, LayerNorm, a bias on every linear, no rotation ---- */

static void gpt_before(oracle_cursor *c) {
  oracle_embed_ids(c);
  oracle_embed_positions(c);
  oracle_add(c, "position_add");
}

static void gpt_layer(oracle_cursor *c) {
  const oracle_model *m = c->model;
  oracle_norm(c, "ln_1", 1, m->width, true);
  oracle_project_qkv(c, true);
  oracle_append(c);
  oracle_attend(c);
  project_out(c, "out_proj", true);
  oracle_residual_norm(c, "attention_add", "ln_2", true);
  oracle_quantize(c, m->width);
  oracle_linear(c, (oracle_matrix){"fc1", m->inner, m->width, true});
  oracle_activate(c);
  oracle_quantize(c, m->inner);
  oracle_linear(c, (oracle_matrix){"fc2", m->width, m->inner, true});
  oracle_add(c, "mlp_add");
}

static void gpt_after(oracle_cursor *c) {
  oracle_norm(c, "ln_f", 1, c->model->width, true);
  oracle_head(c);
  oracle_sample(c);
}

const oracle_builder ORACLE_BUILD_GPT = {gpt_before, gpt_layer, gpt_after};
