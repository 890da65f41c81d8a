/* Arguments as a request: the options of the scenario and workload groups, and the one word that is
 * a scenario file or MODEL[@HARDWARE]. */
#include "cli/request.h"

#include <string.h>

#include "api/analysis.h"
#include "base/names.h"
#include "cli/output.h"
#include "spec/axes.h"

/* Options that some commands read as lists of what to try, and leave out of the scenario. */
static void add_choices(const rl_arguments *a, rl_request *request) {
  if (a->command == RL_COMMAND_RECOMMEND) return;
  request->price = rl_argument(a, RL_O_PRICE);
  if (a->command == RL_COMMAND_PLOT) return;
  request->hardware = rl_argument(a, RL_O_HW);
  request->weights = rl_argument(a, RL_O_WEIGHTS);
  request->kv = rl_argument(a, RL_O_KV);
}

static void set_word(rl_session *session, const char *text, rl_request *request) {
  const rl_text_at word = {.text = text, .loc = RL_COMMAND_LINE};
  if (strcmp(text, "-") == 0) rl_db_hold_standard(session->db, &session->diags);
  if (rl_db_is_scenario(session->db, text)) {
    request->file = word;
  } else {
    request->target = word;
  }
}

static rl_request request_of(rl_session *session) {
  const rl_arguments *a = &session->arguments;
  rl_request request = {
      .model = rl_argument(a, RL_O_MODEL),
      .profile = rl_argument(a, RL_O_PROFILE),
      .experts = rl_argument(a, RL_O_EXPERTS),
      .tensor = rl_argument(a, RL_O_TP),
      .pipeline = rl_argument(a, RL_O_PP),
      .micro_batches = rl_argument(a, RL_O_MICRO_BATCHES),
      .expert = rl_argument(a, RL_O_EP),
      .data = rl_argument(a, RL_O_DP),
      .place = rl_argument(a, RL_O_PLACE),
      .host = rl_argument(a, RL_O_HOST),
      .storage = rl_argument(a, RL_O_STORAGE),
      .context = rl_argument(a, RL_O_CP),
      .collectives = rl_argument(a, RL_O_COLLECTIVES),
      .prefill_hardware = rl_argument(a, RL_O_PREFILL_HW),
      .transfer = rl_argument(a, RL_O_TRANSFER),
      .batch = rl_argument(a, RL_O_BATCH),
      .prompt = rl_argument(a, RL_O_PROMPT),
      .generate = rl_argument(a, RL_O_GENERATE),
      .source = rl_argument(a, RL_O_SOURCE),
      .images = rl_argument(a, RL_O_IMAGES),
      .image_size = rl_argument(a, RL_O_IMAGE_SIZE),
      .method = rl_argument(a, RL_O_METHOD),
      .draft = rl_argument(a, RL_O_DRAFT),
      .strict = rl_argument_given(a, RL_O_STRICT),
      .searched = a->command == RL_COMMAND_RECOMMEND,
  };
  add_choices(a, &request);
  request.sets = rl_argument_all(a, &session->arena, RL_O_SET, &request.set_count);
  if (request.sets == NULL) rl_diag_oom(&session->diags);
  return request;
}

/* What the word MODEL@HARDWARE and an option both name must be the same. */
static void check_twice(rl_session *session, const char *said, rl_option_id option,
                        const char *what) {
  const char *value = rl_argument(&session->arguments, option).text;
  if (said == NULL) {
    rl_diag_oom(&session->diags);
  } else if (value != NULL && !rl_name_equal(said, value)) {
    RL_REPORT(&session->diags, NAMED_TWICE, RL_COMMAND_LINE, said,
              rl_argument_spelled(&session->arguments, option), value, what);
  }
}

static void check_target(rl_session *session, const char *target) {
  const char *at = target == NULL ? NULL : strrchr(target, '@');
  if (target == NULL) return;
  size_t length = at == NULL ? strlen(target) : (size_t)(at - target);
  check_twice(session, rl_strndup(&session->arena, target, length), RL_O_MODEL, "model");
  if (at != NULL) check_twice(session, at + 1, RL_O_HW, "machine");
}

