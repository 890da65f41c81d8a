/* Property tests: a case is drawn from a tape of numbers, a failing tape is made smaller as long as
 * it still fails, and what it then means is printed together with the seed.
 * The idea of shrinking the choices instead of the values: MacIver & Donaldson, ECOOP 2020. */
#ifndef RL_TESTS_TAPE_H
#define RL_TESTS_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RL_TAPE_LENGTH = 256 };

typedef struct rl_tape {
  uint64_t state;                 /* of the generator (splitmix64) */
  uint64_t draws[RL_TAPE_LENGTH]; /* offsets above the low end of each draw */
  size_t count;                   /* draws recorded */
  size_t at;                      /* next one */
  size_t attempts;                /* cases tried while shrinking */
  bool replay;                    /* take recorded draws; zero beyond them */
  bool loud;                      /* properties and generators describe what they draw on stderr */
} rl_tape;

/* low..high, both ends included; the smaller the simpler. */
uint64_t rl_tape_draw(rl_tape *tape, uint64_t low, uint64_t high);
/* The same, small numbers as likely as large ones. */
uint64_t rl_tape_draw_size(rl_tape *tape, uint64_t low, uint64_t high);

/* Does the property hold for the case on the tape? */
typedef bool (*rl_property)(rl_tape *tape);

/* Draws `cases` cases and asserts that the property holds for each; the first failure ends it, with
 * its smallest form printed. The seed is new each time unless RL_SEED is set. */
void rl_property_check(const char *name, rl_property property, size_t cases);
/* Draws cases from `state` on until one fails and leaves its smallest tape; answers how many draws
 * that one makes. For tests of this file. */
size_t rl_property_shrink(rl_property property, uint64_t state, rl_tape *tape);
/* The seed of this process. */
uint64_t rl_property_seed(void);

#endif
