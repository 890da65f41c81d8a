/* A chart's files: names that no program reads as more than names, all whole or not there. */
#include "cli/plot_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/destinations.h"
#include "cli/folder.h"
#include "cli/gnuplot.h"
#include "cli/output.h"
#include "doc/tree.h"
#include "reports/chart_page.h"
#include "reports/chart_templates.h"

enum { CHART_MAX = 64 * 1024 * 1024, TEMPLATE_MAX = 1 << 20, TIMEOUT_MS = 30000 };
#define POINTS_PER_INCH 72.0

static const struct {
  const char *extension;
  rl_terminal terminal;
} forms[] = {{"svg", RL_TERMINAL_SVG}, {"pdf", RL_TERMINAL_PDF}, {"png", RL_TERMINAL_PNG},
             {"eps", RL_TERMINAL_EPS}, {"tex", RL_TERMINAL_TEX}, {"txt", RL_TERMINAL_TEXT},
             {"html", RL_TERMINAL_SVG}};

/* Of a chart for LaTeX the drawing beside its text. */
static const rl_gnuplot_form drawings[RL_TERMINALS] = {
    [RL_TERMINAL_SVG] = {"svg", "<?xml", "<svg"},
    [RL_TERMINAL_PDF] = {"pdf", "%PDF", NULL},
    [RL_TERMINAL_PNG] = {"png", "\x89PNG\r\n\x1a\n", NULL},
    [RL_TERMINAL_EPS] = {"eps", "%!PS", NULL},
    [RL_TERMINAL_TEX] = {"pdf", "%PDF", NULL},
    [RL_TERMINAL_TEX_EPS] = {"eps", "%!PS", NULL}};

/* In the order of --for's choices: inches, points. Widths are those of one column (NeurIPS: of the
 * text) in the venues' LaTeX classes: acmart sigconf 241.1 pt, IEEEtran 252 pt, USENIX 3.33 in,
 * ICML 3.25 in, NeurIPS 5.5 in. */
static const rl_canvas canvases[] = {
    {480, 330, 9, false, 0},
    {3.33 * POINTS_PER_INCH, 2.4 * POINTS_PER_INCH, 8, false, 0},
    {3.5 * POINTS_PER_INCH, 2.5 * POINTS_PER_INCH, 8, false, 0},
    {3.33 * POINTS_PER_INCH, 2.4 * POINTS_PER_INCH, 8, false, 0},
    {3.25 * POINTS_PER_INCH, 2.35 * POINTS_PER_INCH, 8, false, 0},
    {5.5 * POINTS_PER_INCH, 3.4 * POINTS_PER_INCH, 9, false, 0},
    {10 * POINTS_PER_INCH, 5.6 * POINTS_PER_INCH, 18, false, 0},
};
static const rl_canvas characters = {79, 28, 1, true, 0};

static rl_status refuse_file(rl_session *session, const char *file, const char *what,
                             const char *hint) {
  return RL_REPORT(&session->diags, CHART_FILE, RL_COMMAND_LINE, file, what, hint);
}

/* Names stand in the script and in LaTeX: what either reads as more than a name is refused. */
static bool is_plain(const char *name) {
  for (const char *at = name; *at != '\0'; at++) {
    const bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
    const bool digit = *at >= '0' && *at <= '9';
    if (!letter && !digit && strchr("._-", *at) == NULL) return false;
  }
  return name[0] != '\0' && name[0] != '.' && name[0] != '-';
}

