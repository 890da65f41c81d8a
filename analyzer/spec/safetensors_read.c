/* The files of a model: one, or those that an index names, beside it. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/number.h"
#include "spec/safetensors.h"

static const char one_file[] = ".safetensors", index_file[] = ".safetensors.index.json";

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

bool rl_safetensors_is_name(const char *path) {
  return ends_with(path, one_file) || ends_with(path, index_file);
}

static bool exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* --- the folder --- */

/* The first file of the folder, by name, that ends so; NULL when there is none, or another one
 * beside it and only one is wanted. */
static const char *first_file(rl_arena *arena, const char *folder, const char *end, size_t *count) {
  const char *best = NULL;
  DIR *stream = opendir(folder);
  *count = 0;
  if (stream == NULL) return NULL;
  for (struct dirent *item = readdir(stream); item != NULL; item = readdir(stream)) {
    if (item->d_name[0] == '.' || !ends_with(item->d_name, end)) continue;
    ++*count;
    if (best == NULL || strcmp(item->d_name, best) < 0) best = rl_strdup(arena, item->d_name);
  }
  closedir(stream);
  return best;
}

const char *rl_safetensors_of_folder(rl_arena *arena, const char *folder, rl_diags *diags) {
  size_t count;
  const char *name = first_file(arena, folder, index_file, &count);
  if (count == 0) name = first_file(arena, folder, one_file, &count);
  if (count != 1) return NULL;
  const char *path = name == NULL ? NULL : rl_textf(arena, "%s/%s", folder, name);
  if (path == NULL) rl_diag_oom(diags);
  return path;
}

/* --- the index --- */

typedef RL_LIST(const char *) name_list;

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A file's name and no path: an index says what lies beside it. */
static bool is_plain_name(const char *name) {
  return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

/* The files that the map names, each once. */
static rl_status list_files(const rl_load *load, const rl_node *map, name_list *files) {
  const char **names = RL_NEW_ARRAY(load->arena, const char *, map->count + 1);
  if (names == NULL) return rl_diag_oom(load->diags);
  for (size_t i = 0; i < map->count; i++) {
    const rl_node *item = map->items[i];
    if (rl_node_text(item, map->keys[i]->text, &names[i], load->diags) != RL_OK) {
      return RL_BAD_INPUT;
    }
    if (!is_plain_name(names[i])) {
      return RL_REPORT(load->diags, SAFETENSORS_WRONG, item->loc, map->keys[i]->text,
                       "is said to be in a file that is not beside the index");
    }
  }
  if (map->count > 1) qsort(names, map->count, sizeof *names, by_text);
  for (size_t i = 0; i < map->count; i++) {
    if (i > 0 && strcmp(names[i - 1], names[i]) == 0) continue;
    const char **slot = RL_PUSH(load->arena, files);
    if (slot == NULL) return rl_diag_oom(load->diags);
    *slot = names[i];
  }
  return RL_OK;
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(const rl_safetensor *const *)a)->name, (*(const rl_safetensor *const *)b)->name);
}

static const char *name_behind_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* A program that loads part by part looks for the tensor in the file that the index names. */
static rl_status check_file(const rl_load *load, const rl_node *said, const rl_safetensor *tensor) {
  const char *file = name_behind_folder(tensor->node->loc.file);
  if (strcmp(said->text, file) == 0) return RL_OK;
  const char *what = rl_textf(load->arena, "is said to be in %s, and is in %s", said->text, file);
  if (what == NULL) return rl_diag_oom(load->diags);
  return RL_REPORT(load->diags, SAFETENSORS_WRONG, said->loc, tensor->name, what);
}

/* Each tensor of the index is in the file that it names, and nothing else is. */
static rl_status check_index(const rl_load *load, const char *path, const rl_node *map,
                             const rl_safetensor_list *tensors) {
  const rl_safetensor **sorted =
      RL_NEW_ARRAY(load->arena, const rl_safetensor *, tensors->count + 1);
  char have[RL_NUMBER_TEXT], said[RL_NUMBER_TEXT];
  if (sorted == NULL) return rl_diag_oom(load->diags);
  for (size_t i = 0; i < tensors->count; i++) sorted[i] = &tensors->items[i];
  if (tensors->count > 1) qsort(sorted, tensors->count, sizeof *sorted, by_name);
  for (size_t i = 0; i < map->count && tensors->count > 0; i++) {
    const rl_safetensor wanted = {.name = map->keys[i]->text}, *key = &wanted;
    const rl_safetensor *const *found =
        bsearch(&key, sorted, tensors->count, sizeof *sorted, by_name);
    if (found == NULL) {
      return RL_REPORT(load->diags, SAFETENSORS_WRONG, map->keys[i]->loc, wanted.name,
                       "is in none of the files that the index names");
    }
    rl_status status = check_file(load, map->items[i], *found);
    if (status != RL_OK) return status;
  }
  if (map->count == tensors->count) return RL_OK;
  return RL_REPORT(load->diags, SAFETENSORS_COUNT, (rl_loc){.file = path},
                   rl_print_grouped(map->count, said), rl_print_grouped(tensors->count, have));
}

