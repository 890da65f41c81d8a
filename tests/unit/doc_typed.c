/* Typed reads of scalars, unknown keys, reading files. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doc_help.h"
#include "unit.h"

#define BAD(code, message, hint) \
  { RL_D_##code, 1, 4, message, hint }

typedef struct refusal {
  const char *text;
  doc_expected expected;
} refusal;

/* Reads the value of "x: TEXT" into somewhere that must stay untouched on failure. */
typedef rl_status reader(const rl_node *node, rl_diags *diags);

static void check_refusals(reader *read, const refusal *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char yaml[512];
    doc_case c;
    snprintf(yaml, sizeof yaml, "x: %s", cases[i].text);
    doc_yaml(&c, yaml);
    CU_ASSERT_FATAL(c.root != NULL);
    CU_ASSERT_EQUAL(read(c.root->items[0], &c.diags), RL_BAD_INPUT);
    CU_ASSERT_EQUAL(c.diags.list.count, 1);
    doc_expect(&c, 0, &cases[i].expected);
    doc_close(&c);
  }
}

static rl_status read_layers(const rl_node *node, rl_diags *diags) {
  uint64_t value = 77;
  rl_status status = rl_node_u64(node, "layers", 1, 4096, &value, diags);
  CU_ASSERT((status == RL_OK) == (value != 77));
  return status;
}

static void test_u64(void) {
  static const refusal cases[] = {
      {"0", BAD(VALUE_RANGE, "layers: 0 is out of range", "allowed: 1 to 4096")},
      {"4097", BAD(VALUE_RANGE, "layers: 4097 is out of range", "allowed: 1 to 4096")},
      {"-5", BAD(VALUE_RANGE, "layers: -5 is out of range", "allowed: 1 to 4096")},
      {"1000000000000000000000000000000",
       BAD(VALUE_RANGE, "layers: 1000000000000000000000000000000 is out of range",
           "allowed: 1 to 4096")},
      {"010",
       BAD(VALUE_WHOLE, "layers: '010' is not a whole number", "leave out the leading zero")},
      {"1_000",
       BAD(VALUE_WHOLE, "layers: '1_000' is not a whole number", "leave out the underscores")},
      {"1,5", BAD(VALUE_WHOLE, "layers: '1,5' is not a whole number",
                  "use a point for decimals and nothing for thousands")},
      {"0x20",
       BAD(VALUE_WHOLE, "layers: '0x20' is not a whole number", "write it in decimal digits")},
      {"1:30", BAD(VALUE_WHOLE, "layers: '1:30' is not a whole number", NULL)},
      {"3.0", BAD(VALUE_WHOLE, "layers: '3.0' is not a whole number",
                  "write it in plain digits, without point or exponent")},
      {"1e3", BAD(VALUE_WHOLE, "layers: '1e3' is not a whole number",
                  "write it in plain digits, without point or exponent")},
      {"many", BAD(VALUE_WHOLE, "layers: 'many' is not a whole number", NULL)},
      {"'32'",
       BAD(VALUE_KIND, "layers: expected a whole number, got a quoted text", "remove the quotes")},
      {"{}", BAD(VALUE_KIND, "layers: expected a whole number, got a map", NULL)},
      {"[1]", BAD(VALUE_KIND, "layers: expected a whole number, got a list", NULL)},
      {"~", BAD(VALUE_KIND, "layers: expected a whole number, got nothing", NULL)},
  };
  check_refusals(read_layers, cases, sizeof cases / sizeof *cases);
  doc_case c;
  uint64_t value = 0;
  doc_yaml(&c, "[1, 4096, 9007199254740993, 18446744073709551615]");
  static const uint64_t expected[] = {1, 4096, UINT64_C(9007199254740993), UINT64_MAX};
  for (size_t i = 0; i < 4; i++) {
    CU_ASSERT_EQUAL(rl_node_u64(c.root->items[i], "n", 1, UINT64_MAX, &value, &c.diags), RL_OK);
    CU_ASSERT_EQUAL(value, expected[i]);
  }
  doc_close(&c);
}

static rl_status read_share(const rl_node *node, rl_diags *diags) {
  double value = 77;
  rl_status status = rl_node_double(node, "share", 0, 1, &value, diags);
  CU_ASSERT((status == RL_OK) == (value != 77));
  return status;
}

