/* Turns an operator list into rows of linear forms. Equal moments and equal forms are stored once;
 * the largest moments for which plain 64-bit arithmetic cannot wrap are proved here, once. */
#include <string.h>

#include "base/checked.h"
#include "cost/parted.h"
#include "cost/tally.h"

/* Sums over all rows and repeats, for the proof of `safe`. A coefficient that does not fit
 * saturates: its moment then has the bound 0. */
typedef enum total_kind {
  TOTAL_MATRIX,
  TOTAL_VECTOR,
  TOTAL_BYTES,
  TOTAL_MEMORY,
  TOTAL_DIVIDED, /* the largest coefficients of forms that are divided, before they are */
  TOTALS
} total_kind;
static const total_kind TOTAL_OF[RL_COUNTS] = {
    [RL_C_MATRIX] = TOTAL_MATRIX,  [RL_C_VECTOR] = TOTAL_VECTOR,  [RL_C_WEIGHTS] = TOTAL_BYTES,
    [RL_C_KV_READ] = TOTAL_BYTES,  [RL_C_KV_WRITE] = TOTAL_BYTES, [RL_C_ACT_READ] = TOTAL_BYTES,
    [RL_C_ACT_WRITE] = TOTAL_BYTES};

typedef struct compiler {
  rl_arena *arena;
  rl_diags *diags;
  rl_cost *cost;
  const rl_cost *like; /* counts whose draws of experts are used again; NULL: of none */
  rl_tally tally;
  rl_sum totals[TOTALS];
  rl_sum bytes; /* of the operand at hand */
  rl_cost_row *rows;
  rl_form *operands;
  uint32_t operand_count;
  RL_LIST(uint64_t) coefficients;
  RL_LIST(uint32_t) moments;
  RL_LIST(rl_way) ways;
  rl_form *forms; /* distinct ones: a hash table with open addressing */
  bool *taken;
  size_t form_slots; /* a power of two, at least twice the forms there can be */
} compiler;

/* What is expected of the same choice of experts. */
static bool same_choice(const rl_moment *a, const rl_moment *b) {
  return a->experts == b->experts && a->top_k == b->top_k && a->ranks == b->ranks &&
         rl_expert_limit_same(a->limit, b->limit) && a->meet == b->meet && a->part == b->part;
}

/* Which tokens of a cache that keeps some apart. */
static bool same_parts(const rl_moment *a, const rl_moment *b) {
  return a->tokens == b->tokens && a->groups == b->groups &&
         rl_parting_equal(&a->parting, &b->parting);
}

static bool moment_equals(rl_moment a, rl_moment b) {
  return a.kind == b.kind && a.phase == b.phase && a.window == b.window && a.chunk == b.chunk &&
         a.skip == b.skip && a.within == b.within && a.page == b.page && same_choice(&a, &b) &&
         a.lead == b.lead && a.merge == b.merge && same_parts(&a, &b);
}

void rl_tally_product(rl_tally *tally, rl_sum *sum, rl_moment moment, const uint64_t *factors,
                      size_t count) {
  uint64_t product = 1;
  for (size_t f = 0; f < count; f++) {
    if (factors[f] == 0) return;
    if (!rl_mul_u64(product, factors[f], &product)) tally->overflow = true;
  }
  moment.phase = tally->phase;
  moment.deal = tally->program->deal;
  if (tally->phase != RL_PHASE_BOTH || moment.deal.ranks > 1) {
    moment.decode_tokens = tally->program->decode_tokens;
  }
  uint32_t m = 0;
  while (m < tally->moment_count && !moment_equals(tally->moments[m], moment)) m++;
  if (m == RL_MOMENTS_MAX) {
    tally->crowded = true;
    return;
  }
  if (m == tally->moment_count) tally->moments[tally->moment_count++] = moment;
  if (!rl_add_u64(sum->of[m], product, &sum->of[m])) tally->overflow = true;
}

