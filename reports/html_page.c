/* The frame of a page. Data reaches it as text or attribute values only, quoted; never a script, a
 * style or a name of an attribute. */
#include "reports/html_page.h"

#include <string.h>

#include "base/digest.h"
#include "base/quote.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1a1a1a;--dim:#5c5c5c;--paper:#fff;--line:#d5d5d5;"
    "--band:#f4f4f4;--mark:#0072b2}\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#e8e8e8;--dim:#a8a8a8;--paper:#161616;"
    "--line:#3a3a3a;--band:#212121;--mark:#56b4e9}\n"
    "figure svg{filter:invert(0.914) hue-rotate(180deg)}}\n"
    "body{margin:2rem auto;max-width:72rem;padding:0 1rem;background:var(--paper);color:var(--ink);"
    "font:15px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.5rem}h2{font-size:1.05rem;margin:2rem 0 .5rem}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:var(--dim)}"
    "dd{margin:0}\n"
    "figure{margin:1.5rem 0;overflow-x:auto}figure "
    "svg{max-width:100%;height:auto;border-radius:4px}\n"
    "figcaption{color:var(--dim);max-width:60rem}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.25rem .7rem;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:bottom}td{vertical-align:top}\n"
    ".g{text-align:center;font-weight:400;color:var(--dim);border-left:1px solid var(--line);"
    "border-right:1px solid var(--line)}.g:empty{border-left:0;border-right:0}\n"
    ".n{text-align:right;white-space:nowrap}tbody tr:nth-child(even){background:var(--band)}\n"
    "th button{all:unset;cursor:pointer;font-weight:600}th button:hover{color:var(--mark)}\n"
    "th button:focus-visible{outline:2px solid var(--mark);outline-offset:2px}\n"
    "th small{display:block;font-weight:400;color:var(--dim)}\n"
    "th[aria-sort=ascending] button::after{content:\" \\25B2\"}"
    "th[aria-sort=descending] button::after{content:\" \\25BC\"}\n"
    "pre{overflow-x:auto;background:var(--band);padding:1rem}\n"
    "@media print{th button::after{content:none}.wide{overflow:visible}}\n";

/* A click on a head sorts its table by that column, the next one the other way round; cells without
 * a value stay last, equal ones keep their order. */
static const char script[] =
    "\"use strict\";\n"
    "function cellValue(row, column) {\n"
    "  var cell = row.cells[column], raw = cell.getAttribute(\"data-v\");\n"
    "  if (raw !== null) return Number(raw);\n"
    "  return cell.textContent === \"-\" ? null : cell.textContent;\n"
    "}\n"
    "function compareValues(a, b, sign) {\n"
    "  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);\n"
    "  if (typeof a === \"number\" && typeof b === \"number\") return sign * (a - b);\n"
    "  return sign * String(a).localeCompare(String(b), \"en\");\n"
    "}\n"
    "function sortBy(head) {\n"
    "  var table = head.closest(\"table\"), body = table.tBodies[0], column = head.cellIndex;\n"
    "  var sign = head.getAttribute(\"aria-sort\") === \"ascending\" ? -1 : 1;\n"
    "  table.querySelectorAll(\"th\").forEach(function (other) {\n"
    "    other.removeAttribute(\"aria-sort\");\n"
    "  });\n"
    "  head.setAttribute(\"aria-sort\", sign > 0 ? \"ascending\" : \"descending\");\n"
    "  Array.from(body.rows).sort(function (a, b) {\n"
    "    return compareValues(cellValue(a, column), cellValue(b, column), sign);\n"
    "  }).forEach(function (row) { body.appendChild(row); });\n"
    "}\n"
    "document.querySelectorAll(\"th button\").forEach(function (button) {\n"
    "  button.addEventListener(\"click\", function () { sortBy(button.closest(\"th\")); });\n"
    "});\n";

static void quote(rl_buf *out, const char *text) {
  if (text == NULL) out->failed = true;
  if (text != NULL) rl_quote(out, RL_QUOTE_XML, text);
}

/* 'sha256-...' as content security policies name what stands inside an element (CSP Level 3,
 * 2.3.1). */
static void add_hash(rl_buf *out, const char *text) {
  unsigned char digest[RL_SHA256_BYTES];
  rl_sha256(text, strlen(text), digest);
  rl_buf_add(out, "'sha256-");
  rl_base64_add(out, digest, sizeof digest);
  rl_buf_add(out, "'");
}

void rl_html_begin(rl_buf *out, const char *title) {
  rl_buf_add(out,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "base-uri 'none'; form-action 'none'; style-src ");
  add_hash(out, style);
  rl_buf_add(out, "; script-src ");
  add_hash(out, script);
  rl_buf_add(out,
             "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"generator\" content=\"rooflinectl " RL_VERSION "\">\n<title>");
  quote(out, title);
  rl_buf_add(out, "</title>\n<style>");
  rl_buf_add(out, style);
  rl_buf_add(out, "</style>\n</head>\n<body>\n<h1>");
  quote(out, title);
  rl_buf_add(out, "</h1>\n");
}

void rl_html_heading(rl_buf *out, const char *text) {
  rl_buf_add(out, "<h2>");
  quote(out, text);
  rl_buf_add(out, "</h2>\n");
}