static void test_double(void) {
  static const refusal cases[] = {
      {"1.5", BAD(VALUE_RANGE, "share: 1.5 is out of range", "allowed: 0 to 1")},
      {"-0.1", BAD(VALUE_RANGE, "share: -0.1 is out of range", "allowed: 0 to 1")},
      {"1e400", BAD(VALUE_RANGE, "share: 1e400 is out of range", "allowed: 0 to 1")},
      {"1e-400", BAD(VALUE_RANGE, "share: 1e-400 is out of range", "allowed: 0 to 1")},
      {"nan", BAD(VALUE_NUMBER, "share: 'nan' is not a number", "only finite numbers are read")},
      {".inf", BAD(VALUE_NUMBER, "share: '.inf' is not a number", "only finite numbers are read")},
      {"-inf", BAD(VALUE_NUMBER, "share: '-inf' is not a number", "only finite numbers are read")},
      {"0x1p-3",
       BAD(VALUE_NUMBER, "share: '0x1p-3' is not a number", "write it in decimal digits")},
      {"0_1", BAD(VALUE_NUMBER, "share: '0_1' is not a number", "leave out the underscores")},
      {"0,5", BAD(VALUE_NUMBER, "share: '0,5' is not a number",
                  "use a point for decimals and nothing for thousands")},
      {"00.5", BAD(VALUE_NUMBER, "share: '00.5' is not a number", "leave out the leading zero")},
      {".5", BAD(VALUE_NUMBER, "share: '.5' is not a number", "put a digit before the point")},
      {"50 %", BAD(VALUE_NUMBER, "share: '50 %' is not a number", NULL)},
      {"\"0.5\"",
       BAD(VALUE_KIND, "share: expected a number, got a quoted text", "remove the quotes")},
  };
  check_refusals(read_share, cases, sizeof cases / sizeof *cases);
  doc_case c;
  double value = 0;
  doc_yaml(&c, "[0, 1, 0.5, 5e-1, -0.0, 1e-300]");
  static const double expected[] = {0, 1, 0.5, 0.5, 0, 1e-300};
  for (size_t i = 0; i < 6; i++) {
    CU_ASSERT_EQUAL(rl_node_double(c.root->items[i], "n", 0, 1, &value, &c.diags), RL_OK);
    CU_ASSERT_EQUAL(value, expected[i]);
  }
  rl_node_double(c.root->items[2], "n", 2, (double)INFINITY, &value, &c.diags);
  doc_expect(
      &c, 0,
      &(doc_expected){RL_D_VALUE_RANGE, 1, 8, "n: 0.5 is out of range", "allowed: 2 to any size"});
  doc_close(&c);
}

static rl_status read_flag(const rl_node *node, rl_diags *diags) {
  bool value;
  return rl_node_bool(node, "flag", &value, diags);
}

static void test_bool(void) {
  static const char hint[] = "write true or false, without quotes";
  static const refusal cases[] = {
      {"yes", BAD(VALUE_BOOL, "flag: 'yes' is neither true nor false", hint)},
      {"no", BAD(VALUE_BOOL, "flag: 'no' is neither true nor false", hint)},
      {"True", BAD(VALUE_BOOL, "flag: 'True' is neither true nor false", hint)},
      {"1", BAD(VALUE_BOOL, "flag: '1' is neither true nor false", hint)},
      {"'true'", BAD(VALUE_BOOL, "flag: 'true' is neither true nor false", hint)},
      {"[true]", BAD(VALUE_KIND, "flag: expected true or false, got a list", NULL)},
  };
  check_refusals(read_flag, cases, sizeof cases / sizeof *cases);
  doc_case c;
  bool value = false;
  doc_yaml(&c, "[true, false]");
  CU_ASSERT(rl_node_bool(c.root->items[0], "f", &value, &c.diags) == RL_OK && value);
  CU_ASSERT(rl_node_bool(c.root->items[1], "f", &value, &c.diags) == RL_OK && !value);
  doc_close(&c);
}

static rl_status read_name(const rl_node *node, rl_diags *diags) {
  const char *value;
  return rl_node_name(node, "name", &value, diags);
}

