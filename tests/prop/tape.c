/* Drawing, recording, shrinking. */
#include "tape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

/* Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static uint64_t next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* Offset of a draw: recorded, or fresh from `range` values (0 = all). */
static uint64_t offset(rl_tape *tape, uint64_t range, uint64_t limit) {
  uint64_t value = 0;
  if (tape->replay) {
    if (tape->at < tape->count) value = tape->draws[tape->at];
    tape->at++;
    return value > limit ? limit : value;
  }
  value = next(&tape->state);
  if (range != 0) value %= range;
  if (tape->count < RL_TAPE_LENGTH) tape->draws[tape->count++] = value;
  return value;
}

uint64_t rl_tape_draw(rl_tape *tape, uint64_t low, uint64_t high) {
  return low + offset(tape, high - low + 1, high - low);
}

uint64_t rl_tape_draw_size(rl_tape *tape, uint64_t low, uint64_t high) {
  uint64_t top = high - low;
  if (!tape->replay) {
    uint64_t bits = next(&tape->state) % 65;
    uint64_t cap = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    if (cap < top) top = cap;
  }
  return low + offset(tape, top + 1, tape->replay ? high - low : top);
}

uint64_t rl_property_seed(void) {
  static uint64_t seed;
  const char *given = getenv("RL_SEED");
  if (seed != 0) return seed;
  if (given != NULL) {
    seed = strtoull(given, NULL, 10);
  } else {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec + (uint64_t)getpid();
  }
  if (seed == 0) seed = 1;
  printf("\nproperties: RL_SEED=%" PRIu64 "\n", seed);
  return seed;
}

enum { ATTEMPTS_MAX = 2000 }; /* of one shrinking: a good small case soon beats the smallest late */

static bool fails(rl_tape *tape, rl_property property) {
  tape->replay = true;
  tape->at = 0;
  return !property(tape);
}

/* Tries one smaller value for a draw; keeps it when the property still fails. */
static bool shrink_to(rl_tape *tape, rl_property property, size_t i, uint64_t value) {
  uint64_t old = tape->draws[i];
  if (value >= old || tape->attempts++ >= ATTEMPTS_MAX) return false;
  tape->draws[i] = value;
  if (fails(tape, property)) return true;
  tape->draws[i] = old;
  return false;
}

/* One draw towards zero: at once, else by steps of half, a quarter, ... of it down to one. */
static bool shrink_draw(rl_tape *tape, rl_property property, size_t i) {
  bool smaller = shrink_to(tape, property, i, 0);
  for (uint64_t step = tape->draws[i] / 2 + 1; tape->draws[i] > 0 && step > 0; step /= 2) {
    while (step <= tape->draws[i] && shrink_to(tape, property, i, tape->draws[i] - step)) {
      smaller = true;
    }
  }
  return smaller;
}

/* Every draw, until a round changes nothing. */
static void shrink(rl_tape *tape, rl_property property) {
  bool smaller = true;
  for (int round = 0; round < 50 && smaller; round++) {
    smaller = false;
    for (size_t i = 0; i < tape->count; i++) smaller |= shrink_draw(tape, property, i);
  }
}

size_t rl_property_shrink(rl_property property, uint64_t state, rl_tape *tape) {
  do {
    *tape = (rl_tape){.state = next(&state)};
  } while (property(tape));
  shrink(tape, property);
  return tape->count;
}

void rl_property_check(const char *name, rl_property property, size_t cases) {
  uint64_t state = rl_property_seed();
  for (const char *c = name; *c != '\0'; c++) state = state * 31 + (unsigned char)*c;
  for (size_t i = 0; i < cases; i++) {
    rl_tape tape = {.state = next(&state)};
    if (property(&tape)) continue;
    shrink(&tape, property);
    fprintf(stderr, "\n%s: case %zu of RL_SEED=%" PRIu64 " fails; its smallest form:\n", name, i,
            rl_property_seed());
    tape.loud = true;
    fails(&tape, property);
    CU_FAIL("a property does not hold");
    return;
  }
  CU_PASS("the property holds");
}
