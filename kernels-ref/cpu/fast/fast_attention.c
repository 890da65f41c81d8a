/* attention and latent_attention, the fast rows: queries are arranged, threads walk the keys of the
 * cache with the tile of an instruction set, results are written through the view that the scalar
 * row uses.
 *
 * Dimension legend: G query heads share a KV head, or are a set of those that share latents, which
 * is then called so; a stint is what one thread does at a stretch: some tokens of a sequence, some
 * KV heads, some splits of the keys. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/fast/attention_operands.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/seen.h"
#include "kernels-ref/cpu/fast/team.h"
#include "kernels-ref/cpu/registry.h"

enum {
  LINE = 64,         /* bytes that memory hands out together */
  TWO = 2,           /* words of a row that stand together in a panel */
  TILE_ROWS = 32,    /* queries that meet a block together, at least one token's */
  PARKED_TOKENS = 64 /* with so few tokens the splits of a sequence are stints of their own */
};

static const double LOG2_E = 1.4426950408889634;

/* --- memory --- */

/* Sums of some rows over some keys: what a tile adds to, and what is merged. */
typedef struct sums {
  float *mix, *lanes, *largest;
} sums;

/* Where the parts of the workspace begin, in floats. */
typedef struct layout {
  rl_attention_task task;
  uint64_t group, tile_tokens, rows, heads, kv_heads; /* rows: of a tile and KV head */
  uint64_t stored_heads;                              /* rows of the cache a key */
  uint64_t channels;                                  /* of a query */
  uint64_t panel, panels;                             /* rows of one; of a KV head */
  uint64_t state;  /* floats of a row: its mix, the sum of its weights, its largest score */
  uint64_t splits; /* of the longest sequence */
  uint64_t values, sinks, q, y, parked, parked_tokens, own, member, end;
} layout;

static bool add_part(uint64_t *used, uint64_t *at, uint64_t rows, uint64_t each) {
  uint64_t floats;
  *at = *used;
  return rl_mul_u64(rows, each, &floats) && rl_add_u64(floats, RL_BLOCK_PAD - 1, &floats) &&
         rl_add_u64(*used, floats / RL_BLOCK_PAD * RL_BLOCK_PAD, used);
}

/* Rows of so many tokens and a KV head, with those that fill the last panel. */
static uint64_t whole_panels(const layout *l, uint64_t tokens) {
  return rl_ceil_div(tokens * l->group, l->panel) * l->panel;
}

/* Panels in front of the tile that begins with this token, which tiles before it may not fill. */
static uint64_t panels_before(const layout *l, uint64_t sequence, uint64_t token) {
  return token * l->group / l->panel + token / l->tile_tokens + sequence;
}

/* Words of the queries, in front those that meet what is value, too. */
static void count_words(const rl_attention_form *form, const rl_attention_tile *tile,
                        rl_attention_task *task) {
  const uint64_t each = 4 / rl_encoding_bytes(tile->type), lanes = RL_BLOCK_LANES;
  uint64_t together = rl_max_u64(each, tile->together), words;
  if (form->rotated != 0 && !tile->panels) together = lanes; /* rotated words begin a vector */
  task->own_words = rl_ceil_div(form->head_dim, together) * together / each;
  task->words = task->own_words + rl_ceil_div(form->rotated, together) * together / each;
  words = task->words + (tile->arrange != NULL ? 2 : 0);
  task->padded_words = rl_ceil_div(words, lanes) * lanes;
}

