/* Running gnuplot: without a shell, with an environment and limits of its own, and never for longer
 * than it is given. */
#ifndef RL_CLI_GNUPLOT_H
#define RL_CLI_GNUPLOT_H

#include "base/diag.h"

/* A part of the script that stands in a file of its own. */
typedef struct rl_gnuplot_part {
  const char *name, *text;
} rl_gnuplot_part;

/* How a drawing begins; without `begin` with anything. */
typedef struct rl_gnuplot_form {
  const char *name, *begin, *other; /* "svg", "<?xml", "<svg"; other NULL: there is one way alone */
} rl_gnuplot_form;

typedef struct rl_gnuplot {
  const char *program;                 /* a path, or a name that is looked up in PATH */
  const char *path, *home, *libraries; /* of its environment, NULL: none */
  unsigned timeout_ms;
  const rl_gnuplot_form *form;
  bool elsewhere;   /* it writes its own files, and nothing to standard output */
  const char *kept; /* what stays when it fails, for the message: "fig.gp and fig.csv"; or NULL */
  const rl_gnuplot_part *parts; /* complaints about their lines name them */
  size_t part_count;
} rl_gnuplot;

/* Whether it is of that form: a script around gnuplot may print something before. */
bool rl_gnuplot_is_form(const rl_gnuplot_form *form, const char *text, size_t length);
/* "what it draws is no svg, but begins 'Loading'"; NULL without memory. */
const char *rl_gnuplot_odd(const rl_gnuplot_form *form, const char *text, size_t length,
                           rl_arena *arena);
/* Gives it the script on standard input; what it writes to standard output goes to `out`. Missing,
 * too old, failing, hanging, writing more than the buffer takes or what is not of the form: one
 * diagnostic, RL_ENVIRONMENT. */
rl_status rl_gnuplot_run(const rl_gnuplot *gnuplot, const rl_buf *script, rl_buf *out,
                         rl_diags *diags);

#endif
