/* recommend --bits: a budget and what bits are worth out of the command line, the allocation, its
 * report. */
#include "cli/recommend_bits.h"

#include <string.h>

#include "api/allocate.h"
#include "base/number.h"
#include "cli/lists.h"
#include "cli/output.h"
#include "cli/request.h"

static const double MILLIONTHS = 1e6, WORTH_MOST = 1000, SECONDS_MOST = 3600;

static rl_status refuse_worth(rl_session *session, const char *text) {
  return RL_REPORT(&session->diags, BAD_LIMIT, RL_COMMAND_LINE, "--worth",
                   "NAME=NUMBER above 0, at most 1000", text, "down_proj=4,v_proj=2");
}

/* "down_proj=4" */
static rl_status read_worth(rl_session *session, const char *text, rl_worth *given) {
  const char *equal = strchr(text, '=');
  double worth = 0;
  if (equal == NULL || !rl_scan_double(equal + 1, strlen(equal + 1), &worth) ||
      !(worth * MILLIONTHS >= 1 && worth <= WORTH_MOST)) {
    return refuse_worth(session, text);
  }
  given->name = rl_strndup(&session->arena, text, (size_t)(equal - text));
  given->millionths = (uint64_t)(worth * MILLIONTHS + 0.5);
  return given->name == NULL ? rl_diag_oom(&session->diags) : RL_OK;
}

static rl_status read_worths(rl_session *session, rl_allocation_request *request) {
  const rl_text_list list = rl_list_split(session, RL_O_WORTH);
  rl_worth *given = RL_NEW_ARRAY(&session->arena, rl_worth, list.count + 1);
  rl_status status = given == NULL ? rl_diag_oom(&session->diags) : RL_OK;
  for (size_t i = 0; status == RL_OK && i < list.count; i++) {
    status = read_worth(session, list.items[i].text, &given[i]);
  }
  request->worths = given;
  request->worth_count = list.count;
  return status;
}

static rl_status refuse_budget(rl_session *session, const char *text) {
  return RL_REPORT(&session->diags, BAD_LIMIT, RL_COMMAND_LINE, "--bits", "a size or a time", text,
                   "6GB or 8ms");
}

/* "5GB" or "8ms": what reads as a time is one. */
static rl_status read_budget(rl_session *session, rl_allocation_request *request) {
  const rl_text_at text = rl_argument(&session->arguments, RL_O_BITS);
  double seconds = 0, bytes = 0;
  rl_diags quiet;
  rl_diags_init(&quiet, &session->arena);
  request->loc = RL_COMMAND_LINE;
  if (rl_scan_double(text.text, strlen(text.text), &bytes)) {
    return RL_REPORT(&session->diags, BAD_LIMIT, RL_COMMAND_LINE, "--bits", "a size or a time",
                     text.text, "5GB, which is 5 bits for each of 8 B parameters, or 8ms");
  }
  if (rl_text_quantity(text.text, text.loc, "--bits", RL_DIM_SECONDS, &seconds, &quiet) == RL_OK) {
    request->seconds = seconds;
    return seconds > 0 && seconds <= SECONDS_MOST ? RL_OK : refuse_budget(session, text.text);
  }
  rl_status status =
      rl_text_quantity(text.text, text.loc, "--bits", RL_DIM_BYTES, &bytes, &session->diags);
  if (status == RL_OK && !(bytes >= 1 && bytes < 1e18)) return refuse_budget(session, text.text);
  request->budget = (uint64_t)bytes;
  return status;
}

static void report(rl_session *session, const rl_result_allocation *result, rl_buf *out) {
  switch (rl_session_format(session)) {
    case RL_FORMAT_JSON:
      rl_allocation_json(out, result);
      break;
    case RL_FORMAT_CSV:
      rl_allocation_csv(out, result);
      break;
    case RL_FORMAT_MARKDOWN:
      rl_allocation_markdown(out, result);
      break;
    default:
      rl_allocation_terminal(out, result, &session->style);
  }
}

rl_status rl_recommend_bits(rl_session *session, rl_buf *out) {
  const rl_text_list palette = rl_list_split(session, RL_O_WEIGHTS);
  const rl_result_allocation *result;
  rl_allocation_request request = {.palette = palette.items, .palette_count = palette.count};
  rl_scenario *scenario, *varied;
  if (read_budget(session, &request) == RL_OK) read_worths(session, &request);
  if (palette.count == 0) RL_REPORT(&session->diags, BITS_PALETTE, RL_COMMAND_LINE, "");
  rl_status status = rl_diags_status(&session->diags);
  if (status != RL_OK) return status;
  status = rl_session_scenario(session, "recommend llama-3-8b --bits 5GB -w tcq-2,tcq-3,tcq-4",
                               &scenario);
  if (status != RL_OK) return status;
  request.scenario = scenario;
  status = rl_allocate(&session->arena, session->db, &request, &result, &varied, &session->diags);
  if (status == RL_OK) status = rl_session_save(session, varied);
  if (status == RL_OK) report(session, result, out);
  return status;
}
