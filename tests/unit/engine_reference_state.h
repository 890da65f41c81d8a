/* Layers of the second implementation that keep a state: Mamba's mixers, written as the papers'
 * recurrences over whole sequences, without passes, tails or chunks. */
#ifndef RL_TESTS_ENGINE_REFERENCE_STATE_H
#define RL_TESTS_ENGINE_REFERENCE_STATE_H

#include "engine_reference.h"

/* Gu & Dao 2023: inner channels with a state of `states` values each. */
typedef struct ref_mamba {
  int inner, states, taps;
  bool norms; /* Jamba: of dt, B and C */
} ref_mamba;

/* Dao & Gu 2024: heads of head_dim channels; groups share B and C, and norms. */
typedef struct ref_mamba2 {
  int heads, head_dim, groups, states, taps;
} ref_mamba2;

/* Glorioso et al. 2024: in front of which layers a shared block stands, and how many there are. */
typedef struct ref_zamba {
  bool hybrid[REF_LAYERS];
  int blocks;
  ref_mamba2 mamba;
} ref_zamba;
/* As ref_forward. */
void ref_forward_zamba(const ref_model *model, const ref_storage *storage,
                       const ref_weights *weights, const ref_tokens *tokens, int plant,
                       double *logits);

/* Stores rows between operators; out = W in (+ b), stored, whose width it answers; root mean
 * square, in place and stored, piece by piece where the weight has several rows. */
void ref_layer_store(const ref_layer *layer, ref_rows x, int width);
int ref_layer_multiply(const ref_layer *layer, const char *op, bool bias, ref_rows in,
                       ref_rows out);
void ref_layer_norm(const ref_layer *layer, const char *op, ref_rows x, int width);
void ref_layer_mamba2(const ref_layer *layer, const ref_mamba2 *mamba, ref_rows h, ref_rows o);

/* As ref_model.mixer; model->details is the struct of that mixer. */
void ref_mix_mamba(const ref_layer *layer, ref_rows h, ref_rows o);
void ref_mix_mamba2(const ref_layer *layer, ref_rows h, ref_rows o);

#endif
