/* Refusals that all answers share. */
#include "time/check.h"

#include "base/checked.h"
#include "base/number.h"

rl_status rl_report_overflow(const rl_group *group, rl_diags *diags) {
  rl_loc nowhere = {0};
  char batch[RL_NUMBER_TEXT], fresh[RL_NUMBER_TEXT], cached[RL_NUMBER_TEXT];
  char positions[RL_NUMBER_TEXT];
  rl_print_grouped(group->count, batch);
  rl_print_grouped(group->q, fresh);
  rl_print_grouped(group->cached, cached);
  if (group->source.positions == 0) {
    return RL_REPORT(diags, POINT_OVERFLOW, nowhere, batch, fresh, cached);
  }
  rl_print_grouped(group->source.positions, positions);
  return RL_REPORT(diags, SOURCE_OVERFLOW, nowhere, batch, fresh, cached, positions);
}

static rl_status check_positions(const rl_plan *plan, uint64_t needed, rl_diags *diags) {
  rl_loc nowhere = {0};
  uint64_t positions = plan->cost->program->positions;
  char asked[RL_NUMBER_TEXT], given[RL_NUMBER_TEXT];
  if (positions == 0 || needed <= positions) return RL_OK;
  return RL_REPORT(diags, POINT_POSITIONS, nowhere, rl_print_grouped(needed, asked),
                   rl_print_grouped(positions, given));
}

/* A prompt is dealt to all ranks, unless it counts as a few tokens that are verified. */
static rl_status check_deal(const rl_plan *plan, uint64_t prompt, rl_diags *diags) {
  rl_loc nowhere = {0};
  const rl_program *program = plan->cost->program;
  char tokens[RL_NUMBER_TEXT], ranks[RL_NUMBER_TEXT];
  if (prompt >= program->deal.ranks || prompt <= program->decode_tokens) return RL_OK;
  return RL_REPORT(diags, POINT_DEAL, nowhere, rl_print_grouped(prompt, tokens),
                   rl_print_grouped(program->deal.ranks, ranks));
}

rl_status rl_check_job(const rl_plan *plan, rl_job job, rl_diags *diags) {
  rl_loc nowhere = {0};
  uint64_t needed;
  if (job.batch == 0) return RL_REPORT(diags, POINT_EMPTY, nowhere, "batch");
  if (job.prompt == 0) return RL_REPORT(diags, POINT_EMPTY, nowhere, "prompt");
  if (job.generate == 0) return RL_REPORT(diags, POINT_EMPTY, nowhere, "generate");
  /* the last generated token is never fed back, so it takes no position */
  if (!rl_add_u64(job.prompt, job.generate - 1, &needed)) {
    rl_group group = {.count = job.batch, .q = job.generate, .cached = job.prompt};
    return rl_report_overflow(&group, diags);
  }
  rl_status status = check_deal(plan, job.prompt, diags);
  return status == RL_OK ? check_positions(plan, needed, diags) : status;
}
