/* One combination held to the targets, and combinations against each other. */
#include <math.h>
#include <string.h>

#include "api/recommend_parts.h"
#include "base/checked.h"
#include "base/number.h"

/* The job of the fullest group. */
static rl_job share_of(rl_job job, const rl_result_option *option) {
  job.batch = rl_ceil_div(job.batch, option->data);
  return job;
}

rl_status rl_option_fit(const rl_pipeline *pipeline, rl_job job, rl_result_option *option,
                        rl_diags *diags) {
  rl_memory memory;
  rl_status status = rl_pipeline_memory_fit(pipeline, share_of(job, option), &memory, diags);
  option->batch = job.batch;
  option->memory = memory.total;
  option->usable = memory.usable;
  return status;
}

/* What the tokens of the batch cost in that time. */
static void add_price(rl_job job, rl_figure price, const rl_generation *generation, bool one_pass,
                      rl_result_option *option) {
  const double hour = 3600, million = 1e6, batch = (double)job.batch;
  const double per_hour = (double)option->devices * price.value;
  const double per_million = per_hour / hour * million;
  option->price = (rl_result_price){
      .known = true,
      .per_hour = per_hour,
      .input = per_million * generation->ttft / (batch * (double)job.prompt),
      .output = job.generate < 2
                    ? 0
                    : per_million * generation->decode / (batch * (double)(job.generate - 1))};
  option->cost = one_pass ? option->price.input
                          : per_million * generation->total / (batch * (double)job.generate);
}

static void note_times(const rl_pipeline *pipeline, rl_job job, rl_figure price,
                       const rl_generation *generation, rl_result_option *option) {
  const double batch = (double)job.batch;
  const bool one_pass = pipeline->stages[0]->cost->program->one_pass;
  option->ttft = generation->ttft;
  option->tpot = generation->tpot;
  option->decode_rate =
      generation->decode > 0 ? batch * (double)(job.generate - 1) / generation->decode : 0;
  if (one_pass) option->sequence_rate = batch / generation->ttft;
  if (price.source != NULL) add_price(job, price, generation, one_pass, option);
}

rl_status rl_option_evaluate(const rl_pipeline *pipeline, rl_job job, rl_figure price,
                             rl_result_option *option, rl_diags *diags) {
  rl_generation generation;
  rl_status status = rl_pipeline_generate(pipeline, share_of(job, option), &generation, diags);
  if (status == RL_OK) note_times(pipeline, job, price, &generation, option);
  return status;
}

rl_status rl_option_glance(const rl_pipeline *pipeline, rl_job job, rl_figure price,
                           rl_result_option *option, rl_diags *diags) {
  const double steps = (double)job.generate - 1, slack = 1 - 1e-9; /* of rounding */
  rl_generation generation = {0};
  rl_status status = rl_pipeline_first(pipeline, share_of(job, option), &generation.ttft,
                                       &generation.tpot, diags);
  if (status != RL_OK) return status;
  generation.ttft *= slack;
  generation.tpot *= slack;
  generation.decode = steps * generation.tpot;
  generation.total = generation.ttft + generation.decode;
  note_times(pipeline, job, price, &generation, option);
  return RL_OK;
}

/* What is asked for and what there is. */
typedef struct criterion {
  const char *what; /* it is told as what, need, than, have: "TPOT 73 ms > 50 ms" */
  const char *than;
  const char *unit;  /* NULL: of dollars, which take no prefix */
  double need, have; /* have 0: nothing is asked for */
} criterion;

/* Dollars take no prefix: as many digits as tell one from the other. */
static void print_dollars_apart(double need, double have, char need_text[RL_NUMBER_TEXT],
                                char have_text[RL_NUMBER_TEXT]) {
  for (int digits = 3; digits <= 17; digits++) {
    rl_print_rounded(need, digits, RL_ROUND_UP, need_text);
    rl_print_rounded(have, digits, RL_ROUND_DOWN, have_text);
    if (strcmp(need_text, have_text) != 0) return;
  }
}

