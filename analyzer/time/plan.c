/* Binds rows of counts to a machine: which engine multiplies each row, and reciprocals of all
 * rates. */
#include <math.h>

#include "base/checked.h"
#include "base/number.h"
#include "time/shared.h"

/* An absent rate bounds nothing. */
static double reciprocal(rl_figure rate) {
  return rate.value > 0 ? 1 / rate.value : 0;
}

static const rl_hardware *site_of(const rl_plan *plan, const rl_row_time *time) {
  return time->on_host ? plan->placement->host : plan->hardware;
}

/* Devices that each host serves: what they share, each of them has that part of. */
static double sharing(const rl_placement *placement) {
  const uint64_t devices = placement->devices, hosts = placement->hosts;
  return (double)(devices > 1 ? devices : 1) / (double)(hosts > 1 ? hosts : 1);
}

/* How many share the machine that a row runs on: its rates are that much slower for each. */
static double part_of_site(const rl_plan *plan, const rl_row_time *time) {
  return time->on_host ? sharing(plan->placement) : 1;
}

static rl_status bind_matrix(rl_plan *plan, const rl_cost_row *row, rl_row_time *time,
                             rl_diags *diags) {
  const rl_hardware *site = site_of(plan, time);
  const rl_op *op = &plan->cost->program->ops[row->op];
  if (row->counts[RL_C_MATRIX].terms == 0) return RL_OK;
  time->peak = rl_hardware_matrix_peak(site, op->compute);
  if (time->peak == NULL) {
    return RL_REPORT(diags, PLAN_NO_ENGINE, op->loc, op->name, RL_TYPES[op->compute].name,
                     site->name);
  }
  time->per_matrix = reciprocal(time->peak->rate) * part_of_site(plan, time);
  plan->wider = plan->wider || time->peak->type != op->compute;
  return RL_OK;
}

static rl_status bind_vector(const rl_plan *plan, const rl_cost_row *row, rl_row_time *time,
                             rl_diags *diags) {
  const rl_hardware *site = site_of(plan, time);
  const rl_op *op = &plan->cost->program->ops[row->op];
  if (row->counts[RL_C_VECTOR].terms == 0) return RL_OK;
  const rl_peak *peak = rl_hardware_vector_peak(site);
  if (peak == NULL) {
    return RL_REPORT(diags, PLAN_NO_VECTOR, op->loc, site->name, op->name);
  }
  time->per_vector = reciprocal(peak->rate) * part_of_site(plan, time);
  return RL_OK;
}

/* Tokens to equally many experts on every rank go by the innermost tier that reaches the rank: each
 * tier has the share of the ranks that it reaches and those before do not. The tiers work at once.
 */
static void bind_tiers(const rl_plan *plan, const rl_op *op, rl_row_time *time) {
  uint64_t reached = 1;
  time->per_link_byte = 0;
  for (size_t i = 0; i < plan->hardware->link_count && reached < op->at.span; i++) {
    const rl_link *link = &plan->hardware->links[i];
    if (link->peers <= reached) continue;
    uint64_t end = rl_min_u64(link->peers, op->at.span);
    double share = (double)(end - reached) / (double)(op->at.span - 1);
    double per_byte = share * reciprocal(link->bandwidth);
    if (per_byte > time->per_link_byte) {
      time->per_link_byte = per_byte;
      time->link = link;
    }
    reached = end;
  }
}

/* A group of neighbours that fills several servers may add up inside each of them first. */
static void bind_inside(const rl_plan *plan, const rl_op *op, rl_row_time *time) {
  const uint64_t devices = plan->hardware->devices;
  if (devices <= 1 || op->at.ranks <= devices || op->at.span != op->at.ranks) return;
  if (op->at.ranks % devices != 0 || op->at.first_device % devices != 0) return;
  time->inner = rl_hardware_link_from(plan->hardware, op->at.first_device, devices);
  if (time->inner == NULL || time->inner == time->link) return;
  time->inside = devices;
  time->per_inner_byte = reciprocal(time->inner->bandwidth);
  time->per_inner_message = time->inner->latency.value;
}

