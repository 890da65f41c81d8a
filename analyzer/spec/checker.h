/* What the checks for contributors share: the tree beside the struct that was read from it, and the
 * words of their messages. Private to them. */
#ifndef RL_SPEC_CHECKER_H
#define RL_SPEC_CHECKER_H

#include "base/number.h"
#include "spec/hardware.h"
#include "spec/load.h"

typedef struct rl_checker {
  const rl_load *load;
  const rl_hardware *hardware;
} rl_checker;

#define RL_CHECK_TEXT(c, ...) rl_textf((c)->load->arena, __VA_ARGS__)
#define RL_CHECK_REPORT(c, ...) RL_REPORT((c)->load->diags, __VA_ARGS__)

/* "3.350 TB/s" */
const char *rl_check_si(double value, const char *unit, char out[RL_NUMBER_TEXT]);
/* "81,559 MiB"; NULL when memory is exhausted. */
const char *rl_check_mebibytes(const rl_checker *c, double value);
/* "tensor.bf16"; empty when memory is exhausted. */
const char *rl_check_peak_name(rl_arena *arena, const rl_peak *peak);
/* Its source says that the peak is dense, or how it was made so. */
bool rl_check_says_dense(const rl_peak *peak);
/* Its source says that its rate is not what the bits tell: one of the two at half rate, or both at
 * the same rate. */
bool rl_check_says_rate(const rl_peak *peak);
/* A figure's scalar, itself or under `value`. */
const rl_node *rl_check_scalar(const rl_node *node);
/* `word`, of small letters, in text, in any case. */
bool rl_check_has_word(const char *text, const char *word);

/* A rate against the arithmetic of its source text, when it has any; 2.5 % apart is not told. */
void rl_check_reckoning(const rl_load *load, const rl_figure *figure, rl_dimension dimension,
                        const char *what);
/* Links of a machine, against the words of their sources, their lanes and the standards of their
 * names. */
void rl_hardware_check_links(const rl_checker *c);
/* Figures that lie beyond what was ever built of that kind of memory or engine. */
void rl_hardware_check_magnitudes(const rl_checker *c);

#endif