static rl_status read_form(rl_session *session, const char *file, rl_plot_target *out) {
  const char *slash = strrchr(file, '/');
  const char *base = slash == NULL ? file : slash + 1;
  const char *dot = strrchr(base, '.');
  out->folder = rl_strndup(&session->arena, file, (size_t)(base - file));
  out->sheet.name = rl_strndup(&session->arena, base, dot == NULL ? 0 : (size_t)(dot - base));
  if (out->folder == NULL || out->sheet.name == NULL) return rl_diag_oom(&session->diags);
  if (dot == NULL || !is_plain(base) || !is_plain(out->sheet.name)) {
    return refuse_file(session, file, "its name is not letters, digits, . _ - and an extension",
                       "for example roofline.svg");
  }
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    if (strcmp(dot + 1, forms[i].extension) != 0) continue;
    out->sheet.terminal = forms[i].terminal;
    out->sheet.extension = forms[i].extension;
    return RL_OK;
  }
  return refuse_file(session, file, "its extension names no form of a chart",
                     "one of: .svg .pdf .png .eps .tex .txt .html, or - for characters");
}

rl_status rl_plot_aim(rl_session *session, const char *file, rl_plot_target *out) {
  *out = (rl_plot_target){.file = file, .folder = "", .sheet = {.terminal = RL_TERMINAL_TEXT}};
  rl_status status = rl_output_is_stdout(file) ? RL_OK : read_form(session, file, out);
  const bool latex = out->sheet.terminal == RL_TERMINAL_TEX;
  const rl_arguments *a = &session->arguments;
  if (latex && rl_argument_choice(a, RL_O_TEX, 0) != 0) out->sheet.terminal = RL_TERMINAL_TEX_EPS;
  out->canvas = canvases[rl_argument_choice(&session->arguments, RL_O_FOR, 0)];
  if (out->sheet.terminal == RL_TERMINAL_TEXT) out->canvas = characters;
  return status;
}

/* folder/templates/name when it is a file, else NULL. */
static const char *template_in(rl_session *session, const char *folder, const char *name) {
  struct stat info;
  if (folder == NULL) return NULL;
  const char *path = rl_textf(&session->arena, "%s/templates/%s", folder, name);
  if (path == NULL) rl_diag_oom(&session->diags);
  return path != NULL && stat(path, &info) == 0 && S_ISREG(info.st_mode) ? path : NULL;
}

/* The first of the folders that somebody named, and of the user's own, that has it. */
static const char *find_template(rl_session *session, const char *name) {
  size_t count = 0;
  const rl_text_at *given = rl_argument_all(&session->arguments, &session->arena, RL_O_DB, &count);
  for (size_t i = 0; given != NULL && i < count; i++) {
    const char *path = template_in(session, given[i].text, name);
    if (path != NULL) return path;
  }
  for (const char *from = session->environment.database; from != NULL && *from != '\0';) {
    const size_t length = strcspn(from, ":");
    const char *folder = rl_strndup(&session->arena, from, length);
    const char *path = length > 0 ? template_in(session, folder, name) : NULL;
    if (path != NULL) return path;
    from += length;
    from += *from == ':';
  }
  return template_in(session, rl_session_user_folder(session), name);
}

/* The text of a template; NULL after a diagnostic, "" when there is none of that name. where: its
 * path, or its name. */
static const char *read_template(rl_session *session, const char *name, const char **where) {
  const char *path = find_template(session, name), *text = NULL;
  size_t length;
  *where = path == NULL ? name : path;
  for (size_t i = 0; path == NULL && i < RL_CHART_TEMPLATE_COUNT; i++) {
    if (strcmp(RL_CHART_TEMPLATES[i].name, name) == 0) return RL_CHART_TEMPLATES[i].text;
  }
  if (path == NULL) return "";
  if (rl_read_file(&session->arena, path, TEMPLATE_MAX, &text, &length, &session->diags) != RL_OK) {
    return NULL;
  }
  RL_REPORT(&session->diags, TEMPLATE_TAKEN, (rl_loc){0}, name, path);
  return text;
}

/* Writes `prefix`.`name`.`extension` and adds the path to the list of what is there. */
static rl_status write_beside(rl_session *session, const rl_plot_target *target,
                              const char *extension, const rl_buf *text, rl_few_names *written) {
  const char *path =
      rl_textf(&session->arena, "%s%s.%s", target->folder, target->sheet.name, extension);
  if (path == NULL || text->failed) return rl_diag_oom(&session->diags);
  rl_status status = rl_output_file(path, text, &session->arena, &session->diags);
  if (status == RL_OK) rl_few_names_add(written, path, SIZE_MAX);
  return status;
}