static void begin_task(const rl_program *program, const rl_op *op, const rl_attention_tile *tile,
                       layout *l) {
  const rl_op_attributes *at = &op->at;
  const rl_attention_form form = rl_attention_form_of(program, op);
  const uint64_t pad = tile->pad != 0 ? tile->pad : RL_BLOCK_PAD;
  rl_row_layout row = {0}, rotated = {0};
  /* an operand that is kept: all of them are of one format */
  const rl_component *c = &rl_op_tensor(program, op, RL_READ, 2)->format->stack[0];
  rl_component_layout(c, form.head_dim, &row);
  if (form.rotated != 0) rl_component_layout(c, form.rotated, &rotated);
  l->task = (rl_attention_task){.head_dim = form.head_dim,
                                .rotated = form.rotated,
                                .width = rl_ceil_div(form.head_dim, pad) * pad,
                                .codes = row.codes,
                                .rotated_codes = rotated.codes,
                                .lanes = tile->panels ? 1 : RL_BLOCK_LANES,
                                .component = c,
                                .scale = (float)(at->score_scale * LOG2_E),
                                .softcap = (float)(at->softcap * LOG2_E)};
  count_words(&form, tile, &l->task);
  l->heads = form.heads;
  l->kv_heads = form.sets;
  l->stored_heads = form.stored_sets;
  l->channels = form.head_dim + form.rotated;
  l->group = form.heads / form.sets;
  l->tile_tokens = rl_max_u64(TILE_ROWS / l->group, 1);
  l->panel = tile->panels ? RL_QUERY_PANEL : 1;
  l->rows = whole_panels(l, l->tile_tokens);
  l->state = l->task.width + 2;
}

/* What a member of the team needs: a block's room, sums of a split for some KV heads, of all splits
 * for one. */
static bool lay_out_member(layout *l) {
  const uint64_t floats = l->task.width + RL_BLOCK_LANES + 1;
  uint64_t sums_at, all_at, used = rl_attention_room(&l->task, l->rows), pad = RL_BLOCK_PAD;
  used = rl_ceil_div(used, pad) * pad;
  if (!add_part(&used, &sums_at, l->rows * l->kv_heads, floats)) return false;
  if (!add_part(&used, &all_at, l->rows + 1, l->state)) return false;
  l->member = used;
  return true;
}

static bool lay_out(layout *l, uint64_t tokens, uint64_t longest, uint64_t sequences,
                    uint32_t threads) {
  uint64_t rows, parked, rooms;
  /* As panels_before, each tile one panel more than it fills. */
  l->panels = panels_before(l, sequences, tokens) + 2;
  l->splits = rl_ceil_div(longest, RL_SPLIT_KEYS);
  l->parked_tokens = rl_min_u64(tokens, PARKED_TOKENS);
  l->end = 0;
  return rl_mul_u64(tokens, l->heads, &rows) &&
         rl_mul_u64(l->panels, l->kv_heads * l->panel, &rooms) &&
         rl_mul_u64(l->parked_tokens * l->heads, l->splits, &parked) && lay_out_member(l) &&
         add_part(&l->end, &l->values, rl_max_u64(threads, 1),
                  l->heads * l->channels + l->task.padded_words) &&
         add_part(&l->end, &l->sinks, 1, l->heads) &&
         add_part(&l->end, &l->q, rooms, l->task.padded_words) &&
         add_part(&l->end, &l->y, rows, l->task.head_dim) &&
         add_part(&l->end, &l->parked, parked, l->state) &&
         add_part(&l->end, &l->own, rl_max_u64(threads, 1), l->member);
}

bool rl_fast_attention_workspace(const rl_program *program, const rl_op *op,
                                 const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_kernel *kernel = rl_kernel_choose(program, op, limits->isa);
  layout l = {0};
  begin_task(program, op, kernel->attention, &l);
  if (!lay_out(&l, limits->tokens, limits->longest, limits->sequences, limits->threads))
    return false;
  if (!rl_add_u64(l.end, LINE / sizeof(float), &size->values)) return false;
  return rl_mul_u64(2 * l.rows, rl_max_u64(limits->threads, 1), &size->codes);
}

/* --- a call --- */

typedef struct fast_attention {
  const rl_call *call;
  const rl_attention_tile *tile;
  layout l;
  rl_attention_form form;
  rl_attention_views views;
  float *work;
  bool parked;            /* splits are stints of their own */
  uint64_t parts, stints; /* KV heads are dealt to so many stints; of all sequences */
} fast_attention;

