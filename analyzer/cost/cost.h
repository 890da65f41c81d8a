/* How much an operator list moves and computes at a point, as exact linear forms over a few integer
 * moments of the point. No hardware here, and nothing that takes time. Definitions: docs/counting.md. */
#ifndef RL_COST_COST_H
#define RL_COST_COST_H

#include "cost/expert_draw.h"
#include "graph/point.h"
#include "graph/program.h"

/* Integer sums over the groups of a point, or over those of one class; phase, window, page and
 * experts are part of the moment's identity. */
typedef enum rl_moment_kind {
  RL_M_ONE,        /* 1 when the pass has a token */
  RL_M_LOGITS_ANY, /* 1 when some logits are wanted */
  RL_M_SEQUENCES,
  RL_M_TOKENS,       /* T */
  RL_M_LOGIT_ROWS,   /* R */
  RL_M_ID_ROWS,      /* T, or the distinct token ids when that fact was observed */
  RL_M_POSITION_ROWS,/* T, or the distinct positions */
  RL_M_NEXT_ROWS,    /* T, or the distinct ids of the tokens after each */
  RL_M_FOLLOWED,     /* tokens whose logits are not wanted, less the last of a sequence without any: the
                        token after each is one of the pass */
  RL_M_TOKENS_KEPT,  /* T; of dealt tokens those of either class that were dealt to this rank */
  RL_M_PAIRS,        /* (query, key) pairs attended under window or chunk and the tree */
  RL_M_KV_READ,      /* distinct KV rows some query attends to under window or chunk */
  RL_M_KV_OWN,       /* of dealt tokens: the rows of RL_M_KV_GATHERED that this rank keeps */
  RL_M_KV_GATHERED,  /* of dealt tokens: distinct rows that some query of some rank attends to */
  RL_M_KV_ROWS,      /* sum of cached + q */
  RL_M_CHOSEN_PAIRS, /* (query, key) pairs where a query chooses `window` at most of the keys that it sees */
  RL_M_CHOSEN_ROWS,  /* distinct KV rows that they choose: all different, as long as there are others; or
                        observed */
  RL_M_KV_KEPT,      /* rows the cache holds during the pass: those of RL_M_KV_READ, and room for a whole
                        chunk of a sequence that has one, in whole pages */
  /* of caches that keep tokens apart; parting and `tokens` are part of the identity */
  RL_M_BODY_READ,    /* blocks of the body before the pass */
  RL_M_BODY_WRITE,   /* blocks that the pass adds to it */
  RL_M_BODY_KEPT,    /* blocks of the body after the pass, in whole pages */
  RL_M_TAIL_READ,    /* tokens in the tail before the pass */
  RL_M_TAIL_LEAVE,   /* of those the ones that the pass moves to the body */
  RL_M_TAIL_WRITE,   /* new tokens in the tail after the pass */
  RL_M_TAIL_KEPT,    /* places of the tail that a sequence as long as it is then has used */
  RL_M_TAKEN_IN,     /* new tokens that are written to either: under a window not those that are out of it */
  RL_M_BODY_HELD,    /* sequences that have a body before the pass */
  RL_M_BODY_BEGUN,   /* sequences that the pass gives one */
  RL_M_BODY_GROWN,   /* sequences to whose body the pass adds */
  RL_M_BODY_QUERIES, /* new tokens of RL_M_BODY_HELD */
  RL_M_BEGUN_TOKENS, /* new tokens of RL_M_BODY_BEGUN; with a window that many of each at most */
  RL_M_BEGUN_CACHED, /* tokens that those had before */
  RL_M_BODY_PAIRS,   /* (new token, block of the body before the pass) */
  RL_M_REST_PAIRS,   /* of RL_M_PAIRS those whose key is not in the body */
  RL_M_REST_SCORES,  /* of RL_M_RECTANGLE likewise */
  /* groups of the values that packed blocks store, in RL_EXPERT_UNIT: expected, or observed */
  RL_M_PACKED_READ,  /* of the blocks of RL_M_BODY_READ */
  RL_M_PACKED_WRITE, /* of RL_M_BODY_WRITE */
  RL_M_PACKED_KEPT,  /* of RL_M_BODY_KEPT */
  RL_M_RECTANGLE,    /* sum of q * (cached + q) */
  RL_M_EXPERTS,      /* distinct experts that the tokens choose, in RL_EXPERT_UNIT: expected, or observed;
                        with ranks: on the rank where they are most */
  RL_M_TABLE_ROWS,   /* distinct rows of a hashed table, in RL_EXPERT_UNIT: as experts that are all alike */
  RL_M_BLOCKS,       /* distinct blocks of a memory that the sequences fetch, in RL_EXPERT_UNIT: one of
                        `experts` each, all alike; or observed */
  RL_M_EXPERT_CHOICES, /* (token, expert) on the rank where they are most, in RL_EXPERT_UNIT: expected */
  RL_M_EXPERT_TOKENS,  /* tokens that some expert of a rank was chosen by, where they are most, likewise */
  RL_M_TOKEN_PART,     /* tokens of one of `ranks` parts, the one numbered `part` */
  RL_M_CHUNKS,       /* chunks that the new tokens of each sequence are cut into, the last one short; with
                        `within` at positions that are multiples of it */
  RL_M_CHUNK_PAIRS,  /* pairs of new tokens of one chunk, the later with the earlier and each with itself */
  RL_M_CHUNK_OPEN,   /* sequences whose first new token continues a chunk of positions */
  RL_M_CHUNK_BEGUN,  /* sequences in which a new token begins one */
  RL_M_PREFIX,       /* of the sequences that begin in the pass, the tokens up to `window` */
  RL_M_PREFIX_ANY,   /* 1 when there are any */
  /* of the sequences that begin in the pass; `lead` and `merge` are part of the identity */
  RL_M_SOURCE,               /* pieces * (ceil(positions / merge) + lead) */
  RL_M_SOURCE_ANY,           /* 1 when one of them has a source */
  RL_M_SOURCE_PAIRS,         /* pieces * (positions + lead)^2 */
  RL_M_SQUARE_PAIRS,         /* pairs of patches that share a square of `within` */
  RL_M_SOURCE_ID_ROWS,       /* as RL_M_SOURCE, or the distinct ids when that fact was observed */
  RL_M_SOURCE_POSITION_ROWS, /* likewise, or the distinct positions */
  /* of all sequences */
  RL_M_SOURCE_ROWS, /* pieces * (positions + lead) */
  RL_M_SOURCE_HELD, /* 1 when some sequence has a source */
  RL_M_CROSS_PAIRS, /* q * pieces * (positions + lead) */
  RL_MOMENT_KINDS
} rl_moment_kind;
typedef struct rl_moment {
  rl_moment_kind kind;
  rl_phase phase;          /* the class that is summed over */
  uint64_t decode_tokens;  /* what parts the classes; 0 = all groups */
  uint64_t window; /* 0 = none; RL_M_PREFIX: tokens at most */
  uint64_t skip;   /* of the window the newest `skip` keys are not seen; 0 = all are */
  uint64_t within; /* chunk of positions that a query sees, 0 = all; not with a window */
  uint64_t page;   /* RL_M_KV_KEPT: rows a page, 1 = no rounding */
  uint64_t experts, top_k, ranks; /* of expected moments; ranks 0 or 1: the experts stay together.
                                     RL_M_ID_ROWS, RL_M_NEXT_ROWS, RL_M_SOURCE_ID_ROWS: parts of the table, the fullest of which has at
                                     least the ceil(T / ranks)th part of the tokens */
  rl_expert_limit limit;   /* of the same: the groups that experts are chosen from */
  uint64_t meet, part;     /* expected moments: tokens of so many groups like this one, 0 = of one; RL_M_TOKEN_PART */
  const rl_draw *draw;     /* of the three numbers above, made when the plan is compiled */
  uint64_t chunk;          /* RL_M_CHUNKS, RL_M_CHUNK_PAIRS: tokens a chunk; `within` says as many when
                              chunks are those of positions */
  uint64_t lead, merge;    /* of sources; merge 0 = 1 */
  rl_deal deal;            /* the program's. Tokens and what is counted by them are those that this rank works on; pairs
                              and rows read, in the decode class, those of keys that it keeps, in the prefill class
                              those of its own queries; rows kept its own. A draft tree counts as a chain */
  rl_parting parting;      /* RL_M_BODY_*, RL_M_TAIL_* */
  uint64_t tokens;         /* RL_M_BODY_*: of a block */
  uint64_t groups;         /* RL_M_PACKED_*: expected of a block, in RL_EXPERT_UNIT */
} rl_moment;