/* Ids are of a page, and each chart brings the same ones: inside of tags they get a number. */
static void add_svg(rl_buf *out, const char *svg, size_t number) {
  static const char *const marks[] = {" id=\"", " id='", "href=\"#", "href='#", "url(#"};
  bool inside = false;
  for (const char *at = svg, *from = svg;; at++) {
    size_t length = 0;
    if (*at == '<' || *at == '>') inside = *at == '<';
    for (size_t i = 0; inside && i < sizeof marks / sizeof *marks && length == 0; i++) {
      if (strncmp(at, marks[i], strlen(marks[i])) == 0) length = strlen(marks[i]);
    }
    if (length == 0 && *at != '\0') continue;
    rl_buf_addn(out, from, (size_t)(at - from) + length);
    if (*at == '\0') return;
    rl_buf_addf(out, "c%zu-", number);
    from = at + length;
    at = from - 1;
  }
}

/* What stands before the element <svg> belongs to files, not to a page. */
void rl_html_add_chart(rl_buf *out, const rl_html_chart *chart, size_t number) {
  const char *svg = "";
  if (chart->svg != NULL) {
    svg = chart->svg->failed || chart->svg->text == NULL ? NULL : strstr(chart->svg->text, "<svg");
  }
  if (svg == NULL) {
    out->failed = true;
    return;
  }
  rl_buf_add(out, "<figure>\n");
  add_svg(out, svg, number);
  rl_buf_add(out, "<figcaption>");
  quote(out, chart->caption);
  rl_buf_add(out, "</figcaption>\n</figure>\n");
}

static void head_cell(rl_buf *out, const rl_column *column) {
  if (column->head == NULL) return;
  rl_buf_add(out, column->left ? "<th>" : "<th class=\"n\">");
  if (column->head[0] != '\0') {
    rl_buf_add(out, "<button type=\"button\">");
    quote(out, column->head);
    rl_buf_add(out, "</button>");
  }
  if (column->unit != NULL) {
    rl_buf_add(out, "<small>");
    quote(out, column->unit);
    rl_buf_add(out, "</small>");
  }
  rl_buf_add(out, "</th>");
}

static bool same_group(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void group_cell(rl_buf *out, const char *group, unsigned span) {
  if (span == 0) return;
  rl_buf_addf(out, "<th class=\"g\" colspan=\"%u\">", span);
  quote(out, group == NULL ? "" : group);
  rl_buf_add(out, "</th>");
}

/* Headings that neighbouring columns share, over them; nothing where there are none. */
static void group_row(rl_buf *out, const rl_grid *grid) {
  const char *group = NULL;
  unsigned span = 0;
  bool any = false;
  for (size_t c = 0; c < grid->column_count; c++) {
    any = any || (grid->columns[c].head != NULL && grid->columns[c].group != NULL);
  }
  if (!any) return;
  rl_buf_add(out, "<tr>");
  for (size_t c = 0; c < grid->column_count; c++) {
    const rl_column *column = &grid->columns[c];
    if (column->head == NULL) continue;
    if (!same_group(group, column->group)) {
      group_cell(out, group, span);
      span = 0;
    }
    group = column->group;
    span++;
  }
  group_cell(out, group, span);
  rl_buf_add(out, "</tr>\n");
}

/* Numbers are sorted by what they are, not by how they look. */
static void body_cell(rl_buf *out, const rl_grid *grid, size_t row, size_t column) {
  char text[RL_NUMBER_TEXT];
  const rl_cell *cell = &grid->rows.items[row][column];
  rl_buf_add(out, grid->columns[column].left ? "<td" : "<td class=\"n\"");
  if (cell->kind == RL_CELL_COUNT || cell->kind == RL_CELL_REAL) {
    const double value = cell->kind == RL_CELL_COUNT ? (double)cell->count : cell->real;
    rl_buf_add(out, " data-v=\"");
    rl_buf_add(out, rl_print_double(value, text));
    rl_buf_add(out, "\"");
  }
  rl_buf_add(out, ">");
  quote(out, rl_grid_display(grid, row, column, rl_grid_decimals(grid, column)));
  rl_buf_add(out, "</td>");
}

void rl_html_table(rl_buf *out, const char *title, const rl_grid *grid) {
  if (grid->failed) out->failed = true;
  if (out->failed) return;
  rl_html_heading(out, title);
  rl_buf_add(out, "<div class=\"wide\"><table>\n<thead>\n");
  group_row(out, grid);
  rl_buf_add(out, "<tr>");
  for (size_t c = 0; c < grid->column_count; c++) head_cell(out, &grid->columns[c]);
  rl_buf_add(out, "</tr></thead>\n<tbody>\n");
  for (size_t r = 0; r < grid->rows.count; r++) {
    rl_buf_add(out, "<tr>");
    for (size_t c = 0; c < grid->column_count; c++) {
      if (grid->columns[c].head != NULL) body_cell(out, grid, r, c);
    }
    rl_buf_add(out, "</tr>\n");
  }
  rl_buf_add(out, "</tbody>\n</table></div>\n");
}

void rl_html_end(rl_buf *out) {
  rl_buf_add(out, "<script>");
  rl_buf_add(out, script);
  rl_buf_add(out, "</script>\n</body>\n</html>\n");
}