static uint64_t tiles_of(const fast_attention *f, const rl_pass_sequence *sequence) {
  return rl_ceil_div(sequence->q, f->l.tile_tokens);
}

static uint64_t splits_of(const rl_pass_sequence *sequence) {
  return rl_ceil_div(rl_pass_keys(sequence), RL_SPLIT_KEYS);
}

/* Where the queries of a tile and KV head begin, which is of so many of all sequences. */
static float *queries_of(const fast_attention *f, uint64_t kv_head,
                         const rl_pass_sequence *sequence, uint64_t first_token) {
  const layout *l = &f->l;
  const uint64_t number = (uint64_t)(sequence - f->call->pass->sequences);
  const uint64_t panel = panels_before(l, number, sequence->first_token + first_token);
  return f->work + l->q + (kv_head * l->panels + panel) * l->panel * l->task.padded_words;
}

/* Words of a query as its tile reads them, into row `row` of those of the tile and KV head. */
static void place_words(const layout *l, const float *words, uint64_t row, float *queries) {
  const uint64_t count = l->task.padded_words;
  float *to = queries + row / l->panel * l->panel * count;
  if (l->panel == 1) {
    memcpy(to, words, count * sizeof *to);
    return;
  }
  for (uint64_t w = 0; w < count; w += TWO) {
    memcpy(to + w * l->panel + row % l->panel * TWO, words + w, TWO * sizeof *to);
  }
}

/* The channels of a part of a query, of as many as the task has, as words. */
static void encode_words(const fast_attention *f, const rl_attention_task *part,
                         const float *channels, float *words) {
  const rl_type type = f->tile->type;
  const uint32_t size = rl_encoding_bytes(type);
  uint8_t *bytes = (uint8_t *)words;
  if (f->tile->arrange != NULL) {
    f->tile->arrange(part, channels, words);
    return;
  }
  for (uint64_t c = 0; c < part->head_dim; c++) {
    rl_bits_store(bytes + c * size, size, rl_encode(type, channels[c]));
  }
}

/* Words of a query; all that no channel is behind are 0. */
static void make_words(const fast_attention *f, const float *query, float *words) {
  rl_attention_task part = f->l.task;
  memset(words, 0, part.padded_words * sizeof *words);
  encode_words(f, &part, query, words);
  if (part.rotated == 0) return;
  part.head_dim = part.rotated;
  encode_words(f, &part, query + f->l.task.head_dim, words + part.own_words);
}

/* All heads of a token; with the last one of a tile the rows that are not there. */
static void arrange_token(const fast_attention *f, const rl_pass_sequence *sequence, uint64_t i,
                          float *room) {
  const layout *l = &f->l;
  const uint64_t count = l->heads * l->channels, token = sequence->first_token + i;
  const uint64_t in_tile = i % l->tile_tokens, first = i - in_tile;
  const bool last = in_tile + 1 == l->tile_tokens || i + 1 == sequence->q;
  float *words = room + count;
  rl_attention_read_queries(&f->form, &f->views, token, room);
  for (uint64_t h = 0; h < l->heads; h++) {
    float *queries = queries_of(f, h / l->group, sequence, first);
    make_words(f, room + h * l->channels, words);
    place_words(l, words, in_tile * l->group + h % l->group, queries);
  }
  memset(words, 0, l->task.padded_words * sizeof *words);
  for (uint64_t h = 0; h < l->kv_heads && last; h++) {
    float *queries = queries_of(f, h, sequence, first);
    const uint64_t end = whole_panels(l, in_tile + 1);
    for (uint64_t row = (in_tile + 1) * l->group; row < end; row++) {
      place_words(l, words, row, queries);
    }
  }
}

