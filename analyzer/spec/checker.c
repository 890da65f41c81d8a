/* Words that several checks use. */
#include "spec/checker.h"

#include <ctype.h>
#include <string.h>

const char *rl_check_si(double value, const char *unit, char out[RL_NUMBER_TEXT]) {
  return rl_print_si_rounded(value, unit, 4, RL_ROUND_NEAREST, out);
}

const char *rl_check_mebibytes(const rl_checker *c, double value) {
  char number[RL_NUMBER_TEXT];
  const double mebibyte = 1024.0 * 1024;
  if (value < mebibyte)
    return rl_textf(c->load->arena, "%s B", rl_print_grouped((uint64_t)value, number));
  return rl_textf(c->load->arena, "%s MiB",
                  rl_print_grouped((uint64_t)(value / mebibyte + 0.5), number));
}

const char *rl_check_peak_name(rl_arena *arena, const rl_peak *peak) {
  const char *engine = peak->engine == RL_TENSOR ? "tensor" : "vector";
  const char *name = rl_textf(arena, "%s.%s", engine, RL_TYPES[peak->type].name);
  return name == NULL ? "" : name;
}

const rl_node *rl_check_scalar(const rl_node *node) {
  if (node != NULL && node->kind == RL_MAP) node = rl_load_get(node, "value");
  return node != NULL && node->kind == RL_SCALAR ? node : NULL;
}

bool rl_check_has_word(const char *text, const char *word) {
  size_t length = strlen(word);
  for (; *text != '\0'; text++) {
    size_t i = 0;
    while (i < length && tolower((unsigned char)text[i]) == word[i]) i++;
    if (i == length) return true;
  }
  return false;
}

bool rl_check_says_dense(const rl_peak *peak) {
  static const char *const words[] = {"dense", "half", "no sparsity", "without sparsity",
                                      "sparse figures apart"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (rl_check_has_word(peak->rate.source->text, words[i])) return true;
  }
  return false;
}

bool rl_check_says_rate(const rl_peak *peak) {
  const char *text = peak->rate.source->text;
  return rl_check_has_word(text, "half rate") || rl_check_has_word(text, "same rate");
}
