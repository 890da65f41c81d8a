/* A second, naive count of what a forward pass must move and compute: loops over sequences, tokens,
 * keys and rows, per family by hand. It shares no code, header or data file with the program and
 * exists only to be compared with it. The definitions are those of docs/counting.md.
 * Legend: d width, H heads, H_kv KV heads, d_h head size, w window (keys a query sees, itself
 * included). */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stdint.h>

/* ---- models: dims as published in the config.json of each model ---- */

enum { ORACLE_MODELS = 15, ORACLE_LAYERS_MAX = 128 };

typedef enum oracle_family { ORACLE_LLAMA, ORACLE_GEMMA, ORACLE_GPT } oracle_family;
typedef enum oracle_activation { ORACLE_SILU, ORACLE_GELU, ORACLE_RELU } oracle_activation;

typedef struct oracle_model {
  const char *name;
  oracle_family family;
  uint64_t layers, width, heads, kv_heads, head_size, inner, vocabulary;
  uint64_t positions; /* rows of a learned position table, 0 = rotary positions */
  oracle_activation activation;
  bool qkv_bias;  /* biases of q, k and v alone (Qwen2) */
  bool head_norm; /* q and k normalised per head (Qwen3, Gemma 3) */
  bool tied;      /* output head is the token embedding */
  bool score_cap; /* attention scores soft-capped (Gemma 2) */
  bool logit_cap;
  uint64_t window;       /* of the windowed layers, 0 = none */
  uint64_t global_every; /* windowed layers but each layer l with (l + 1) % global_every == 0;
                            0 = every layer has the window */
  uint64_t experts, chosen; /* every MLP is a mixture of that many, each of width `inner`; 0 = none */
  uint64_t parameters;      /* published total */
} oracle_model;

extern const oracle_model ORACLE_TABLE[ORACLE_MODELS];
const oracle_model *oracle_model_find(const char *name);
/* Window of one layer, 0 = all keys. */
uint64_t oracle_layer_window(const oracle_model *model, uint64_t layer);

/* ---- formats ---- */

typedef enum oracle_format {
  ORACLE_F32,
  ORACLE_BF16,
  ORACLE_F16,
  ORACLE_F8_TENSOR, /* fp8, one fp32 scale a tensor */
  ORACLE_F8_ROW,    /* fp8, one fp16 scale a row */
  ORACLE_I8_ROW,    /* int8, one fp16 scale a row */
  ORACLE_I4_ROW,    /* int4, one fp16 scale a row */
  ORACLE_W4_SYM,    /* int4 in groups of 128, fp16 scales */
  ORACLE_W4_ASYM,   /* the same with a 4-bit zero point a group */
  ORACLE_W4_32_ASYM /* the same in groups of 32 */
} oracle_format;

typedef struct oracle_formats {
  oracle_format activations;
  oracle_format vectors;     /* norm weights and biases */
  oracle_format linears;     /* linear weights inside the layers */
  oracle_format inputs;      /* what they are multiplied with: `activations`, or quantized first */
  oracle_format head_inputs; /* the same of the head */
  oracle_format head, embed; /* a tied head has the embedding's format */
  oracle_format k, v;
} oracle_formats;

/* Stored bytes of one row of n values. */
uint64_t oracle_row_bytes(oracle_format format, uint64_t n);
/* Stored bytes of a matrix: every row, and what is stored once a tensor. */
uint64_t oracle_matrix_bytes(oracle_format format, uint64_t rows, uint64_t n);

/* ---- points ---- */

typedef enum oracle_wanted { ORACLE_LAST, ORACLE_ALL, ORACLE_NO_LOGITS } oracle_wanted;

/* `count` sequences, each with `fresh` new tokens behind `cached` old ones. parent: draft tree over
 * the new tokens (-1 = child of the context), NULL = chain. */
typedef struct oracle_group {
  uint64_t count, fresh, cached;
  const int32_t *parent;
  oracle_wanted wanted;
} oracle_group;

typedef struct oracle_point {
  const oracle_group *groups;
  uint64_t count;
} oracle_point;

/* What attention sees under one window, each number counted one by one. */
typedef struct oracle_sight {
  uint64_t pairs;     /* (query, key) pairs attended */
  uint64_t keys_read; /* distinct KV rows that some query attends to */
  uint64_t scores;    /* cells of the stored rectangles */
  uint64_t keys_all;  /* KV rows stored */
} oracle_sight;
oracle_sight oracle_look(const oracle_point *point, uint64_t window);
uint64_t oracle_tokens(const oracle_point *point);
uint64_t oracle_logit_rows(const oracle_point *point);

/* Expected number of distinct experts that the tokens choose, in 2^-20: token by token, the chance
 * that an expert is still unused shrinks. */
uint64_t oracle_expected_experts(uint64_t experts, uint64_t chosen, uint64_t tokens);

/* ---- the count ---- */

typedef enum oracle_class { ORACLE_WEIGHT, ORACLE_KV, ORACLE_ACTIVATION } oracle_class;

typedef struct oracle_operand {
  const char *what; /* "x", "q_proj", "k cache" */
  oracle_class stored;
  bool written;
  uint64_t bytes;
  uint64_t excess; /* in 2^-20 bytes: by how much `bytes` was rounded up from an expectation */
} oracle_operand;

enum { ORACLE_OPERANDS_MAX = 16, ORACLE_OPS_MAX = 40, ORACLE_PARTS_MAX = 4 };

typedef struct oracle_op {
  const char *name;
  uint64_t flops;  /* matrix, 2 a multiply-add */
  uint64_t vector; /* element-wise operations */
  oracle_operand operands[ORACLE_OPERANDS_MAX];
  uint64_t operand_count;
} oracle_op;

/* Operators that run in a row: before the layers, one class of like layers, or after them. */
typedef struct oracle_part {
  uint64_t repeat;
  uint64_t window; /* of its attention */
  oracle_op ops[ORACLE_OPS_MAX];
  uint64_t op_count;
} oracle_part;

typedef struct oracle_pass {
  oracle_part before, after;
  oracle_part layers[ORACLE_PARTS_MAX];
  uint64_t layer_classes;
  uint64_t class_of[ORACLE_LAYERS_MAX]; /* layer -> index in layers */
  bool broken;                          /* a fixed array above was too small: the count is void */
} oracle_pass;

/* Counts the whole pass. fused: qkv, gate_up, add_norm, silu_mul, rope_append and attention are one
 * operator each; otherwise none is. */
void oracle_count(const oracle_model *model, const oracle_formats *formats,
                  const oracle_point *point, bool fused, oracle_pass *pass);

/* Values and stored bytes of all weights, tied ones once. */
uint64_t oracle_parameters(const oracle_model *model);
uint64_t oracle_weight_bytes(const oracle_model *model, const oracle_formats *formats);
/* KV cache after the pass: under a window no more rows than it; no pages. */
uint64_t oracle_kv_bytes(const oracle_model *model, const oracle_formats *formats,
                         const oracle_point *point);

#endif
