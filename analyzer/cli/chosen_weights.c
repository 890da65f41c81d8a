/* Weights of files or random ones, with a line that tells how far they are. */
#include "cli/chosen_weights.h"

#include "api/stored_shares.h"
#include "reports/report.h"

/* A description may list a file's tensors without the file. */
static bool has_files(const rl_scenario *scenario) {
  const rl_stored *stored = scenario->model->stored;
  for (size_t i = 0; stored != NULL && i < stored->count; i++) {
    if (stored->tensors[i].part_count > 0) return true;
  }
  return false;
}

rl_status rl_chosen_open(rl_session *session, const rl_scenario *scenario,
                         const rl_program *program, rl_weight_source random,
                         rl_chosen_weights *out) {
  *out = (rl_chosen_weights){.from = random, .tally = RL_NEW(&session->arena, rl_chosen_tally)};
  if (out->tally == NULL) return rl_diag_oom(&session->diags);
  rl_progress_begin(&out->tally->progress, session);
  if (!rl_program_weight_bytes(program, &out->tally->all)) out->tally->all = UINT64_MAX;
  if (!has_files(scenario)) return RL_OK;
  const rl_status status = rl_file_weights_open(&session->arena, scenario->model->stored, program,
                                                &out->files, &session->diags);
  if (status == RL_OK) out->from = rl_file_weights_source(out->files);
  return status;
}

static rl_status fill(const void *context, const rl_weight_request *request, rl_diags *diags) {
  const rl_chosen_weights *chosen = context;
  rl_chosen_tally *tally = chosen->tally;
  const rl_status status = chosen->from.fill(chosen->from.context, request, diags);
  tally->done += rl_store_bytes(request->store);
  const double share = (double)tally->done / ((double)tally->all + 1);
  rl_progress_tell(&tally->progress, chosen->files == NULL ? "drawing" : "reading", " weights",
                   share < 1 ? share : 1);
  return status;
}

rl_weight_source rl_chosen_source(const rl_chosen_weights *chosen) {
  return (rl_weight_source){fill, chosen};
}

void rl_chosen_close(rl_chosen_weights *chosen) {
  if (chosen->tally != NULL) rl_progress_end(&chosen->tally->progress);
  if (chosen->files != NULL) rl_file_weights_close(chosen->files);
  chosen->files = NULL;
}

const char *rl_chosen_words(rl_session *session, const rl_scenario *scenario) {
  if (!has_files(scenario)) return "random weights";
  const char *path = scenario->model->stored->file;
  const char *name = path; /* the file alone: folders are no matter of a result */
  for (const char *at = path; *at != '\0'; at++) {
    if (*at == '/') name = at + 1;
  }
  return rl_textf(&session->arena, "weights of %s", name);
}

void rl_chosen_formats(rl_buf *out, rl_arena *arena, const rl_scenario *scenario,
                       const rl_program *program, const char *before) {
  rl_stored_shares shares;
  if (!rl_stored_shares_of(arena, scenario, program, &shares)) out->failed = true;
  RL_ADD(out, "weights ", shares.count > 0 ? "as stored" : scenario->weights->name);
  rl_report_stored(out, shares.items, shares.count, before);
}
