/* Pareto fronts and ranks. A point is on the front when no other one is at least as good in all
 * objectives and better in one; equal points are on it together. */
#include <string.h>

#include "api/sweep_select.h"

static const char prefix[] = "pareto:";

double rl_objective_value(rl_sweep_figure figure, double value) {
  return RL_SWEEP_FIGURE_TABLE[figure].better == RL_BETTER_MORE ? -value : value;
}

/* False of what is no figure that is better when less or more, or is there. */
static bool add_objective(rl_objectives *objectives, rl_sweep_figure figure) {
  if (figure == RL_SWEEP_FIGURES || RL_SWEEP_FIGURE_TABLE[figure].better == RL_BETTER_NONE) {
    return false;
  }
  for (size_t i = 0; i < objectives->count; i++) {
    if (objectives->figures[i] == figure) return false;
  }
  if (objectives->count >= RL_OBJECTIVES_MAX) return false;
  objectives->figures[objectives->count++] = figure;
  return true;
}

/* False where a part is no figure or one of an earlier part. */
static bool split(const char *text, char separator, rl_objectives *out) {
  const char stop[] = {separator, '\0'};
  *out = (rl_objectives){.count = 0};
  for (const char *part = text; part != NULL;) {
    const size_t length = strcspn(part, stop);
    if (!add_objective(out, rl_sweep_figure_named(part, length))) return false;
    part = part[length] == '\0' ? NULL : part + length + 1;
  }
  return true;
}

rl_status rl_objectives_parse(rl_text_at text, rl_objectives *out, rl_diags *diags) {
  return split(text.text, ',', out) ? RL_OK : rl_objectives_refuse(text, diags);
}

/* The figures that can be asked for, in the order of their columns. */
static const char *ranked_words(rl_arena *arena) {
  const char *words = "";
  for (int f = 0; f < RL_SWEEP_FIGURES && words != NULL; f++) {
    if (RL_SWEEP_FIGURE_TABLE[f].better == RL_BETTER_NONE) continue;
    words = rl_textf(arena, "%s%s%s", words, words[0] == '\0' ? "" : ", ",
                     RL_SWEEP_FIGURE_TABLE[f].word);
  }
  return words;
}

rl_status rl_objectives_refuse(rl_text_at text, rl_diags *diags) {
  const char *meant =
      rl_sweep_figure_find(text.text) == RL_SWEEP_FIGURES ? rl_sweep_figure_meant(text.text) : NULL;
  const char *hint = meant != NULL ? rl_textf(diags->arena, "did you mean '%s'?", meant)
                                   : ranked_words(diags->arena);
  if (hint == NULL) return rl_diag_oom(diags);
  if (meant == NULL) hint = rl_textf(diags->arena, "%s, each once", hint);
  if (hint == NULL) return rl_diag_oom(diags);
  return RL_REPORT(diags, BAD_OBJECTIVE, text.loc, text.text, hint);
}

const char *rl_objectives_key(rl_arena *arena, const rl_objectives *objectives) {
  const char *key = prefix;
  for (size_t i = 0; i < objectives->count && key != NULL; i++) {
    key = rl_textf(arena, "%s%s%s", key, i > 0 ? "+" : "",
                   RL_SWEEP_FIGURE_TABLE[objectives->figures[i]].word);
  }
  return key;
}

bool rl_objectives_of_key(const char *key, rl_objectives *out) {
  const size_t length = sizeof prefix - 1;
  *out = (rl_objectives){.count = 0};
  return strncmp(key, prefix, length) == 0 && split(key + length, '+', out);
}

void rl_objectives_add_column(rl_sweep_columns *columns, const char *key) {
  if (columns->count == 0 || columns->count >= RL_GRID_COLUMNS) return;
  columns->items[columns->count] = columns->items[columns->count - 1];
  columns->items[columns->count - 1] = (rl_sweep_column){
      .column = {.key = key, .head = "Pareto"}, .source = RL_FROM_FRONT, .word = "pareto"};
  columns->count++;
}

/* As good in all objectives. */
static bool is_covered(const rl_point_values *point, const rl_point_values *by, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (by->of[i] > point->of[i]) return false;
  }
  return true;
}

bool rl_front_add(rl_front *front, rl_arena *arena, const rl_point_values *point) {
  const size_t count = front->objectives->count;
  size_t kept = 0;
  for (size_t i = 0; i < front->list.count; i++) {
    if (is_covered(point, &front->list.items[i], count)) return true;
  }
  for (size_t i = 0; i < front->list.count; i++) {
    if (is_covered(&front->list.items[i], point, count)) continue;
    front->list.items[kept++] = front->list.items[i];
  }
  front->list.count = kept;
  rl_point_values *slot = RL_PUSH(arena, &front->list);
  if (slot == NULL) return false;
  *slot = *point;
  return true;
}

bool rl_front_has(const rl_front *front, const rl_point_values *point) {
  const size_t count = front->objectives->count;
  for (size_t i = 0; i < front->list.count; i++) {
    const rl_point_values *other = &front->list.items[i];
    if (is_covered(other, point, count) && is_covered(point, other, count)) return true;
  }
  return false;
}

static bool stands_before(const rl_ranked *a, const rl_ranked *b) {
  return a->value != b->value ? a->value < b->value : a->point < b->point;
}

bool rl_ranking_offer(rl_ranking *ranking, double value, uint64_t point, size_t *slot) {
  rl_ranked one = {value, point, ranking->count};
  const bool full = ranking->count == ranking->most;
  if (ranking->most == 0) return false;
  if (full && !stands_before(&one, &ranking->items[ranking->count - 1])) return false;
  if (full) one.slot = ranking->items[--ranking->count].slot;
  size_t at = ranking->count++;
  for (; at > 0 && stands_before(&one, &ranking->items[at - 1]); at--) {
    ranking->items[at] = ranking->items[at - 1];
  }
  ranking->items[at] = one;
  *slot = one.slot;
  return true;
}
