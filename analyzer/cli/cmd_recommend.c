/* recommend: lists of what to try and targets out of the command line, the search, its report. */
#include <string.h>

#include "api/recommend.h"
#include "base/names.h"
#include "base/number.h"
#include "cli/commands.h"
#include "cli/lists.h"
#include "cli/recommend_bits.h"
#include "cli/request.h"

static void read_formats(rl_session *session, rl_choices *choices) {
  const rl_text_list weights = rl_list_formats(session, RL_O_WEIGHTS);
  const rl_text_list kv = rl_list_formats(session, RL_O_KV);
  choices->weights = weights.items;
  choices->weight_count = weights.count;
  choices->kv = kv.items;
  choices->kv_count = kv.count;
}

static rl_status refuse(rl_session *session, rl_option_id option, const char *takes,
                        const char *example) {
  const rl_arguments *a = &session->arguments;
  return RL_REPORT(&session->diags, BAD_LIMIT, RL_COMMAND_LINE, rl_argument_spelled(a, option),
                   takes, rl_argument(a, option).text, example);
}

static void read_time(rl_session *session, rl_option_id option, double *seconds) {
  const rl_text_at text = rl_argument(&session->arguments, option);
  if (text.text == NULL) return;
  rl_status status =
      rl_text_quantity(text.text, text.loc, rl_argument_spelled(&session->arguments, option),
                       RL_DIM_SECONDS, seconds, &session->diags);
  if (status == RL_OK && !(*seconds > 0)) refuse(session, option, "a time above 0", "50ms");
}

static void read_targets(rl_session *session, rl_targets *targets) {
  const char *cost = rl_argument(&session->arguments, RL_O_MAX_PRICE).text;
  targets->loc = RL_COMMAND_LINE;
  read_time(session, RL_O_TPOT, &targets->tpot);
  read_time(session, RL_O_TTFT, &targets->ttft);
  if (cost == NULL) return;
  if (!rl_scan_double(cost, strlen(cost), &targets->cost) || !(targets->cost > 0)) {
    refuse(session, RL_O_MAX_PRICE, "dollars above 0 for a million tokens", "0.5");
  }
}

static void read_devices(rl_session *session, rl_choices *choices) {
  enum { DEVICES_MAX = 65536 };
  const rl_text_list list = rl_list_split(session, RL_O_DEVICES);
  uint64_t *devices = RL_NEW_ARRAY(&session->arena, uint64_t, list.count);
  if (devices == NULL) {
    rl_diag_oom(&session->diags);
    return;
  }
  for (size_t i = 0; i < list.count; i++) {
    const char *text = list.items[i].text;
    bool counted = rl_scan_u64(text, strlen(text), &devices[i]);
    if (counted && devices[i] > 0 && devices[i] <= DEVICES_MAX) continue;
    refuse(session, RL_O_DEVICES, "counts of devices", "1,2,4,8");
    return;
  }
  choices->devices = devices;
  choices->device_count = list.count;
}

/* Machines by --hw, else the one of MODEL@HARDWARE or of the scenario file; `all`, or none: every
 * one. */
static void read_hardware(rl_session *session, const rl_scenario *scenario, rl_choices *choices) {
  rl_text_list list = rl_list_split(session, RL_O_HW);
  if (list.count == 0 && scenario->hardware != NULL) {
    const char *own = scenario->hardware->reference;
    if (!rl_list_add(session, &list, own, strlen(own))) return;
  }
  if (list.count == 1 && rl_name_equal(list.items[0].text, "all")) list.count = 0;
  choices->hardware = list.items;
  choices->hardware_count = list.count;
}

/* "2.49" or "h100=2.49"; the name is read as --hw reads it. */
static void read_price(rl_session *session, rl_text_at text, rl_price_rule *rule) {
  const char *equal = strchr(text.text, '=');
  if (equal != NULL) {
    const rl_hardware *hardware;
    const char *name = rl_strndup(&session->arena, text.text, (size_t)(equal - text.text));
    if (name == NULL) rl_diag_oom(&session->diags);
    if (name == NULL) return;
    if (rl_db_hardware(session->db, name, text.loc, &hardware, &session->diags) != RL_OK) return;
    rule->hardware = hardware->name;
    text.text = equal + 1;
  }
  rule->price = rl_price_parse(&session->arena, text, &session->diags);
}

static void read_prices(rl_session *session, const rl_scenario *scenario, rl_choices *choices) {
  const rl_text_list list = rl_list_split(session, RL_O_PRICE);
  rl_price_rule *rules = RL_NEW_ARRAY(&session->arena, rl_price_rule, list.count + 1);
  if (rules == NULL) {
    rl_diag_oom(&session->diags);
    return;
  }
  choices->prices = rules;
  if (scenario->price.source != NULL) rules[choices->price_count++].price = scenario->price;
  for (size_t i = 0; i < list.count; i++) {
    read_price(session, list.items[i], &rules[choices->price_count++]);
  }
}

/* Without a list of batches: 1, 2, 4 ... 1024. */
static void default_batches(rl_scenario *scenario) {
  static const uint64_t doubling[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
  if (scenario->workload.batches_given) return;
  scenario->workload.batches = doubling;
  scenario->workload.batch_count = sizeof doubling / sizeof *doubling;
}

static void report(rl_session *session, const rl_result_recommendation *result, rl_buf *out) {
  switch (rl_session_format(session)) {
    case RL_FORMAT_JSON:
      rl_recommendation_json(out, result);
      break;
    case RL_FORMAT_CSV:
      rl_recommendation_csv(out, result);
      break;
    case RL_FORMAT_MARKDOWN:
      rl_recommendation_markdown(out, result);
      break;
    default:
      rl_recommendation_terminal(out, result, &session->style);
  }
}

rl_status rl_cmd_recommend(rl_session *session, rl_buf *out) {
  if (rl_argument_given(&session->arguments, RL_O_BITS)) return rl_recommend_bits(session, out);

  rl_scenario *scenario;
  const rl_result_recommendation *result;
  rl_choices choices = {0};
  char combinations[RL_NUMBER_TEXT];
  read_targets(session, &choices.targets);
  read_formats(session, &choices);
  read_devices(session, &choices);
  rl_status status = rl_diags_status(&session->diags);
  if (status != RL_OK) return status;
  status = rl_session_scenario(session, "recommend llama-3-8b --tpot 50ms", &scenario);
  if (status != RL_OK) return status;
  read_hardware(session, scenario, &choices);
  read_prices(session, scenario, &choices);
  default_batches(scenario);
  status = rl_diags_status(&session->diags);
  if (status != RL_OK) return status;
  status = rl_recommend(&session->arena, session->db, scenario, &choices, &result, &session->diags);
  if (status != RL_OK) return status;
  report(session, result, out);
  if (result->meeting > 0) return RL_OK;
  return RL_REPORT(&session->diags, NOTHING_MEETS, (rl_loc){0},
                   rl_print_grouped(result->option_count, combinations));
}
