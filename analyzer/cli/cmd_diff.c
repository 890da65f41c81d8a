/* diff: two scenarios or saved results beside each other. */
#include "cli/commands.h"
#include "cli/diff_parts.h"

typedef RL_LIST(rl_differing_answer) answer_list;

/* Figures of a batch that are compared. */
static const struct {
  const char *key, *figure, *unit;
} figures[] = {
    {"ttft_at_best_s", "TTFT", "s"},
    {"tpot_at_best_s", "TPOT", "s"},
    {"prefill_rate_at_most_tokens_per_s", "prefill", "tokens/s"},
    {"decode_rate_at_most_tokens_per_s", "decode", "tokens/s"},
    {"weight_bytes", "weights", "B"},
    {"kv_bytes", "KV cache", "B"},
    {"activation_bytes", "activations", "B"},
    {"memory_bytes", "memory", "B"},
};

static rl_status add_answers(rl_session *session, const rl_saved_result *a,
                             const rl_saved_result *b, rl_difference *out) {
  const rl_node *of_a = rl_node_get(a->system, "batches");
  const rl_node *of_b = rl_node_get(b->system, "batches");
  answer_list list = {0};
  for (size_t i = 0; i < rl_diff_items(of_a); i++) {
    const size_t j = rl_diff_pair(session, of_a, of_b, i);
    if (j >= rl_diff_items(of_b)) continue;
    for (size_t f = 0; f < sizeof figures / sizeof *figures; f++) {
      const rl_differing_answer answer = {
          .batch_a = rl_saved_count(session, of_a->items[i], "batch"),
          .batch_b = rl_saved_count(session, of_b->items[j], "batch"),
          .figure = figures[f].figure,
          .unit = figures[f].unit,
          .a = rl_saved_real(session, of_a->items[i], figures[f].key),
          .b = rl_saved_real(session, of_b->items[j], figures[f].key)};
      if (!(answer.a > 0) && !(answer.b > 0)) continue;
      rl_differing_answer *slot = RL_PUSH(&session->arena, &list);
      if (slot == NULL) return rl_diag_oom(&session->diags);
      *slot = answer;
    }
  }
  out->answers = list.items;
  out->answer_count = list.count;
  return rl_diags_status(&session->diags);
}

static void report(rl_session *session, const rl_difference *difference, rl_buf *out) {
  switch (rl_session_format(session)) {
    case RL_FORMAT_JSON:
      rl_report_difference_json(out, difference);
      break;
    case RL_FORMAT_CSV:
      rl_report_difference_csv(out, difference);
      break;
    case RL_FORMAT_MARKDOWN:
      rl_report_difference_markdown(out, difference);
      break;
    default:
      rl_report_difference_terminal(out, difference, &session->style);
  }
}

rl_status rl_cmd_diff(rl_session *session, rl_buf *out) {
  const rl_arguments *arguments = &session->arguments;
  rl_saved_result a, b;
  if (arguments->words.count < 2) {
    return RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "diff",
                     "two scenarios or saved results", "diff llama-3-8b@h100-sxm llama-3-8b@h200");
  }
  rl_status status = rl_session_db(session);
  if (status == RL_OK) status = rl_saved_result_get(session, arguments->words.items[0], &a);
  if (status == RL_OK) status = rl_saved_result_get(session, arguments->words.items[1], &b);
  if (status != RL_OK) return status;
  rl_difference difference = {.a = a.name, .b = b.name};
  status = rl_diff_inputs(session, &a, &b, &difference);
  if (status == RL_OK) status = add_answers(session, &a, &b, &difference);
  if (status == RL_OK) status = rl_diff_operators(session, &a, &b, &difference);
  if (status == RL_OK) report(session, &difference, out);
  return status;
}