/* Reports what the tally could not hold. */
static rl_status tally_status(compiler *c, const char *what, rl_loc loc) {
  if (c->tally.crowded) return RL_REPORT(c->diags, COST_MOMENTS, loc, what);
  if (c->tally.overflow) return RL_REPORT(c->diags, COST_OVERFLOW, loc, what);
  return RL_OK;
}

static bool is_expected(const rl_moment *moment) {
  return moment->kind == RL_M_EXPERTS || moment->kind == RL_M_EXPERT_CHOICES ||
         moment->kind == RL_M_EXPERT_TOKENS || moment->kind == RL_M_TABLE_ROWS ||
         moment->kind == RL_M_BLOCKS || rl_packed_is(moment->kind);
}

/* What the form of a sum is divided by: the unit of the expectation in it. */
static uint64_t divisor_of(const compiler *c, const rl_sum *sum) {
  for (uint32_t m = 0; m < c->tally.moment_count; m++) {
    if (sum->of[m] != 0 && is_expected(&c->tally.moments[m])) return RL_EXPERT_UNIT;
  }
  return 1;
}

/* Brings all terms of a sum to the divisor: those that are whole numbers are multiplied by it. */
static rl_sum scale_sum(compiler *c, const rl_sum *sum, uint64_t divisor) {
  rl_sum scaled = *sum;
  for (uint32_t m = 0; divisor != 1 && m < c->tally.moment_count; m++) {
    if (is_expected(&c->tally.moments[m])) continue;
    if (!rl_mul_u64(scaled.of[m], divisor, &scaled.of[m])) c->tally.overflow = true;
  }
  return scaled;
}

static uint64_t form_hash(const compiler *c, const rl_sum *sum) {
  uint64_t hash = 14695981039346656037u; /* FNV-1a over (moment, coefficient) */
  for (uint32_t m = 0; m < c->tally.moment_count; m++) {
    if (sum->of[m] == 0) continue;
    hash = (hash ^ m) * 1099511628211u;
    hash = (hash ^ sum->of[m]) * 1099511628211u;
    hash ^= hash >> 29;
  }
  return hash;
}

static bool form_equals(const compiler *c, const rl_form *form, const rl_sum *sum,
                        uint64_t divisor) {
  uint32_t terms = 0;
  if (form->divisor != divisor) return false;
  for (uint32_t m = 0; m < c->tally.moment_count; m++) terms += sum->of[m] != 0;
  if (terms != form->terms) return false;
  for (uint32_t t = form->first; t < form->first + terms; t++) {
    if (sum->of[c->moments.items[t]] != c->coefficients.items[t]) return false;
  }
  return true;
}

static bool push_terms(compiler *c, const rl_sum *sum) {
  for (uint32_t m = 0; m < c->tally.moment_count; m++) {
    if (sum->of[m] == 0) continue;
    uint64_t *coefficient = RL_PUSH(c->arena, &c->coefficients);
    uint32_t *moment = RL_PUSH(c->arena, &c->moments);
    if (coefficient == NULL || moment == NULL) return false;
    *coefficient = sum->of[m];
    *moment = m;
  }
  return true;
}

/* The form of a sum over a divisor: an equal one that exists already, or a new one. False without
 * memory. */
static bool intern_divided(compiler *c, const rl_sum *sum, uint64_t divisor, rl_form *out) {
  size_t slot = (size_t)form_hash(c, sum) & (c->form_slots - 1);
  while (c->taken[slot] && !form_equals(c, &c->forms[slot], sum, divisor)) {
    slot = (slot + 1) & (c->form_slots - 1);
  }
  if (!c->taken[slot]) {
    uint32_t first = (uint32_t)c->moments.count;
    if (!push_terms(c, sum)) return false;
    c->taken[slot] = true;
    c->forms[slot] = (rl_form){first, (uint32_t)c->moments.count - first, divisor};
  }
  *out = c->forms[slot];
  return true;
}