/* The heads of all files; none is there: *there is false. */
static rl_status read_files(const rl_load *load, const char *path, const name_list *files,
                            rl_safetensor_list *tensors, bool *there) {
  const char *slash = strrchr(path, '/');
  int folder = slash == NULL ? 0 : (int)(slash - path) + 1;
  RL_LIST(const char *) found = {0};
  for (size_t i = 0; i < files->count; i++) {
    const char *file = rl_textf(load->arena, "%.*s%s", folder, path, files->items[i]);
    const char **slot = file == NULL ? NULL : RL_PUSH(load->arena, &found);
    if (slot == NULL) return rl_diag_oom(load->diags);
    *slot = file;
    *there |= exists(file);
  }
  for (size_t i = 0; i < found.count && *there; i++) {
    rl_status status = rl_safetensors_head(load, found.items[i], tensors);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}

/* What the index says of all its tensors' bytes; NULL: nothing. */
static rl_status read_total(const rl_load *load, const rl_node *root, const rl_node **size,
                            uint64_t *total) {
  const rl_node *metadata = rl_load_get(root, "metadata");
  *total = 0;
  *size = metadata == NULL ? NULL : rl_load_get(metadata, "total_size");
  if (*size == NULL) return RL_OK;
  return rl_node_u64(*size, "total_size", 0, INT64_MAX, total, load->diags);
}

static rl_status note_absent(const rl_load *load, const char *path, const rl_node *root) {
  char bytes[RL_NUMBER_TEXT];
  uint64_t total;
  const rl_node *size;
  if (read_total(load, root, &size, &total) != RL_OK) return RL_BAD_INPUT;
  return RL_REPORT(load->diags, SAFETENSORS_ABSENT, (rl_loc){.file = path},
                   size == NULL ? "an unknown number of" : rl_print_grouped(total, bytes));
}

/* Published indexes are known to be wrong here, and nothing is loaded by the sum: a warning. */
static rl_status check_total(const rl_load *load, const rl_node *root,
                             const rl_safetensor_list *tensors) {
  char said[RL_NUMBER_TEXT], have[RL_NUMBER_TEXT];
  uint64_t total, bytes = 0;
  const rl_node *size;
  for (size_t i = 0; i < tensors->count; i++) {
    bytes += tensors->items[i].end - tensors->items[i].begin; /* all lie in files */
  }
  if (read_total(load, root, &size, &total) != RL_OK) return RL_BAD_INPUT;
  if (size == NULL || total == bytes) return RL_OK;
  return RL_REPORT(load->diags, SAFETENSORS_TOTAL, size->loc, rl_print_grouped(total, said),
                   rl_print_grouped(bytes, have));
}

static rl_status read_index(const rl_load *load, const char *path, rl_safetensor_list *tensors,
                            bool *there) {
  rl_document document = {.file = path};
  rl_node *root;
  name_list files = {0};
  rl_status status = rl_read_file(load->arena, path, RL_DOC_LIMITS_WIDE.file_bytes, &document.text,
                                  &document.length, load->diags);
  if (status != RL_OK) return status;
  status = rl_parse_json(load->arena, &document, &RL_DOC_LIMITS_WIDE, &root, load->diags);
  if (status != RL_OK) return status;
  if (!rl_load_is_map(load, root, "the index")) return RL_BAD_INPUT;
  const rl_node *map = rl_load_need(load, root, "index", "weight_map");
  if (map == NULL) return RL_BAD_INPUT;
  if (map->kind != RL_MAP) {
    return RL_REPORT(load->diags, VALUE_KIND, map->loc, "weight_map", "a map", "another value",
                     NULL);
  }
  status = list_files(load, map, &files);
  if (status == RL_OK) status = read_files(load, path, &files, tensors, there);
  if (status != RL_OK) return status;
  if (!*there) return note_absent(load, path, root);
  status = check_index(load, path, map, tensors);
  return status == RL_OK ? check_total(load, root, tensors) : status;
}

rl_status rl_safetensors_read(const rl_load *load, const char *path, const rl_node *config,
                              rl_stored **out) {
  rl_safetensor_list tensors = {0};
  bool there = ends_with(path, one_file);
  *out = NULL;
  rl_status status =
      there ? rl_safetensors_head(load, path, &tensors) : read_index(load, path, &tensors, &there);
  if (status != RL_OK || !there) return status;
  return rl_safetensors_group(load, path, config, &tensors, out);
}
