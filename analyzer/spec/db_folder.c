/* One layer of the database from a folder on disk. Only regular files below it are taken; a
 * symbolic link must not lead out of it. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doc/tree.h"
#include "spec/db_private.h"
#include "spec/db_scan.h"

enum {
  FOLDER_DEPTH = 3,    /* hwdb/nvidia/file.yaml below the folder itself */
  FOLDER_FILES = 4096, /* more than that is not a database */
  NAME_BYTES = 128
};

typedef struct folder_walk {
  rl_db *db;
  rl_diags *diags;
  char root[PATH_MAX]; /* resolved */
  size_t files;
} folder_walk;

bool rl_db_is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static const char *join(folder_walk *walk, const char *folder, const char *name) {
  const char *path = rl_textf(walk->db->arena, "%s/%s", folder, name);
  if (path == NULL) rl_diag_oom(walk->diags);
  return path;
}

/* True when the path, links resolved, still lies below the root. */
static bool inside_root(const folder_walk *walk, const char *path) {
  char resolved[PATH_MAX];
  size_t length = strlen(walk->root);
  if (realpath(path, resolved) == NULL) return false;
  return strncmp(resolved, walk->root, length) == 0 &&
         (resolved[length] == '/' || resolved[length] == '\0' || length == 1);
}

/* "dir/name.yaml" -> "name"; NULL for other endings and names too long to type. */
static const char *stem(folder_walk *walk, const char *name) {
  const char *dot = strrchr(name, '.');
  if (dot == NULL || (strcmp(dot, ".yaml") != 0 && strcmp(dot, ".yml") != 0)) return NULL;
  size_t length = (size_t)(dot - name);
  if (length == 0 || length > NAME_BYTES) return NULL;
  const char *copy = rl_strndup(walk->db->arena, name, length);
  if (copy == NULL) rl_diag_oom(walk->diags);
  return copy;
}

static rl_status add_aliases(folder_walk *walk, rl_db_entry *entry, const char *text,
                             size_t length) {
  rl_scan_cursor cursor = {0};
  RL_LIST(const char *) aliases = {0};
  const char *alias;
  size_t alias_length;
  while (rl_scan_alias(text, length, entry->kind, &cursor, &alias, &alias_length)) {
    const char **slot = RL_PUSH(walk->db->arena, &aliases);
    if (slot == NULL) return rl_diag_oom(walk->diags);
    *slot = rl_strndup(walk->db->arena, alias, alias_length);
    if (*slot == NULL) return rl_diag_oom(walk->diags);
  }
  entry->aliases = aliases.items;
  entry->alias_count = aliases.count;
  return RL_OK;
}

/* A file without a `kind:` that we know is not ours; one that cannot be read is skipped and said.
 */
static rl_status add_text(folder_walk *walk, const char *path, const char *name, const char *text,
                          size_t length) {
  rl_db_kind kind;
  if (!rl_scan_kind(text, length, &kind)) return RL_OK;
  rl_db_slot *slot = rl_db_slot_new(walk->db, kind, name, path, walk->diags);
  if (slot == NULL) return RL_ENVIRONMENT;
  rl_db_entry **place = RL_PUSH(walk->db->arena, &walk->db->entries[kind]);
  if (place == NULL) return rl_diag_oom(walk->diags);
  *place = &slot->entry;
  return add_aliases(walk, &slot->entry, text, length);
}

static rl_status add_file(folder_walk *walk, const char *path, const char *file_name) {
  const char *name = stem(walk, file_name), *text;
  size_t length;
  rl_arena scratch;
  rl_diags silent;
  if (name == NULL) return walk->diags->out_of_memory ? RL_ENVIRONMENT : RL_OK;
  if (++walk->files > FOLDER_FILES) {
    return RL_REPORT(walk->diags, FOLDER_LARGE, (rl_loc){.file = path}, walk->root);
  }
  rl_arena_init(&scratch, walk->db->arena->allocator);
  rl_diags_init(&silent, &scratch);
  rl_status status =
      rl_read_file(&scratch, path, RL_DOC_LIMITS.file_bytes, &text, &length, &silent);
  if (silent.out_of_memory) {
    status = rl_diag_oom(walk->diags);
  } else if (status != RL_OK) {
    RL_REPORT(walk->diags, FILE_SKIPPED, (rl_loc){.file = path},
              silent.list.count > 0 ? silent.list.items[0].message : NULL);
    status = RL_OK;
  } else {
    status = add_text(walk, path, name, text, length);
  }
  rl_arena_free(&scratch);
  return status;
}

