/* proc and sysfs of Linux; on other systems what they do not tell is unknown. */
#include "kernels-ref/harness/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"

enum { TEXT = 16384, PATH = 256, HUGE_PAGE = 2 << 20 };

/* The first bytes of a small file; an empty text when it cannot be read. */
static const char *read_text(rl_arena *arena, const char *root, const char *path, char *text) {
  const char *full = rl_textf(arena, "%s%s", root, path);
  int file = full == NULL ? -1 : open(full, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? 0 : read(file, text, TEXT - 1);
  if (file >= 0) close(file);
  text[length > 0 ? length : 0] = '\0';
  return text;
}

/* The number at the beginning of the text; 0 when there is none. */
static uint64_t number_at(const char *text) {
  uint64_t value = 0;
  text += strspn(text, " \t:");
  size_t digits = strspn(text, "0123456789");
  return digits > 0 && rl_scan_u64(text, digits, &value) ? value : 0;
}

/* What stands behind "key" and blanks or a colon on its line. */
static const char *behind(const char *text, const char *key) {
  const char *at = strstr(text, key);
  if (at == NULL) return "";
  at += strlen(key);
  return at + strspn(at, " \t:");
}

static void read_name(rl_arena *arena, const char *root, char *text, rl_machine *machine) {
  const char *name = behind(read_text(arena, root, "/proc/cpuinfo", text), "model name");
  size_t length = strcspn(name, "\n");
  if (length >= RL_MACHINE_TEXT) length = RL_MACHINE_TEXT - 1;
  memcpy(machine->name, name, length);
  machine->name[length] = '\0';
}

/* "0-3,8" has five. */
static uint32_t count_list(const char *text) {
  uint32_t count = 0;
  while (*text >= '0' && *text <= '9') {
    uint64_t first = number_at(text), last = first;
    text += strspn(text, "0123456789");
    if (*text == '-') {
      last = number_at(text + 1);
      text += 1 + strspn(text + 1, "0123456789");
    }
    if (last >= first) count += (uint32_t)(last - first + 1);
    if (*text == ',') text++;
  }
  return count;
}

static const char *read_cache_file(rl_arena *arena, const char *root, int index, const char *what,
                                   char *text) {
  const char *path = rl_textf(arena, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, what);
  return read_text(arena, root, path == NULL ? "" : path, text);
}

/* Instruction caches say nothing about data. */
static void read_caches(rl_arena *arena, const char *root, char *text, rl_machine *machine) {
  for (int index = 0; machine->cache_count < RL_MACHINE_CACHES; index++) {
    rl_machine_cache *cache = &machine->caches[machine->cache_count];
    const char *type = read_cache_file(arena, root, index, "type", text);
    if (type[0] == '\0') return;
    if (type[0] == 'I') continue;
    cache->level = (uint32_t)number_at(read_cache_file(arena, root, index, "level", text));
    const char *size = read_cache_file(arena, root, index, "size", text);
    cache->bytes = number_at(size) * (strchr(size, 'M') != NULL ? 1u << 20 : 1u << 10);
    cache->shared = count_list(read_cache_file(arena, root, index, "shared_cpu_list", text));
    if (cache->shared == 0) cache->shared = 1;
    machine->cache_count += cache->bytes > 0;
  }
}

/* The processors that this process may run on. */
static void read_allowed(rl_machine *machine) {
  cpu_set_t set;
  CPU_ZERO(&set);
  machine->threads = 1;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return;
  uint32_t count = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE && count < RL_MACHINE_THREADS; cpu++) {
    if (CPU_ISSET((size_t)cpu, &set)) machine->processors[count++] = (uint16_t)cpu;
  }
  if (count > 0) machine->threads = count;
}

void rl_machine_read(const char *root, rl_machine *machine) {
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  *machine = (rl_machine){.threads = 1};
  read_allowed(machine);
  long page = sysconf(_SC_PAGESIZE);
  machine->page = page > 0 ? (uint64_t)page : 0;
  char *text = rl_alloc(&arena, TEXT);
  if (text != NULL) {
    read_name(&arena, root, text, machine);
    machine->memory =
        number_at(behind(read_text(&arena, root, "/proc/meminfo", text), "MemTotal")) * 1024;
    read_caches(&arena, root, text, machine);
  }
  rl_arena_free(&arena);
}

static uint64_t nanoseconds_of(clockid_t clock) {
  struct timespec now = {0};
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t rl_machine_now(void) {
  return nanoseconds_of(CLOCK_MONOTONIC_RAW);
}

uint64_t rl_machine_own(void) {
  return nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
}

bool rl_machine_pin(const rl_machine *machine, uint32_t nth) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((size_t)machine->processors[nth % machine->threads], &one);
  return sched_setaffinity(0, sizeof one, &one) == 0;
}

void rl_machine_unpin(const rl_machine *machine) {
  cpu_set_t all;
  CPU_ZERO(&all);
  for (uint32_t t = 0; t < machine->threads; t++) CPU_SET((size_t)machine->processors[t], &all);
  sched_setaffinity(0, sizeof all, &all);
}

_Static_assert(sizeof(rl_machine_place) == sizeof(cpu_set_t), "a bit a processor");

void rl_machine_keep(rl_machine_place *place) {
  *place = (rl_machine_place){{0}};
  sched_getaffinity(0, sizeof(cpu_set_t), (cpu_set_t *)place->words);
}

void rl_machine_go_back(const rl_machine_place *place) {
  sched_setaffinity(0, sizeof(cpu_set_t), (const cpu_set_t *)place->words);
}

/* Whole huge pages. */
static size_t padded(size_t bytes) {
  return (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

void *rl_machine_alloc(size_t bytes) {
  if (bytes == 0 || bytes > SIZE_MAX / 2) return NULL;
  bytes = padded(bytes);
  uint8_t *memory =
      mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  size_t before = (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
  if (before > 0) munmap(memory, before);
  if (before < HUGE_PAGE) munmap(memory + before + bytes, HUGE_PAGE - before);
  madvise(memory + before, bytes, MADV_HUGEPAGE); /* a wish: small pages are slower, not wrong */
  return memory + before;
}

void rl_machine_free(void *memory, size_t bytes) {
  if (memory != NULL) munmap(memory, padded(bytes));
}

/* In front of a block stands how many bytes it has. */
enum { BEFORE = 64 };

static void *alloc_pages(void *context, size_t bytes) {
  (void)context;
  if (bytes > SIZE_MAX - BEFORE) return NULL;
  uint8_t *memory = rl_machine_alloc(bytes + BEFORE);
  if (memory == NULL) return NULL;
  bytes += BEFORE;
  memcpy(memory, &bytes, sizeof bytes);
  return memory + BEFORE;
}

static void release_pages(void *context, void *block) {
  size_t bytes;
  uint8_t *memory = (uint8_t *)block - BEFORE;
  (void)context;
  memcpy(&bytes, memory, sizeof bytes);
  rl_machine_free(memory, bytes);
}

const rl_allocator RL_MACHINE_PAGES = {.alloc = alloc_pages, .release = release_pages};

uint64_t rl_machine_huge(const char *root) {
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  char *text = rl_alloc(&arena, TEXT);
  uint64_t kilobytes = 0;
  if (text != NULL) {
    kilobytes =
        number_at(behind(read_text(&arena, root, "/proc/self/smaps_rollup", text), "AnonHugePages"));
  }
  rl_arena_free(&arena);
  return kilobytes * 1024;
}
