/* A decoder with hierarchical memories in double precision: in every layer the feed-forward network
 * is as much wider as the blocks have neurons that the sequence fetched (Pouransari et al.
 * 2025, 2.2 and fig. 18). Layer norms have a gain alone, also those of queries and keys. */
#include <string.h>

#include "engine_linear.h"
#include "engine_reference_numbers.h"

enum { CLUSTERS = 81, LEVELS = 2 };
static const struct level {
  const char *gate, *up, *down;
  int blocks;
} LEVEL[LEVELS] = {{"memory_2_gate", "memory_2_up", "memory_2_down", 9},
                   {"memory_4_gate", "memory_4_up", "memory_4_down", 81}};

static part_rows x, h, q, k, v, y, o, gate, up, more;

static const part_norm_form NORM = {PART_LAYER_GAIN, 1e-5, 1, false};

/* y = W x, of the W of all blocks that of one; stored. Answers the width of out. */
static int block_linear(const part_pass *p, const char *op, int layer, const struct level *level,
                        part_rows in, part_rows out) {
  ref_matrix w = part_find(p, op, "weight", layer);
  int rows = w.rows / level->blocks;
  int block = p->tokens->cluster % CLUSTERS / (CLUSTERS / level->blocks);
  if (p->plant == LINEAR_NEXT_BLOCK) block = (block + 1) % level->blocks;
  for (int r = 0; r < rows; r++) {
    double row[REF_WIDTH];
    ref_unpack_row(&w, block * rows + r, p->plant == REF_SCALE_ONE_TOO_EARLY, row);
    for (int t = 0; t < p->tokens->count; t++) {
      out[t][r] = 0;
      for (int c = 0; c < w.cols; c++) out[t][r] += row[c] * in[t][c];
    }
  }
  part_store(p, out, rows);
  return rows;
}

static void remember(const part_pass *p, int layer) {
  for (int l = 0; l < LEVELS; l++) {
    int width = block_linear(p, LEVEL[l].gate, layer, &LEVEL[l], h, gate);
    block_linear(p, LEVEL[l].up, layer, &LEVEL[l], h, up);
    part_gate(p, part_silu, gate, up, width);
    block_linear(p, LEVEL[l].down, layer, &LEVEL[l], up, more);
    part_add(p, o, more, p->m->width);
  }
}

static void attend(const part_pass *p, int layer) {
  const ref_model *m = p->m;
  part_attention_form form = {m->heads, m->kv_heads, m->head_dim, m->head_dim, 100000, 0};
  part_linear(p, "q_proj", false, layer, h, q);
  part_linear(p, "k_proj", false, layer, h, k);
  part_linear(p, "v_proj", false, layer, h, v);
  part_norm(p, "q_norm", layer, NORM, q, q);
  part_norm(p, "k_norm", layer, NORM, k, k);
  part_attention(p, form, q, k, v, y);
  part_linear(p, "o_proj", false, layer, y, o);
}

void linear_memory(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                   const ref_tokens *tokens, int plant, double *logits) {
  static const char *const mlp[] = {"gate_proj", "up_proj", "down_proj"};
  part_pass p = {model, storage, weights, tokens, plant};
  part_embed(&p, x);
  for (int layer = 0; layer < model->layers; layer++) {
    part_norm(&p, "input_norm", layer, NORM, x, h);
    attend(&p, layer);
    part_add(&p, x, o, model->width);
    part_norm(&p, "ffn_norm", layer, NORM, x, h);
    part_mlp(&p, mlp, part_silu, layer, h, o);
    remember(&p, layer);
    part_add(&p, x, o, model->width);
  }
  part_logits(&p, NORM, x, logits);
}
