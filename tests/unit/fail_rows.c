/* Every row of diag_table.def is shown in full, message and hint, by an expected text: a golden
 * failure, a hostile document, a case of the command line, or a unit test that is listed here
 * because no input leads to its state. */
#include "fail_rows.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { LINE_BYTES = 4096 };

typedef struct row {
  rl_severity severity;
  int status; /* rl_status or RL_WRONG_VALUE */
  const char *name, *message, *hint;
} row;

static const row rows[RL_D_COUNT] = {
#define RL_DIAG(name, severity, status, message, hint) {severity, status, #name, message, hint},
#include "base/diag_table.def"
#undef RL_DIAG
};

/* States that no input leads to, or only one too large to store, and the test of tests/unit that
 * compares the line. */
static const struct {
  rl_diag_code code;
  const char *file;
} unit_only[] = {
    {RL_D_PROBE_BESIDE, "cli_outside.c"},  {RL_D_PROBE_BELOW, "cli_outside.c"},
    {RL_D_PROBE_CHANGED, "cli_outside.c"},
    {RL_D_PROBE_DISTURBED, "cli_probe.c"}, {RL_D_ENGINE_STRANGE, "engine_strange.c"},
    {RL_D_ENGINE_WEIGHT, "engine_strange.c"},
    {RL_D_INTERNAL, "base_diag.c"},          {RL_D_BYTES_DIFFER, "base_diag.c"},
    {RL_D_DOC_SCALAR_SIZE, "doc_hostile.c"}, {RL_D_FOLDER_LARGE, "spec_db.c"},
    {RL_D_NO_MODEL, "api_study.c"},          {RL_D_BAD_POINT, "graph_point.c"},
    {RL_D_NO_METHODS, "graph_errors.c"},     {RL_D_POINT_EMPTY, "time_generate.c"},
    {RL_D_ENGINE_FORMAT, "engine_api.c"},    {RL_D_ENGINE_TOO_LARGE, "engine_api.c"},
    {RL_D_ENGINE_PASS, "engine_api.c"},      {RL_D_DIM_UNKNOWN, "spec_config.c"},      {RL_D_GGUF_NO_FACT, "spec_gguf.c"},
    {RL_D_GGUF_ARCHITECTURE, "spec_gguf.c"}, {RL_D_GGUF_PART, "spec_gguf.c"},
    {RL_D_GGUF_TENSOR, "spec_gguf.c"},       {RL_D_GGUF_TYPE, "spec_gguf.c"},
    {RL_D_GGUF_SPLIT, "spec_gguf.c"},
    {RL_D_GGUF_ALIGNMENT, "spec_gguf.c"},
    {RL_D_STORED_ROWS, "api_gguf.c"},
    {RL_D_STORED_TYPE, "api_gguf.c"},        {RL_D_STORED_UNUSED, "api_gguf.c"},
    {RL_D_STORED_FORMAT, "api_safetensors.c"}, {RL_D_QUANTIZATION_UNSTORED, "api_safetensors.c"}, {RL_D_CONFIG_TYPE_STORED, "api_safetensors.c"},
    {RL_D_GGUF_FACT, "api_gguf.c"},
    {RL_D_STORED_BESIDE, "api_safetensors.c"},
    {RL_D_STORED_BYTES, "api_safetensors.c"},
    {RL_D_SAFETENSORS_WRONG, "spec_safetensors.c"},
    {RL_D_SAFETENSORS_TYPE, "spec_safetensors.c"},
    {RL_D_SAFETENSORS_COUNT, "spec_safetensors.c"},
    {RL_D_SAFETENSORS_TOTAL, "spec_safetensors.c"},
    {RL_D_SAFETENSORS_ABSENT, "spec_safetensors.c"},
    {RL_D_FILE_SHAPE, "engine_files.c"},     {RL_D_FILE_LAYOUT, "engine_files.c"},
    {RL_D_FILE_VALUE, "engine_files.c"},     {RL_D_FILE_GROUP, "engine_files.c"},
    {RL_D_GNUPLOT_HANGS, "cli_gnuplot.c"},
};

static bool held[RL_D_COUNT];

static bool is_slot(const char *at) {
  return at[0] == '{' && at[1] >= '0' && at[1] <= '9' && at[2] == '}';
}

static bool ends(char c) {
  return c == '\0' || c == '\n';
}

static bool matches(const char *pattern, const char *text) {
  for (; *pattern != '\0' && !is_slot(pattern); pattern++, text++) {
    if (*pattern != *text) return false;
  }
  if (*pattern == '\0') return ends(*text);
  for (pattern += 3; !ends(*text);) {
    if (matches(pattern, ++text)) return true;
  }
  return false;
}

/* Bytes of a pattern that are its own. */
static size_t weight(const char *pattern) {
  size_t bytes = 0;
  for (; *pattern != '\0'; pattern++) {
    if (is_slot(pattern)) pattern += 2;
    bytes++;
  }
  return bytes;
}

static rl_diag_code row_of_words(const char *words, rl_severity severity) {
  char pattern[LINE_BYTES];
  size_t best = 0;
  rl_diag_code found = RL_D_COUNT;
  for (int code = 0; code < RL_D_COUNT; code++) {
    const row *r = &rows[code];
    const char *dash = r->hint[0] == '\0' ? "" : " \u2014 ";
    snprintf(pattern, sizeof pattern, "%s%s%s", r->message, dash, r->hint);
    if (r->severity != severity || weight(pattern) <= best || !matches(pattern, words)) continue;
    best = weight(pattern);
    found = (rl_diag_code)code;
  }
  return found;
}

