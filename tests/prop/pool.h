/* Random models: dims drawn within limits, written as a description file, loaded, lowered and
 * costed through the program's own path. A pool of them is made once a process; its first members
 * are the simplest. */
#ifndef RL_TESTS_POOL_H
#define RL_TESTS_POOL_H

#include "lab.h"
#include "tape.h"

typedef enum rl_pool_family {
  RL_POOL_LLAMA,
  RL_POOL_QWEN2,
  RL_POOL_QWEN3,
  RL_POOL_GEMMA2,
  RL_POOL_GPT2,
  RL_POOL_MIXTRAL,
  RL_POOL_FAMILIES
} rl_pool_family;

typedef struct rl_pool_model {
  rl_pool_family family;
  uint64_t layers, heads, kv_heads, head_dim, width, inner, vocabulary;
  uint64_t experts, chosen; /* mixtral; 0 = none */
  uint64_t window;          /* 0 = none; llama (as mistral) and gemma2 */
  bool tied;
  bool no_kv_heads; /* leaves num_key_value_heads out: it is heads then */
  bool reversed;    /* every map of the file in the opposite order */
} rl_pool_model;

rl_pool_model rl_pool_draw(rl_tape *tape);
/* Writes, loads and lowers a model; formats and fusion from the question, whose model is ignored.
 * Asserts that it works. The text is printed when `loud`. */
bool rl_pool_lower(const rl_pool_model *model, const rl_lab_question *question, rl_lab_pass *pass);
void rl_pool_print(const rl_pool_model *model);

/* A member of the pool in some formats. */
typedef struct rl_pool_member {
  rl_pool_model model;
  rl_lab_question question;
  rl_lab_pass pass;    /* as the question says */
  rl_lab_pass unfused; /* the same with nothing fused */
} rl_pool_member;

enum { RL_POOL_MEMBERS = 48 };
/* Member of the pool by a draw; describes it when the tape is loud. NULL when the pool is broken,
 * which is asserted. */
const rl_pool_member *rl_pool_member_draw(rl_tape *tape);

/* The lab that all models of the process live in. */
rl_lab *rl_pool_lab(void);

#endif