/* The form of a sum, which is divided by the unit of the expectation in it. */
static bool intern_form(compiler *c, const rl_sum *unscaled, rl_form *out) {
  uint64_t divisor = divisor_of(c, unscaled);
  if (divisor == 1) return intern_divided(c, unscaled, 1, out);
  rl_sum scaled = scale_sum(c, unscaled, divisor);
  return intern_divided(c, &scaled, divisor, out);
}

/* Adds the coefficients of a form, divided and rounded up: that bounds its value, because the value
 * is the smallest whole number that is not below the quotient. */
static void add_to_total(compiler *c, total_kind kind, const rl_sum *sum, uint64_t repeat) {
  rl_sum *total = &c->totals[kind], *divided = &c->totals[TOTAL_DIVIDED];
  uint64_t divisor = divisor_of(c, sum);
  for (uint32_t m = 0; m < c->tally.moment_count; m++) {
    bool fixed = is_expected(&c->tally.moments[m]);
    uint64_t of = fixed ? rl_ceil_div(sum->of[m], divisor) : sum->of[m], full = sum->of[m];
    if (!rl_muladd_u64(&total->of[m], of, repeat)) total->of[m] = UINT64_MAX;
    if (divisor == 1) continue;
    if (!fixed && !rl_mul_u64(full, divisor, &full)) full = UINT64_MAX;
    divided->of[m] = rl_max_u64(divided->of[m], full);
  }
}

static rl_count count_of_operand(const rl_tensor *tensor, rl_access access) {
  if (tensor->role == RL_ROLE_WEIGHT) return RL_C_WEIGHTS;
  if (tensor->role == RL_ROLE_KV || tensor->role == RL_ROLE_STATE) {
    return access == RL_READ ? RL_C_KV_READ : RL_C_KV_WRITE;
  }
  return access == RL_READ ? RL_C_ACT_READ : RL_C_ACT_WRITE;
}

/* Of moments that are not known yet a sum has nothing. */
static void clear_sum(const compiler *c, rl_sum *sum) {
  memset(sum->of, 0, c->tally.moment_count * sizeof *sum->of);
}

static rl_status count_operands(compiler *c, const rl_op *op) {
  const rl_program *program = c->cost->program;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    const rl_tensor *tensor = &program->tensors[operand->tensor];
    rl_share share = RL_COUNTINGS[op->kind].share(program, op, operand);
    clear_sum(c, &c->bytes);
    rl_tally_bytes(&c->tally, &c->bytes, tensor, share);
    rl_sum *count = &c->tally.counts[count_of_operand(tensor, operand->access)];
    for (uint32_t m = 0; m < c->tally.moment_count; m++) {
      if (!rl_add_u64(count->of[m], c->bytes.of[m], &count->of[m])) c->tally.overflow = true;
    }
    if (!intern_form(c, &c->bytes, &c->operands[c->operand_count++])) return rl_diag_oom(c->diags);
  }
  return RL_OK;
}

/* The ways to exchange the row's tensor. Their sums are bounded as they are before the division. */
static rl_status compile_ways(compiler *c, const rl_op *op, rl_cost_row *row) {
  rl_ways ways;
  row->first_way = (uint32_t)c->ways.count;
  rl_ways_gather(&c->tally, op, &ways);
  for (uint32_t w = 0; w < ways.count; w++) {
    const rl_way_sum *sum = &ways.items[w];
    rl_way *way = RL_PUSH(c->arena, &c->ways);
    if (way == NULL) return rl_diag_oom(c->diags);
    *way = (rl_way){.algorithm = sum->algorithm,
                    .messages = sum->messages,
                    .ranks = sum->ranks,
                    .sums = sum->sums};
    if (!intern_divided(c, &sum->bytes, sum->divisor, &way->bytes)) return rl_diag_oom(c->diags);
    add_to_total(c, TOTAL_BYTES, &sum->bytes, row->repeat);
  }
  row->way_count = ways.count;
  return RL_OK;
}