static rl_status add_below(folder_walk *walk, const char *folder, int depth);

static rl_status add_item(folder_walk *walk, const char *folder, const char *name, int depth) {
  struct stat info;
  if (name[0] == '.' || strcmp(name, "schema") == 0) return RL_OK;
  const char *path = join(walk, folder, name);
  if (path == NULL) return RL_ENVIRONMENT;
  if (lstat(path, &info) != 0) return RL_OK;
  if (S_ISLNK(info.st_mode)) {
    if (!inside_root(walk, path)) {
      RL_REPORT(walk->diags, LINK_OUTSIDE, (rl_loc){.file = path}, walk->root);
      return RL_OK;
    }
    if (stat(path, &info) != 0) return RL_OK;
  }
  if (S_ISDIR(info.st_mode)) return depth > 0 ? add_below(walk, path, depth - 1) : RL_OK;
  return S_ISREG(info.st_mode) ? add_file(walk, path, name) : RL_OK;
}

static rl_status add_below(folder_walk *walk, const char *folder, int depth) {
  rl_status status = RL_OK;
  DIR *stream = opendir(folder);
  if (stream == NULL) {
    if (errno == ENOMEM) return rl_diag_oom(walk->diags);
    RL_REPORT(walk->diags, FILE_SKIPPED, (rl_loc){.file = folder}, rl_errno_words(errno));
    return RL_OK;
  }
  for (struct dirent *item = readdir(stream); item != NULL && status == RL_OK;
       item = readdir(stream)) {
    status = add_item(walk, folder, item->d_name, depth);
  }
  closedir(stream);
  return status;
}

rl_status rl_db_add_folder(rl_db *db, const char *path, rl_diags *diags) {
  static const char *const parts[] = {"hwdb", "models"};
  folder_walk walk = {.db = db, .diags = diags};
  bool has_parts = false;
  rl_status status = RL_OK;
  if (!rl_db_is_folder(path) || realpath(path, walk.root) == NULL) return RL_OK;
  for (int i = 0; i < 2 && status == RL_OK; i++) {
    const char *part = join(&walk, path, parts[i]);
    if (part == NULL) return RL_ENVIRONMENT;
    if (!rl_db_is_folder(part)) continue;
    has_parts = true;
    status = add_below(&walk, part, FOLDER_DEPTH - 1);
  }
  if (!has_parts) status = add_below(&walk, path, FOLDER_DEPTH - 1);
  db->layers++;
  return status;
}

/* The way below the folder is one that a walk over it would take: not hidden, no schema, not deep. */
static bool is_walked(const char *way) {
  int depth = 0;
  for (const char *part = way; part != NULL;) {
    const size_t length = strcspn(part, "/");
    if (part[0] == '.' || (length == 6 && strncmp(part, "schema", 6) == 0)) return false;
    part = part[length] == '/' ? part + length + 1 : NULL;
    depth += part != NULL;
  }
  return depth < FOLDER_DEPTH;
}

/* What of the path is below the folder, NULL when it is elsewhere. */
static const char *way_below(const char *folder, const char *path) {
  const size_t length = strlen(folder);
  if (strncmp(path, folder, length) != 0 || path[length] != '/') return NULL;
  return path + length + 1;
}

static rl_status add_given(folder_walk *walk, const char *folder, const rl_db_snapshot *snapshot,
                           bool *any) {
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < snapshot->file_count; i++) {
    const rl_db_file *file = &snapshot->files[i];
    const char *way = way_below(folder, file->path);
    if (way == NULL) continue;
    *any = true;
    const char *slash = strrchr(way, '/');
    const char *name = is_walked(way) ? stem(walk, slash == NULL ? way : slash + 1) : NULL;
    if (name != NULL) status = add_text(walk, file->path, name, file->text, file->length);
    if (walk->diags->out_of_memory) status = RL_ENVIRONMENT;
  }
  return status;
}

rl_status rl_db_add_snapshot(rl_db *db, const char *folder, const rl_db_snapshot *snapshot,
                             rl_diags *diags) {
  static const char *const parts[] = {"hwdb", "models"};
  folder_walk walk = {.db = db, .diags = diags};
  bool has_parts = false;
  rl_status status = RL_OK;
  for (int i = 0; status == RL_OK && i < 2; i++) {
    const char *part = join(&walk, folder, parts[i]);
    status = part == NULL ? RL_ENVIRONMENT : add_given(&walk, part, snapshot, &has_parts);
  }
  if (status == RL_OK && !has_parts) status = add_given(&walk, folder, snapshot, &has_parts);
  db->layers++;
  return status;
}