/* An existing file whose beginning no chart of ours has: its first line says what wrote it. */
static rl_status check_mark(rl_session *session, const char *path, const char *mark) {
  enum { LARGEST = CHART_MAX };
  struct stat info;
  const char *text = NULL;
  size_t length = 0;
  if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) return RL_OK;
  rl_status status = rl_read_file(&session->arena, path, LARGEST, &text, &length, &session->diags);
  if (status != RL_OK || strncmp(text, mark, strlen(mark)) == 0) return status;
  return RL_REPORT(&session->diags, CHART_TAKES, RL_COMMAND_LINE, path,
                   "which no chart has written");
}

/* Of a chart of ours another part stands beside a file that has no mark of its own. */
static void check_beside(rl_session *session, const rl_plot_target *target, const char *path,
                         const char *extension) {
  struct stat info;
  const char *other =
      rl_textf(&session->arena, "%s%s.%s", target->folder, target->sheet.name, extension);
  if (other == NULL) {
    rl_diag_oom(&session->diags);
  } else if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && !rl_path_exists(other)) {
    RL_REPORT(&session->diags, CHART_TAKES, RL_COMMAND_LINE, path, "which no chart has written");
  }
}

/* Before anything is written: a chart takes several names, and none may be of a file of the
 * user's. The drawing itself was named. */
static rl_status check_places(rl_session *session, const rl_plot_target *target,
                              const rl_sheet *sheet) {
  const bool latex = sheet->terminal == RL_TERMINAL_TEX || sheet->terminal == RL_TERMINAL_TEX_EPS;
  const struct {
    const char *extension, *mark, *beside;
  } places[] = {{"csv", "layer,", NULL},
                {"gp", "# A ", NULL},
                {"caption.txt", NULL, "gp"},
                {sheet->extension, NULL, NULL},
                {sheet->terminal == RL_TERMINAL_TEX ? "pdf" : "eps", NULL, latex ? "gp" : NULL}};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    const char *path = rl_textf(&session->arena, "%s%s.%s", target->folder, target->sheet.name,
                                places[i].extension);
    if (path == NULL) return rl_diag_oom(&session->diags);
    if (rl_session_reads(session, path)) {
      return RL_REPORT(&session->diags, CHART_TAKES, RL_COMMAND_LINE, path, "which it is made of");
    }
    if (places[i].mark != NULL) check_mark(session, path, places[i].mark);
    if (places[i].beside != NULL) check_beside(session, target, path, places[i].beside);
  }
  return rl_diags_status(&session->diags);
}

/* The script for gnuplot's standard input: what stands beside the chart, with the data in it. */
rl_status rl_plot_draw(rl_session *session, const rl_chart *chart, const rl_sheet *sheet,
                       const char *kept, rl_buf *out) {
  const char *program = session->environment.gnuplot;
  rl_gnuplot_part parts[2];
  for (size_t i = 0; i < sheet->template_count && i < 2; i++) {
    parts[i] = (rl_gnuplot_part){sheet->template_names[i], sheet->templates[i]};
  }
  const rl_gnuplot gnuplot = {.program = program == NULL ? "gnuplot" : program,
                              .path = session->environment.path,
                              .home = session->environment.home,
                              .libraries = session->environment.libraries,
                              .timeout_ms = TIMEOUT_MS,
                              .form = &drawings[sheet->terminal],
                              .elsewhere = sheet->place != NULL,
                              .kept = kept,
                              .parts = parts,
                              .part_count = sheet->template_count < 2 ? sheet->template_count : 2};
  rl_sheet inner = *sheet;
  rl_buf script, drawn;
  inner.alone = true;
  rl_buf_init(&script, &session->arena, CHART_MAX);
  rl_chart_gnuplot(&script, chart, &inner);
  if (script.failed) return rl_diag_oom(&session->diags);
  rl_buf_init(&drawn, &session->arena, CHART_MAX);
  rl_status status = rl_gnuplot_run(&gnuplot, &script, &drawn, &session->diags);
  if (status != RL_OK) return status;
  if (sheet->terminal == RL_TERMINAL_SVG) {
    rl_chart_name_svg(out, chart, &drawn);
  } else if (drawn.length > 0) {
    /* gnuplot's characters begin with a new page, which is no part of the chart */
    const size_t page = sheet->terminal == RL_TERMINAL_TEXT && drawn.text[0] == '\f';
    rl_buf_addn(out, drawn.text + page, drawn.length - page);
  }
  return out->failed ? rl_diag_oom(&session->diags) : RL_OK;
}

