/* The result of an analysis as plain data: what the reports print and nothing they have to compute.
 * All texts may be data and are quoted on the way out. Times are seconds at best (lower bounds),
 * rates are upper bounds. A double of 0 and a NULL text mean "does not apply". */
#ifndef RL_REPORTS_RESULT_H
#define RL_REPORTS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A figure of a description and where it comes from. */
typedef struct rl_result_figure {
  const char *name; /* "hbm bandwidth" */
  double value;
  const char *unit; /* base unit: "B/s" */
  const char *kind; /* "datasheet" */
  const char *file;
  uint32_t line, column;
  const char *source;
} rl_result_figure;

/* What takes the largest part of a pass: weights, KV reads, activations, compute, vector, cache,
 * links. */
typedef struct rl_result_limit {
  const char *what;
  double share; /* of the pass's time, 0..1 */
} rl_result_limit;

/* Memory by class in one phase, in bytes. */
typedef struct rl_result_memory {
  const char *phase; /* "prefill", or "decode" for the last decode step; "pass" of one pass */
  uint64_t weights, kv, state, activations, total; /* total is the sum of the others */
  uint64_t host, storage;                          /* what stands elsewhere than on the device */
} rl_result_memory;
enum { RL_RESULT_PHASES = 2 };

/* J a token of the prompts and of the decode steps, all devices together; 0: does not apply. */
typedef struct rl_result_energy {
  const char *method; /* "sum": at least; "power_limit": power limit times time at best, which
                         bounds only what keeps up with the roofline; NULL: unknown */
  double prefill, decode;
} rl_result_energy;

/* Dollars at least, all devices together; 0: does not apply. */
typedef struct rl_result_price {
  bool known;
  double per_hour;
  double input, output; /* for a million tokens of the prompts, of the decode steps */
} rl_result_price;

#define RL_RESULT_UNLIMITED UINT64_MAX

/* By how many percent a time changes when a figure rises by one: elasticities. Rates shorten it, so
 * theirs are not above 0; a latency's is not below. Those of rates less those of latencies sum to -1.
 */
typedef struct rl_result_sensitivity {
  rl_result_figure figure;
  double ttft, tpot;
} rl_result_sensitivity;

typedef struct rl_result_batch {
  uint64_t batch;
  double ttft, tpot;                /* s */
  double prefill_rate, decode_rate; /* tokens/s of all sequences */
  double sequence_rate;             /* sequences/s of a model of one pass, else 0 */
  rl_result_limit prefill_limit, decode_limit;
  rl_result_memory phases[RL_RESULT_PHASES]; /* end of the prefill, last decode step if any */
  size_t phase_count;
  rl_result_memory worst; /* the phase that takes most */
  bool fits;
  /* Of a pipeline: parts that the batch goes through the stages in, sequences of each but the last,
   * and the share of the time in which a device waits for other stages. */
  uint64_t micro_batches, micro_batch;
  double prefill_bubble, decode_bubble;
  uint64_t transfer_bytes; /* KV and states sent from the machines that prefill, 0: none */
  double transfer;         /* s */
  /* Tokens a sequence that fit at this batch: cached in a decode step; of a prompt that is
   * prefilled in one pass, with the generated tokens behind it. RL_RESULT_UNLIMITED: memory sets no
   * limit. */
  uint64_t longest_context, longest_prompt;
  rl_result_energy energy;
  rl_result_price price;
  const rl_result_sensitivity *sensitivities;
  size_t sensitivity_count;
} rl_result_batch;

/* coefficient * moment, a term of a count. */
typedef struct rl_result_term {
  uint64_t coefficient;
  const char *moment; /* "T", "K(4096)" */
  const char *says;   /* "new tokens" */
  uint64_t value;
} rl_result_term;

typedef struct rl_result_form {
  const char *what; /* "matrix" */
  const char *unit; /* "FLOP" or "B" */
  const rl_result_term *terms;
  size_t term_count;
  uint64_t divisor;
  uint64_t value;
} rl_result_form;

/* One roof over an operator: amount / rate. A cache without a bandwidth figure serves its bytes at
 * no cost: rate and seconds are 0. */
