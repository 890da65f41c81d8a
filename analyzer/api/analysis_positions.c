/* Where the tokens of a workload and of a view stand: behind one another, and inside the position
 * table of the model when it has one. */
#include <string.h>

#include "api/analysis_parts.h"
#include "base/checked.h"
#include "base/number.h"
#include "graph/lower.h"

/* Positions of a generation: the last token is never fed back and takes none. */
static uint64_t positions_of(const rl_workload *workload) {
  uint64_t needed, generate = rl_max_u64(workload->generate, 1);
  return rl_add_u64(workload->prompt, generate - 1, &needed) ? needed : UINT64_MAX;
}

static bool is_given(rl_loc loc) {
  return loc.file != NULL;
}

/* What of the workload could be changed so that it fits. */
static const char *way_out(rl_arena *arena, const rl_workload *workload, uint64_t table) {
  char number[RL_NUMBER_TEXT];
  if (is_given(workload->generate_loc) && workload->generate > table) {
    return rl_textf(arena, "generate at most %s (-n)", rl_print_grouped(table, number));
  }
  if (workload->prompt > table) {
    return rl_textf(arena, "a prompt of at most %s (-p)", rl_print_grouped(table, number));
  }
  rl_print_grouped(table - workload->prompt + 1, number);
  return rl_textf(arena, "behind this prompt, generate at most %s (-n)", number);
}