/* Dates that cairo and gnuplot write into PDF and EPS are overwritten in place: the same chart is
 * the same bytes. Digits behind the mark become those of an early day; nothing moves. */
static bool still_date(rl_buf *chart, const char *mark, const char *date) {
  const size_t length = strlen(mark);
  for (size_t at = 0; at + length + strlen(date) < chart->length; at++) {
    if (memcmp(chart->text + at, mark, length) != 0) continue;
    memcpy(chart->text + at + length, date, strlen(date));
    return true;
  }
  return false;
}

static rl_status write_sources(rl_session *session, const rl_plot_target *target,
                               const rl_sheet *sheet, const rl_chart *chart,
                               rl_few_names *written) {
  rl_buf script, data;
  rl_buf_init(&script, &session->arena, CHART_MAX);
  rl_buf_init(&data, &session->arena, CHART_MAX);
  rl_chart_gnuplot(&script, chart, sheet);
  rl_chart_csv(&data, chart);
  rl_status status = write_beside(session, target, "gp", &script, written);
  return status == RL_OK ? write_beside(session, target, "csv", &data, written) : status;
}

static void still_dates(rl_buf *chart) {
  static const char early[] = "Sat Jan  1 00:00:00 2000";
  still_date(chart, "%%CreationDate: ", early);
  if (still_date(chart, "/CreationDate (D:", "20000101000000")) return;
  still_date(chart, "/CreationDate (", early);
}

/* A file that gnuplot wrote, moved to where it belongs. */
static rl_status take_file(rl_session *session, const rl_plot_target *target, const char *place,
                           const char *extension, rl_few_names *written) {
  const char *text;
  rl_buf copy;
  const char *path = rl_textf(&session->arena, "%s/%s.%s", place, target->sheet.name, extension);
  if (path == NULL) return rl_diag_oom(&session->diags);
  rl_buf_init(&copy, &session->arena, CHART_MAX);
  size_t length = 0;
  rl_status status =
      rl_read_file(&session->arena, path, CHART_MAX, &text, &length, &session->diags);
  unlink(path);
  if (status != RL_OK) return status;
  rl_buf_addn(&copy, text, length);
  still_dates(&copy);
  return write_beside(session, target, extension, &copy, written);
}

/* What is wrong with a file that a gnuplot that ended well was asked for; NULL: nothing, or,
 * reported, it cannot be read. */
static const char *find_fault(rl_session *session, const char *path, const char *extension,
                              const rl_gnuplot_form *form) {
  const char *text = "", *fault;
  size_t length = 0;
  if (access(path, R_OK) != 0) {
    fault = rl_textf(&session->arena, "it writes no %s", extension);
  } else {
    if (strcmp(form->name, extension) != 0) return NULL; /* the text of LaTeX */
    rl_status status =
        rl_read_file(&session->arena, path, CHART_MAX, &text, &length, &session->diags);
    if (status != RL_OK || rl_gnuplot_is_form(form, text, length)) return NULL;
    fault = rl_gnuplot_odd(form, text, length, &session->arena);
  }
  if (fault == NULL) rl_diag_oom(&session->diags);
  return fault;
}

