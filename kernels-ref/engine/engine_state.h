/* The engine's inside, shared by its files: where every tensor lies and what the sequences hold.
 * Everything is one block of memory, cut up once by engine_plan.c. */
#ifndef RL_ENGINE_ENGINE_STATE_H
#define RL_ENGINE_ENGINE_STATE_H

#include "kernels-ref/cpu/registry.h"
#include "kernels-ref/engine/engine.h"

/* One KV cache. Its rows begin at first_kv in every KV tensor, or stand in pages. */
typedef struct rl_engine_sequence {
  uint64_t capacity, length;
  uint64_t first_kv;
  uint32_t *pages; /* [capacity / page] the first page_count are its own; NULL: no pages */
  uint64_t page_count;
  rl_encoder_source most, source; /* may begin with, was begun with */
  uint64_t first_kept;            /* its rows in what is kept of sources */
  uint64_t shift;   /* positions of mrope that its images left out: the next token stands that much
                       before   the number of tokens */
  uint32_t cluster; /* of its memories */
  uint64_t pending; /* nodes of a tree that stand behind `length` and wait for a commit */
} rl_engine_sequence;

/* Logits that leave the pass. */
enum { RL_ENGINE_HEADS = 2 };
typedef struct rl_engine_head {
  uint32_t logits_tensor;  /* those that are sampled from; without, the last ones; RL_NONE */
  uint32_t sampled_tensor; /* ids written by sample, RL_NONE */
  float *logits;           /* [logit_rows, logit width] */
  uint32_t *sampled;       /* [logit_rows] */
} rl_engine_head;

/* Where a run stands: the visit, its operator, the row of the report. */
typedef struct rl_engine_place {
  uint32_t visit, op;
  size_t row;
} rl_engine_place;

/* Whose results are looked at for what is no finite number (engine_watch.c). */
typedef enum rl_watch { RL_WATCH_NOTHING, RL_WATCH_LAYERS, RL_WATCH_ALL } rl_watch;
/* The first operator that made such a value. */
typedef struct rl_engine_fault {
  bool found;
  rl_engine_place at;
} rl_engine_fault;

struct rl_engine_state {
  const rl_program *program;
  const rl_engine_state *before; /* this rank's twin on the stage before; NULL outside a fleet */
  rl_pass_limits limits;
  bool observe;
  rl_watch watch;
  rl_engine_fault fault;
  rl_engine_sequence *sequences;
  uint32_t sequence_count;
  uint64_t page;        /* tokens; 0: no pages */
  uint32_t *free_pages; /* [kv_rows / page] a stack */
  uint64_t free_count;
  int32_t *parents;          /* [kv_rows] of pending trees, at the rows of their nodes */
  rl_store **stores;         /* [tensor][instance]; aliases share the array of their original */
  const rl_kernel **kernels; /* [program->op_count] rows of the registry, */
  const rl_kernel **part_kernels; /* [program->part_count] and those of fused parts */
  rl_workspace work;
  uint64_t *bitmaps;    /* [bitmap_words] for the operands of one operator; NULL: not observed */
  rl_view *views;       /* of one operator */
  rl_engine_row *rows;  /* one a visit and operator */
  uint64_t *bytes;      /* of all operands of all rows, one after the other */
  uint64_t *next_bytes; /* of the row that runs next */
  size_t row_count;
  rl_engine_head heads[RL_ENGINE_HEADS]; /* of the model, of the module that predicts one further */
  rl_pass_sequence *pass_sequences;      /* [sequences] of a pass, then those of its prefill half */
  uint32_t *places;                      /* [sequences] of each entry: its place among them */
  uint64_t *positions;                   /* [tokens] */
  uint64_t (*axes)[3];                   /* [tokens] */
  uint64_t *merged_places;               /* [source.merged] tokens */
  uint64_t *seen; /* one bit an id, a position, an expert or a kept token, to count distinct ones */
};

/* Parts begin on lines of the cache. */
enum { RL_ENGINE_ALIGNMENT = 64 };
/* The place of every part of the state. Memory before the engine knows it: base NULL, sizes only.
 */
