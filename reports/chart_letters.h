/* How wide texts are on a canvas, and how long ones are shortened. */
#ifndef RL_REPORTS_CHART_LETTERS_H
#define RL_REPORTS_CHART_LETTERS_H

#include "reports/chart.h"

/* Width and height of a line of text, in units of the canvas. The widths are those of DejaVu Sans,
 * the widest of the fonts that a chart meets, so that no text takes more room than it was given. */
double rl_letters_width(const rl_canvas *canvas, const char *text);
double rl_letters_height(const rl_canvas *canvas);
/* A distance between neighbours: half a letter's height, a character at a terminal. */
double rl_letters_gap(const rl_canvas *canvas);
/* The text if it is at most so wide, else its beginning and its end around an ellipsis: what tells
 * long names apart stands at either end. NULL when memory ran out. */
const char *rl_letters_fit(rl_arena *arena, const rl_canvas *canvas, const char *text,
                           double width);
/* Cuts the text at blanks into lines of at most the width, `most` of them: the last one is
 * shortened when that is too few. Returns how many there are; a line is NULL when memory ran out.
 */
size_t rl_letters_wrap(rl_arena *arena, const rl_canvas *canvas, const char *text, double width,
                       const char **lines, size_t most);

#endif
