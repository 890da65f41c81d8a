/* What it costs to verify several tokens a sequence in one pass, beside a plain decode step. */
#include "api/analysis_parts.h"
#include "base/checked.h"

static const uint64_t usual_lengths[] = {1, 2, 4, 8, 16};
enum { USUAL_LENGTHS = sizeof usual_lengths / sizeof *usual_lengths };

/* 1, 2, 4, 8, 16 and the length asked for, ascending. */
static size_t lengths_of(uint64_t asked, uint64_t lengths[USUAL_LENGTHS + 1]) {
  size_t count = 0;
  bool placed = false;
  for (size_t i = 0; i < USUAL_LENGTHS; i++) {
    if (!placed && asked < usual_lengths[i]) lengths[count++] = asked;
    placed = placed || asked <= usual_lengths[i];
    lengths[count++] = usual_lengths[i];
  }
  if (!placed) lengths[count++] = asked;
  return count;
}

static rl_status verify_of(const rl_analysis *study, uint64_t batch, uint64_t length,
                           rl_diags *diags, rl_result_verify *out) {
  rl_verify verify = {
      .batch = rl_analysis_share(study, batch), .cached = study->view.context, .n = length};
  rl_status status = rl_pipeline_verify(&study->pipeline, &verify, diags);
  *out = (rl_result_verify){batch, length, verify.cached, verify.seconds, verify.ratio};
  return status;
}

/* A length that nobody asked for is left out where its positions or its counts are not there. False
 * when memory ran out. */
static bool find_possible(const rl_analysis *study, uint64_t length, bool *possible) {
  const rl_workload *workload = &study->scenario->workload;
  uint64_t table = study->plan->cost->program->positions, needed;
  rl_result_verify verify;
  rl_diags quiet;
  *possible = study->verify_given && length == study->view.verify;
  if (*possible) return true;
  bool placed = rl_add_u64(study->view.context, length, &needed);
  if (!placed || (table != 0 && needed > table)) return true;
  rl_diags_init(&quiet, study->arena);
  uint64_t largest = workload->batches[workload->batch_count - 1];
  *possible = verify_of(study, largest, length, &quiet, &verify) == RL_OK;
  return !quiet.out_of_memory;
}

/* Nothing is told of verification where nothing is decoded, unless somebody asks. */
static bool is_wanted(const rl_analysis *study) {
  return rl_analysis_decodes(study) || study->context_given || study->verify_given ||
         study->view.phase == RL_PASS_VERIFY;
}

rl_status rl_analysis_verifies(const rl_analysis *study, rl_result_system *system) {
  const rl_workload *workload = &study->scenario->workload;
  uint64_t lengths[USUAL_LENGTHS + 1];
  size_t count = 0, all_lengths = lengths_of(study->view.verify, lengths), total;
  if (!is_wanted(study)) return RL_OK;
  for (size_t i = 0; i < all_lengths; i++) {
    bool possible;
    if (!find_possible(study, lengths[i], &possible)) return rl_diag_oom(study->diags);
    if (possible) lengths[count++] = lengths[i];
  }
  if (count == 0) return RL_OK; /* no length has the positions it needs */
  if (__builtin_mul_overflow(count, workload->batch_count, &total))
    return rl_diag_oom(study->diags);
  rl_result_verify *all = RL_NEW_ARRAY(study->arena, rl_result_verify, total);
  if (all == NULL) return rl_diag_oom(study->diags);
  for (size_t i = 0; i < total; i++) {
    rl_status status =
        verify_of(study, workload->batches[i / count], lengths[i % count], study->diags, &all[i]);
    if (status != RL_OK) return status;
  }
  system->verifies = all;
  system->verify_count = total;
  return RL_OK;
}
