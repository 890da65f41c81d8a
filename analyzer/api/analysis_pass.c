/* One pass at one point: rows, times, and where the time goes. */
#include "api/analysis_parts.h"
#include "base/checked.h"
#include "base/names.h"

const char *const RL_BOUND_WORDS[RL_BOUNDS] = {
    [RL_BOUND_COMPUTE] = "compute", [RL_BOUND_VECTOR] = "vector",  [RL_BOUND_MEMORY] = "memory",
    [RL_BOUND_CACHE] = "cache",     [RL_BOUND_LINK] = "host link", [RL_BOUND_PEERS] = "link",
};

/* Parts that the time of a pass is told in. */
enum {
  PART_COMPUTE,
  PART_LINK,
  PART_HOST,
  PART_VECTOR,
  PART_CACHE,
  PART_WEIGHTS,
  PART_KV,
  PART_STATES,
  PART_ACTIVATIONS,
  PART_PEERS,
  PARTS
};
static const char *const part_words[PARTS] = {
    [PART_LINK] = "host link",  [PART_HOST] = "host",
    [PART_COMPUTE] = "compute", [PART_VECTOR] = "vector work",
    [PART_CACHE] = "cache",     [PART_WEIGHTS] = "weights",
    [PART_KV] = "KV cache",     [PART_ACTIVATIONS] = "activations",
    [PART_PEERS] = "links",     [PART_STATES] = "states",
};

rl_status rl_analysis_too_large(const rl_analysis *study) {
  return RL_REPORT(study->diags, POINT_TOO_LARGE, (rl_loc){0}, "");
}

void rl_analysis_place_overflow(const rl_scenario *scenario, rl_diags *diags) {
  static const rl_diag_code of_workload[] = {RL_D_POINT_OVERFLOW, RL_D_SOURCE_OVERFLOW,
                                             RL_D_POINT_TOO_LARGE};
  const rl_workload *w = &scenario->workload;
  const rl_loc given[] = {w->prompt_loc, w->generate_loc, w->source_loc, {.file = scenario->file}};
  for (size_t i = 0; i < diags->list.count; i++) {
    rl_diag *diag = &diags->list.items[i];
    bool large = false;
    for (size_t c = 0; c < sizeof of_workload / sizeof *of_workload; c++) {
      large = large || diag->code == of_workload[c];
    }
    for (size_t g = 0; large && g < sizeof given / sizeof *given; g++) {
      if (diag->loc.file == NULL) diag->loc = given[g];
    }
    if (diag->code == RL_D_COST_OVERFLOW && diag->loc.file == NULL) {
      diag->loc.file = scenario->model->file;
    }
  }
}

uint64_t rl_analysis_share(const rl_analysis *study, uint64_t batch) {
  return rl_ceil_div(batch, rl_max_u64(study->groups, 1));
}

rl_group rl_analysis_group(const rl_analysis *study, rl_pass_kind phase, uint64_t batch) {
  const rl_workload *workload = &study->scenario->workload;
  const uint64_t share = rl_analysis_at_once(study, batch);
  if (phase == RL_PASS_PREFILL) {
    return rl_plan_group(study->plan, share, workload->prompt, 0);
  }
  bool verify = phase == RL_PASS_VERIFY;
  rl_group group =
      rl_plan_group(study->plan, share, verify ? study->view.verify : 1, study->view.context);
  if (verify) group.logits = RL_LOGITS_ALL;
  return group;
}

uint64_t rl_analysis_source(const rl_analysis *study) {
  const rl_encoder_source *source = &study->plan->cost->program->source.begin;
  uint64_t positions;
  return rl_mul_u64(source->positions, source->pieces, &positions) ? positions : UINT64_MAX;
}

uint64_t rl_analysis_read_source(const rl_analysis *study) {
  uint64_t kept = 0;
  if (!rl_program_source_kv_bytes(study->plan->cost->program, &kept)) return 0;
  return kept > 0 ? rl_analysis_source(study) : 0;
}