static void test_names(void) {
  static const char hint[] = "1 to 128 bytes, all of them printable";
  static const refusal cases[] = {
      {"\"\"", BAD(VALUE_NAME, "name: '' is not a name", hint)},
      {"\"a\\nb\"", BAD(VALUE_NAME, "name: 'a\nb' is not a name", hint)},
      {"\"a\\u202Eb\"", BAD(VALUE_NAME,
                            "name: 'a\xE2\x80\xAE"
                            "b' is not a name",
                            hint)},
      {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
       "12345678901234567890123456789012345678",
       BAD(VALUE_NAME,
           "name: '012345678901234567890123456789012345678901234567890123456789...' is not a name",
           hint)},
      {"{a: b}", BAD(VALUE_KIND, "name: expected a text, got a map", NULL)},
      {"null", BAD(VALUE_KIND, "name: expected a text, got nothing", NULL)},
  };
  check_refusals(read_name, cases, sizeof cases / sizeof *cases);
  doc_case c;
  const char *value = NULL;
  doc_yaml(&c, "[h100, 'H 200', 7, true, \xE6\x9C\xAC, 'null', \"a\\nb\"]");
  for (size_t i = 0; i < 6; i++) {
    CU_ASSERT_EQUAL(rl_node_name(c.root->items[i], "n", &value, &c.diags), RL_OK);
    CU_ASSERT_PTR_EQUAL(value, c.root->items[i]->text);
  }
  CU_ASSERT_EQUAL(rl_node_text(c.root->items[6], "n", &value, &c.diags), RL_OK);
  CU_ASSERT_STRING_EQUAL(value, "a\nb");
  doc_close(&c);
}

static void test_known_keys(void) {
  static const char *const known[] = {"bandwidth", "capacity", "name"};
  doc_case c;
  doc_yaml(&c, "name: x\nbandwith: 1\ncapacity: 2\ncolour: 3\n");
  CU_ASSERT_EQUAL(rl_node_known_keys(c.root, "memory", known, 3, &c.diags), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(c.diags.list.count, 2);
  doc_expect(&c, 0,
             &(doc_expected){RL_D_KEY_UNKNOWN, 2, 1, "unknown key 'bandwith' in memory",
                             "did you mean 'bandwidth'?"});
  doc_expect(&c, 1,
             &(doc_expected){RL_D_KEY_UNKNOWN, 4, 1, "unknown key 'colour' in memory", NULL});
  doc_close(&c);
  doc_yaml(&c, "[a]");
  CU_ASSERT_EQUAL(rl_node_known_keys(c.root, "memory", known, 3, &c.diags), RL_BAD_INPUT);
  doc_expect(&c, 0,
             &(doc_expected){RL_D_VALUE_KIND, 1, 1, "memory: expected a map, got a list", NULL});
  doc_close(&c);
  doc_yaml(&c, "capacity: 2\n");
  CU_ASSERT_EQUAL(rl_node_known_keys(c.root, "memory", known, 3, &c.diags), RL_OK);
  doc_close(&c);
}

/* Excerpts of texts around the length at which they are cut: 63 bytes stand, of 64 the first 60. */
static void test_excerpts(void) {
  for (size_t length = 55; length < 75; length++) {
    char yaml[128] = "[", expected[160] = "n: '";
    doc_case c;
    uint64_t value = 0;
    memset(yaml + 1, 'a', length);
    memcpy(yaml + 1 + length, "]", 2);
    size_t keep = length < 64 ? length : 60;
    memset(expected + 4, 'a', keep);
    snprintf(expected + 4 + keep, 40, "%s' is not a whole number", length < 64 ? "" : "...");
    doc_yaml(&c, yaml);
    rl_node_u64(c.root->items[0], "n", 0, 1, &value, &c.diags);
    doc_expect(&c, 0, &(doc_expected){RL_D_VALUE_WHOLE, 1, 2, expected, NULL});
    doc_close(&c);
  }
}

/* A folder of our own for files; its path is static. */
static const char *scratch(const char *name) {
  static char folder[64], path[128];
  if (folder[0] == '\0') {
    snprintf(folder, sizeof folder, "doc_typed.XXXXXX");
    if (mkdtemp(folder) == NULL) folder[0] = '\0';
  }
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void write_file(const char *path, size_t size) {
  FILE *file = fopen(path, "wb");
  CU_ASSERT_FATAL(file != NULL);
  for (size_t i = 0; i < size; i++) fputc('a' + (int)(i % 26), file);
  fclose(file);
}

static void check_read(const char *path, size_t limit, const doc_expected *expected) {
  doc_case c;
  const char *text = NULL;
  size_t length = 0;
  doc_open(&c);
  rl_status status = rl_read_file(&c.arena, path, limit, &text, &length, &c.diags);
  if (expected == NULL) {
    CU_ASSERT(status == RL_OK && text != NULL && strlen(text) == length && length == limit);
    CU_ASSERT(length == 0 || text[length - 1] == 'a' + (int)((length - 1) % 26));
  } else {
    CU_ASSERT(status != RL_OK && text == NULL);
    doc_expect(&c, 0, expected);
  }
  doc_close(&c);
}

static void test_read_file(void) {
  static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 100000};
  const char *path = scratch("file");
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    write_file(path, sizes[i]);
    check_read(path, sizes[i], NULL);
  }
  check_read(path, 99999, &(doc_expected){RL_D_FILE_SIZE, 0, 0, "larger than 99999 bytes", NULL});
  unlink(path);
  check_read(path, 10,
             &(doc_expected){RL_D_FILE_OPEN, 0, 0, "cannot be opened: no such file", NULL});
  path = scratch("pipe");
  CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
  doc_expected not_regular = {RL_D_FILE_KIND, 0, 0, "not a regular file",
                              "give a file, or - for standard input"};
  check_read(path, 10, &not_regular); /* returns at once although nobody writes */
  unlink(path);
  check_read("/dev/zero", 10, &not_regular);
  check_read(".", 10, &not_regular);
  rmdir(scratch(""));
}