rl_status rl_session_save(rl_session *session, const rl_scenario *scenario) {
  enum { SCENARIO_MAX = 1024 * 1024 };
  const char *path = rl_argument(&session->arguments, RL_O_SAVE).text;
  rl_buf text;
  if (path == NULL) return RL_OK;
  rl_buf_init(&text, &session->arena, SCENARIO_MAX);
  rl_status status = rl_scenario_check_writable(scenario, &session->arena, &session->diags);
  if (status != RL_OK) return status;
  rl_scenario_write(scenario, &text);
  if (text.failed) return rl_diag_oom(&session->diags);
  return rl_output_file(path, &text, &session->arena, &session->diags);
}

/* Reads the arguments once it is clear that they name something. */
static rl_status read_request(rl_session *session, const char *example, rl_request *out) {
  const rl_arguments *a = &session->arguments;
  if (a->words.count == 0 && !rl_argument_given(a, RL_O_MODEL)) {
    const char *command = RL_COMMAND_TABLE[a->command].name;
    rl_status status = RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, command,
                                 "a model or a scenario file", example);
    const char *taken = rl_argument(a, RL_O_EXPLAIN).text;
    if (taken != NULL && taken[0] != '\0') {
      RL_REPORT(&session->diags, EXPLAIN_TOOK, RL_COMMAND_LINE, taken);
    }
    return status;
  }
  rl_status status = rl_session_db(session);
  if (status != RL_OK) return status;
  *out = request_of(session);
  if (a->words.count > 0) set_word(session, a->words.items[0], out);
  check_target(session, out->target.text);
  return rl_diags_status(&session->diags);
}

rl_status rl_session_axes(rl_session *session, const char *example, rl_axes *out) {
  rl_request request;
  rl_status status = read_request(session, example, &request);
  if (status != RL_OK) return status;
  return rl_axes_gather(&session->arena, session->db, &request, out, &session->diags);
}

rl_status rl_session_axes_of(rl_session *session, const char *word, rl_axes *out) {
  const rl_arguments *a = &session->arguments;
  rl_status status = rl_session_db(session);
  if (status != RL_OK) return status;
  rl_request request = request_of(session);
  request.hardware = rl_argument(a, RL_O_HW);
  request.weights = rl_argument(a, RL_O_WEIGHTS);
  request.kv = rl_argument(a, RL_O_KV);
  if (word != NULL) set_word(session, word, &request);
  check_target(session, request.target.text);
  status = rl_diags_status(&session->diags);
  if (status != RL_OK) return status;
  return rl_axes_gather(&session->arena, session->db, &request, out, &session->diags);
}

rl_status rl_session_scenario(rl_session *session, const char *example, rl_scenario **out) {
  rl_request request;
  rl_status status = read_request(session, example, &request);
  if (status != RL_OK) return status;
  status = rl_scenario_resolve(&session->arena, session->db, &request, out, &session->diags);
  if (status == RL_OK) status = rl_scenario_settle(&session->arena, *out, &session->diags);
  if (status != RL_OK || session->arguments.command == RL_COMMAND_RECOMMEND) return status;
  return rl_session_save(session, *out);
}

rl_status rl_session_choose(rl_session *session, const rl_choice *choice, rl_scenario **out) {
  rl_request request = request_of(session);
  if (choice->word.text != NULL) set_word(session, choice->word.text, &request);
  request.hardware = choice->hardware;
  request.weights = choice->weights;
  request.kv = choice->kv;
  if (choice->batch.text != NULL) request.batch = choice->batch;
  rl_status status = rl_diags_status(&session->diags);
  if (status != RL_OK) return status;
  status = rl_scenario_resolve(&session->arena, session->db, &request, out, &session->diags);
  return status == RL_OK ? rl_scenario_settle(&session->arena, *out, &session->diags) : status;
}