rl_group rl_analysis_step(const rl_analysis *study, uint64_t batch) {
  return rl_plan_group(study->plan, rl_analysis_at_once(study, batch), 1, study->middle);
}

/* The moments of one group in the arena; NULL after a diagnostic. */
static const uint64_t *moments_of(const rl_analysis *study, const rl_group *group) {
  const rl_point point = {.groups = group, .count = 1};
  uint64_t *moments = RL_NEW_ARRAY(study->arena, uint64_t, study->plan->cost->moment_count);
  if (moments == NULL) {
    rl_diag_oom(study->diags);
    return NULL;
  }
  if (rl_cost_moments(study->plan->cost, &point, NULL, moments)) return moments;
  rl_analysis_too_large(study);
  return NULL;
}

/* One that reads a KV cache, too, keeps tokens in its state: they count with the cache. */
bool rl_analysis_is_stateful(const rl_program *program, const rl_op *op) {
  bool state = false;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    rl_role role = program->tensors[program->operands[op->first_operand + o].tensor].role;
    if (role == RL_ROLE_KV) return false;
    state |= role == RL_ROLE_STATE;
  }
  return state;
}

/* What a sequence keeps is counted together: of an operator that advances a state it is that. */
static int kept_part(const rl_program *program, const rl_op *op) {
  return rl_analysis_is_stateful(program, op) ? PART_STATES : PART_KV;
}

/* A memory-bound row's time goes to what it moves, byte by byte. */
static void split_memory(const rl_program *program, const rl_op *op, const rl_demand *demand,
                         double seconds, double parts[PARTS]) {
  const uint64_t *c = demand->counts;
  double bytes = (double)demand->amount[RL_BOUND_MEMORY];
  double activations =
      demand->activations_cached ? 0 : (double)(c[RL_C_ACT_READ] + c[RL_C_ACT_WRITE]);
  if (bytes <= 0) return;
  const uint64_t of_cache = c[RL_C_KV_READ] + c[RL_C_KV_WRITE];
  if (!demand->weights_cached) {
    parts[PART_WEIGHTS] += seconds * (double)c[RL_C_WEIGHTS] / bytes;
    if (of_cache > 0) parts[kept_part(program, op)] += seconds * (double)of_cache / bytes;
  }
  parts[PART_ACTIVATIONS] += seconds * activations / bytes;
}

static void add_row(const rl_program *program, const rl_cost_row *row, const rl_demand *demand,
                    double parts[PARTS]) {
  const uint32_t repeat = row->repeat;
  double seconds = demand->seconds[demand->bound] * repeat;
  parts[PART_LINK] += demand->transfer * repeat;
  if (demand->on_host) {
    parts[PART_HOST] += seconds;
    return;
  }
  if (demand->bound == RL_BOUND_MEMORY) {
    split_memory(program, &program->ops[row->op], demand, seconds, parts);
  }
  if (demand->bound == RL_BOUND_COMPUTE) parts[PART_COMPUTE] += seconds;
  if (demand->bound == RL_BOUND_VECTOR) parts[PART_VECTOR] += seconds;
  if (demand->bound == RL_BOUND_CACHE) parts[PART_CACHE] += seconds;
  if (demand->bound == RL_BOUND_PEERS) parts[PART_PEERS] += seconds;
}

/* The largest part; of lanes that overlap, the largest of the longest lane. */
static int largest_part(const rl_plan *plan, const rl_lanes *lanes, const double parts[PARTS]) {
  int largest = PART_COMPUTE;
  if (plan->placement != NULL && !plan->placement->serial) {
    if (lanes->link >= lanes->device && lanes->link >= lanes->host) return PART_LINK;
    if (lanes->host >= lanes->device) return PART_HOST;
  }
  for (int part = 0; part < PARTS; part++) {
    bool other_lane = part == PART_LINK || part == PART_HOST;
    if (other_lane && plan->placement != NULL && !plan->placement->serial) continue;
    if (parts[part] > parts[largest]) largest = part;
  }
  return largest;
}