static void arrange(void *context, rl_team_member member) {
  const fast_attention *f = context;
  const rl_pass *pass = f->call->pass;
  const rl_team_share share = rl_team_divide(member, pass->tokens, 1);
  const uint64_t each = f->l.heads * f->l.channels + f->l.task.padded_words;
  float *room = f->work + f->l.values + member.number * each;
  for (size_t s = 0; s < pass->count; s++) {
    const rl_pass_sequence *sequence = &pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      const uint64_t token = sequence->first_token + i;
      if (token >= share.first && token < share.end) arrange_token(f, sequence, i, room);
    }
  }
}

/* --- sums --- */

static void clear(const layout *l, const sums *s, uint64_t rows) {
  memset(s->mix, 0, rows * l->task.width * sizeof *s->mix);
  memset(s->lanes, 0, rows * l->task.lanes * sizeof *s->lanes);
  for (uint64_t r = 0; r < rows; r++) s->largest[r] = -FLT_MAX;
}

/* A state is a mix, the sum of its weights, the score that both are relative to. */
static void clear_state(const layout *l, float *state) {
  memset(state, 0, l->state * sizeof *state);
  state[l->task.width + 1] = -FLT_MAX;
}

static void take_state(const layout *l, const sums *s, uint64_t row, float *state) {
  const float *lanes = s->lanes + row * l->task.lanes;
  float sum = 0;
  for (uint64_t i = 0; i < l->task.lanes; i++) sum += lanes[i];
  memcpy(state, s->mix + row * l->task.width, l->task.width * sizeof *state);
  state[l->task.width] = sum;
  state[l->task.width + 1] = s->largest[row];
}

/* 2^(score - largest), without a call where that is 0 or 1. */
static float share_of(float score, float largest) {
  if (score == -FLT_MAX) return score == largest;
  return score == largest ? 1 : exp2f(score - largest);
}

/* to = to and from, keys of both (Milakov & Gimelshein 2018, 3.1). */
static void merge_state(const layout *l, const float *from, float *to) {
  const uint64_t width = l->task.width;
  const float largest = from[width + 1] > to[width + 1] ? from[width + 1] : to[width + 1];
  const float mine = share_of(to[width + 1], largest), other = share_of(from[width + 1], largest);
  for (uint64_t c = 0; c <= width; c++) to[c] = to[c] * mine + from[c] * other;
  to[width + 1] = largest;
}

/* Where channel c stands in a mix. */
static uint64_t place_of(const rl_attention_tile *tile, uint64_t c) {
  return tile->order == NULL ? c : c / tile->pad * tile->pad + tile->order[c % tile->pad];
}

/* The head's sink joins the sum without a value (OpenAI 2025, gpt-oss model card, 2.2). */
static void finish(const fast_attention *f, uint64_t token, uint64_t head, float *state) {
  const layout *l = &f->l;
  const uint64_t width = l->task.width;
  float *y = f->work + l->y + (token * l->heads + head) * l->task.head_dim;
  if (f->call->op->at.sinks) {
    const float sink = f->work[l->sinks + head] * (float)LOG2_E;
    const float largest = fmaxf(sink, state[width + 1]), by = exp2f(state[width + 1] - largest);
    for (uint64_t c = 0; c <= width; c++) state[c] *= by;
    state[width] += exp2f(sink - largest);
  }
  const float by = state[width] > 0 ? state[width] : 1;
  for (uint64_t c = 0; c < l->task.head_dim; c++) {
    y[c] = state[place_of(f->tile, c)] / by;
  }
}

/* --- stints --- */

typedef struct stint {
  const rl_pass_sequence *sequence;
  uint64_t first_token, tokens;    /* of the sequence */
  uint64_t first_split, end_split; /* of the keys */
  uint64_t first_head, end_head;   /* KV heads */
  rl_seen seen[TILE_ROWS];         /* of each token */
  float *room;                     /* of the member that does it */
  sums sums;
  float *all; /* states of one KV head over all splits */
} stint;

static uint64_t token_of(const stint *s, uint64_t t) {
  return s->sequence->first_token + s->first_token + t;
}

/* The head's share of the next block's rows, as they follow each other in memory: what one head
 * reads stands too far apart for machines to see that it is a stream. */