static rl_status check_drawn(rl_session *session, const rl_plot_target *target,
                             const rl_sheet *inner, const char *extension, const char *kept) {
  const char *path =
      rl_textf(&session->arena, "%s/%s.%s", inner->place, target->sheet.name, extension);
  const char *hint = rl_textf(&session->arena, "%s are kept", kept);
  if (path == NULL || hint == NULL) return rl_diag_oom(&session->diags);
  const char *fault = find_fault(session, path, extension, &drawings[inner->terminal]);
  if (fault == NULL) return rl_diags_status(&session->diags);
  return RL_REPORT(&session->diags, GNUPLOT_FAILED, (rl_loc){0}, fault, hint);
}

/* A folder of its own, which no interrupt leaves behind; NULL after a diagnostic. */
static char *scratch_folder(rl_session *session, const rl_plot_target *target,
                            const char *const *parts) {
  const char *names[RL_SCRATCH_FILES];
  char *place = rl_textf(&session->arena, "%s.%s.XXXXXX", target->folder, target->sheet.name);
  bool whole = place != NULL;
  for (size_t i = 0; i < RL_SCRATCH_FILES; i++) {
    names[i] = rl_textf(&session->arena, "%s.%s", target->sheet.name, parts[i]);
    whole = whole && names[i] != NULL;
  }
  if (!whole) {
    rl_diag_oom(&session->diags);
    return NULL;
  }
  if (mkdtemp(place) == NULL) {
    RL_REPORT(&session->diags, CANNOT_WRITE, (rl_loc){0}, place, strerror(errno));
    return NULL;
  }
  if (rl_output_scratch(place, names, &session->arena)) return place;
  rmdir(place);
  rl_diag_oom(&session->diags);
  return NULL;
}

/* LaTeX's text and drawing are two files that gnuplot names itself: they are drawn in a folder of
 * their own. */
static rl_status draw_latex(rl_session *session, const rl_plot_target *target,
                            const rl_sheet *sheet, const rl_chart *chart, rl_few_names *written,
                            const char *kept) {
  const char *const parts[RL_SCRATCH_FILES] = {"tex",
                                               sheet->terminal == RL_TERMINAL_TEX ? "pdf" : "eps"};
  rl_sheet inner = *sheet;
  rl_buf nothing;
  char *place = scratch_folder(session, target, parts);
  if (place == NULL) return rl_diags_status(&session->diags);
  inner.place = place;
  rl_buf_init(&nothing, &session->arena, CHART_MAX);
  rl_status status = rl_plot_draw(session, chart, &inner, kept, &nothing);
  for (size_t i = 0; i < RL_SCRATCH_FILES && status == RL_OK; i++) {
    status = check_drawn(session, target, &inner, parts[i], kept);
  }
  for (size_t i = 0; i < RL_SCRATCH_FILES && status == RL_OK; i++) {
    status = take_file(session, target, place, parts[i], written);
  }
  for (size_t i = 0; i < RL_SCRATCH_FILES; i++) {
    const char *path = rl_textf(&session->arena, "%s/%s.%s", place, target->sheet.name, parts[i]);
    if (path != NULL) unlink(path);
  }
  rmdir(place);
  rl_output_scratch(NULL, NULL, &session->arena);
  return status;
}

/* A page around the chart, with its data as a table. */
static rl_status wrap(rl_session *session, const rl_chart *chart, rl_buf *drawn) {
  rl_buf page;
  rl_buf_init(&page, &session->arena, CHART_MAX);
  rl_chart_page(&page, chart, drawn);
  *drawn = page;
  return page.failed ? rl_diag_oom(&session->diags) : RL_OK;
}