/* Adds what is missed to the reasons; false when memory ran out. */
static bool hold_to(rl_arena *arena, const criterion *c, rl_result_option *option) {
  char need[RL_NUMBER_TEXT], have[RL_NUMBER_TEXT];
  if (!(c->have > 0) || c->need <= c->have) return true;
  if (c->unit != NULL) {
    rl_print_si_apart(c->need, c->have, c->unit, need, have);
  } else {
    print_dollars_apart(c->need, c->have, need, have);
  }
  const char *before = option->why == NULL ? "" : option->why;
  option->why = rl_textf(arena, "%s%s%s %s %s %s", before, option->why == NULL ? "" : "; ", c->what,
                         need, c->than, have);
  option->miss = fmax(option->miss, c->need / c->have);
  return option->why != NULL;
}

static bool hold_to_price(rl_arena *arena, const rl_targets *targets, rl_result_option *option) {
  if (!(targets->cost > 0)) return true;
  if (option->price.known) {
    const criterion cost = {"$/Mtok", ">", NULL, option->cost, targets->cost};
    return hold_to(arena, &cost, option);
  }
  option->why = option->why == NULL ? "no price is known"
                                    : rl_textf(arena, "%s; no price is known", option->why);
  option->miss = (double)INFINITY;
  return option->why != NULL;
}

bool rl_option_judge(rl_arena *arena, const rl_targets *targets, rl_result_option *option) {
  const criterion criteria[] = {
      {"needs", "of", "B", (double)option->memory, (double)option->usable},
      {"TPOT", ">", "s", option->tpot, targets->tpot},
      {option->sequence_rate > 0 ? "the pass" : "TTFT", ">", "s", option->ttft, targets->ttft},
  };
  option->why = NULL;
  option->miss = 0;
  for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
    if (!hold_to(arena, &criteria[i], option)) return false;
  }
  if (!hold_to_price(arena, targets, option)) return false;
  option->meets = option->why == NULL;
  return true;
}

static int order(double a, double b) {
  return (a > b) - (a < b);
}

/* Of two that meet the targets. */
static int compare_meeting(const rl_result_option *a, const rl_result_option *b) {
  if (a->price.known != b->price.known) return a->price.known ? -1 : 1;
  if (a->price.known) return order(a->cost, b->cost);
  if (a->devices != b->devices) return a->devices < b->devices ? -1 : 1;
  const double of_a = fmax(a->decode_rate, a->sequence_rate);
  const double of_b = fmax(b->decode_rate, b->sequence_rate);
  return order(of_b / (double)b->devices, of_a / (double)a->devices);
}

int rl_option_compare(const rl_result_option *a, const rl_result_option *b) {
  if (a->meets != b->meets) return a->meets ? -1 : 1;
  if (a->meets) return compare_meeting(a, b);
  if ((a->batch == 0) != (b->batch == 0)) return a->batch == 0 ? 1 : -1;
  return order(a->miss, b->miss);
}

/* Merges two sorted neighbours; of equals the left one comes first. */
static void merge(const rl_result_option *from, size_t left, size_t middle, size_t right,
                  rl_result_option *to) {
  size_t a = left, b = middle;
  for (size_t i = left; i < right; i++) {
    bool second = a == middle || (b < right && rl_option_compare(&from[b], &from[a]) < 0);
    to[i] = second ? from[b++] : from[a++];
  }
}

bool rl_options_sort(rl_arena *arena, rl_option_list *options) {
  const size_t count = options->count;
  rl_result_option *spare = RL_NEW_ARRAY(arena, rl_result_option, count);
  if (spare == NULL) return false;
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t left = 0; left < count; left += 2 * width) {
      size_t middle = left + width < count ? left + width : count;
      size_t right = left + 2 * width < count ? left + 2 * width : count;
      merge(options->items, left, middle, right, spare);
    }
    memcpy(options->items, spare, count * sizeof *spare);
  }
  return true;
}
