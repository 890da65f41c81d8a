/* Shrunk models run by the engine: a twin is lowered and opened under some formats and a profile,
 * then led through a script of ragged prefill, chunks, decode at unequal lengths, a draft tree with
 * its commit (a chain where states cannot follow a tree), a draft chain, and a pass without logits. */
#ifndef RL_TESTS_ENGINE_TWIN_H
#define RL_TESTS_ENGINE_TWIN_H

#include "engine_reference.h"
#include "cost/cost.h"
#include "kernels-ref/engine/engine.h"
#include "spec/scenario.h"

enum { TWIN_SOURCE = 24, TWIN_SOURCE_WIDTH = 16 };
enum { TWIN_SEQUENCES = 4, TWIN_CAPACITY = 24, TWIN_TOKENS = 24 };

typedef struct twin_setup {
  const ref_model *model;
  const char *weights, *activations, *kv, *profile;
  const struct ref_parted *keys, *values; /* what `kv` means where it keeps tokens apart */
  rl_isa isa; /* level of the kernels; left out: the scalar ones */
  uint64_t page; /* tokens of a page of the cache; 0: none */
} twin_setup;

typedef struct twin {
  twin_setup setup;
  rl_arena arena;
  rl_diags diags;
  const rl_scenario *scenario;
  const rl_program *program;
  rl_engine_state *engine;
  rl_engine_state *stored; /* holds the same weights in rows, as the reference reads them */
  uint32_t ids[TWIN_SEQUENCES][TWIN_CAPACITY]; /* what each sequence holds */
  bool decoded[TWIN_SEQUENCES][TWIN_CAPACITY]; /* whether it came in a pass of the decode class */
  int cached[TWIN_SEQUENCES][TWIN_CAPACITY]; /* tokens kept before the pass of each */
  uint64_t first[TWIN_SEQUENCES]; /* tokens of the pass that began it */
  uint32_t after[TWIN_SEQUENCES][TWIN_CAPACITY]; /* the token after each, as the pass knew it */
  /* what each sequence begins with */
  rl_engine_source source[TWIN_SEQUENCES];
  uint32_t source_ids[TWIN_SEQUENCES][TWIN_SOURCE];
  float source_values[TWIN_SEQUENCES][TWIN_SOURCE * TWIN_SOURCE_WIDTH];
} twin;

typedef struct twin_pass {
  rl_engine_entry entries[TWIN_SEQUENCES];
  uint64_t cached[TWIN_SEQUENCES]; /* of each entry, before the pass */
  size_t count;
  rl_engine_result result;
} twin_pass;

/* The first ones show every family, the others the families with a KV head for every query head. */
enum {
  TWIN_DENSE = 21, /* engine_twin_dense.def */
  TWIN_FAMILIES = 25 + TWIN_DENSE,
  TWIN_MODELS = 42 + TWIN_DENSE
};
extern const ref_model TWIN_MODEL[TWIN_MODELS];

/* Lowers and opens; failures are fatal assertions. */
void twin_open(twin *t, const twin_setup *setup);
/* Another engine with room for the script. */
rl_engine_state *twin_engine(twin *t, const rl_program *program, const rl_weight_source *source);
/* Keeps the branch of the script's tree on such an engine. */
void twin_commit(twin *t, rl_engine_state *engine);
void twin_close(twin *t);
/* The script; the visitor sees every pass after it ran. */
void twin_run(twin *t, void (*visit)(twin *t, const twin_pass *pass));
/* Rows of logits that an entry asks for. */
uint64_t twin_logit_rows(const rl_engine_entry *entry);
/* Largest difference of a pass's logits, and of those of a module that predicts further tokens, from
 * the reference's over the largest logit. */
double twin_logit_error(twin *t, const twin_pass *pass, ref_plant plant);
/* The same between the reference and itself with a noise of 1e-7 before each rounding: how far two
 * right executions are apart. */
double twin_noise_error(twin *t, const twin_pass *pass);
/* The same between the forms of the two phases, without any rounding: each token as it ran against
 * each token as it did not. */
double twin_form_error(twin *t, const twin_pass *pass);
/* Runs the script and compares, for every operand of every operator, the bytes touched with those
 * counted (engine_bytes.c). */
void twin_check_bytes(const twin_setup *setup);
/* The same for one pass of a script of its own. */
void twin_check_pass(twin *t, const rl_cost *compiled, const twin_pass *pass);
/* Runs the script; how many prompts of 9 tokens, given in chunks of 5 and 4, had the very logits that
 * the same prompt had in one piece. */
int twin_count_same_chunks(const twin_setup *setup);
/* Its weights, for a reference of its own. Borrows the twin. */
ref_weights twin_weights(const twin *t);
/* What the reference rounds under this setup. */
ref_storage twin_storage(const twin_setup *setup);

#endif