/* What each row counts. Bytes are compulsory: each stored byte once a pass and operand. */
typedef enum rl_count {
  RL_C_MATRIX,      /* FLOPs of matrix engines, 2 a multiply-add */
  RL_C_VECTOR,      /* element-wise operations */
  RL_C_WEIGHTS,     /* bytes of weights read */
  RL_C_KV_READ, RL_C_KV_WRITE,   /* what sequences keep: KV cache and states */
  RL_C_ACT_READ, RL_C_ACT_WRITE, /* activations, logits and ids */
  RL_COUNTS
} rl_count;

/* sum of coefficient[k] * moment[k] over `terms` terms, divided by `divisor`, rounded up. */
typedef struct rl_form {
  uint32_t first;   /* in rl_cost.coefficients / .form_moments */
  uint32_t terms;
  uint64_t divisor;
} rl_form;

/* One way to exchange a tensor with the other ranks of a group: bytes that this rank sends, and
 * messages that follow one another. */
typedef struct rl_way {
  rl_algorithm algorithm;
  uint64_t messages;
  rl_form bytes;
  /* Hierarchical: `bytes` are those of the operand, and what is sent of them depends on how many
   * ranks a server holds: rl_way_tiers. */
  uint64_t ranks;
  bool sums;
} rl_way;

