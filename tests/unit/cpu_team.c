/* The team of threads: every member once, whatever was asked for before, and no time lost to
 * waiting. */
#include <stdatomic.h>
#include <time.h>

#include "kernels-ref/cpu/fast/team.h"
#include "unit.h"

enum { MEMBERS = 7, ROUNDS = 2000 };

typedef struct met {
  uint32_t times[MEMBERS];
  uint32_t counts;
  atomic_uint inner;
} met;

static void meet(void *context, rl_team_member member) {
  met *m = context;
  m->times[member.number]++;
  if (member.number == 0) m->counts += member.count;
}

/* Each number once, for counts that grow and shrink and come again. */
static void test_members(void) {
  static const uint32_t counts[] = {2, 1, 3, 7, 2, 0, 7};
  uint32_t expected[MEMBERS] = {0}, sum = 0;
  met m = {{0}};
  for (int c = 0; c < 7; c++) {
    rl_team_run(counts[c], meet, &m);
    for (uint32_t n = 0; n < counts[c] || n == 0; n++) expected[n]++;
    sum += counts[c] == 0 ? 1 : counts[c];
  }
  for (int n = 0; n < MEMBERS; n++) CU_ASSERT_EQUAL(m.times[n], expected[n]);
  CU_ASSERT_EQUAL(m.counts, sum);
}

/* Thousands of small regions, as the kernels of a step are; then the same from new threads. */
static void test_rounds(void) {
  met m = {{0}};
  for (int r = 0; r < ROUNDS; r++) rl_team_run(3, meet, &m);
  rl_team_end();
  rl_team_end(); /* nobody is there */
  rl_team_run(3, meet, &m);
  for (int n = 0; n < 3; n++) CU_ASSERT_EQUAL(m.times[n], ROUNDS + 1);
}

static void count_inner(void *context, rl_team_member member) {
  met *m = context;
  (void)member;
  atomic_fetch_add(&m->inner, 1);
}

static void nest(void *context, rl_team_member member) {
  (void)member;
  rl_team_run(2, count_inner, context);
}

/* Who has the team already does the inner work alone. */
static void test_nested(void) {
  met m = {{0}};
  rl_team_run(3, nest, &m);
  CU_ASSERT_EQUAL(m.inner, 6);
}

static double own_seconds(void) {
  struct timespec t = {0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void rest(void *context, rl_team_member member) {
  const struct timespec while_ = {.tv_nsec = 60000000};
  (void)context;
  if (member.number == 1) nanosleep(&while_, NULL);
}

/* A member that takes long, and a pause between regions: who waits sleeps. Threads that only looked
 * would take the 60 ms of each. */
static void test_sleep(void) {
  const struct timespec pause = {.tv_nsec = 60000000};
  rl_team_run(3, rest, NULL);
  const double before = own_seconds();
  rl_team_run(3, rest, NULL);
  nanosleep(&pause, NULL);
  CU_ASSERT(own_seconds() - before < 0.02);
  rl_team_end();
}

RL_SUITE("team", {"members", test_members}, {"rounds", test_rounds}, {"nested", test_nested},
         {"sleep", test_sleep})
