/* One table of option names; most only fill a field of the request. */
#include "api/study_options.h"

#include <string.h>

#include "base/names.h"
#include "base/number.h"

/* Where messages about a value point to. */
static const rl_loc OPTIONS = {.file = "<option>"};

typedef struct request_field {
  const char *option;
  size_t offset; /* of an rl_text_at in rl_request */
} request_field;

#define FIELD(name, member) \
  { name, offsetof(rl_request, member) }
static const request_field FIELDS[] = {
    FIELD("scenario", file),     FIELD("text", text),     FIELD("target", target),
    FIELD("model", model),       FIELD("hw", hardware),   FIELD("profile", profile),
    FIELD("weights", weights),   FIELD("kv", kv),         FIELD("activations", activations),
    FIELD("tp", tensor),         FIELD("pp", pipeline),   FIELD("micro-batches", micro_batches),   FIELD("ep", expert),
    FIELD("cp", context),        FIELD("collectives", collectives),
    FIELD("dp", data),           FIELD("batch", batch),   FIELD("prompt", prompt),
    FIELD("place", place),       FIELD("host", host),     FIELD("storage", storage),
    FIELD("prefill-hw", prefill_hardware), FIELD("transfer", transfer),
    FIELD("generate", generate), FIELD("source", source),
    FIELD("images", images),     FIELD("image-size", image_size),
    FIELD("method", method),     FIELD("draft", draft),
    FIELD("price", price),
};
#undef FIELD
static const char *const PHASES[] = {"decode", "prefill", "verify"};
/* Options that are no text of the request. */
static const char *const OTHERS[] = {"set", "phase", "context", "verify", "explain"};

enum { FIELD_COUNT = sizeof FIELDS / sizeof *FIELDS, OTHER_COUNT = sizeof OTHERS / sizeof *OTHERS };

static rl_status set_phase(rl_pass_view *view, const char *value, rl_diags *diags) {
  for (size_t i = 0; i < sizeof PHASES / sizeof *PHASES; i++) {
    if (strcmp(PHASES[i], value) != 0) continue;
    view->phase = (rl_pass_kind)i;
    view->phase_given = true;
    return RL_OK;
  }
  return RL_REPORT(diags, BAD_CHOICE, OPTIONS, value, "phase", "decode, prefill, verify");
}

static rl_status set_tokens(uint64_t *tokens, const char *option, const char *value,
                            rl_diags *diags) {
  if (rl_scan_u64(value, strlen(value), tokens) && *tokens > 0) return RL_OK;
  return RL_REPORT(diags, NOT_A_NUMBER, OPTIONS, option, value, "1");
}

static rl_status unknown(const char *option, rl_diags *diags) {
  const char *known[FIELD_COUNT + OTHER_COUNT];
  for (size_t i = 0; i < FIELD_COUNT; i++) known[i] = FIELDS[i].option;
  for (size_t i = 0; i < OTHER_COUNT; i++) known[FIELD_COUNT + i] = OTHERS[i];
  return RL_REPORT(diags, UNKNOWN_OPTION, OPTIONS, option,
                   rl_did_you_mean(option, known, FIELD_COUNT + OTHER_COUNT));
}

rl_status rl_study_options_set(rl_study_options *options, rl_arena *arena, const char *option,
                               const char *value, rl_diags *diags) {
  char *kept = rl_strdup(arena, value);
  if (kept == NULL) return rl_diag_oom(diags);
  options->view.loc = OPTIONS;
  for (size_t i = 0; i < FIELD_COUNT; i++) {
    if (strcmp(FIELDS[i].option, option) != 0) continue;
    rl_text_at *field = (rl_text_at *)(void *)((char *)&options->request + FIELDS[i].offset);
    *field = (rl_text_at){.text = kept, .loc = OPTIONS};
    return RL_OK;
  }
  if (strcmp(option, "phase") == 0) return set_phase(&options->view, value, diags);
  if (strcmp(option, "context") == 0) {
    return set_tokens(&options->view.context, option, value, diags);
  }
  if (strcmp(option, "verify") == 0) {
    return set_tokens(&options->view.verify, option, value, diags);
  }
  if (strcmp(option, "explain") == 0) {
    options->view.explain = kept;
    return RL_OK;
  }
  if (strcmp(option, "set") != 0) return unknown(option, diags);
  rl_text_at *set = RL_PUSH(arena, &options->sets);
  if (set == NULL) return rl_diag_oom(diags);
  *set = (rl_text_at){.text = kept, .loc = OPTIONS};
  options->request.sets = options->sets.items;
  options->request.set_count = options->sets.count;
  return RL_OK;
}