/* What a rank sends by a hierarchical way on either tier of links. */
typedef struct rl_tiers {
  uint64_t inside, across;                   /* bytes */
  uint64_t messages_inside, messages_across; /* one after another */
} rl_tiers;
/* Of an operand of so many bytes, with `inside` ranks in each server, which divide way->ranks.
 * False on overflow. */
bool rl_way_tiers(const rl_way *way, uint64_t bytes, uint64_t inside, rl_tiers *out);

/* One operator of one run. The counts are of one repeat. */
typedef struct rl_cost_row {
  uint32_t op, run, repeat;
  rl_form counts[RL_COUNTS];
  uint32_t first_operand; /* forms of its external operands, in the operator's order: rl_cost.operands */
  uint32_t operand_count;
  uint32_t first_way, way_count; /* collectives: rl_cost.ways, of which the time takes the fastest */
  bool expected;          /* some count follows from an expectation, unless the fact was observed */
} rl_cost_row;

typedef struct rl_cost {
  const rl_program *program;
  const rl_moment *moments;
  uint32_t moment_count;
  const rl_cost_row *rows;
  uint32_t row_count;
  const rl_form *operands;      /* bytes of each external operand */
  const rl_way *ways;
  const uint64_t *coefficients;
  const uint32_t *form_moments;
  uint32_t term_count;
  const uint64_t *safe;         /* per moment: with every moment at or below it no form overflows 63 bits */
  uint64_t weight_bytes;        /* stored, tied ones once */
  rl_form kv_bytes;             /* stored KV at the end of the pass, pages included */
  rl_form state_bytes;          /* stored states of the sequences */
  rl_form kept_bytes;           /* both together */
  rl_form activation_bytes;     /* buffers of the liveness plan */
} rl_cost;

/* Facts observed in a run of the engine; 0 = not observed, the expectation of docs/counting.md holds. */
typedef struct rl_facts {
  uint64_t distinct_ids, distinct_positions;
  uint64_t distinct_experts; /* on this rank, of the one layer and choice whose counts are asked for; of a
                                choice of tokens, rows of the cache */
  uint64_t distinct_source_ids, distinct_source_positions;
  uint64_t distinct_next_ids; /* of the tokens after each */
  uint64_t expert_choices; /* that came to this rank, of the same layer */
  uint64_t packed[2];      /* groups of values in the blocks of keys, and of values, that the one operator
                              whose counts are asked for reads or writes */
} rl_facts;

enum { RL_MOMENTS_MAX = 256 };

/* page: rows a KV page in memory (1 = none). Overflow of a coefficient is a located diagnostic. */
rl_status rl_cost_compile(rl_arena *arena, const rl_program *program, uint64_t page, rl_cost **out,
                          rl_diags *diags);
/* The same; draws of experts that `like` has made are borrowed from it. NULL: there is none. */
rl_status rl_cost_compile_like(rl_arena *arena, const rl_program *program, uint64_t page,
                               const rl_cost *like, rl_cost **out, rl_diags *diags);
/* Reduces a point to cost->moment_count integers. False when a moment overflows. facts may be NULL. */
bool rl_cost_moments(const rl_cost *cost, const rl_point *point, const rl_facts *facts, uint64_t *moments);
/* One form at given moments, by checked 128-bit arithmetic: valid beyond `safe`. False on overflow. */
bool rl_form_value(const rl_cost *cost, const rl_form *form, const uint64_t *moments, uint64_t *value);
/* All counts of a row likewise. */
bool rl_row_counts(const rl_cost *cost, size_t row, const uint64_t *moments, uint64_t counts[RL_COUNTS]);
/* Bytes that a tensor takes in memory during a pass: one instance of a weight, the rows that a cache
 * keeps, a buffer. False when they are not known of this plan, or overflow. */
bool rl_cost_stored(const rl_cost *cost, const rl_tensor *tensor, const uint64_t *moments, uint64_t *bytes);
/* How often a moment, taken of a step of one token behind `cached`, has left a straight line at or
 * before that: windows that are full, chunks and blocks that begin. It never falls as `cached` grows. */
uint64_t rl_moment_breaks(const rl_moment *moment, uint64_t cached);
/* True when the fast path may be used for these moments. */
bool rl_cost_is_safe(const rl_cost *cost, const uint64_t *moments);

/* Expected distinct experts, in RL_EXPERT_UNIT, when each of n tokens chooses top_k of `experts`, every
 * choice as likely as every other: E (1 - (1 - k/E)^n), to the nearest unit. experts <= 2^12. */
uint64_t rl_expected_experts(uint64_t experts, uint64_t top_k, uint64_t n);

/* Operations per element of the vector kinds, printed by `list ops`. */
typedef struct rl_op_rate { const char *what; uint64_t per_element; const char *why; } rl_op_rate;
extern const rl_op_rate RL_OP_RATES[];
extern const size_t RL_OP_RATE_COUNT;

#endif
