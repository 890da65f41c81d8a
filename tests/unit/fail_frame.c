/* Runs every golden failure. RL_FAIL_UPDATE=1 in the environment writes the .expected files anew:
 * read the difference before committing it. */
#include "fail_frame.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail_rows.h"
#include "unit.h"

enum { LOADERS_MAX = 32, CASES_MAX = 1024, PATH_BYTES = 512, TEXT_BYTES = 1 << 16 };

static struct {
  const char *folder;
  fail_loader *load;
} loaders[LOADERS_MAX];
static size_t loader_count;

static size_t case_count;

void fail_register(const char *folder, fail_loader *loader) {
  if (loader_count == LOADERS_MAX) return;
  loaders[loader_count].folder = folder;
  loaders[loader_count++].load = loader;
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

static void expected_path(const char *path, char out[PATH_BYTES]) {
  const char *dot = strrchr(path, '.');
  snprintf(out, PATH_BYTES, "%.*s.expected", (int)(dot - path), path);
}

static bool read_expected(const char *path, char text[TEXT_BYTES]) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  size_t length = fread(text, 1, TEXT_BYTES - 1, file);
  text[length] = '\0';
  fclose(file);
  return true;
}

static void write_expected(const char *path, const char *text) {
  FILE *file = fopen(path, "wb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  fputs(text, file);
  CU_ASSERT_EQUAL(fclose(file), 0);
}

/* Status and diagnostics as the .expected file writes them. */
static void render(const fail_case *c, rl_status status, rl_buf *out) {
  rl_buf_addf(out, "status %d\n", (int)status);
  for (size_t i = 0; i < c->diags->list.count; i++) {
    const rl_diag *diag = &c->diags->list.items[i];
    size_t start = out->length;
    rl_diag_print(out, diag);
    /* without its hint a line may be too little to tell */
    CU_ASSERT(out->failed || diag->hint == NULL || fail_row_of(out->text + start) == diag->code);
  }
}

static void check(const char *path, const char *got) {
  static char expected[TEXT_BYTES];
  char at[PATH_BYTES];
  expected_path(path, at);
  if (getenv("RL_FAIL_UPDATE") != NULL) write_expected(at, got);
  bool found = read_expected(at, expected);
  bool same = found && strcmp(expected, got) == 0;
  if (!same) {
    fprintf(stderr, "\n%s\nexpected:\n%sgot:\n%s", path, found ? expected : "(no file)\n", got);
  }
  CU_ASSERT(same);
}

static void run_case(fail_loader *load, const char *path) {
  rl_arena arena;
  rl_diags diags;
  rl_buf out;
  static const char *const folder = "db";
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_buf_init(&out, &arena, TEXT_BYTES);
  fail_case c = {.arena = &arena, .diags = &diags};
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, &folder, 1, &c.db, &diags), RL_OK);
  rl_status status = load(&c, path);
  CU_ASSERT((status != RL_OK) == (diags.errors > 0));
  CU_ASSERT(diags.list.count > 0);
  render(&c, status, &out);
  CU_ASSERT(!out.failed);
  check(path, out.text);
  rl_arena_free(&arena);
  case_count++;
}

static int compare(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The cases of a folder in order of their names. */
static size_t list_cases(const char *folder, char *names[CASES_MAX]) {
  size_t count = 0;
  DIR *stream = opendir(folder);
  CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
  for (struct dirent *item = readdir(stream); item != NULL; item = readdir(stream)) {
    bool case_file = ends_with(item->d_name, ".yaml") || ends_with(item->d_name, ".json");
    if (case_file && count < CASES_MAX) names[count++] = strdup(item->d_name);
  }
  closedir(stream);
  qsort(names, count, sizeof *names, compare);
  return count;
}

static void test_cases(void) {
  static char *names[CASES_MAX];
  CU_ASSERT_EQUAL_FATAL(chdir(RL_SOURCE_DIR "/tests/fail"), 0);
  for (size_t l = 0; l < loader_count; l++) {
    size_t count = list_cases(loaders[l].folder, names);
    CU_ASSERT(count > 0);
    for (size_t i = 0; i < count; i++) {
      char path[PATH_BYTES];
      snprintf(path, sizeof path, "%s/%s", loaders[l].folder, names[i]);
      run_case(loaders[l].load, path);
      free(names[i]);
    }
  }
}

static bool has_loader(const char *folder) {
  for (size_t l = 0; l < loader_count; l++) {
    if (strcmp(loaders[l].folder, folder) == 0) return true;
  }
  return strcmp(folder, "db") == 0;
}

/* A folder of cases that nobody runs would look like a test. */
static void test_folders(void) {
  DIR *stream = opendir(RL_SOURCE_DIR "/tests/fail");
  CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
  for (struct dirent *item = readdir(stream); item != NULL; item = readdir(stream)) {
    if (strchr(item->d_name, '.') != NULL) continue;
    if (!has_loader(item->d_name)) fprintf(stderr, "\nno loader: tests/fail/%s\n", item->d_name);
    CU_ASSERT(has_loader(item->d_name));
  }
  closedir(stream);
}

static void test_enough(void) {
  CU_ASSERT(case_count >= 200);
}

RL_SUITE("golden failures", {"cases", test_cases}, {"folders", test_folders},
         {"enough", test_enough})