/* Why no link joins the group: none at all, too few devices, or it stands across blocks. */
static rl_status refuse_link(const rl_plan *plan, const rl_op *op, rl_diags *diags) {
  const rl_hardware *hardware = plan->hardware;
  char peers[RL_NUMBER_TEXT], ranks[RL_NUMBER_TEXT];
  const rl_link *widest = NULL;
  for (size_t i = 0; i < hardware->link_count; i++) {
    const rl_link *link = &hardware->links[i];
    if (link->peers > (widest == NULL ? 1 : widest->peers)) widest = link;
  }
  if (widest == NULL) return RL_REPORT(diags, PLAN_NO_LINK, op->loc, hardware->name, op->name);
  rl_print_grouped(widest->peers, peers);
  rl_print_grouped(op->at.span, ranks);
  if (widest->peers < op->at.span) {
    return RL_REPORT(diags, PLAN_LINK_SHORT, op->loc, widest->name, hardware->name, peers, op->name,
                     ranks);
  }
  return RL_REPORT(diags, PLAN_LINK_BLOCK, op->loc, widest->name, hardware->name, peers, ranks,
                   op->name);
}

/* The tier of links that joins the group: the innermost that reaches all the devices it spans. */
static rl_status bind_link(const rl_plan *plan, const rl_cost_row *row, rl_row_time *time,
                           rl_diags *diags) {
  const rl_op *op = &plan->cost->program->ops[row->op];
  if (row->way_count == 0) return RL_OK;
  time->link = rl_hardware_exchange_link(plan->hardware, op->at.first_device, op->at.span);
  if (time->link == NULL) return refuse_link(plan, op, diags);
  time->per_link_byte = reciprocal(time->link->bandwidth);
  time->per_message = time->link->latency.value;
  const bool spread = op->kind == RL_OP_DISPATCH || op->kind == RL_OP_SEND_BACK;
  if (spread && time->link->peers > 1) bind_tiers(plan, op, time);
  bind_inside(plan, op, time);
  return RL_OK;
}

static void bind_memory(rl_plan *plan) {
  const rl_memory_level *cache = rl_hardware_cache(plan->hardware);
  plan->per_byte = reciprocal(rl_hardware_main(plan->hardware)->bandwidth);
  if (cache == NULL) return;
  plan->per_cache_byte = reciprocal(cache->bandwidth);
  plan->cache_bytes = cache->capacity < INT64_MAX ? cache->capacity : INT64_MAX;
}

/* Where one operand of a row stands. Activations are always there. */
static rl_place place_of(const rl_plan *plan, const rl_operand *operand) {
  const rl_tensor *tensor = &plan->cost->program->tensors[operand->tensor];
  if (plan->placement == NULL) return RL_PLACE_DEVICE;
  if (tensor->role != RL_ROLE_WEIGHT && tensor->role != RL_ROLE_KV) return RL_PLACE_DEVICE;
  if (tensor->alias_of != RL_NONE) tensor = &plan->cost->program->tensors[tensor->alias_of];
  return plan->placement->of[tensor->placed];
}

/* Bytes that are read in one piece: a weight, of experts one of them, of a table a row; KV by the
 * token. */
static uint64_t piece_of(const rl_op *op, const rl_tensor *tensor) {
  bool table = op->kind == RL_OP_EMBED || op->kind == RL_OP_EMBED_NEXT;
  uint64_t rows = table ? 1 : rl_tensor_piece_rows(tensor), bytes = 0;
  return rl_format_bytes(tensor->format, rows, tensor->cols, &bytes) ? bytes : UINT64_MAX;
}

/* 1 / the slowest rate on the way from a place to the device, while its neighbours read as well. */
static double far_per_byte(const rl_plan *plan, rl_place place, uint64_t piece) {
  const rl_placement *placement = plan->placement;
  double slowest = reciprocal(placement->link->bandwidth);
  const double host = reciprocal(rl_hardware_main(placement->host)->bandwidth);
  slowest = fmax(slowest, host * sharing(placement));
  if (place == RL_PLACE_STORAGE) {
    double share;
    const rl_figure *read = rl_storage_bandwidth(placement->storage, piece, &share);
    const double drives = placement->devices > 1 ? (double)placement->devices : 1;
    slowest = fmax(slowest, reciprocal(*read) * drives / share);
  }
  return slowest;
}

