/* Fuzz target: any bytes as a safetensors file, as an index of one, and, after a first byte of '#',
 * as lines "name type dims..." that become a head whose offsets are right, with a
 * quantization_config behind an empty line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/quote.h"
#include "fuzz_tree.h"
#include "spec/safetensors.h"

enum { HEAD_MAX = 1 << 20, PATH_MAX_BYTES = 64 };
static const char file_name[] = "/model.safetensors",
                  index_name[] = "/model.safetensors.index.json";
static char folder[PATH_MAX_BYTES] = "/tmp/rooflinectl-fuzz-XXXXXX";

static void remove_files(void) {
  char path[2 * PATH_MAX_BYTES];
  snprintf(path, sizeof path, "%s%s", folder, file_name);
  unlink(path);
  snprintf(path, sizeof path, "%s%s", folder, index_name);
  unlink(path);
  rmdir(folder);
}

static const char *file_path(const char *name) {
  static char path[2 * PATH_MAX_BYTES];
  static bool made;
  if (!made) {
    fuzz_require(mkdtemp(folder) != NULL, "there is a folder");
    atexit(remove_files);
    made = true;
  }
  snprintf(path, sizeof path, "%s%s", folder, name);
  return path;
}

static void write_file(const char *name, const void *data, size_t size, uint64_t length) {
  FILE *file = fopen(file_path(name), "wb");
  fuzz_require(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0, "written");
  if (length > size) fuzz_require(truncate(file_path(name), (off_t)length) == 0, "made longer");
}

/* The tables of a group agree with the bytes of its tensors. */
static void check_stored(const rl_stored *stored) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < stored->count; i++) {
    const rl_stored_tensor *tensor = &stored->tensors[i];
    fuzz_require(tensor->name != NULL && tensor->type != NULL, "a tensor has name and type");
    if (i > 0) fuzz_require(strcmp(stored->tensors[i - 1].name, tensor->name) <= 0, "sorted");
    bytes += tensor->bytes;
  }
  fuzz_require(bytes == stored->bytes, "bytes are those of the tensors");
}

/* The formats that come with the program, opened once. */
static rl_db *shipped(void) {
  static rl_arena arena;
  static rl_diags diags;
  static rl_db *db;
  if (db != NULL) return db;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fuzz_require(rl_db_open(&arena, NULL, 0, &db, &diags) == RL_OK, "the database opens");
  return db;
}

/* Reads what lies in the folder under that name, with a quantization_config. */
static void read_weights(rl_arena *arena, const char *name, const char *quantization) {
  rl_diags diags;
  rl_node *config = NULL;
  rl_stored *stored = NULL;
  const char *path = rl_strdup(arena, file_path(name));
  const char *text = rl_textf(arena, "{\"quantization_config\": %s}", quantization);
  rl_diags_init(&diags, arena);
  fuzz_require(path != NULL && text != NULL, "there is memory");
  const rl_document document = {"input", text, strlen(text)};
  if (rl_parse_json(arena, &document, &RL_DOC_LIMITS, &config, &diags) != RL_OK) {
    const rl_document none = {"input", "{}", 2};
    rl_diags_init(&diags, arena);
    fuzz_require(rl_parse_json(arena, &none, &RL_DOC_LIMITS, &config, &diags) == RL_OK, "parsed");
  }
  const rl_load load = {
      .db = shipped(), .arena = arena, .diags = &diags, .file = path, .name = "fuzz"};
  rl_status status = rl_safetensors_read(&load, path, config, &stored);
  fuzz_require(status == RL_OK || status == RL_BAD_INPUT, "bad bytes are bad input");
  fuzz_require(status != RL_OK || diags.errors == 0, "an error is a status");
  fuzz_require(status == RL_OK || diags.errors > 0, "a failure is reported");
  fuzz_require(!diags.out_of_memory, "there is memory");
  if (stored != NULL) check_stored(stored);
}

/* --- lines to a head --- */

static uint64_t bits_of(const char *type) {
  static const struct {
    const char *name;
    uint64_t bits;
  } types[] = {{"F32", 32}, {"F16", 16},    {"BF16", 16}, {"F8_E4M3", 8}, {"I32", 32},
               {"I8", 8},   {"F8_E5M2", 8}, {"I64", 64},  {"U8", 8},      {"F4", 4}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strcmp(types[i].name, type) == 0) return types[i].bits;
  }
  return 8;
}

/* What stands before one of the ends, cut off; NULL: nothing is left. */
static char *cut(char **at, const char *ends) {
  char *begin = *at + strspn(*at, ends);
  if (*begin == '\0') return NULL;
  char *end = begin + strcspn(begin, ends);
  *at = *end == '\0' ? end : end + 1;
  *end = '\0';
  return begin;
}

/* One line; the bytes that its data take are added to *end. */
static void add_tensor(rl_buf *head, char *line, uint64_t *end) {
  enum { LARGEST = 1 << 28 };
  char numbers[64];
  const char *name = cut(&line, " "), *type = cut(&line, " ");
  uint64_t values = 1;
  if (name == NULL || type == NULL) return;
  rl_buf_add(head, head->length > 1 ? ", " : "");
  rl_quote(head, RL_QUOTE_JSON, name);
  rl_buf_add(head, ": {\"dtype\": ");
  rl_quote(head, RL_QUOTE_JSON, type);
  rl_buf_add(head, ", \"shape\": [");
  int count = 0;
  for (const char *dim = cut(&line, " "); dim != NULL; dim = cut(&line, " ")) {
    uint64_t size = strtoull(dim, NULL, 10) % LARGEST;
    if (size != 0 && values > LARGEST / size) size = 1;
    values *= size;
    snprintf(numbers, sizeof numbers, "%s%llu", count++ > 0 ? ", " : "", (unsigned long long)size);
    rl_buf_add(head, numbers);
  }
  uint64_t begin = *end;
  *end += rl_ceil_div(values * bits_of(type), 8);
  snprintf(numbers, sizeof numbers, "], \"data_offsets\": [%llu, %llu]}", (unsigned long long)begin,
           (unsigned long long)*end);
  rl_buf_add(head, numbers);
}

static void read_lines(rl_arena *arena, char *text) {
  rl_buf head;
  uint64_t end = 0;
  uint8_t length[8];
  char *config = strstr(text, "\n\n");
  if (config != NULL) *config = '\0';
  rl_buf_init(&head, arena, HEAD_MAX);
  rl_buf_add(&head, "{");
  for (char *line = cut(&text, "\n"); line != NULL; line = cut(&text, "\n")) {
    add_tensor(&head, line, &end);
  }
  rl_buf_add(&head, "}");
  if (head.failed) return;
  for (size_t i = 0; i < sizeof length; i++) length[i] = (uint8_t)((uint64_t)head.length >> 8 * i);
  char *whole = rl_alloc(arena, sizeof length + head.length);
  fuzz_require(whole != NULL, "there is memory");
  memcpy(whole, length, sizeof length);
  memcpy(whole + sizeof length, head.text, head.length);
  const size_t size = sizeof length + head.length;
  write_file(file_name, whole, size, size + end);
  read_weights(arena, file_name, config == NULL ? "null" : config + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  char *text = rl_strndup(&arena, (const char *)data, size);
  fuzz_require(text != NULL, "there is memory");
  if (size > 0 && data[0] == '#') {
    read_lines(&arena, text + 1);
  } else {
    write_file(file_name, data, size, 0);
    read_weights(&arena, file_name, "null");
    write_file(index_name, data, size, 0);
    read_weights(&arena, index_name, "null");
  }
  rl_arena_free(&arena);
  return 0;
}
