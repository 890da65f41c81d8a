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

/* As ref_model.mixer; model->details is the struct of that mixer. */
void ref_mix_mamba(const ref_layer *layer, ref_rows h, ref_rows o);
void ref_mix_mamba2(const ref_layer *layer, ref_rows h, ref_rows o);

#endif