bool rl_engine_plan(const rl_program *program, const rl_engine_limits *limits, uint8_t *base,
                    rl_engine_state *state, uint64_t *bytes);
/* engine_pages.c: tokens of a page; 0: none, as pages of one token are. */
uint64_t rl_engine_page(const rl_engine_limits *limits);
/* Tokens of the KV tensors that a capacity takes, whole pages. False on overflow. */
bool rl_engine_paged(uint64_t page, uint64_t capacity, uint64_t *rows);
/* All pages are free, in an order in which neighbours are not handed out one after the other. */
void rl_engine_pages_begin(rl_engine_state *state);
/* The sequence has the pages of so many tokens, its capacity at most, and no others. */
void rl_engine_pages_hold(rl_engine_state *state, rl_engine_sequence *sequence, uint64_t tokens);
/* Row of the sequence's token. */
uint64_t rl_engine_kv(const rl_engine_state *state, const rl_engine_sequence *sequence,
                      uint64_t token);
/* Puts weights into the order that their fast rows read best; nothing is written to them later. */
void rl_engine_arrange(rl_engine_state *state);
/* A pass and its two halves, by phase. */
typedef struct rl_engine_passes {
  rl_pass of[RL_PHASES];
} rl_engine_passes;
/* Places the entries one behind the other in every extent: the decode class, then the others. */
void rl_engine_lay_out(rl_engine_state *state, const rl_engine_entry *entries, size_t count,
                       rl_engine_passes *passes);
/* Rows of logits that an entry asks for. */
uint64_t rl_engine_logit_rows(const rl_engine_entry *entry);
/* Rows of the activations for a pass of that size; their memory was planned for the largest. */
void rl_engine_shape(rl_engine_state *state, const rl_pass *pass);
/* engine_source.c: why the entry's source cannot be taken, NULL when it can. */
const char *rl_engine_source_error(const rl_engine_state *state, const rl_engine_entry *entry);
/* Places the entry's source, begun or held, behind those before it, and its tokens on the axes. */
void rl_engine_source_place(rl_engine_state *state, const rl_engine_entry *entry, rl_pass *pass,
                            rl_pass_sequence *sequence);
/* Sources go where the operators read them. */
void rl_engine_source_write(rl_engine_state *state, const rl_engine_entry *entries,
                            const rl_pass *pass);
/* The sequence keeps what it was begun with. */
void rl_engine_source_keep(rl_engine_sequence *held, const rl_pass_sequence *sequence);
/* Bounds of the blocks that sources take. False on overflow. */
bool rl_engine_source_limits(rl_engine_state *state, const rl_engine_limits *limits);
/* Runs every visit of the programs on the passes, all ranks operator by operator; one rank is a
 * fleet of one. At most RL_FLEET_MAX. */
enum { RL_FLEET_MAX = 64 };
void rl_engine_run(rl_engine_state *const *ranks, rl_engine_passes *passes, size_t count,
                   const rl_engine_clock *clock);
/* Refuses a weight that holds what is no finite number, dense or as a scale. */
rl_status rl_engine_check_weight(const rl_weight_request *request, rl_diags *diags);
/* Around the run of a step of one rank: what is watched; after each operator that ran, whether it
 * is the last of its visit; whether the step is to run again, watched whole; the diagnostic. */
void rl_engine_watch_begin(rl_engine_state *state, uint64_t tokens);
void rl_engine_watch(rl_engine_state *state, const rl_engine_place *at, bool last);
bool rl_engine_watch_again(rl_engine_state *state);
rl_status rl_engine_watch_end(rl_engine_state *state, rl_diags *diags);
/* Notes a value in `seen`; one more is distinct when it is new there. */
void rl_engine_see(rl_engine_state *state, uint64_t value, uint64_t *distinct);
/* The two halves of a step around the run: checks and lays out the entries; reads the results and
 * moves the sequences on. */
rl_status rl_engine_begin(rl_engine_state *engine, const rl_engine_entry *entries, size_t count,
                          rl_engine_passes *passes, rl_diags *diags);
void rl_engine_finish(rl_engine_state *engine, const rl_engine_entry *entries,
                      const rl_engine_passes *passes, rl_engine_result *result);

#endif
