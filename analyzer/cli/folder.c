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

/* Weights are descriptions too; parts of several files are named by their index. */
static bool is_weights(const char *name, const char *dot) {
  if (strcmp(dot, ".gguf") != 0 && !rl_safetensors_is_name(name)) return false;
  return strcmp(dot, ".json") == 0 || strstr(name, "-of-") == NULL;
}

static bool is_description(const char *name) {
  const char *dot = strrchr(name, '.');
  if (dot == NULL || dot == name) return false;
  return strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 ||
         strcmp(name, "config.json") == 0 || is_weights(name, dot);
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
    const char *path = found.items[i], *name = strrchr(path, '/') + 1;
    struct stat info;
    if (lstat(path, &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      status = gather(w, path, depth - 1);
    } else if (is_description(name)) {
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
