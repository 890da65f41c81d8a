/* The grid: plans in windows, points in blocks, both by as many workers as there are. Rows come in
 * the order of their points, whoever evaluated them. */
#include "api/sweep.h"

#include "api/sweep_parts.h"
#include "base/checked.h"
#include "base/number.h"

static void run_alone(size_t count, unsigned workers, rl_sweep_task *task, void *context) {
  (void)workers;
  for (size_t i = 0; i < count; i++) task(context, i, 0);
}
const rl_sweep_workers RL_SWEEP_ALONE = {run_alone, 1};

static rl_status read_numbers(rl_sweep *sweep, const char *key, uint64_t least,
                              rl_sweep_numbers *out, rl_diags *diags) {
  const rl_axis *axis = rl_axes_find(sweep->axes, key);
  *out = (rl_sweep_numbers){.count = axis == NULL ? 1 : axis->count};
  return axis == NULL ? RL_OK : rl_axis_numbers(sweep->arena, axis, least, &out->items, diags);
}

/* How many plans there are, and points of each. */
static rl_status count_points(rl_sweep *sweep, rl_diags *diags) {
  static const uint64_t most = UINT64_C(1) << 53; /* exact as a double, for whom it may concern */
  const rl_axes *axes = sweep->axes;
  uint64_t all = 1;
  char limit[RL_NUMBER_TEXT];
  bool counted = true;
  for (size_t i = 0; i < axes->list.count && counted; i++) {
    counted = rl_mul_u64(all, axes->list.items[i].count, &all) && all <= most;
  }
  if (!counted) {
    return RL_REPORT(diags, MANY_POINTS, axes->list.items[0].loc, rl_print_grouped(most, limit));
  }
  sweep->per_plan = sweep->batches.count * sweep->prompts.count * sweep->generates.count;
  sweep->plan_count = all / sweep->per_plan;
  return RL_OK;
}

static rl_status make_room(rl_sweep *sweep, rl_diags *diags) {
  sweep->choices = RL_NEW_ARRAY(sweep->arena, size_t, sweep->axes->list.count + 1);
  sweep->benches = RL_NEW_ARRAY(sweep->arena, rl_sweep_bench, sweep->workers.count);
  sweep->rows = RL_NEW_ARRAY(sweep->arena, rl_sweep_row, RL_SWEEP_BLOCK);
  sweep->picks = RL_NEW_ARRAY(sweep->arena, rl_sweep_pick, RL_SWEEP_BLOCK);
  if (sweep->choices == NULL || sweep->benches == NULL || sweep->rows == NULL ||
      sweep->picks == NULL) {
    return rl_diag_oom(diags);
  }
  for (unsigned w = 0; w < sweep->workers.count; w++) {
    rl_arena_init(&sweep->benches[w].arena, sweep->arena->allocator);
  }
  return RL_OK;
}

rl_status rl_sweep_begin(rl_arena *arena, rl_db *db, const rl_axes *axes,
                         const rl_sweep_workers *workers, rl_sweep **out, rl_diags *diags) {
  *out = NULL;
  rl_sweep *sweep = RL_NEW(arena, rl_sweep);
  if (sweep == NULL) return rl_diag_oom(diags);
  *sweep = (rl_sweep){.arena = arena, .db = db, .axes = axes, .workers = *workers, .shard = {1, 1}};
  if (rl_axes_find(axes, "model") == NULL) {
    return RL_REPORT(diags, NO_MODEL, axes->request.target.loc, NULL);
  }
  rl_status status = read_numbers(sweep, "workload.batch", 1, &sweep->batches, diags);
  if (status == RL_OK) status = read_numbers(sweep, "workload.prompt", 1, &sweep->prompts, diags);
  if (status == RL_OK) {
    status = read_numbers(sweep, "workload.generate", 0, &sweep->generates, diags);
  }
  if (status == RL_OK) status = count_points(sweep, diags);
  if (status == RL_OK) status = make_room(sweep, diags);
  if (status == RL_OK) status = rl_sweep_describe(sweep, diags);
  if (status == RL_OK) *out = sweep;
  return status;
}

static void close_window(rl_sweep *sweep) {
  for (size_t i = 0; i < sweep->window_count; i++) rl_arena_free(&sweep->window[i].arena);
  sweep->window_count = 0;
}

void rl_sweep_end(rl_sweep *sweep) {
  if (sweep == NULL) return;
  close_window(sweep);
  for (unsigned w = 0; w < sweep->workers.count; w++) rl_arena_free(&sweep->benches[w].arena);
}

const rl_sweep_columns *rl_sweep_columns_of(const rl_sweep *sweep) {
  return &sweep->columns;
}

uint64_t rl_sweep_points(const rl_sweep *sweep) {
  return sweep->plan_count * sweep->per_plan;
}

void rl_sweep_choose(rl_sweep *sweep, rl_sweep_shard shard) {
  sweep->shard = shard;
}

void rl_sweep_seek(rl_sweep *sweep, uint64_t point) {
  close_window(sweep);
  sweep->position = point - 1;
}

uint64_t rl_sweep_position(const rl_sweep *sweep) {
  return sweep->position + 1;
}

/* The place of a point within its plan. */
static rl_sweep_pick pick_of(const rl_sweep *sweep, uint64_t inside) {
  const uint64_t batches = sweep->batches.count, generates = sweep->generates.count;
  return (rl_sweep_pick){.batch = (uint32_t)(inside % batches),
                         .generate = (uint32_t)(inside / batches % generates),
                         .prompt = (uint32_t)(inside / batches / generates)};
}

static uint64_t number_at(const rl_sweep_numbers *numbers, uint32_t index, uint64_t otherwise) {
  return numbers->items == NULL ? otherwise : numbers->items[index];
}