static void look_ahead(const fast_attention *f, const stint *s, uint64_t key, uint64_t head,
                       rl_attention_block *b) {
  const rl_view *first_view = f->views.rotated != NULL ? f->views.rotated : f->views.keys;
  const rl_store *stores[2] = {&first_view->store, &f->views.values->store};
  const uint64_t left = rl_pass_keys(s->sequence) - rl_min_u64(key, rl_pass_keys(s->sequence));
  if (s->end_head - s->first_head != f->l.kv_heads || left == 0) return;
  for (int o = 0; o < 2; o++) {
    const uint64_t row_bytes = f->l.stored_heads * stores[o]->row_bytes;
    const uint64_t bytes = rl_min_u64(left, RL_BLOCK_KEYS) * row_bytes;
    const uint8_t *first = stores[o]->bytes + rl_pass_kv(s->sequence, key) * row_bytes;
    b->ahead[o] = first + bytes * head / f->l.kv_heads;
    b->ahead_end[o] = first + bytes * (head + 1) / f->l.kv_heads;
  }
}

/* One KV head and one block; any: bits of the keys that some row sees. */
static void meet(const fast_attention *f, const stint *s, uint64_t key, uint64_t head,
                 const uint64_t *bits, uint64_t any) {
  const layout *l = &f->l;
  const rl_store *keys = &f->views.keys->store, *values = &f->views.values->store;
  const bool shared = l->stored_heads != l->kv_heads;
  const uint64_t row = rl_pass_kv(s->sequence, key) * l->stored_heads + (shared ? 0 : head);
  const uint64_t slot = (head - s->first_head) * whole_panels(l, s->tokens);
  rl_attention_block b = {
      .keys = keys->bytes + row * keys->row_bytes,
      .values = values->bytes + row * values->row_bytes,
      .apart = l->stored_heads * keys->row_bytes,
      .first = (uint32_t)__builtin_ctzll(any),
      .end = 64u - (uint32_t)__builtin_clzll(any),
      .rows = s->tokens * l->group,
      .seen = bits,
      .q = queries_of(f, head, s->sequence, s->first_token),
      .mix = s->sums.mix + slot * l->task.width,
      .lanes = s->sums.lanes + slot * l->task.lanes,
      .largest = s->sums.largest + slot,
      .room = s->room,
  };
  if (f->views.rotated != NULL) {
    b.rotated_apart = f->views.rotated->store.row_bytes;
    b.rotated = f->views.rotated->store.bytes + row * b.rotated_apart;
  }
  look_ahead(f, s, key + RL_BLOCK_KEYS, head, &b);
  f->tile->block(&l->task, &b);
}

/* Blocks of a split, all heads of a block before the next one, as they are stored. */
static void walk_split(const fast_attention *f, const stint *s, uint64_t *bits, uint64_t split) {
  const rl_op_attributes *at = &f->call->op->at;
  const uint64_t group = f->l.group, rows = whole_panels(&f->l, s->tokens);
  const uint64_t keys = rl_min_u64((split + 1) * RL_SPLIT_KEYS, rl_pass_keys(s->sequence));
  clear(&f->l, &s->sums, rows * (s->end_head - s->first_head));
  for (uint64_t key = split * RL_SPLIT_KEYS; key < keys; key += RL_BLOCK_KEYS) {
    uint64_t any = 0;
    for (uint64_t t = 0; t < s->tokens; t++) {
      const uint64_t i = s->first_token + t;
      const uint64_t seen = rl_seen_bits(s->sequence, at, i, &s->seen[t], key);
      for (uint64_t g = 0; g < group; g++) bits[t * group + g] = seen;
      any |= seen;
    }
    if (any == 0) continue;
    for (uint64_t h = s->first_head; h < s->end_head; h++) meet(f, s, key, h, bits, any);
  }
}