typedef struct rl_result_roof {
  const char *what; /* "matrix", "vector", "memory", "cache", "link" */
  const char *unit; /* of the amount: "FLOP" or "B" */
  uint64_t amount;
  double rate;    /* unit per s */
  double seconds; /* of one repeat */
  bool binds;
  rl_result_figure figure;
  uint64_t messages;        /* on a link: one after the other, each of that latency */
  rl_result_figure latency; /* s; name NULL: not known, or no link */
  uint64_t inner_messages;  /* of links inside servers, where the exchange takes two tiers */
  rl_result_figure inner_latency;
} rl_result_roof;

/* What an operator touches of a tensor, in bytes: of memory, and of the last-level cache. */
typedef struct rl_result_operand {
  const char *tensor, *role;
  bool written;
  bool stored_known;
  uint64_t stored; /* that the tensor takes in memory, touched or not */
  uint64_t streamed, resident;
} rl_result_operand;

/* A dim that shapes an operator: its definition in the family, and the config key that gives it. */
typedef struct rl_result_dim {
  const char *name;
  uint64_t value;
  const char *file;
  uint32_t line, column;
  const char *key, *key_file; /* NULL: of no key of the config */
  uint32_t key_line, key_column;
} rl_result_dim;

/* Formula, numbers and sources behind one operator. */
typedef struct rl_result_explanation {
  const char *part; /* the operator that was asked for, when fusion made it a part of this one */
  const char *doc, *paper;
  const char *file; /* statement it was lowered from */
  uint32_t line, column;
  const rl_result_form *forms;
  size_t form_count;
  const rl_result_roof *roofs;
  size_t roof_count;
  const char *next; /* the roof below the one that binds, NULL without */
  double next_ratio;
  uint64_t change_batch; /* the first larger batch at which change_to binds instead, 0 = none */
  const char *change_to;
  const rl_result_dim *dims;
  size_t dim_count;
  const rl_result_operand *operands;
  size_t operand_count;
} rl_result_explanation;

/* One operator of one run at one point. Counts and seconds are of one repeat. */
typedef struct rl_result_operator {
  const char *name;   /* "qkv_proj" */
  const char *kind;   /* "linear", "fused" */
  const char *fusion; /* "qkv", NULL when not fused */
  uint64_t repeat;
  bool expected; /* some count follows from an expectation: how many distinct experts are chosen */
  uint64_t window;     /* keys a query sees, 0 = all */
  const char *compute; /* type multiplied in: "bf16", NULL without matrix products */
  const char *place;   /* "host" or "device" where tensors are placed, else NULL */
  double transfer;     /* s: what crosses the link to the host for it */
  const char *bound;   /* "compute", "vector", "memory", "cache", "link" to other devices, "host
                          link"; NULL: the row does nothing */
  double seconds;
  double share;                                             /* of the pass, all repeats together */
  uint64_t matrix, vector;                                  /* FLOP, operations */
  uint64_t weights, kv_read, kv_write, act_read, act_write; /* bytes */
  uint64_t state_read, state_write;                         /* bytes of recurrent states */
  uint64_t link;         /* bytes that the device sends to others */
  const char *algorithm; /* how it sends them: "two_shot"; NULL when it does not */
  const rl_result_explanation *explanation;                 /* NULL unless asked for */
  double work;  /* s: where it is computed, without what crosses the link to the host */
  const char *file; /* the statement it was lowered from */
  uint32_t line, column;
  const uint32_t *layers; /* `repeat` of them, from 0; NULL outside of the layers */
} rl_result_operator;

/* Operators that are executed one after the other: those of a run in one of its layers. */
#define RL_RESULT_NO_LAYER UINT64_MAX
typedef struct rl_result_visit {
  size_t first, count; /* of the pass's operators */
  uint64_t layer;      /* from 0; RL_RESULT_NO_LAYER outside of the layers */
} rl_result_visit;

