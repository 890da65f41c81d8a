/* The mistakes that the planted copies of the kernels make while they are chosen. */
#ifndef RL_TESTS_PLANTS_H
#define RL_TESTS_PLANTS_H

typedef enum rl_plant {
  PLANT_NONE,
  PLANT_MASK,   /* a token of a chain attends to the one behind it */
  PLANT_WINDOW, /* one key too wide */
  PLANT_ROPE,   /* queries turn one position too far */
  PLANT_SCALE,  /* all groups but the first take the scale of the group before */
  PLANT_SLOPE,  /* alibi: the slope of the next head */
  PLANTS
} rl_plant;

extern rl_plant rl_planted;

#endif
