/* mmap, with located errors. */
#include "doc/mapped.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "doc/tree.h"

rl_status rl_mapped_open(rl_mapped *mapped, const char *path, rl_diags *diags) {
  int fd = -1;
  *mapped = (rl_mapped){.path = path};
  rl_status status = rl_open_regular(path, &fd, &mapped->size, diags);
  if (status == RL_OK && mapped->size > 0) {
    void *bytes = mmap(NULL, (size_t)mapped->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
      status = RL_REPORT(diags, FILE_READ, (rl_loc){.file = path}, rl_errno_words(errno));
    } else {
      mapped->bytes = mapped->memory = bytes;
      posix_madvise(bytes, (size_t)mapped->size, POSIX_MADV_SEQUENTIAL);
    }
  }
  if (fd >= 0) close(fd);
  return status;
}

void rl_mapped_close(rl_mapped *mapped) {
  if (mapped->memory != NULL) munmap(mapped->memory, (size_t)mapped->size);
  mapped->bytes = mapped->memory = NULL;
}
