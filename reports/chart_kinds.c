/* The table of kinds, and what their functions share: passes with the names that tell them apart.
 */
#include "reports/chart_kinds.h"

#include <string.h>

#include "base/names.h"
#include "reports/report.h"

const rl_chart_kind RL_CHART_KINDS[] = {
    {"roofline", "operators under the roofs of the machine: what bounds each, and how far", "1",
     rl_chart_build_roofline, false},
    {"time", "where the time of a pass goes: a bar an operator, coloured by its bound", "1",
     rl_chart_build_time, false},
    {"bytes", "what each operator moves: weights, KV cache, activations, states, links", "1",
     rl_chart_build_bytes, false},
    {"memory", "weights, KV cache and activations against what the device has, batch by batch",
     "1,16,64,256", rl_chart_build_memory, false},
    {"lines",
     "any figure over any key that is a list, --y over --x, a curve for each combination of the "
     "others",
     "1,2,4,8,16,32,64,128,256", rl_chart_build_lines, true},
    {"pareto",
     "throughput of a device against latency for a user, or what --pareto has marked, with the "
     "front that is best in both",
     "1,4,16,64,256", rl_chart_build_pareto, true},
};
const size_t RL_CHART_KIND_COUNT = sizeof RL_CHART_KINDS / sizeof *RL_CHART_KINDS;

const rl_chart_kind *rl_chart_kind_find(const char *name) {
  for (size_t i = 0; i < RL_CHART_KIND_COUNT; i++) {
    if (strcmp(RL_CHART_KINDS[i].name, name) == 0) return &RL_CHART_KINDS[i];
  }
  return NULL;
}

static bool fits_some(const char *const *patterns, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (rl_name_glob(patterns[i], name)) return true;
  }
  return count == 0;
}

bool rl_chart_shows(const rl_chart_input *input, const char *operator_name) {
  return fits_some(input->only, input->only_count, operator_name);
}

bool rl_chart_names(const rl_chart_input *input, const char *operator_name) {
  return fits_some(input->label, input->label_count, operator_name);
}

/* What may tell subjects apart, in the order in which it is told. */
enum { MODEL, MACHINE, WEIGHTS, KV, PHASE, BATCH, TRAITS };

/* Of the name that is shown: servers where they have one, else devices. */
static uint64_t machines_of(const rl_result_system *system) {
  return system->servers > 0 ? system->servers : system->devices;
}

static const char *trait_of(rl_chart *chart, const rl_chart_subject *s, int trait) {
  char number[RL_NUMBER_TEXT];
  const rl_result *r = s->result;
  switch (trait) {
    case MODEL:
      return r->model;
    case MACHINE:
      if (machines_of(s->system) == 1) return s->machine;
      rl_print_grouped(machines_of(s->system), number);
      return rl_chart_keep(chart, rl_textf(chart->grid.arena, "%sx %s", number, s->machine));
    case WEIGHTS:
      return r->weights;
    case KV:
      return r->kv_k == NULL ? "" : r->kv_k;
    case PHASE:
      return s->pass == NULL ? "" : s->pass->phase;
    default:
      if (s->pass == NULL) return "";
      return rl_chart_keep(
          chart, rl_textf(chart->grid.arena, "batch %s", rl_print_grouped(s->pass->batch, number)));
  }
}

static bool differs(rl_chart *chart, const rl_chart_subjects *subjects, int trait) {
  for (size_t i = 1; i < subjects->count; i++) {
    const char *first = trait_of(chart, &subjects->items[0], trait);
    if (strcmp(first, trait_of(chart, &subjects->items[i], trait)) != 0) return true;
  }
  return false;
}

/* "bf16 KV" beside "bf16" of the weights. */
static const char *told(rl_chart *chart, const char *trait, int which) {
  if (which != KV) return trait;
  return rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s KV", trait));
}

/* Files of one name in two folders are two machines. */
static void name_machines(rl_chart_subjects *subjects) {
  for (size_t i = 0; i < subjects->count; i++) {
    const rl_result_system *system = subjects->items[i].system;
    subjects->items[i].machine = system->name;
    for (size_t j = 0; j < subjects->count && system->file != NULL; j++) {
      const rl_result_system *other = subjects->items[j].system;
      if (strcmp(other->name, system->name) != 0 || other->file == NULL) continue;
      if (strcmp(other->file, system->file) != 0) subjects->items[i].machine = system->file;
    }
  }
}

/* Names of what differs; what stands alone is named by its machine. */
static void name_subjects(rl_chart *chart, rl_chart_subjects *subjects) {
  bool tells[TRAITS] = {false}, any = false;
  name_machines(subjects);
  for (int t = 0; t < TRAITS; t++) {
    tells[t] = differs(chart, subjects, t);
    any |= tells[t];
  }
  if (!any) tells[MACHINE] = true;
  for (size_t i = 0; i < subjects->count; i++) {
    const char *name = "";
    for (int t = 0; t < TRAITS; t++) {
      if (!tells[t]) continue;
      const char *trait = told(chart, trait_of(chart, &subjects->items[i], t), t);
      name = rl_chart_keep(
          chart, rl_textf(chart->grid.arena, "%s%s%s", name, name[0] == '\0' ? "" : ", ", trait));
    }
    subjects->items[i].name = name;
  }
}

