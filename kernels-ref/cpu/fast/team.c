/* Threads that sleep between the kernels that they share: OpenMP's wait in loops for milliseconds,
 * which no program can change once it runs, and keep a loaded machine from what they wait for. */
#include "kernels-ref/cpu/fast/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "base/checked.h"

enum { LOOKS = 64, PATIENCE = 50000 /* ns */, LINE = 64 };

/* A thread of the team. It is called by a number that changes. */
typedef struct sleeper {
  _Alignas(LINE) atomic_uint called;
  atomic_bool asleep; /* or about to be */
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
} sleeper;

static struct {
  atomic_flag taken;
  sleeper all[RL_TEAM_MOST]; /* [0] is whoever calls: it waits for `left` */
  uint32_t started;          /* threads that are there, those of 1 .. started */
  bool ends;
  uint32_t count, given; /* members, and threads that are them */
  void (*work)(void *context, rl_team_member member);
  void *context;
  _Alignas(LINE) atomic_uint left; /* threads that are not done */
} team = {.taken = ATOMIC_FLAG_INIT};

rl_team_share rl_team_divide(rl_team_member member, uint64_t total, uint64_t unit) {
  uint64_t units = rl_ceil_div(total, unit);
  uint64_t first = units * member.number / member.count * unit;
  uint64_t end = units * (member.number + 1) / member.count * unit;
  return (rl_team_share){rl_min_u64(first, total), rl_min_u64(end, total)};
}

/* --- waiting --- */

static inline void breathe(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static uint64_t now(void) {
  struct timespec time = {0};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Looks for a while whether the number is another one than `known`. */
static bool has_changed(atomic_uint *number, unsigned known) {
  const uint64_t end = now() + PATIENCE;
  do {
    for (int look = 0; look < LOOKS; look++) {
      if (atomic_load_explicit(number, memory_order_acquire) != known) return true;
      breathe();
    }
  } while (now() < end);
  return false;
}

/* Returns when the number is another one than `known`. */
static void await(sleeper *s, atomic_uint *number, unsigned known) {
  if (has_changed(number, known)) return;
  pthread_mutex_lock(&s->mutex);
  atomic_store(&s->asleep, true);
  while (atomic_load(number) == known) pthread_cond_wait(&s->changed, &s->mutex);
  atomic_store(&s->asleep, false);
  pthread_mutex_unlock(&s->mutex);
}

/* The number was changed before: who is asleep, or goes to sleep now, sees one of both. */
static void wake(sleeper *s) {
  if (!atomic_load(&s->asleep)) return;
  pthread_mutex_lock(&s->mutex);
  pthread_cond_signal(&s->changed);
  pthread_mutex_unlock(&s->mutex);
}

/* --- working --- */

static void be_members(uint32_t number) {
  for (uint32_t n = number; n < team.count; n += team.given) {
    team.work(team.context, (rl_team_member){n, team.count});
  }
}

static void finish(void) {
  if (atomic_fetch_sub(&team.left, 1) == 1) wake(&team.all[0]);
}

static void *serve(void *argument) {
  sleeper *self = argument;
  const uint32_t number = (uint32_t)(self - team.all);
  unsigned known = 0;
  for (;;) {
    await(self, &self->called, known);
    known = atomic_load_explicit(&self->called, memory_order_acquire);
    if (team.ends) return NULL;
    be_members(number);
    finish();
  }
}

static void call(uint32_t threads) {
  for (uint32_t n = 1; n < threads; n++) {
    atomic_fetch_add(&team.all[n].called, 1);
    wake(&team.all[n]);
  }
}

static bool start(sleeper *s) {
  s->called = 0;
  s->asleep = false;
  if (pthread_mutex_init(&s->mutex, NULL) != 0) return false;
  if (pthread_cond_init(&s->changed, NULL) != 0) return false;
  return s == team.all || pthread_create(&s->thread, NULL, serve, s) == 0;
}

/* As many threads as there are members, as far as the system gives them. Answers how many there
 * are, the caller among them. */
static uint32_t gather(uint32_t count) {
  if (team.started == 0) {
    if (!start(&team.all[0])) return 1;
    team.started = 1;
  }
  while (team.started < count && team.started < RL_TEAM_MOST && start(&team.all[team.started])) {
    team.started++;
  }
  return (uint32_t)rl_min_u64(count, team.started);
}

static void work_alone(uint32_t count, void (*work)(void *context, rl_team_member member),
                       void *context) {
  for (uint32_t n = 0; n < count; n++) work(context, (rl_team_member){n, count});
}

/* The last one that is done wakes the caller. */
static void await_others(void) {
  sleeper *self = &team.all[0];
  for (unsigned left; (left = atomic_load(&team.left)) != 0;) await(self, &team.left, left);
}

void rl_team_run(uint32_t count, void (*work)(void *context, rl_team_member member),
                 void *context) {
  if (count <= 1 || atomic_flag_test_and_set(&team.taken)) {
    work_alone(count == 0 ? 1 : count, work, context);
    return;
  }
  team.given = gather(count);
  team.count = count;
  team.work = work;
  team.context = context;
  atomic_store(&team.left, team.given - 1);
  call(team.given);
  be_members(0);
  await_others();
  atomic_flag_clear(&team.taken);
}

void rl_team_end(void) {
  team.ends = true;
  call(team.started);
  for (uint32_t n = 1; n < team.started; n++) pthread_join(team.all[n].thread, NULL);
  for (uint32_t n = 0; n < team.started; n++) {
    pthread_cond_destroy(&team.all[n].changed);
    pthread_mutex_destroy(&team.all[n].mutex);
  }
  team.started = 0;
  team.ends = false;
}