static rl_status refuse(rl_arena *arena, const rl_scenario *scenario, uint64_t table,
                        rl_diags *diags) {
  const rl_workload *workload = &scenario->workload;
  bool prompt = is_given(workload->prompt_loc) &&
                (workload->prompt > table || !is_given(workload->generate_loc));
  char p[RL_NUMBER_TEXT], n[RL_NUMBER_TEXT], needed[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  const char *hint = way_out(arena, workload, table);
  if (hint == NULL) return rl_diag_oom(diags);
  return RL_REPORT(diags, WORKLOAD_POSITIONS,
                   prompt ? workload->prompt_loc : workload->generate_loc,
                   rl_print_grouped(workload->prompt, p), rl_print_grouped(workload->generate, n),
                   rl_print_grouped(positions_of(workload), needed), scenario->model->name,
                   rl_print_grouped(table, limit), hint);
}

/* Makes room by what was not given: first of the prompt, behind a given one of the generation. */
static bool shorten(rl_workload *workload, uint64_t table) {
  uint64_t generate = rl_max_u64(workload->generate, 1);
  if (!is_given(workload->prompt_loc)) {
    if (!is_given(workload->generate_loc)) generate = rl_min_u64(generate, (table + 1) / 2);
    if (generate > table) return false;
    workload->prompt = table - generate + 1;
    if (!is_given(workload->generate_loc)) workload->generate = generate;
    return true;
  }
  if (is_given(workload->generate_loc) || workload->prompt > table) return false;
  workload->generate = table - workload->prompt + 1;
  return true;
}

static rl_status note_shortened(const rl_scenario *scenario, uint64_t table, rl_diags *diags) {
  char p[RL_NUMBER_TEXT], n[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  return RL_REPORT(diags, WORKLOAD_SHORTENED, (rl_loc){.file = scenario->model->reference},
                   rl_print_grouped(table, limit), rl_print_grouped(scenario->workload.prompt, p),
                   rl_print_grouped(scenario->workload.generate, n));
}

/* Rotary positions have no end, but a model has only been trained up to some. */
static rl_status note_untrained(const rl_scenario *scenario, uint64_t needed, rl_diags *diags) {
  static const char key[] = "max_position_embeddings";
  const rl_node *config = scenario->model->config;
  char asked[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  for (size_t i = 0; i < config->count; i++) {
    uint64_t trained;
    const rl_node *value = config->items[i];
    if (strcmp(config->keys[i]->text, key) != 0 || value->kind != RL_SCALAR) continue;
    if (!rl_scan_u64(value->text, strlen(value->text), &trained) || needed <= trained) continue;
    return RL_REPORT(diags, POSITIONS_UNTRAINED, value->loc, rl_print_grouped(needed, asked),
                     scenario->model->name, rl_print_grouped(trained, limit));
  }
  return RL_OK;
}

/* Images become tokens of the prompt. */
static rl_status check_images(const rl_workload *workload, const rl_program *program,
                              rl_diags *diags) {
  const rl_encoder_source *begin = &program->source.begin;
  uint64_t merge = program->source.merge, tokens, side = rl_merged_side(merge);
  char images[RL_NUMBER_TEXT], each[RL_NUMBER_TEXT], prompt[RL_NUMBER_TEXT];
  if (merge == 0 || begin->pieces == 0) return RL_OK;
  if (begin->positions % merge != 0 || !rl_source_grid_fits(begin, side)) {
    return RL_REPORT(diags, IMAGE_PATCHES, workload->source_loc,
                     rl_print_grouped(begin->positions, each), rl_print_grouped(side, images));
  }
  bool whole = rl_mul_u64(begin->positions / merge, begin->pieces, &tokens);
  if (whole && tokens <= workload->prompt) return RL_OK;
  rl_loc where = is_given(workload->prompt_loc) ? workload->prompt_loc : workload->images_loc;
  return RL_REPORT(diags, IMAGE_PROMPT, where, rl_print_grouped(begin->pieces, images),
                   rl_print_grouped(begin->positions / merge, each),
                   rl_print_grouped(workload->prompt, prompt));
}

/* The source must fit the table of its positions, and the prompt. */
static rl_status check_source(const rl_scenario *scenario, const rl_program *program,
                              rl_diags *diags) {
  const rl_workload *workload = &scenario->workload;
  uint64_t most = program->source.most;
  char asked[RL_NUMBER_TEXT], table[RL_NUMBER_TEXT];
  if (most == 0 || workload->source <= most) return check_images(workload, program, diags);
  return RL_REPORT(diags, SOURCE_LONG, workload->source_loc,
                   rl_print_grouped(workload->source, asked), rl_print_grouped(most, table));
}

/* Of a model that reads whole sequences and generates nothing. */
static rl_status settle_one_pass(rl_scenario *scenario, const rl_program *program,
                                 rl_diags *diags) {
  rl_workload *workload = &scenario->workload;
  uint64_t table = program->positions;
  char prompt[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  if (is_given(workload->generate_loc) && workload->generate > 0) {
    return RL_REPORT(diags, ONE_PASS_GENERATES, workload->generate_loc, scenario->model->name);
  }
  if (scenario->pools.prefill != NULL) {
    return RL_REPORT(diags, NOT_SUPPORTED, (rl_loc){.file = scenario->file},
                     "a pool for the prefill of a model that decodes nothing");
  }
  workload->generate = 0;
  if (table == 0) return note_untrained(scenario, workload->prompt, diags);
  if (workload->prompt <= table) return RL_OK;
  rl_print_grouped(table, limit);
  if (is_given(workload->prompt_loc)) {
    return RL_REPORT(diags, ONE_PASS_POSITIONS, workload->prompt_loc,
                     rl_print_grouped(workload->prompt, prompt), scenario->model->name, limit);
  }
  workload->prompt = table;
  return RL_REPORT(diags, ONE_PASS_SHORTENED, (rl_loc){.file = scenario->model->reference}, limit,
                   rl_print_grouped(workload->prompt, prompt));
}

rl_status rl_scenario_settle(rl_arena *arena, rl_scenario *scenario, rl_diags *diags) {
  const rl_program *program;
  rl_status status = rl_scenario_divide_into(arena, scenario, &program, diags);
  if (status == RL_OK && program == NULL) status = rl_lower(arena, scenario, &program, diags);
  return status == RL_OK ? rl_scenario_settle_on(arena, scenario, program, diags) : status;
}

rl_status rl_scenario_settle_on(rl_arena *arena, rl_scenario *scenario, const rl_program *program,
                                rl_diags *diags) {
  rl_status status = check_source(scenario, program, diags);
  if (status != RL_OK) return status;
  if (program->one_pass) return settle_one_pass(scenario, program, diags);
  uint64_t needed = positions_of(&scenario->workload), table = program->positions;
  if (table == 0) return note_untrained(scenario, needed, diags);
  if (needed <= table) return RL_OK;
  if (!shorten(&scenario->workload, table)) return refuse(arena, scenario, table, diags);
  return note_shortened(scenario, table, diags);
}

bool rl_analysis_decodes(const rl_analysis *study) {
  return study->generate > 1;
}

/* The view's last position must be there. */
static rl_status refuse_view(const rl_analysis *study, uint64_t fresh, uint64_t table) {
  char n[RL_NUMBER_TEXT], cached[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  return RL_REPORT(study->diags, VIEW_POSITIONS, study->view.loc, rl_print_grouped(fresh, n),
                   rl_print_grouped(study->view.context, cached), study->scenario->model->name,
                   rl_print_grouped(table, limit));
}

/* New tokens of a sequence in the longest pass that was asked for. */
static uint64_t fresh_tokens(const rl_analysis *study) {
  bool verifies = study->verify_given || study->view.phase == RL_PASS_VERIFY;
  return verifies ? study->view.verify : 1;
}

/* There is one pass, and it is the one that is shown. */
static rl_status fit_one_pass(rl_analysis *study) {
  rl_pass_view *view = &study->view;
  bool other = view->phase_given && view->phase != RL_PASS_PREFILL;
  const char *asked = other                  ? "the phase"
                      : study->context_given ? "the context"
                      : study->verify_given  ? "the tokens to verify"
                                             : NULL;
  if (asked != NULL) {
    return RL_REPORT(study->diags, ONE_PASS_VIEW, view->loc, study->scenario->model->name, asked);
  }
  view->phase = RL_PASS_PREFILL;
  return RL_OK;
}

rl_status rl_analysis_fit_view(rl_analysis *study, const rl_program *program) {
  rl_pass_view *view = &study->view;
  uint64_t needed, fresh = fresh_tokens(study), table = program->positions;
  study->one_pass = program->one_pass;
  if (program->one_pass) return fit_one_pass(study);
  if (!study->context_given) view->context = study->middle;
  /* without decode steps the place behind the prompt may not be there */
  if (!study->context_given && table != 0) view->context = rl_min_u64(view->context, table - 1);
  if (!rl_add_u64(view->context, fresh, &needed)) needed = UINT64_MAX;
  if (table != 0) return needed > table ? refuse_view(study, fresh, table) : RL_OK;
  bool told = needed <= positions_of(&study->scenario->workload);
  bool asked = study->context_given || study->verify_given;
  return asked && !told ? note_untrained(study->scenario, needed, study->diags) : RL_OK;
}
