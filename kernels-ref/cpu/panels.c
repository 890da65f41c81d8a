/* Offsets within panels, and the way into them. */
#include "kernels-ref/cpu/panels.h"

#include <string.h>

#include "base/checked.h"

enum { WORD = 4 };

/* One load of words of 16 rows fills the widest vectors; fp16 is widened to twice its size. */
static uint32_t unit_of(rl_type type) {
  return type == RL_F16 ? 2 : WORD;
}

static uint32_t zero_unit(const rl_component *c) {
  if (c->zero == RL_ZERO_TYPE) return RL_TYPES[c->zero_type].bits / 8u;
  return c->zero == RL_ZERO_LEAST ? RL_TYPES[c->scale].bits / 8u : 1;
}

/* Where sections end in blocks that have panels, and the bytes of their units. */
typedef struct sections {
  uint16_t ends[RL_PANEL_SECTIONS], units[RL_PANEL_SECTIONS];
} sections;

static const sections *block_sections(rl_block block) {
  static const sections q4_0 = {{2, 18, 18}, {2, 4, 4}}; /* scale, codes */
  static const sections q8_0 = {{2, 34, 34}, {2, 4, 4}}; /* scale, codes */
  static const sections q4_k = {{4, 144, 144},
                                {2, 4, 4}}; /* two scales, those of parts and codes */
  static const sections q6_k = {{192, 208, 210}, {4, 1, 2}}; /* codes, scales of parts, scale */
  if (block == RL_BLOCK_Q4_0) return &q4_0;
  if (block == RL_BLOCK_Q8_0) return &q8_0;
  if (block == RL_BLOCK_Q4_K) return &q4_k;
  return block == RL_BLOCK_Q6_K ? &q6_k : NULL;
}

static bool has_panels(const rl_format *format) {
  if (format == NULL || format->depth != 1) return false;
  const rl_component *c = &format->stack[0];
  if (c->kind == RL_BLOCK) return block_sections(c->block) != NULL;
  if (c->kind == RL_DENSE) return RL_TYPES[c->type].bits % 8 == 0;
  bool spans = c->span == RL_PER_ROW || c->span == RL_PER_GROUP;
  return c->kind == RL_QUANT && RL_TYPES[c->type].integer && spans && !c->ordered && !c->outer;
}

static void lay_out_blocks(rl_block block, rl_panels *panels) {
  const sections *all = block_sections(block);
  panels->block = RL_BLOCK_INFO[block].bytes;
  for (int s = 0; s < RL_PANEL_SECTIONS; s++) {
    panels->ends[s] = all->ends[s];
    panels->units[s] = all->units[s];
    panels->begin[s] = s == 0 ? 0 : all->ends[s - 1];
  }
}

bool rl_panels_lay_out(const rl_format *format, uint64_t rows, uint64_t cols, rl_panels *panels) {
  rl_row_layout row = {0};
  *panels = (rl_panels){.rows = 0};
  if (!has_panels(format)) return false;
  const rl_component *c = &format->stack[0];
  if (!rl_format_row_bytes(format, cols, &panels->row_bytes)) return false;
  panels->block = panels->row_bytes;
  panels->units[0] = unit_of(c->type);
  panels->ends[0] = panels->block;
  if (c->kind == RL_QUANT) {
    if (!rl_component_layout(c, cols, &row)) return false;
    panels->ends[0] = row.codes;
    panels->units[1] = RL_TYPES[c->scale].bits / 8u;
    panels->ends[1] = row.codes + row.scales;
    panels->units[2] = zero_unit(c);
    panels->ends[2] = panels->block;
    panels->begin[0] = panels->block - row.codes;
    panels->begin[2] = row.scales;
  }
  if (c->kind == RL_BLOCK) lay_out_blocks(c->block, panels);
  panels->rows = rows;
  return true;
}

/* Of the byte of a row, within the panel. */
static uint64_t place(const rl_panels *panels, uint64_t byte, uint64_t row) {
  const uint64_t block = byte / panels->block, at = byte % panels->block;
  uint64_t begin = 0;
  int s = 0;
  for (; at >= panels->ends[s]; s++) begin = panels->ends[s];
  const uint64_t size = panels->units[s], unit = (at - begin) / size;
  const uint64_t width = rl_min_u64(size, panels->ends[s] - begin - unit * size);
  return (block * panels->block + panels->begin[s] + unit * size) * RL_PANEL_ROWS + row * width +
         (at - begin) % size;
}

uint64_t rl_panels_at(const rl_panels *panels, uint64_t offset) {
  const uint64_t row = offset / panels->row_bytes, byte = offset % panels->row_bytes;
  const uint64_t within = row % panels->rows, first = within / RL_PANEL_ROWS * RL_PANEL_ROWS;
  if (first + RL_PANEL_ROWS > panels->rows) return offset;
  return (row - within + first) * panels->row_bytes + place(panels, byte, within - first);
}

/* Units of one section of one row, 16 units apart. */
static void pack_section(const uint8_t *from, uint64_t bytes, uint32_t unit, uint64_t row,
                         uint8_t *to) {
  uint64_t at = 0;
  if (unit == WORD) { /* most of all that is moved */
    for (; at + WORD <= bytes; at += WORD)
      memcpy(to + at * RL_PANEL_ROWS + row * WORD, from + at, WORD);
  }
  for (; at < bytes; at += unit) {
    const uint64_t width = rl_min_u64(unit, bytes - at);
    memcpy(to + at * RL_PANEL_ROWS + row * width, from + at, width);
  }
}

void rl_panels_pack(const rl_panels *panels, const uint8_t *rows, uint64_t count, uint8_t *panel) {
  if (count < RL_PANEL_ROWS) memset(panel, 0, panels->row_bytes * RL_PANEL_ROWS);
  for (uint64_t row = 0; row < count; row++) {
    for (uint64_t at = 0; at < panels->row_bytes; at += panels->block) {
      const uint8_t *block = rows + row * panels->row_bytes + at;
      uint64_t begin = 0;
      for (int s = 0; s < RL_PANEL_SECTIONS && begin < panels->block; begin = panels->ends[s++]) {
        pack_section(block + begin, panels->ends[s] - begin, panels->units[s], row,
                     panel + (at + panels->begin[s]) * RL_PANEL_ROWS);
      }
    }
  }
}