static float *parked_state(const fast_attention *f, uint64_t token, uint64_t head, uint64_t split) {
  const uint64_t row = (token * f->l.heads + head) * f->l.splits + split;
  return f->work + f->l.parked + row * f->l.state;
}

/* States of a split go where they wait for the others. */
static void park(const fast_attention *f, const stint *s, uint64_t split) {
  for (uint64_t h = s->first_head; h < s->end_head; h++) {
    uint64_t row = (h - s->first_head) * whole_panels(&f->l, s->tokens);
    for (uint64_t t = 0; t < s->tokens; t++) {
      for (uint64_t g = 0; g < f->l.group; g++) {
        take_state(&f->l, &s->sums, row++,
                   parked_state(f, token_of(s, t), h * f->l.group + g, split));
      }
    }
  }
}

/* The splits of one KV head one after the other. */
static void walk_head(const fast_attention *f, stint *s, uint64_t *bits, uint64_t head) {
  const layout *l = &f->l;
  const uint64_t rows = s->tokens * l->group;
  float *split_state = s->all + rows * l->state;
  s->first_head = head;
  s->end_head = head + 1;
  for (uint64_t r = 0; r < rows; r++) clear_state(l, s->all + r * l->state);
  for (uint64_t split = s->first_split; split < s->end_split; split++) {
    walk_split(f, s, bits, split);
    for (uint64_t r = 0; r < rows; r++) {
      take_state(l, &s->sums, r, split_state);
      merge_state(l, split_state, s->all + r * l->state);
    }
  }
  for (uint64_t r = 0; r < rows; r++) {
    finish(f, token_of(s, r / l->group), head * l->group + r % l->group, s->all + r * l->state);
  }
}

static void do_stint(const fast_attention *f, stint *s, uint32_t member) {
  const layout *l = &f->l;
  const uint64_t first = s->first_head, end = s->end_head;
  uint64_t used = rl_attention_room(&l->task, l->rows), rows = l->rows * l->kv_heads;
  float *own = f->work + l->own + member * l->member;
  s->room = own;
  own += rl_ceil_div(used, RL_BLOCK_PAD) * RL_BLOCK_PAD;
  s->sums = (sums){own, own + rows * l->task.width, NULL};
  s->sums.largest = s->sums.lanes + rows * RL_BLOCK_LANES;
  s->all = s->sums.largest + rows;
  uint64_t *bits = (uint64_t *)(void *)f->call->work->codes + member * l->rows;
  for (uint64_t t = 0; t < s->tokens; t++) {
    s->seen[t] = rl_seen_of(s->sequence, &f->call->op->at, s->first_token + t);
  }
  if (f->parked) {
    walk_split(f, s, bits, s->first_split);
    park(f, s, s->first_split);
    return;
  }
  for (uint64_t head = first; head < end; head++) walk_head(f, s, bits, head);
}

/* Stint number n of those of a sequence. */
static void do_nth(const fast_attention *f, const rl_pass_sequence *sequence, uint64_t n,
                   uint32_t member) {
  const layout *l = &f->l;
  const uint64_t splits = f->parked ? splits_of(sequence) : 1, part = n % f->parts;
  const uint64_t split = n / f->parts % splits, tile = n / f->parts / splits;
  stint s = {.sequence = sequence,
             .first_token = tile * l->tile_tokens,
             .first_split = split,
             .end_split = f->parked ? split + 1 : splits_of(sequence),
             .first_head = l->kv_heads * part / f->parts,
             .end_head = l->kv_heads * (part + 1) / f->parts};
  s.tokens = rl_min_u64(sequence->q - s.first_token, l->tile_tokens);
  do_stint(f, &s, member);
}

static uint64_t stints_of(const fast_attention *f, const rl_pass_sequence *sequence) {
  return tiles_of(f, sequence) * (f->parked ? splits_of(sequence) : 1) * f->parts;
}

/* Neighbouring stints read neighbouring keys: each member takes its share of them in a row. Where
 * stints are of whole sequences later ones are longer: members take turns. */