/* Adds the rows of one plan to the parts and the lanes. */
static rl_status add_parts(const rl_analysis *study, const rl_group *group, double parts[PARTS],
                           rl_lanes *lanes) {
  const rl_cost *cost = study->plan->cost;
  const rl_plan *plan = study->plan;
  uint64_t moments[RL_MOMENTS_MAX];
  rl_demand shared[RL_SHARED_ROWS];
  bool resident;
  if (!rl_cost_moments(cost, &(rl_point){group, 1}, NULL, moments) ||
      !rl_moments_resident(plan, moments, &resident)) {
    return rl_analysis_too_large(study);
  }
  for (int i = 0; i < RL_SHARED_ROWS; i++) shared[i].bound = RL_BOUND_NONE;
  for (uint32_t row = 0; row < cost->row_count; row++) {
    const rl_row_time *time = &plan->rows[row];
    rl_demand *demand = &shared[time->shared];
    if (!time->again && !rl_row_demand_at(plan, row, moments, resident, demand)) {
      return rl_analysis_too_large(study);
    }
    if (demand->bound == RL_BOUND_NONE) continue;
    add_row(cost->program, &cost->rows[row], demand, parts);
    rl_lanes_add(lanes, demand, cost->rows[row].repeat);
  }
  return RL_OK;
}

rl_status rl_analysis_limit(const rl_analysis *study, const rl_group *group,
                            rl_result_limit *limit) {
  rl_analysis of_stage = *study;
  double parts[PARTS] = {0};
  rl_lanes lanes = {0};
  rl_status status = RL_OK;
  for (size_t s = 0; status == RL_OK && s < study->pipeline.count; s++) {
    if (study->pipeline.count > 1) of_stage.plan = study->pipeline.stages[s];
    status = add_parts(&of_stage, group, parts, &lanes);
  }
  if (status != RL_OK) return status;
  int largest = largest_part(study->plan, &lanes, parts);
  double total = rl_lanes_seconds(study->plan, &lanes);
  *limit = (rl_result_limit){0};
  if (total > 0) *limit = (rl_result_limit){part_words[largest], parts[largest] / total};
  return RL_OK;
}

static bool encodes(const rl_program *program, const rl_op *op) {
  for (uint32_t o = 0; o < op->operand_count; o++) {
    uint32_t tensor = program->operands[op->first_operand + o].tensor;
    rl_extent extent = program->tensors[tensor].extent;
    if (extent >= RL_EXTENT_SOURCE_INPUT && extent < RL_EXTENT_SOURCE_KV) return true;
  }
  return false;
}

rl_status rl_analysis_encoding(const rl_analysis *study, uint64_t batch, double *whole,
                               double *encoding) {
  const rl_cost *cost = study->plan->cost;
  const rl_group group = rl_analysis_group(study, RL_PASS_PREFILL, batch);
  const uint64_t *moments = moments_of(study, &group);
  *whole = *encoding = 0;
  if (moments == NULL) return rl_diags_status(study->diags);
  for (uint32_t row = 0; row < cost->row_count; row++) {
    rl_demand demand;
    if (!rl_row_demand(study->plan, row, moments, &demand)) return rl_analysis_too_large(study);
    if (demand.bound == RL_BOUND_NONE) continue;
    double seconds = demand.seconds[demand.bound] * cost->rows[row].repeat;
    *whole += seconds;
    if (encodes(cost->program, &cost->program->ops[cost->rows[row].op])) *encoding += seconds;
  }
  return RL_OK;
}

/* By its own name or by that of an operator that fusion put into it. */
static bool is_explained(const rl_analysis *study, const rl_op *op) {
  const char *asked = study->view.explain;
  if (asked == NULL) return false;
  if (asked[0] == '\0' || rl_name_equal(asked, op->name)) return true;
  return rl_analysis_part(study, op) != NULL;
}