static rl_status compile_row(compiler *c, uint32_t run, uint32_t op_index, rl_cost_row *row) {
  const rl_op *op = &c->cost->program->ops[op_index];
  const rl_run *of = &c->cost->program->runs[run];
  *row = (rl_cost_row){.op = op_index, .run = run, .repeat = of->repeat};
  c->tally.phase = op->phase;
  row->first_operand = c->operand_count;
  row->operand_count = op->operand_count;
  for (int k = 0; k < RL_COUNTS; k++) clear_sum(c, &c->tally.counts[k]);
  RL_COUNTINGS[op->kind].work(&c->tally, op);
  rl_status status = count_operands(c, op);
  if (status != RL_OK) return status;
  status = tally_status(c, op->name, op->loc);
  if (status != RL_OK) return status;
  for (int k = 0; k < RL_COUNTS; k++) {
    const rl_sum *sum = &c->tally.counts[k];
    if (!intern_form(c, sum, &row->counts[k])) return rl_diag_oom(c->diags);
    add_to_total(c, TOTAL_OF[k], sum, of->repeat);
    if (row->counts[k].divisor != 1) row->expected = true;
  }
  status = compile_ways(c, op, row);
  return status == RL_OK ? tally_status(c, op->name, op->loc) : status;
}

static rl_status compile_rows(compiler *c) {
  const rl_program *program = c->cost->program;
  uint32_t row = 0;
  for (uint32_t r = 0; r < program->run_count; r++) {
    for (uint32_t o = 0; o < program->runs[r].op_count; o++) {
      uint32_t op = program->runs[r].first_op + o;
      rl_status status = compile_row(c, r, op, &c->rows[row++]);
      if (status != RL_OK) return status;
    }
  }
  return RL_OK;
}

/* The rows that a KV tensor holds at the end of a pass: those kept under its window, or of its
 * part, in whole pages. */
static rl_moment kept_of(const rl_program *program, const rl_tensor *tensor, uint64_t page) {
  static const rl_moment_kind KINDS[] = {
      [RL_KV_ALL] = RL_M_KV_KEPT, [RL_KV_BODY] = RL_M_BODY_KEPT, [RL_KV_TAIL] = RL_M_TAIL_KEPT};
  if (tensor->part == RL_KV_CHANNELS) return rl_moment_of(RL_M_SEQUENCES);
  if (tensor->extent == RL_EXTENT_SOURCE_KV) return rl_extent_moment(program, tensor->extent);
  rl_moment kept = {.kind = KINDS[tensor->part],
                    .window = tensor->part == RL_KV_ALL ? tensor->window : 0,
                    .within = tensor->within,
                    .parting = tensor->parting,
                    .tokens = tensor->tokens};
  if (tensor->part != RL_KV_TAIL) kept.page = page;
  return kept;
}

/* Stored KV at the end of a pass. */
static void tally_kv(compiler *c, rl_sum *sum, uint64_t page) {
  const rl_program *program = c->cost->program;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role != RL_ROLE_KV) continue;
    uint64_t rows = tensor->rows;
    if (tensor->part == RL_KV_TAIL) rows /= rl_parting_places(&tensor->parting);
    if (!rl_mul_u64(rows, rl_tensor_instances(program, tensor), &rows)) c->tally.overflow = true;
    const rl_share kept = {kept_of(program, tensor, page), rows, tensor->cols};
    rl_tally_bytes(&c->tally, sum, tensor, kept);
  }
}

/* Stored states: a block a sequence, whatever it was told. */
static void tally_states(compiler *c, rl_sum *sum) {
  const rl_program *program = c->cost->program;
  uint64_t bytes;
  if (!rl_program_state_bytes(program, &bytes)) {
    c->tally.overflow = true;
    return;
  }
  RL_TALLY(&c->tally, sum, rl_moment_of(RL_M_SEQUENCES), bytes);
}

