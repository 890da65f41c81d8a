/* Runs a fuzz target on every file of a corpus folder, as an ordinary test in every build. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz_tree.h"

/* The whole file in a block of exactly its size, so that a sanitizer sees an overrun. */
static uint8_t *read_whole(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  uint8_t *data = NULL;
  long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  if (length >= 0 && fseek(file, 0, SEEK_SET) == 0) data = malloc((size_t)length + (length == 0));
  if (data != NULL && fread(data, 1, (size_t)length, file) != (size_t)length) {
    free(data);
    data = NULL;
  }
  fclose(file);
  *size = (size_t)length;
  return data;
}

static int replay(const char *folder, const char *name) {
  char path[1024];
  size_t size = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  uint8_t *data = read_whole(path, &size);
  if (data == NULL) {
    fprintf(stderr, "cannot read %s\n", path);
    return 1;
  }
  fprintf(stderr, "%s\n", path); /* the last line names the culprit */
  LLVMFuzzerTestOneInput(data, size);
  free(data);
  return 0;
}

int main(int argc, char **argv) {
  int failed = 0, files = 0;
  if (argc != 2) return 2;
  DIR *folder = opendir(argv[1]);
  if (folder == NULL) return 1;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    failed += replay(argv[1], entry->d_name);
    files++;
  }
  closedir(folder);
  printf("%d files\n", files);
  return failed > 0 || files < 40;
}