rl_status rl_plot_inline(rl_session *session, const rl_chart_kind *kind,
                         const rl_chart_input *input, rl_html_chart *out) {
  const rl_plot_target target = {
      .folder = "", .sheet = {.terminal = RL_TERMINAL_SVG}, .canvas = canvases[0]};
  rl_buf *svg = RL_NEW(&session->arena, rl_buf);
  if (svg == NULL) return rl_diag_oom(&session->diags);
  rl_chart chart;
  rl_chart_init(&chart, &session->arena, kind->name, &target.canvas);
  kind->build(&chart, input);
  if (chart.failed) return rl_diag_oom(&session->diags);
  if (chart.crowd != NULL) {
    const char *says = rl_textf(&session->arena, "No %s: more than %zu %s cannot be told apart.",
                                kind->name, chart.crowd_limit, chart.crowd);
    *out = (rl_html_chart){NULL, says};
    return says == NULL ? rl_diag_oom(&session->diags) : RL_OK;
  }
  rl_buf_init(svg, &session->arena, CHART_MAX);
  *out = (rl_html_chart){svg, chart.caption};
  return rl_plot_write(session, &target, &chart, svg);
}

static rl_status draw_file(rl_session *session, const rl_plot_target *target, const rl_sheet *sheet,
                           const rl_chart *chart, rl_few_names *written, const char *kept) {
  rl_buf drawn;
  rl_buf_init(&drawn, &session->arena, CHART_MAX);
  rl_status status = rl_plot_draw(session, chart, sheet, kept, &drawn);
  if (status != RL_OK) return status;
  still_dates(&drawn);
  if (strcmp(sheet->extension, "html") == 0) status = wrap(session, chart, &drawn);
  if (status != RL_OK) return status;
  return write_beside(session, target, sheet->extension, &drawn, written);
}

static rl_status write_chart(rl_session *session, const rl_plot_target *target,
                             const rl_sheet *sheet, const rl_chart *chart) {
  rl_buf caption;
  rl_few_names written = {.count = 0}, kept = {.count = 0};
  rl_buf_init(&caption, &session->arena, CHART_MAX);
  rl_buf_init(&written.text, &session->arena, 65536);
  rl_buf_init(&kept.text, &session->arena, 65536);
  rl_status status = check_places(session, target, sheet);
  if (status == RL_OK) status = write_sources(session, target, sheet, chart, &kept);
  if (status != RL_OK) return status;
  const bool latex = sheet->terminal == RL_TERMINAL_TEX || sheet->terminal == RL_TERMINAL_TEX_EPS;
  status =
      (latex ? draw_latex : draw_file)(session, target, sheet, chart, &written, kept.text.text);
  if (status != RL_OK) return status;
  rl_chart_caption(&caption, chart);
  status = write_beside(session, target, "caption.txt", &caption, &written);
  if (status != RL_OK) return status;
  const char *all = rl_textf(&session->arena, "%s, %s", written.text.text, kept.text.text);
  if (all == NULL) return rl_diag_oom(&session->diags);
  return RL_REPORT(&session->diags, CHART_WROTE, (rl_loc){0}, all);
}

rl_status rl_plot_write(rl_session *session, const rl_plot_target *target, const rl_chart *chart,
                        rl_buf *out) {
  const char *own = rl_textf(&session->arena, "%s.gp", chart->kind);
  const char *where[2] = {NULL, NULL};
  const char *templates[] = {read_template(session, "common.gp", &where[0]),
                             own == NULL ? NULL : read_template(session, own, &where[1])};
  rl_sheet sheet = target->sheet;
  if (own == NULL) return rl_diag_oom(&session->diags);
  if (templates[0] == NULL || templates[1] == NULL) return rl_diags_status(&session->diags);
  sheet.templates = templates;
  sheet.template_names = where;
  sheet.template_count = sizeof templates / sizeof *templates;
  if (sheet.name != NULL) return write_chart(session, target, &sheet, chart);
  return rl_plot_draw(session, chart, &sheet, NULL, out);
}
