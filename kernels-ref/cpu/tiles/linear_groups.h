/* Scales and zeros of the rows of a strip: how the sums of a group begin and end. */
#ifndef RL_CPU_LINEAR_GROUPS_H
#define RL_CPU_LINEAR_GROUPS_H

/* Typed numbers of the rows from `row` on, beside each other. */
static inline vf strip_floats(rl_type type, const uint8_t *numbers, uint64_t row) {
  if (type == RL_F16) return vf_of_f16(numbers + row * 2);
  if (type == RL_BF16) return vf_of_bf16(numbers + row * 2);
  return vf_load(numbers + row * 4);
}

static inline vf strip_scales(const rl_linear_task *task, const uint8_t *panel, uint64_t group,
                              uint64_t row) {
  return strip_floats(task->scale, panel + group * task->scale_bytes, row);
}

/* Codes of less than a byte fill it from its lowest bits on. */
static inline vi strip_zero_codes(const rl_linear_task *task, const uint8_t *panel, uint64_t group,
                                  uint64_t row) {
  const uint32_t each = task->zeros_each;
  const uint32_t low = (uint32_t)group & (each - 1);
  const vi bytes = vi_of_bytes(panel + task->zeros + (group >> (each - 1)) * RL_PANEL_ROWS + row);
  return vi_and(vi_right(bytes, low * 4), vi_all(2 * task->middle - 1));
}

/* --- codes as floats: y += scale * (sum + shift * x) + least * x --- */

typedef struct floats_group {
  vf scale, shift, least;
  bool shifted, lowest;
} floats_group;

static inline floats_group floats_group_of(const rl_linear_task *task, const uint8_t *panel,
                                           uint64_t g, uint64_t row) {
  const rl_component *c = task->component;
  floats_group group = {.scale = strip_scales(task, panel, g, row), .shifted = task->shifted};
  if (!task->shifted) return group;
  const rl_type type = c->zero == RL_ZERO_LEAST ? c->scale : c->zero_type;
  const uint8_t *typed = panel + task->zeros + g * (RL_TYPES[type].bits / 8u) * RL_PANEL_ROWS;
  group.shift = vf_all(task->centre);
  if (task->zero_codes) {
    group.shift = vf_sub(group.shift, vf_of_ints(strip_zero_codes(task, panel, g, row)));
  } else if (c->zero == RL_ZERO_TYPE) {
    group.shift = vf_sub(group.shift, strip_floats(type, typed, row));
  } else if (c->zero == RL_ZERO_LEAST) {
    group.least = strip_floats(type, typed, row);
    group.lowest = true;
  } else {
    group.shift = vf_sub(group.shift, vf_all((float)task->middle));
  }
  return group;
}

static inline vf floats_begin(const floats_group *group, const uint8_t *inputs) {
  (void)group, (void)inputs;
  return vf_zero();
}

static inline vf floats_end(const floats_group *group, vf sum, const uint8_t *inputs, vf y) {
  if (!group->shifted) return vf_fma(sum, group->scale, y);
  const vf x = vf_of(vi_word(inputs));
  y = vf_fma(vf_fma(group->shift, x, sum), group->scale, y);
  return group->lowest ? vf_fma(group->least, x, y) : y;
}

/* --- codes as integers: y += scale * (sum - zero * x), exact but for the scale --- */

typedef struct codes_group {
  vf scale;
  vi zero;
  bool zeros; /* else inputs come with their sum times the one zero of all */
} codes_group;

static inline codes_group codes_group_of(const rl_linear_task *task, const uint8_t *panel,
                                         uint64_t g, uint64_t row) {
  codes_group group = {.scale = strip_scales(task, panel, g, row), .zeros = task->zero_codes};
  if (group.zeros) group.zero = strip_zero_codes(task, panel, g, row);
  return group;
}

static inline vs codes_begin(const codes_group *group, const uint8_t *inputs) {
  const vi sum = vi_word(inputs);
  return group->zeros ? (vs)vi_mul(group->zero, sum) : (vs)sum;
}

static inline vf codes_end(const codes_group *group, vs sum, const uint8_t *inputs, vf y) {
  (void)inputs;
  return vf_fma(vf_of_ints((vi)sum), group->scale, y);
}

#endif