static bool is_ours(const rl_sweep *sweep, const rl_sweep_plan *plan, const rl_sweep_pick *pick) {
  const uint64_t numbers[3] = {number_at(&sweep->prompts, pick->prompt, plan->prompt),
                               number_at(&sweep->generates, pick->generate, plan->generate),
                               number_at(&sweep->batches, pick->batch, 1)};
  return rl_sweep_shard_has(sweep->shard, plan->hash, numbers);
}

/* A plan without a point in the shard is not compiled. */
static bool is_wanted(const rl_sweep *sweep, const rl_sweep_plan *plan) {
  for (uint64_t inside = 0; inside < sweep->per_plan; inside++) {
    const rl_sweep_pick pick = pick_of(sweep, inside);
    if (is_ours(sweep, plan, &pick)) return true;
  }
  return false;
}

/* Counts know no machine: of plans that differ in that alone, the first one is counted. */
static void share_counts(rl_sweep *sweep) {
  for (size_t i = 0; i < sweep->window_count; i++) {
    rl_sweep_plan *plan = &sweep->window[i];
    plan->counted = i;
    for (size_t j = 0; j < i && plan->counted == i; j++) {
      const rl_sweep_plan *other = &sweep->window[j];
      if (other->counted == j && rl_sweep_plans_alike(other, plan)) plan->counted = j;
    }
  }
}

static void count_one(void *context, size_t index, unsigned worker) {
  rl_sweep *sweep = context;
  rl_sweep_plan *plan = &sweep->window[index];
  if (plan->counted != index) return;
  if (!rl_sweep_plan_count(plan)) sweep->benches[worker].failed = true;
}

static void compile_one(void *context, size_t index, unsigned worker) {
  rl_sweep *sweep = context;
  rl_sweep_plan *plan = &sweep->window[index];
  const rl_sweep_plan *counted = &sweep->window[plan->counted];
  if (!rl_sweep_plan_compile(sweep, counted, plan)) sweep->benches[worker].failed = true;
}

/* Memory ran out for some worker. */
static bool has_failed(const rl_sweep *sweep) {
  for (unsigned w = 0; w < sweep->workers.count; w++) {
    if (sweep->benches[w].failed) return true;
  }
  return false;
}

/* The next plans: so many that most of those that are counted alike meet. */
static bool open_window(rl_sweep *sweep) {
  const uint64_t first = sweep->position / sweep->per_plan;
  close_window(sweep);
  sweep->window_first = first;
  while (sweep->window_count < RL_SWEEP_WINDOW && first + sweep->window_count < sweep->plan_count) {
    rl_sweep_plan *plan = &sweep->window[sweep->window_count];
    const bool resolved = rl_sweep_plan_resolve(sweep, first + sweep->window_count, plan);
    sweep->window_count++;
    if (!resolved) return false;
    plan->wanted = is_wanted(sweep, plan);
  }
  share_counts(sweep);
  sweep->workers.run(sweep->window_count, sweep->workers.count, count_one, sweep);
  if (has_failed(sweep)) return false;
  sweep->workers.run(sweep->window_count, sweep->workers.count, compile_one, sweep);
  return !has_failed(sweep);
}

static bool is_open(const rl_sweep *sweep) {
  const uint64_t plan = sweep->position / sweep->per_plan;
  return sweep->window_count > 0 && plan >= sweep->window_first &&
         plan < sweep->window_first + sweep->window_count;
}

/* Points of the window that are of the shard, up to a block of them. */
static void pick_points(rl_sweep *sweep) {
  const uint64_t end = (sweep->window_first + sweep->window_count) * sweep->per_plan;
  sweep->row_count = 0;
  while (sweep->position < end && sweep->row_count < RL_SWEEP_BLOCK) {
    const uint64_t plan = sweep->position / sweep->per_plan - sweep->window_first;
    if (!sweep->window[plan].wanted) {
      sweep->position = (sweep->window_first + plan + 1) * sweep->per_plan;
      continue;
    }
    rl_sweep_pick pick = pick_of(sweep, sweep->position % sweep->per_plan);
    pick.plan = (uint32_t)plan;
    sweep->position++;
    if (!is_ours(sweep, &sweep->window[plan], &pick)) continue;
    sweep->rows[sweep->row_count] = (rl_sweep_row){.point = sweep->position};
    sweep->picks[sweep->row_count++] = pick;
  }
}

static void evaluate_chunk(void *context, size_t index, unsigned worker) {
  rl_sweep *sweep = context;
  const size_t first = index * RL_SWEEP_CHUNK, end = first + RL_SWEEP_CHUNK;
  rl_sweep_evaluate(sweep, first, end < sweep->row_count ? end : sweep->row_count,
                    &sweep->benches[worker]);
}

rl_status rl_sweep_next(rl_sweep *sweep, rl_sweep_rows *out, rl_diags *diags) {
  *out = (rl_sweep_rows){.items = sweep->rows};
  for (unsigned w = 0; w < sweep->workers.count; w++) {
    rl_arena_free(&sweep->benches[w].arena);
    rl_arena_init(&sweep->benches[w].arena, sweep->arena->allocator);
  }
  while (out->count == 0 && sweep->position < rl_sweep_points(sweep)) {
    if (!is_open(sweep) && !open_window(sweep)) return rl_diag_oom(diags);
    pick_points(sweep);
    const size_t chunks = rl_ceil_div(sweep->row_count, RL_SWEEP_CHUNK);
    sweep->workers.run(chunks, sweep->workers.count, evaluate_chunk, sweep);
    if (has_failed(sweep)) return rl_diag_oom(diags);
    out->count = sweep->row_count;
  }
  return RL_OK;
}