static void add_subject(rl_chart *chart, rl_chart_subjects *subjects,
                        const rl_chart_subject *subject) {
  rl_chart_subject *slot = RL_PUSH(chart->grid.arena, subjects);
  if (slot == NULL) {
    chart->failed = true;
  } else {
    *slot = *subject;
  }
}

void rl_chart_list_subjects(rl_chart *chart, const rl_chart_input *input,
                            rl_chart_subjects *subjects) {
  *subjects = (rl_chart_subjects){0};
  for (size_t r = 0; r < input->result_count; r++) {
    for (size_t s = 0; s < input->results[r]->system_count; s++) {
      const rl_result_system *system = &input->results[r]->systems[s];
      for (size_t b = 0; system->pass_count > 0 && b < system->batch_count; b++) {
        add_subject(chart, subjects,
                    &(rl_chart_subject){.result = input->results[r],
                                        .system = system,
                                        .pass = rl_shown_pass(system, b),
                                        .batch = b});
      }
    }
  }
  name_subjects(chart, subjects);
}

void rl_chart_list_systems(rl_chart *chart, const rl_chart_input *input,
                           rl_chart_subjects *subjects) {
  *subjects = (rl_chart_subjects){0};
  for (size_t r = 0; r < input->result_count; r++) {
    for (size_t s = 0; s < input->results[r]->system_count; s++) {
      add_subject(chart, subjects,
                  &(rl_chart_subject){.result = input->results[r],
                                      .system = &input->results[r]->systems[s]});
    }
  }
  name_subjects(chart, subjects);
}

/* The different values of a trait. */
static size_t values_of(rl_chart *chart, const rl_chart_subjects *subjects, int trait,
                        const char **values) {
  size_t count = 0;
  for (size_t i = 0; i < subjects->count; i++) {
    const char *value = trait_of(chart, &subjects->items[i], trait);
    size_t at = 0;
    while (at < count && strcmp(values[at], value) != 0) at++;
    if (at == count) values[count++] = value;
  }
  return count;
}

/* ", weights bf16 and w4a16-g128": what the subjects have of a trait. */
static const char *with_trait(rl_chart *chart, const rl_chart_subjects *subjects, const char *text,
                              int trait, const char *before) {
  enum { MOST = 8 };
  const char **values = RL_NEW_ARRAY(chart->grid.arena, const char *, subjects->count);
  if (values == NULL) chart->failed = true;
  if (values == NULL) return text;
  const size_t count = values_of(chart, subjects, trait, values);
  if (values[0][0] == '\0') return text;
  return rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s%s%s", text, before,
                                       rl_chart_listed(chart, values, count, MOST, ", ")));
}

const char *rl_chart_restricted(rl_chart *chart, const rl_chart_input *input) {
  enum { MOST = 8 };
  char number[RL_NUMBER_TEXT];
  rl_arena *arena = chart->grid.arena;
  const char *text = "";
  if (input->only_count > 0) {
    text = rl_textf(arena, " Of the operators, these alone: %s.",
                    rl_chart_listed(chart, input->only, input->only_count, MOST, ", "));
    text = rl_chart_keep(chart, text);
  }
  if (input->where_count > 0) {
    text = rl_textf(arena, " Only points of which this holds: %s.",
                    rl_chart_listed(chart, input->where, input->where_count, MOST, "; "));
    text = rl_chart_keep(chart, text);
  }
  if (input->best != NULL && input->best[0] != '\0') {
    text = rl_chart_keep(chart, rl_textf(arena, "%s Only the %s.", text, input->best));
  }
  if (input->measured_count > 0) {
    text = rl_textf(arena, "%s Measured kernels beside them: %s of %s.", text,
                    rl_print_grouped(input->measured_count, number), input->points);
    text = rl_chart_keep(chart, text);
  }
  if (input->label_count == 0) return text;
  return rl_chart_keep(
      chart, rl_textf(arena, "%s Named, of the points: %s.", text,
                      rl_chart_listed(chart, input->label, input->label_count, MOST, ", ")));
}

const char *rl_chart_common(rl_chart *chart, const rl_chart_input *input) {
  char prompt[RL_NUMBER_TEXT], generate[RL_NUMBER_TEXT];
  rl_chart_subjects subjects;
  rl_chart_list_subjects(chart, input, &subjects);
  if (subjects.count == 0) return "";
  const rl_result *result = input->results[0];
  const char *text = with_trait(chart, &subjects, "", MODEL, "");
  text = with_trait(chart, &subjects, text, MACHINE, text[0] == '\0' ? "" : " on ");
  text = with_trait(chart, &subjects, text, WEIGHTS, ", weights ");
  text = with_trait(chart, &subjects, text, KV, ", KV ");
  text = with_trait(chart, &subjects, text, PHASE, ", ");
  text = with_trait(chart, &subjects, text, BATCH, ", ");
  return rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s, %s prompt and %s generated tokens",
                                       text, rl_print_grouped(result->prompt, prompt),
                                       rl_print_grouped(result->generate, generate)));
}