/* Standard input from a pipe, longer than the first block. */
static void test_standard_input(void) {
  int ends[2], saved = dup(STDIN_FILENO);
  CU_ASSERT_FATAL(pipe(ends) == 0);
  char block[20000];
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)('a' + (int)(i % 26));
  CU_ASSERT_EQUAL(write(ends[1], block, sizeof block), (ssize_t)sizeof block);
  close(ends[1]);
  dup2(ends[0], STDIN_FILENO);
  check_read("-", sizeof block, NULL);
  check_read("-", 0, NULL); /* at its end now */
  dup2(saved, STDIN_FILENO);
  close(ends[0]);
  close(saved);
  int zero[2];
  CU_ASSERT_FATAL(pipe(zero) == 0);
  CU_ASSERT_EQUAL(write(zero[1], block, 5000), 5000);
  close(zero[1]);
  saved = dup(STDIN_FILENO);
  dup2(zero[0], STDIN_FILENO);
  check_read("-", 4000, &(doc_expected){RL_D_FILE_SIZE, 0, 0, "larger than 4000 bytes", NULL});
  dup2(saved, STDIN_FILENO);
  close(zero[0]);
  close(saved);
}

/* A descriptor that cannot be read: the system's fault, another exit status. */
static void test_read_error(void) {
  int saved = dup(STDIN_FILENO);
  doc_case c;
  const char *text = NULL;
  size_t length = 0;
  close(STDIN_FILENO);
  doc_open(&c);
  CU_ASSERT_EQUAL(rl_read_file(&c.arena, "-", 10, &text, &length, &c.diags), RL_ENVIRONMENT);
  doc_expect(&c, 0,
             &(doc_expected){RL_D_FILE_READ, 0, 0, "cannot be read: the system refuses", NULL});
  CU_ASSERT_STRING_EQUAL(c.diags.list.items[0].loc.file, "<standard input>");
  doc_close(&c);
  dup2(saved, STDIN_FILENO);
  close(saved);
}

RL_SUITE("typed reads", {"u64", test_u64}, {"double", test_double}, {"bool", test_bool},
         {"names", test_names}, {"known keys", test_known_keys}, {"excerpts", test_excerpts},
         {"read file", test_read_file}, {"standard input", test_standard_input},
         {"read error", test_read_error})