/* The row runs on the host when something it uses is used there; else it reads over the link. */
static void bind_place(const rl_plan *plan, const rl_cost_row *row, rl_row_time *time) {
  const rl_program *program = plan->cost->program;
  const rl_op *op = &program->ops[row->op];
  for (uint32_t o = 0; o < op->operand_count; o++) {
    if (place_of(plan, &program->operands[op->first_operand + o]) == RL_PLACE_CPU) {
      time->on_host = true;
      time->far_activation = far_per_byte(plan, RL_PLACE_CPU, 0);
      return;
    }
  }
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    const rl_tensor *tensor = &program->tensors[operand->tensor];
    rl_place place = place_of(plan, operand);
    if (place == RL_PLACE_DEVICE) continue;
    double *far = tensor->role == RL_ROLE_KV ? &time->far_kv : &time->far_weight;
    *far = fmax(*far, far_per_byte(plan, place, piece_of(op, tensor)));
  }
}

static void bind_row_memory(const rl_plan *plan, rl_row_time *time) {
  if (time->on_host) {
    time->per_byte =
        reciprocal(rl_hardware_main(plan->placement->host)->bandwidth) * part_of_site(plan, time);
    return;
  }
  time->per_byte = plan->per_byte;
  time->per_cache_byte = plan->per_cache_byte;
}

static rl_status bind_placement(rl_plan *plan, const rl_placement *placement, rl_arena *arena,
                                rl_diags *diags) {
  if (placement == NULL || !rl_placement_any(placement)) return RL_OK;
  rl_placement *own = RL_NEW(arena, rl_placement);
  if (own == NULL) return rl_diag_oom(diags);
  *own = *placement;
  own->link = rl_hardware_host_link(plan->hardware);
  plan->placement = own;
  if (own->link != NULL) return RL_OK;
  return RL_REPORT(diags, NO_HOST_LINK, (rl_loc){.file = plan->hardware->file},
                   plan->hardware->name);
}

rl_status rl_plan_compile_placed(rl_arena *arena, const rl_cost *cost, const rl_hardware *hardware,
                                 const rl_placement *placement, rl_plan **out, rl_diags *diags) {
  *out = NULL;
  rl_plan *plan = RL_NEW(arena, rl_plan);
  rl_row_time *rows = RL_NEW_ARRAY(arena, rl_row_time, (size_t)cost->row_count + 1);
  if (plan == NULL || rows == NULL) return rl_diag_oom(diags);
  plan->cost = cost;
  plan->hardware = hardware;
  plan->rows = rows;
  bind_memory(plan);
  rl_status status = bind_placement(plan, placement, arena, diags);
  for (uint32_t r = 0; r < cost->row_count && status == RL_OK; r++) {
    bind_place(plan, &cost->rows[r], &rows[r]);
    bind_row_memory(plan, &rows[r]);
    status = bind_matrix(plan, &cost->rows[r], &rows[r], diags);
    if (status == RL_OK) status = bind_vector(plan, &cost->rows[r], &rows[r], diags);
    if (status == RL_OK) status = bind_link(plan, &cost->rows[r], &rows[r], diags);
  }
  if (status != RL_OK) return status;
  rl_rows_share(cost, rows);
  *out = plan;
  return RL_OK;
}

rl_status rl_plan_compile(rl_arena *arena, const rl_cost *cost, const rl_hardware *hardware,
                          rl_plan **out, rl_diags *diags) {
  return rl_plan_compile_placed(arena, cost, hardware, NULL, out, diags);
}

double rl_lanes_seconds(const rl_plan *plan, const rl_lanes *lanes) {
  if (plan->placement == NULL) return lanes->device;
  if (plan->placement->serial) return lanes->device + lanes->host + lanes->link;
  return fmax(lanes->device, fmax(lanes->host, lanes->link));
}

double rl_demand_seconds(const rl_plan *plan, const rl_demand *demand) {
  rl_lanes lanes = {.link = demand->transfer};
  *(demand->on_host ? &lanes.host : &lanes.device) = demand->seconds[demand->bound];
  return rl_lanes_seconds(plan, &lanes);
}
