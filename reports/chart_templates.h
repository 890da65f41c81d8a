/* The shipped looks of charts (reports/templates/), a table that is made when the program is built.
 */
#ifndef RL_REPORTS_CHART_TEMPLATES_H
#define RL_REPORTS_CHART_TEMPLATES_H

#include <stddef.h>

typedef struct rl_chart_template {
  const char *name; /* "common.gp" */
  const char *text;
} rl_chart_template;
extern const rl_chart_template RL_CHART_TEMPLATES[];
extern const size_t RL_CHART_TEMPLATE_COUNT;

#endif
