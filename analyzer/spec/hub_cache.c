/* The local Hugging Face cache, read only: models--ORG--NAME/snapshots/REVISION/config.json, the
 * layout of huggingface_hub. No network, ever. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "spec/db_private.h"

bool rl_hub_is_id(const char *text) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  size_t org = strspn(text, letters);
  if (org == 0 || org > 96 || text[org] != '/' || text[0] == '.') return false;
  size_t name = strspn(text + org + 1, letters);
  if (name == 0 || name > 96 || text[org + 1] == '.') return false;
  return text[org + 1 + name] == '\0' && strstr(text, "..") == NULL;
}

const char *rl_db_hub(rl_arena *arena, const rl_hub_places *places) {
  if (places->hub_cache != NULL && places->hub_cache[0] != '\0') return places->hub_cache;
  if (places->hf_home != NULL && places->hf_home[0] != '\0') {
    return rl_textf(arena, "%s/hub", places->hf_home);
  }
  if (places->home == NULL || places->home[0] == '\0') return NULL;
  return rl_textf(arena, "%s/.cache/huggingface/hub", places->home);
}

static bool is_file(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* config.json of a revision, whose blob must lie inside the cache; NULL when it does not. */
static const char *config_of(const rl_db *db, const char *folder, const char *revision,
                             rl_diags *diags) {
  char resolved[PATH_MAX], hub[PATH_MAX];
  const char *path = rl_textf(db->arena, "%s/snapshots/%s/config.json", folder, revision);
  if (path == NULL) rl_diag_oom(diags);
  if (path == NULL || !is_file(path)) return NULL;
  if (realpath(path, resolved) == NULL || realpath(db->hub, hub) == NULL) return NULL;
  size_t length = strlen(hub);
  return strncmp(resolved, hub, length) == 0 && resolved[length] == '/' ? path : NULL;
}

/* The revision that refs/main names. */
static const char *main_revision(const rl_db *db, const char *folder, rl_diags *diags) {
  enum { REVISION_BYTES = 128 };
  const char *path = rl_textf(db->arena, "%s/refs/main", folder), *text;
  size_t length;
  rl_diags silent;
  rl_diags_init(&silent, db->arena);
  if (path == NULL) rl_diag_oom(diags);
  if (path == NULL || !is_file(path)) return NULL;
  rl_status status = rl_read_file(db->arena, path, REVISION_BYTES, &text, &length, &silent);
  if (silent.out_of_memory) rl_diag_oom(diags);
  if (status != RL_OK) return NULL;
  size_t digits = strspn(text, "0123456789abcdef");
  if (digits == 0 || (text[digits] != '\0' && text[digits] != '\n')) return NULL;
  const char *revision = rl_strndup(db->arena, text, digits);
  if (revision == NULL) rl_diag_oom(diags);
  return revision;
}

/* Without refs/main: the first snapshot by name that has a config. */
static const char *any_revision(rl_db *db, const char *folder, rl_diags *diags) {
  const char *best = NULL, *path = rl_textf(db->arena, "%s/snapshots", folder);
  DIR *stream = path == NULL ? NULL : opendir(path);
  if (stream == NULL) {
    if (path == NULL || errno == ENOMEM) rl_diag_oom(diags);
    return NULL;
  }
  for (struct dirent *item = readdir(stream); item != NULL; item = readdir(stream)) {
    if (item->d_name[0] == '.' || (best != NULL && strcmp(item->d_name, best) >= 0)) continue;
    if (config_of(db, folder, item->d_name, diags) == NULL) continue;
    best = rl_strdup(db->arena, item->d_name);
    if (best == NULL) rl_diag_oom(diags);
  }
  closedir(stream);
  return best;
}

const char *rl_hub_config(rl_db *db, const char *id, rl_diags *diags) {
  const char *slash = strchr(id, '/');
  if (db->hub == NULL || slash == NULL) return NULL;
  const char *folder =
      rl_textf(db->arena, "%s/models--%.*s--%s", db->hub, (int)(slash - id), id, slash + 1);
  if (folder == NULL) {
    rl_diag_oom(diags);
    return NULL;
  }
  const char *revision = main_revision(db, folder, diags);
  const char *path = revision == NULL ? NULL : config_of(db, folder, revision, diags);
  if (path != NULL || diags->out_of_memory) return path;
  revision = any_revision(db, folder, diags);
  return revision == NULL ? NULL : config_of(db, folder, revision, diags);
}
