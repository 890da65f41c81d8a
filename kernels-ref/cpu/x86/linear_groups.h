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
  const rl_type type = task->component->scale;
  const uint64_t size = (uint64_t)RL_TYPES[type].bits / 8 * RL_PANEL_ROWS;
  return strip_floats(type, panel + group * size, row);
}

/* Codes of less than a byte fill it from its lowest bits on. */
static inline vi strip_zero_codes(const rl_linear_task *task, const uint8_t *panel, uint64_t group,
                                  uint64_t row) {
  const uint32_t bits = RL_TYPES[task->component->type].bits, each = 8 / bits;
  const uint32_t low = (uint32_t)(group % each) * bits;
  const vi bytes = vi_of_bytes(panel + task->zeros + group / each * RL_PANEL_ROWS + row);
  return vi_and(vi_right(bytes, low), vi_all((1u << bits) - 1));
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
  if (c->zero == RL_ZERO_CODE) {
    group.shift = vf_sub(group.shift, vf_of_ints(strip_zero_codes(task, panel, g, row)));
  } else if (c->zero == RL_ZERO_TYPE) {
    group.shift = vf_sub(group.shift, strip_floats(type, typed, row));
  } else if (c->zero == RL_ZERO_LEAST) {
    group.least = strip_floats(type, typed, row);
    group.lowest = true;
  } else {
    group.shift = vf_sub(group.shift, vf_all((float)(1u << (RL_TYPES[c->type].bits - 1))));
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
} codes_group;

static inline codes_group codes_group_of(const rl_linear_task *task, const uint8_t *panel,
                                         uint64_t g, uint64_t row) {
  const rl_component *c = task->component;
  return (codes_group){.scale = strip_scales(task, panel, g, row),
                       .zero = c->zero == RL_ZERO_CODE
                                   ? strip_zero_codes(task, panel, g, row)
                                   : vi_all(1u << (RL_TYPES[c->type].bits - 1))};
}

static inline vs codes_begin(const codes_group *group, const uint8_t *inputs) {
  return (vs)vi_mul(group->zero, vi_word(inputs));
}

static inline vf codes_end(const codes_group *group, vs sum, const uint8_t *inputs, vf y) {
  (void)inputs;
  return vf_fma(vf_of_ints((vi)sum), group->scale, y);
}

#endif