static void tally_slots(compiler *c, rl_sum *sum) {
  const rl_program *program = c->cost->program;
  for (uint32_t s = 0; s < program->slot_count; s++) {
    c->tally.phase = program->slots[s].phase;
    RL_TALLY(&c->tally, sum, rl_extent_moment(program, program->slots[s].extent),
             program->slots[s].bytes);
  }
}

static rl_status compile_memory(compiler *c, uint64_t page) {
  rl_loc nowhere = {0};
  rl_sum kv = {{0}}, states = {{0}}, kept, activations = {{0}};
  c->tally.phase = RL_PHASE_BOTH;
  tally_kv(c, &kv, page == 0 ? 1 : page);
  tally_states(c, &states);
  kept = kv;
  tally_states(c, &kept);
  tally_slots(c, &activations);
  if (!rl_program_weight_bytes(c->cost->program, &c->cost->weight_bytes)) c->tally.overflow = true;
  rl_status status = tally_status(c, "memory", nowhere);
  if (status != RL_OK) return status;
  add_to_total(c, TOTAL_MEMORY, &kept, 1);
  add_to_total(c, TOTAL_MEMORY, &activations, 1);
  if (!intern_form(c, &kv, &c->cost->kv_bytes)) return rl_diag_oom(c->diags);
  if (!intern_form(c, &states, &c->cost->state_bytes)) return rl_diag_oom(c->diags);
  if (!intern_form(c, &kept, &c->cost->kept_bytes)) return rl_diag_oom(c->diags);
  if (!intern_form(c, &activations, &c->cost->activation_bytes)) return rl_diag_oom(c->diags);
  return RL_OK;
}

/* With n moments at or below (2^63 - 1) / (n * coefficient) each, a sum stays below 2^63. The
 * totals over rows and repeats bound every form, because all coefficients are positive; forms that
 * are divided are bounded before that, too. */
static void prove_safe(const compiler *c, uint64_t *safe) {
  for (uint32_t m = 0; m < c->tally.moment_count; m++) safe[m] = INT64_MAX;
  for (int t = 0; t < TOTALS; t++) {
    uint64_t terms = 0;
    for (uint32_t m = 0; m < c->tally.moment_count; m++) terms += c->totals[t].of[m] != 0;
    for (uint32_t m = 0; m < c->tally.moment_count; m++) {
      uint64_t coefficient = c->totals[t].of[m];
      if (coefficient == 0) continue;
      safe[m] = rl_min_u64(safe[m], INT64_MAX / terms / coefficient);
    }
  }
}

/* Sizes of everything whose number is known before the rows are compiled. */
static bool reserve(compiler *c) {
  const rl_program *program = c->cost->program;
  size_t rows = 0, operands = 0;
  for (uint32_t r = 0; r < program->run_count; r++) {
    const rl_run *run = &program->runs[r];
    rows += run->op_count;
    for (uint32_t o = 0; o < run->op_count; o++) {
      operands += program->ops[run->first_op + o].operand_count;
    }
  }
  size_t forms = rows * (RL_COUNTS + RL_WAYS_MAX) + operands + 4;
  for (c->form_slots = 16; c->form_slots < 2 * forms; c->form_slots *= 2) continue;
  c->cost->row_count = (uint32_t)rows;
  c->rows = RL_NEW_ARRAY(c->arena, rl_cost_row, rows + 1);
  c->operands = RL_NEW_ARRAY(c->arena, rl_form, operands + 1);
  c->forms = RL_NEW_ARRAY(c->arena, rl_form, c->form_slots);
  c->taken = RL_NEW_ARRAY(c->arena, bool, c->form_slots);
  return c->rows != NULL && c->operands != NULL && c->forms != NULL && c->taken != NULL;
}

/* Rows and blocks are spread evenly, whatever experts are popular. */
static bool is_even(rl_moment_kind kind) {
  return kind == RL_M_TABLE_ROWS || kind == RL_M_BLOCKS;
}

