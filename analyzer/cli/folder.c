/* A walk over a folder: bounded in depth and in files, the same order on every system. What the
 * files hold is not looked at. */
#include "cli/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doc/tree.h"
#include "spec/safetensors.h"

enum { DEPTH_MAX = 16, FILES_MAX = 4096 };

bool rl_path_exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0;
}

typedef struct walk {
  rl_session *session;
  const char *root;
  rl_path_list *out;
} walk;

static bool ends_in(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Whether the folder has an index of safetensors, which names all parts. */
static bool has_index(const rl_path_list *folder) {
  for (size_t i = 0; i < folder->count; i++) {
    if (ends_in(folder->items[i], ".safetensors.index.json")) return true;
  }
  return false;
}

/* Whether the part of GGUF whose name goes on at `of` is a later one of a first that is there. */
static bool has_first(const rl_path_list *folder, const char *path, const char *of) {
  static const char first[] = "-00001";
  const size_t digits = sizeof first - 1;
  if (of - path < (ptrdiff_t)digits) return false;
  const size_t stem = (size_t)(of - path) - digits;
  if (strncmp(path + stem, first, digits) == 0) return false;
  for (size_t i = 0; i < folder->count; i++) {
    const char *other = folder->items[i];
    if (strncmp(other, path, stem) != 0 || strncmp(other + stem, first, digits) != 0) continue;
    if (strcmp(other + stem + digits, of) == 0) return true;
  }
  return false;
}

/* Whether another file of the folder speaks for a part of several. */
static bool is_spoken_for(const rl_path_list *folder, const char *path) {
  const char *of = strstr(strrchr(path, '/'), "-of-");
  if (of == NULL || ends_in(path, ".json")) return false;
  return ends_in(path, ".gguf") ? has_first(folder, path, of) : has_index(folder);
}

/* Weights are descriptions, too. */
static bool is_description(const rl_path_list *folder, const char *path) {
  const char *name = strrchr(path, '/') + 1, *dot = strrchr(name, '.');
  if (dot == NULL || dot == name) return false;
  if (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0) return true;
  if (strcmp(name, "config.json") == 0) return true;
  const bool weights = strcmp(dot, ".gguf") == 0 || rl_safetensors_is_name(name);
  return weights && !is_spoken_for(folder, path);
}

static rl_status skipped(const walk *w, const char *path, const char *why) {
  return RL_REPORT(&w->session->diags, FILE_SKIPPED, (rl_loc){.file = path}, why);
}

static rl_status add(const walk *w, rl_path_list *list, const char *path) {
  if (list->count == FILES_MAX) {
    return RL_REPORT(&w->session->diags, FOLDER_LARGE, (rl_loc){.file = path}, w->root);
  }
  const char **slot = path == NULL ? NULL : RL_PUSH(&w->session->arena, list);
  if (slot == NULL) return rl_diag_oom(&w->session->diags);
  *slot = path;
  return RL_OK;
}

static int compare(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths of what is in the folder itself, sorted. */
static rl_status read_folder(const walk *w, const char *folder, rl_path_list *found) {
  size_t length = strlen(folder);
  const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
  rl_status status = RL_OK;
  DIR *stream = opendir(folder);
  if (stream == NULL) return skipped(w, folder, rl_errno_words(errno));
  for (struct dirent *item = readdir(stream); item != NULL && status == RL_OK;
       item = readdir(stream)) {
    if (item->d_name[0] == '.') continue;
    status = add(w, found, rl_textf(&w->session->arena, "%s%s%s", folder, slash, item->d_name));
  }
  closedir(stream);
  if (found->count > 1) qsort(found->items, found->count, sizeof *found->items, compare);
  return status;
}

static rl_status gather(const walk *w, const char *folder, int depth) {
  rl_path_list found = {0};
  if (depth == 0) return skipped(w, folder, "too many folders inside each other");
  rl_status status = read_folder(w, folder, &found);
  for (size_t i = 0; status == RL_OK && i < found.count; i++) {
    const char *path = found.items[i];
    struct stat info;
    if (lstat(path, &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      status = gather(w, path, depth - 1);
    } else if (is_description(&found, path)) {
      status =
          S_ISREG(info.st_mode) ? add(w, w->out, path) : skipped(w, path, "not a regular file");
    }
  }
  return status;
}

rl_status rl_folder_files(rl_session *session, const char *folder, rl_path_list *out) {
  const walk w = {session, folder, out};
  return gather(&w, folder, DEPTH_MAX);
}