typedef struct rl_result_pass rl_result_pass;
struct rl_result_pass {
  const char *phase; /* "decode", "prefill", "verify", "pass" of a model of one pass */
  uint64_t batch;
  /* Of a pipeline: the stage whose operators these are, from 0, and the sequences of a group's
   * share of the batch that it works on at once, a micro-batch; all of the share without one. */
  uint64_t stage, micro_batch;
  uint64_t tokens; /* new tokens a sequence */
  uint64_t cached; /* tokens in the cache before, a sequence */
  double seconds;  /* of the operators, once */
  double device_lane, host_lane, link_lane; /* s: work there, where tensors are placed, else 0 */
  uint64_t source; /* positions that each sequence encodes in this pass */
  uint64_t images; /* of the tokens, those that are made from images in it */
  bool keeps_kv, keeps_states; /* the model does */
  const rl_result_operator *operators;
  size_t operator_count;
  const rl_result_visit *visits; /* all of the pass, in their order */
  size_t visit_count;
  /* Of a pipeline: how many micro-batches there are, and the pass of the last one where that is
   * smaller than the others, else NULL. */
  uint64_t micro_batches;
  const rl_result_pass *rest;
};

/* The pass shown, of a group's share of the batch through all stages of a pipeline by all its
 * micro-batches; amounts are those of one rank of each stage together. */
typedef struct rl_result_step {
  uint64_t batch;
  double seconds;
  uint64_t matrix, vector;
  uint64_t weights, kv_read, kv_write, act_read, act_write, state_read, state_write;
  uint64_t link;
} rl_result_step;

/* A verify pass of n tokens a sequence beside a plain decode step (n = 1). */
typedef struct rl_result_verify {
  uint64_t batch, tokens;
  uint64_t cached; /* tokens in the cache before, a sequence */
  double seconds, ratio;
} rl_result_verify;

/* The machine that prefills when another one decodes. */
typedef struct rl_result_pool {
  const char *name, *title;
  uint64_t devices, groups; /* groups hold the model once each */
  uint64_t servers;         /* of that name that hold them; 0: they are devices of that name */
  const char *matrix_type; /* NULL: it has no engine for bf16 */
  const char *matrix_unit; /* "FLOP/s", "OP/s" of integers */
  double matrix_peak;
  double bandwidth;        /* B/s of main memory */
  uint64_t usable;         /* bytes of main memory */
  double link;             /* B/s at which the KV cache and states are sent on */
} rl_result_pool;

/* Tensors that stand elsewhere than on the device. */
typedef struct rl_result_placement {
  const char *const *classes, *const *places; /* "experts", "cpu": those that stand elsewhere */
  size_t count;
  const char *host, *storage, *link; /* names; storage: NULL without */
  double link_bandwidth;             /* B/s */
  uint64_t hosts, devices;              /* of that name, and devices that share them and the drive */
  uint64_t host_usable, storage_usable; /* bytes, a device's part */
  bool serial;
} rl_result_placement;

/* Consecutive layers of a pipeline's stage, counted from 0, and the weights of one of its devices. */
typedef struct rl_result_stage {
  uint64_t first_layer, layers, weight_bytes;
} rl_result_stage;

typedef struct rl_result_system {
  const char *name, *title;
  const char *file; /* its description */
  bool keeps_kv;    /* some operator of the model has a KV cache */
  uint64_t source;  /* positions of a source that each sequence begins with: they count as tokens read */
  uint64_t devices;
  uint64_t servers; /* of that name that hold them; 0: they are devices of that name */
  const char *matrix_type;   /* type that the peak below multiplies in: "bf16" */
  const char *matrix_unit;   /* "FLOP/s", "OP/s" of integers */
  double matrix_peak;
  double bandwidth;          /* B/s of main memory */
  uint64_t capacity, usable; /* bytes of main memory */
  bool usable_known;         /* else all of it counts as usable */
  double power_limit;        /* W of one device, 0 = unknown */
  double price;              /* $/h of one device */
  bool priced;
  const rl_result_pool *pool; /* NULL: the same machine prefills */
  const rl_result_placement *placement; /* NULL: everything is on the device */
  bool wider; /* some operator multiplies in a wider type than asked, for want of that type */
  const rl_result_stage *stages; /* of a pipeline */
  size_t stage_count, stage;     /* the one that takes longest, which people are shown */
  const rl_result_batch *batches;
  size_t batch_count;
  /* One a batch and stage of the phase asked for, stage after stage. */
  const rl_result_pass *passes;
  size_t pass_count;
  const rl_result_step *steps;      /* one a batch, of a pipeline; else NULL */
  const rl_result_verify *verifies; /* batch by batch */
  size_t verify_count;
  uint64_t largest_batch; /* that fits, 0 = none */
  /* Tokens a step at which the linear operators of the layers, or outside of them, turn
   * compute-bound, 0 = never. Known: the search was not cut short by counts beyond 64 bits. */
  uint64_t ridge_tokens, head_ridge_tokens;
  bool ridge_known, head_ridge_known;
  const char *const *words;
  size_t word_count;
  size_t stage_word_count; /* the first so many are about the stages of a pipeline */
  const rl_result_figure *figures;
  size_t figure_count;
} rl_result_system;