const char *rl_analysis_part(const rl_analysis *study, const rl_op *op) {
  const rl_op *parts = &study->plan->cost->program->parts[op->first_part];
  const char *asked = study->view.explain;
  for (uint32_t i = 0; !rl_name_equal(asked, op->name) && i < op->part_count; i++) {
    if (rl_name_equal(asked, parts[i].name)) return parts[i].name;
  }
  return NULL;
}

/* The window that some part of the operator attends under. */
static uint64_t window_of(const rl_program *program, const rl_op *op) {
  uint64_t window = op->at.window;
  for (uint32_t i = 0; i < op->part_count; i++) {
    window = rl_max_u64(window, program->parts[op->first_part + i].at.window);
  }
  return window;
}

static rl_result_operator row_of(const rl_analysis *study, uint32_t row, const rl_demand *demand) {
  const rl_cost_row *at = &study->plan->cost->rows[row];
  const rl_program *program = study->plan->cost->program;
  const rl_op *op = &program->ops[at->op];
  const uint64_t *c = demand->counts;
  const bool stateful = rl_analysis_is_stateful(program, op);
  return (rl_result_operator){
      .name = op->name,
      .kind = RL_OP_INFO[op->kind].name,
      .fusion = op->kind == RL_OP_FUSED ? RL_FUSION_NAMES[op->fusion] : NULL,
      .repeat = at->repeat,
      .expected = at->expected,
      .window = window_of(program, op),
      .compute = c[RL_C_MATRIX] > 0 ? RL_TYPES[op->compute].name : NULL,
      .bound = RL_BOUND_WORDS[demand->transfer > demand->seconds[demand->bound] ? RL_BOUND_LINK
                                                                                : demand->bound],
      .seconds = rl_demand_seconds(study->plan, demand),
      .place = study->plan->placement == NULL ? NULL
               : demand->on_host              ? "host"
                                              : "device",
      .transfer = demand->transfer,
      .work = demand->seconds[demand->bound],
      .file = op->loc.file,
      .line = op->loc.line,
      .column = op->loc.column,
      .layers = program->runs[at->run].layers,
      .matrix = c[RL_C_MATRIX],
      .vector = c[RL_C_VECTOR],
      .weights = c[RL_C_WEIGHTS],
      .kv_read = stateful ? 0 : c[RL_C_KV_READ],
      .kv_write = stateful ? 0 : c[RL_C_KV_WRITE],
      .state_read = stateful ? c[RL_C_KV_READ] : 0,
      .state_write = stateful ? c[RL_C_KV_WRITE] : 0,
      .act_read = c[RL_C_ACT_READ],
      .act_write = c[RL_C_ACT_WRITE],
      .link = demand->amount[RL_BOUND_PEERS],
      .algorithm = demand->way != NULL ? RL_ALGORITHM_WORDS[demand->way->algorithm] : NULL,
  };
}

/* Shares of the pass: where lanes overlap, of the longest, which is the pass. */
static rl_status share_rows(const rl_analysis *study, const uint64_t *moments,
                            const rl_result_pass *pass, rl_result_operator *rows) {
  const rl_plan *plan = study->plan;
  const bool overlap = plan->placement != NULL && !plan->placement->serial;
  for (uint32_t row = 0; pass->seconds > 0 && row < plan->cost->row_count; row++) {
    double seconds = rows[row].seconds * (double)rows[row].repeat;
    if (overlap) {
      rl_demand demand;
      rl_lanes own = {0};
      if (!rl_row_demand(plan, row, moments, &demand)) return rl_analysis_too_large(study);
      rl_lanes_add(&own, &demand, (double)rows[row].repeat);
      seconds = pass->link_lane >= pass->seconds   ? own.link
                : pass->host_lane >= pass->seconds ? own.host
                                                   : own.device;
    }
    rows[row].share = seconds / pass->seconds;
  }
  return RL_OK;
}