rl_diag_code fail_row_of(const char *line) {
  static const char *const severities[] = {"error: ", "warning: ", "note: "};
  for (const char *at = line; !ends(*at); at++) {
    if (at != line && at[-1] != ' ') continue;
    for (int s = 0; s < 3; s++) {
      size_t length = strlen(severities[s]);
      if (strncmp(at, severities[s], length) != 0) continue;
      return row_of_words(at + length, (rl_severity)s);
    }
  }
  return RL_D_COUNT;
}

static FILE *open_file(const char *path) {
  FILE *file = fopen(path, "rb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  return file;
}

/* What the row's error on that line ends the program with. */
static int status_of(rl_diag_code code, const char *line) {
  if (rows[code].severity != RL_ERROR) return RL_OK;
  if (rows[code].status != RL_WRONG_VALUE) return rows[code].status;
  return strstr(line, "<command line>: ") != NULL ? RL_USAGE : RL_BAD_INPUT;
}

/* Marks the rows that stand in the file and returns the worst status of its errors. */
static int mark_lines(const char *path, int *said) {
  char line[LINE_BYTES];
  int worst = 0;
  FILE *file = open_file(path);
  while (fgets(line, sizeof line, file) != NULL) {
    rl_diag_code code = fail_row_of(line);
    sscanf(line, "status %d", said);
    if (code == RL_D_COUNT) continue;
    held[code] = true;
    int status = status_of(code, line);
    if (status > worst) worst = status;
  }
  fclose(file);
  return worst;
}

static void mark_files(const char *pattern, size_t least, bool with_status) {
  glob_t found;
  CU_ASSERT_EQUAL_FATAL(glob(pattern, 0, NULL, &found), 0);
  CU_ASSERT(found.gl_pathc >= least);
  for (size_t i = 0; i < found.gl_pathc; i++) {
    int said = -1, worst = mark_lines(found.gl_pathv[i], &said);
    if (with_status && said < worst) fprintf(stderr, "\n%s: status %d\n", found.gl_pathv[i], said);
    CU_ASSERT(!with_status || said >= worst);
  }
  globfree(&found);
}

/* The next text in the source, literals side by side joined; false at the end. */
static bool next_text(FILE *file, char text[LINE_BYTES]) {
  size_t length = 0;
  bool inside = false, any = false;
  for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
    if (inside && c == '\\') {
      c = fgetc(file);
    } else if (c == '"') {
      inside = !inside;
      any = true;
      continue;
    }
    if (inside && length + 1 < LINE_BYTES) text[length++] = (char)c;
    if (!inside && any && strchr(" \t\n", c) == NULL) break;
  }
  text[length] = '\0';
  return any;
}

static bool source_shows(const char *name, rl_diag_code code) {
  char path[LINE_BYTES], text[LINE_BYTES];
  bool found = false;
  snprintf(path, sizeof path, RL_SOURCE_DIR "/tests/unit/%s", name);
  FILE *file = open_file(path);
  while (!found && next_text(file, text)) found = fail_row_of(text) == code;
  fclose(file);
  return found;
}

static void test_every_row(void) {
  mark_files(RL_SOURCE_DIR "/tests/fail/*/*.expected", 80, true);
  mark_files(RL_SOURCE_DIR "/tests/cli/cases/*.case", 80, false);
  mark_files(RL_SOURCE_DIR "/tests/hostile/expected.txt", 1, false);
  for (size_t i = 0; i < sizeof unit_only / sizeof *unit_only; i++) {
    const char *name = rows[unit_only[i].code].name;
    bool shown = source_shows(unit_only[i].file, unit_only[i].code);
    if (!shown) fprintf(stderr, "\n%s does not show %s in full\n", unit_only[i].file, name);
    if (held[unit_only[i].code]) fprintf(stderr, "\n%s has a case: strike it off\n", name);
    CU_ASSERT(shown && !held[unit_only[i].code]);
    held[unit_only[i].code] = true;
  }
  for (int code = 0; code < RL_D_COUNT; code++) {
    if (!held[code]) fprintf(stderr, "\nno expected text shows %s in full\n", rows[code].name);
    CU_ASSERT(held[code]);
  }
}

/* What the matching must refuse, else the rows above prove little. */
static void test_matching(void) {
  CU_ASSERT_EQUAL(fail_row_of("f:1:2: error: merge keys (<<) are not read — write the keys out\n"),
                  RL_D_KEY_MERGE);
  CU_ASSERT_EQUAL(fail_row_of("! f: error: merge keys (<<) are not read"), RL_D_COUNT);
  CU_ASSERT_EQUAL(fail_row_of("f: note: merge keys (<<) are not read — write the keys out"),
                  RL_D_COUNT);
  CU_ASSERT_EQUAL(fail_row_of("error: cannot be opened: "), RL_D_COUNT);
  CU_ASSERT_EQUAL(fail_row_of("error: cannot be opened: no such file"), RL_D_FILE_OPEN);
  CU_ASSERT_EQUAL(fail_row_of("error: map a is empty of words"), RL_D_COUNT);
}

RL_SUITE("rows of the table", {"matching", test_matching}, {"every row", test_every_row})