/* Format of a tensor class or operator that is not stored in the default one. */
typedef struct rl_result_exception {
  const char *what, *format; /* of layers as a scenario names them: "layers.0-3.o_proj" */
  bool of_config;            /* the model's quantization_config says so */
} rl_result_exception;

/* How the model is split over devices; degrees, 1 where it is not. All other figures are those of
 * one device, the one with the most to hold. */
typedef struct rl_result_split {
  uint64_t devices, tensor, pipeline, expert, data, context;
  const char *collectives; /* algorithm asked for, "any": the fastest at each point */
} rl_result_split;

/* Images that each prompt begins with: rows * columns patches and so many of its tokens each. */
typedef struct rl_result_images {
  uint64_t count, tokens, rows, columns;
  uint64_t width, height; /* pixels before they are resized, 0: not said */
} rl_result_images;

/* What is stored in one format, of a model that was read from a file of mixed ones. */
typedef struct rl_result_stored {
  const char *format;
  uint64_t bytes;
} rl_result_stored;

/* A key of the model's config, dotted where it stands below another. */
typedef struct rl_result_key {
  const char *key, *value;
  uint32_t line;
} rl_result_key;

typedef struct rl_result {
  const char *version;
  const char *model, *family;
  uint64_t parameters, active_parameters; /* active: without the experts a token leaves out */
  uint64_t layers;
  const char *config_file; /* NULL: none was read */
  const rl_result_key *config;
  size_t config_count;
  const char *weights; /* format name */
  double weight_bits;  /* stored bits a value, scales included */
  const rl_result_stored *stored; /* most bytes first; none: all weights are in `weights` but for exceptions */
  size_t stored_count;
  uint64_t weight_bytes; /* of one device */
  uint64_t whole_weight_bytes; /* of all that hold the model once */
  rl_result_split split;
  const rl_result_exception *exceptions;
  size_t exception_count;
  const char *kv_k, *kv_v, *activations; /* format names */
  const char *const *left_out;           /* keys of parts that nothing counts: "vision_config" */
  size_t left_out_count;
  uint64_t kv_page;                      /* tokens of a page of the cache; 1: no pages */
  bool keeps_kv;                         /* some operator has a KV cache */
  const char *state;     /* format of recurrent states, NULL when the model keeps none */
  uint64_t state_bytes;  /* of all states of one sequence */
  bool foreign_activations;              /* in another format than the model's own type */
  const char *profile;
  bool ideal; /* no efficiencies were fitted: at best only */
  const char *const *fusions;
  size_t fusion_count;
  uint64_t prompt, generate; /* tokens */
  const char *source_of;     /* "text", "sound", "images": what an encoder reads; NULL: nothing */
  rl_result_images images;
  uint64_t source;           /* positions a sequence */
  uint64_t source_kv_bytes;  /* what a sequence keeps of its source */
  const rl_result_system *systems;
  size_t system_count;
  bool one_pass;  /* whole sequences are read and nothing is generated: what is told of the prefill
                     is told of that pass */
  bool listed;    /* several machines side by side: a row each, no operators */
  uint64_t others; /* machines that are known beside those: not the common ones */
  bool sensitive; /* people see the sensitivities */
  bool explained; /* people see the explanations instead of the tables */
} rl_result;

#endif