/* The order of execution. */
static bool list_visits(const rl_analysis *study, rl_result_pass *pass) {
  const rl_cost *cost = study->plan->cost;
  const rl_program *program = cost->program;
  rl_result_visit *runs = RL_NEW_ARRAY(study->arena, rl_result_visit, program->run_count);
  rl_result_visit *visits = RL_NEW_ARRAY(study->arena, rl_result_visit, program->visit_count);
  if (runs == NULL || visits == NULL) return false;
  for (uint32_t row = 0; row < cost->row_count; row++) { /* rows of a run are neighbours */
    rl_result_visit *run = &runs[cost->rows[row].run];
    if (run->count++ == 0) run->first = row;
  }
  for (uint32_t v = 0; v < program->visit_count; v++) {
    const rl_visit *at = &program->visits[v];
    const uint32_t *layers = program->runs[at->run].layers;
    visits[v] = runs[at->run];
    visits[v].layer = layers == NULL ? RL_RESULT_NO_LAYER : layers[at->instance];
  }
  pass->visits = visits;
  pass->visit_count = program->visit_count;
  return true;
}

/* The pass over one group of sequences. */
static rl_status pass_over(const rl_analysis *study, rl_pass_kind phase, rl_group group,
                           rl_result_pass *out) {
  static const char *const words[] = {"decode", "prefill", "verify"};
  const rl_cost *cost = study->plan->cost;
  const uint64_t *moments = moments_of(study, &group);
  const rl_result_images images = rl_images_of(cost->program);
  rl_result_operator *rows = RL_NEW_ARRAY(study->arena, rl_result_operator, cost->row_count);
  rl_lanes lanes = {0};
  if (rows == NULL) return rl_diag_oom(study->diags);
  if (moments == NULL) return rl_diags_status(study->diags);
  *out = (rl_result_pass){.phase = study->one_pass ? "pass" : words[phase],
                          .micro_batches = 1,
                          .micro_batch = group.count,
                          .tokens = group.q,
                          .cached = group.cached,
                          .source = group.cached == 0 ? rl_analysis_source(study) : 0,
                          .images = group.cached == 0 ? images.count * images.tokens : 0,
                          .keeps_kv = rl_program_keeps(cost->program, RL_ROLE_KV),
                          .keeps_states = rl_program_keeps(cost->program, RL_ROLE_STATE),
                          .operators = rows,
                          .operator_count = cost->row_count};
  for (uint32_t row = 0; row < cost->row_count; row++) {
    rl_demand demand;
    if (!rl_row_demand(study->plan, row, moments, &demand)) return rl_analysis_too_large(study);
    rows[row] = row_of(study, row, &demand);
    rl_lanes_add(&lanes, &demand, (double)rows[row].repeat);
    if (!is_explained(study, &cost->program->ops[cost->rows[row].op])) continue;
    rows[row].explanation = rl_analysis_explain(study, row, &group, moments, &demand);
    if (rows[row].explanation == NULL) return rl_diag_oom(study->diags);
  }
  if (!list_visits(study, out)) return rl_diag_oom(study->diags);
  out->seconds = rl_lanes_seconds(study->plan, &lanes);
  if (study->plan->placement != NULL) {
    out->device_lane = lanes.device;
    out->host_lane = lanes.host;
    out->link_lane = lanes.link;
  }
  return share_rows(study, moments, out, rows);
}

rl_status rl_analysis_pass(const rl_analysis *study, rl_pass_kind phase, uint64_t batch,
                           rl_result_pass *out) {
  rl_group group = rl_analysis_group(study, phase, batch);
  rl_status status = pass_over(study, phase, group, out);
  out->batch = batch;
  if (status != RL_OK || study->pipeline.count < 2) return status;
  const rl_micro_batches cut = rl_pipeline_cut(&study->pipeline, rl_analysis_share(study, batch));
  out->micro_batches = cut.count;
  if (cut.last == cut.full) return RL_OK;
  rl_result_pass *rest = RL_NEW(study->arena, rl_result_pass);
  if (rest == NULL) return rl_diag_oom(study->diags);
  group.count = cut.last;
  status = pass_over(study, phase, group, rest);
  rest->batch = batch;
  out->rest = rest;
  return status;
}