static void walk(void *context, rl_team_member member) {
  const fast_attention *f = context;
  const rl_team_share share = rl_team_divide(member, f->stints, 1);
  uint64_t before = 0;
  for (size_t s = 0; s < f->call->pass->count; s++) {
    const rl_pass_sequence *sequence = &f->call->pass->sequences[s];
    const uint64_t count = stints_of(f, sequence);
    for (uint64_t n = 0; n < count; n++) {
      const uint64_t all = before + n;
      const bool mine =
          f->parked ? all >= share.first && all < share.end : all % member.count == member.number;
      if (mine) do_nth(f, sequence, n, member.number);
    }
    before += count;
  }
}

/* Merges what waited, first split to last. */
static void merge_parked(void *context, rl_team_member member) {
  const fast_attention *f = context;
  const layout *l = &f->l;
  for (size_t s = 0; s < f->call->pass->count; s++) {
    const rl_pass_sequence *sequence = &f->call->pass->sequences[s];
    const rl_team_share share = rl_team_divide(member, sequence->q * l->heads, 1);
    for (uint64_t n = share.first; n < share.end; n++) {
      const uint64_t token = sequence->first_token + n / l->heads, head = n % l->heads;
      float *state = f->work + l->own + member.number * l->member;
      clear_state(l, state);
      for (uint64_t split = 0; split < splits_of(sequence); split++) {
        merge_state(l, parked_state(f, token, head, split), state);
      }
      finish(f, token, head, state);
    }
  }
}

/* --- the call --- */

/* Vectors that lie across two lines are loaded at half the pace. */
static float *line_of(float *values) {
  const uintptr_t behind = (uintptr_t)values % LINE;
  return behind == 0 ? values : values + (LINE - behind) / sizeof *values;
}

static void begin(fast_attention *f, const rl_call *call) {
  const rl_pass *pass = call->pass;
  layout *l = &f->l;
  uint64_t longest = 0, tiles = 0;
  *f = (fast_attention){.call = call,
                        .tile = call->kernel->attention,
                        .form = rl_attention_form_of(call->program, call->op),
                        .views = rl_attention_views_of(call),
                        .work = line_of(call->work->values)};
  for (size_t s = 0; s < pass->count; s++) {
    longest = rl_max_u64(longest, rl_pass_keys(&pass->sequences[s]));
  }
  begin_task(call->program, call->op, f->tile, l);
  lay_out(l, pass->tokens, longest, pass->count,
          call->threads); /* fits: memory was planned with it */
  f->parked = pass->tokens <= PARKED_TOKENS;
  for (size_t s = 0; s < pass->count; s++) {
    tiles += tiles_of(f, &pass->sequences[s]) * splits_of(&pass->sequences[s]);
  }
  if (call->threads > 1) f->parts = rl_ceil_div((uint64_t)2 * call->threads, rl_max_u64(tiles, 1));
  f->parts = rl_max_u64(f->parts, 1);
  f->parts = f->parked ? rl_min_u64(f->parts, l->kv_heads) : l->kv_heads;
  for (size_t s = 0; s < pass->count; s++) f->stints += stints_of(f, &pass->sequences[s]);
}

void rl_fast_attention(const rl_call *call) {
  fast_attention f;
  const rl_view *out = rl_call_write(call, 0);
  if (call->pass->tokens == 0) return;
  begin(&f, call);
  rl_attention_mark(call, &f.form, &f.views);
  if (call->op->at.sinks) {
    rl_view_read(rl_call_read(call, 3), 0, f.l.heads, f.work + f.l.sinks);
  }
  rl_team_run(f.views.queries->touched == NULL ? call->threads : 1, arrange, &f);
  rl_team_run(call->threads, walk, &f);
  if (f.parked) rl_team_run(call->threads, merge_parked, &f);
  for (uint64_t t = 0; t < call->pass->tokens; t++) {
    rl_view_write(out, t * out->block, out->block, f.work + f.l.y + t * out->block);
  }
}