/* Another moment of the same choice, whose draw is made already. */
static const rl_draw *draw_among(const rl_moment *moments, uint32_t count, const rl_moment *c) {
  for (uint32_t b = 0; b < count; b++) {
    const rl_moment *a = &moments[b];
    bool same = a->experts == c->experts && a->top_k == c->top_k && a->ranks == c->ranks;
    same = same && rl_expert_limit_same(a->limit, c->limit);
    bool hashed = is_even(a->kind) == is_even(c->kind);
    if (a->draw != NULL && same && hashed) return a->draw;
  }
  return NULL;
}

static const rl_draw *draw_before(const compiler *c, const rl_moment *moments, uint32_t m) {
  const rl_cost *like = c->like;
  const rl_draw *draw = draw_among(moments, m, &moments[m]);
  if (draw != NULL || like == NULL || like->program->skew != c->cost->program->skew) return draw;
  return draw_among(like->moments, like->moment_count, &moments[m]);
}

/* The draws behind the expected moments. */
static rl_status make_draws(const compiler *c, rl_moment *moments, uint32_t count) {
  rl_status status = RL_OK;
  for (uint32_t m = 0; m < count && status == RL_OK; m++) {
    if (!is_expected(&moments[m]) || rl_packed_is(moments[m].kind)) continue;
    moments[m].draw = draw_before(c, moments, m);
    if (moments[m].draw != NULL) continue;
    rl_draw_of of = {moments[m].experts, moments[m].top_k, rl_max_u64(moments[m].ranks, 1),
                     moments[m].limit};
    /* tables and memories are spread evenly, whatever expert is popular */
    bool even = moments[m].kind == RL_M_TABLE_ROWS || moments[m].kind == RL_M_BLOCKS;
    const rl_skew *skew = even ? NULL : c->cost->program->skew;
    status = rl_draw_new(c->arena, skew, of, &moments[m].draw, c->diags);
  }
  return status;
}

static rl_status finish(compiler *c) {
  rl_cost *cost = c->cost;
  uint32_t count = c->tally.moment_count;
  rl_moment *moments = RL_NEW_ARRAY(c->arena, rl_moment, count + 1);
  uint64_t *safe = RL_NEW_ARRAY(c->arena, uint64_t, count + 1);
  if (moments == NULL || safe == NULL) return rl_diag_oom(c->diags);
  memcpy(moments, c->tally.moments, count * sizeof *moments);
  rl_status status = make_draws(c, moments, count);
  if (status != RL_OK) return status;
  prove_safe(c, safe);
  cost->moments = moments;
  cost->moment_count = count;
  cost->safe = safe;
  cost->rows = c->rows;
  cost->operands = c->operands;
  cost->ways = c->ways.items;
  cost->coefficients = c->coefficients.items;
  cost->form_moments = c->moments.items;
  cost->term_count = (uint32_t)c->moments.count;
  return RL_OK;
}

rl_status rl_cost_compile(rl_arena *arena, const rl_program *program, uint64_t page, rl_cost **out,
                          rl_diags *diags) {
  return rl_cost_compile_like(arena, program, page, NULL, out, diags);
}

rl_status rl_cost_compile_like(rl_arena *arena, const rl_program *program, uint64_t page,
                               const rl_cost *like, rl_cost **out, rl_diags *diags) {
  *out = NULL;
  compiler *c = RL_NEW(arena, compiler);
  rl_cost *cost = RL_NEW(arena, rl_cost);
  if (c == NULL || cost == NULL) return rl_diag_oom(diags);
  cost->program = program;
  c->arena = arena;
  c->diags = diags;
  c->cost = cost;
  c->like = like;
  c->tally.program = program;
  if (!reserve(c)) return rl_diag_oom(diags);
  rl_status status = compile_rows(c);
  if (status == RL_OK) status = compile_memory(c, page);
  if (status == RL_OK) status = finish(c);
  if (status == RL_OK) *out = cost;
  return status;
}
