/* Sources in the engine: what a sequence begins with is checked, laid out behind those of the
 * sequences before it, and written where operators read it. Tokens of images get their places. */
#include "base/checked.h"
#include "kernels-ref/engine/engine_state.h"

/* Tokens that a source becomes. */
static uint64_t merged_positions(const rl_program *program, const rl_encoder_source *source) {
  return program->source.merge == 0 ? 0
                                    : source->pieces * source->positions / program->source.merge;
}

static bool takes_places(const rl_program *program, const rl_engine_entry *entry) {
  uint64_t places = 0, merged = merged_positions(program, &entry->source->size);
  for (uint64_t i = 0; i < entry->q; i++) places += entry->ids[i] == program->source.token;
  return places == merged;
}

static const char *values_error(const rl_engine_state *state, const rl_engine_source *source) {
  for (uint32_t t = 0; t < state->program->tensor_count; t++) {
    const rl_tensor *tensor = &state->program->tensors[t];
    if (tensor->role == RL_ROLE_SOURCE && source->values == NULL) return "its source has no values";
    if (tensor->role != RL_ROLE_IDS || tensor->extent != RL_EXTENT_SOURCE_INPUT) continue;
    if (source->ids == NULL) return "its source has no token ids";
    for (uint64_t i = 0; i < source->size.pieces * source->size.positions; i++) {
      if (source->ids[i] >= state->program->vocabulary) {
        return "a token id of its source is not in the vocabulary";
      }
    }
  }
  return NULL;
}

static const char *shape_error(const rl_program *program, const rl_engine_source *source) {
  const struct rl_source_shape *shape = &program->source;
  if (shape->most != 0 && source->size.positions > shape->most) {
    return "its source has more positions than the model's table";
  }
  if (shape->merge > 1 && source->size.positions % shape->merge != 0) {
    return "its source is not a whole number of merged positions";
  }
  return rl_source_grid_fits(&source->size, rl_merged_side(shape->merge))
             ? NULL
             : "its source is not a whole number of rows of squares";
}

/* Whether the sequence may begin with it, whatever it holds. */
static const char *begin_error(const rl_engine_state *state, const rl_engine_sequence *held,
                               const rl_encoder_source *size) {
  if (!state->program->source.read) return "the model reads no source";
  if (held->length > 0) return "a source comes with the first tokens of its sequence";
  if (size->positions == 0) return "its source has no positions";
  if (size->pieces > held->most.pieces || size->positions > held->most.positions) {
    return "its source is larger than memory was planned for";
  }
  return NULL;
}

const char *rl_engine_source_error(const rl_engine_state *state, const rl_engine_entry *entry) {
  const rl_engine_sequence *held = &state->sequences[entry->sequence];
  const rl_engine_source *source = entry->source;
  if (source == NULL || source->size.pieces == 0) return NULL;
  const char *error = begin_error(state, held, &source->size);
  if (error == NULL) error = shape_error(state->program, source);
  if (error == NULL) error = values_error(state, source);
  if (error != NULL || state->program->source.merge == 0) return error;
  if (entry->tree != NULL) return "the tokens of an image are no draft tree";
  if (takes_places(state->program, entry)) return NULL;
  return "its source needs as many places in the first tokens as it has merged positions";
}

/* --- places --- */

/* The images of a prompt, met token by token. */
typedef struct image_walk {
  uint64_t rows, columns; /* of merged patches */
  uint64_t met;           /* merged patches so far */
  uint64_t next;          /* position of the next token that is none of an image */
} image_walk;

static image_walk begin_images(const rl_program *program, const rl_pass_sequence *sequence) {
  const rl_encoder_source *source = &sequence->source;
  uint64_t side = rl_merged_side(program->source.merge);
  image_walk walk = {.rows = 1, .columns = source->positions / program->source.merge};
  if (source->columns == 0) return walk;
  walk.columns = source->columns / side;
  walk.rows = source->positions / source->columns / side;
  return walk;
}

/* Inside an image time stands still and rows and columns count on from where it begins; what
 * follows stands behind the longer side (Wang et al. 2024, 2.1, fig. 3). */
static void place_image_token(image_walk *walk, uint64_t axes[3]) {
  uint64_t size = walk->rows * walk->columns, inside = walk->met++ % size;
  axes[0] = walk->next;
  axes[1] = walk->next + inside / walk->columns;
  axes[2] = walk->next + inside % walk->columns;
  if (inside + 1 == size) walk->next += rl_max_u64(walk->rows, walk->columns);
}

static void place_images(rl_engine_state *state, const rl_engine_entry *entry, const rl_pass *pass,
                         rl_pass_sequence *sequence) {
  const rl_program *program = state->program;
  image_walk walk = begin_images(program, sequence);
  for (uint64_t i = 0; i < entry->q; i++) {
    uint64_t *axes = state->axes[pass->tokens + i];
    if (entry->ids[i] == program->source.token) {
      state->merged_places[pass->source.merged + walk.met] = pass->tokens + i;
      place_image_token(&walk, axes);
    } else {
      axes[0] = axes[1] = axes[2] = walk.next++;
    }
  }
  sequence->shift = entry->q - walk.next;
}

static void place_tokens(rl_engine_state *state, const rl_pass *pass,
                         const rl_pass_sequence *sequence) {
  for (uint64_t i = 0; i < sequence->q; i++) {
    uint64_t *axes = state->axes[pass->tokens + i];
    axes[0] = axes[1] = axes[2] = state->positions[pass->tokens + i] - sequence->shift;
  }
}

/* What a sequence that begins is given, what another one holds. */
static void take_source(const rl_engine_sequence *held, const rl_engine_entry *entry,
                        rl_pass_sequence *sequence) {
  if (held->length > 0) {
    sequence->source = held->source;
    sequence->shift = held->shift;
  } else if (entry->source != NULL) {
    sequence->source = entry->source->size;
    sequence->fresh = sequence->source.pieces;
  }
}

/* Scores of one image where patches meet in squares; its size was checked. */
static uint64_t square_pairs(const rl_program *program, const rl_encoder_source *source) {
  const struct rl_source_shape *shape = &program->source;
  uint64_t pairs = 0;
  if (shape->within == 0) return 0;
  return rl_square_pairs(source, rl_merged_side(shape->merge), shape->within, &pairs) ? pairs : 0;
}

void rl_engine_source_place(rl_engine_state *state, const rl_engine_entry *entry, rl_pass *pass,
                            rl_pass_sequence *sequence) {
  const rl_engine_sequence *held = &state->sequences[entry->sequence];
  rl_source_blocks *all = &pass->source;
  take_source(held, entry, sequence);
  uint64_t positions = sequence->source.positions + state->program->source.lead;
  uint64_t merged = merged_positions(state->program, &sequence->source);
  sequence->first = *all;
  sequence->first.kept = held->first_kept;
  if (sequence->fresh > 0 && merged > 0) {
    place_images(state, entry, pass, sequence);
  } else {
    place_tokens(state, pass, sequence);
  }
  all->kept = state->limits.source.kept;
  all->cross += entry->q * sequence->source.pieces * positions;
  if (sequence->fresh == 0) return;
  all->inputs += sequence->fresh * sequence->source.positions;
  all->positions += sequence->fresh * positions;
  all->scores += sequence->fresh * positions * positions;
  all->merged += merged;
  all->squares += sequence->fresh * square_pairs(state->program, &sequence->source);
}

void rl_engine_source_keep(rl_engine_sequence *held, const rl_pass_sequence *sequence) {
  if (held->length > 0) return;
  held->source = sequence->source;
  held->shift = sequence->shift;
}

/* --- values --- */

static void write_values(const rl_store *store, uint64_t first, const rl_engine_source *source,
                         uint64_t block) {
  uint64_t rows = block / store->cols;
  for (uint64_t r = 0; r < source->size.pieces * source->size.positions * rows; r++) {
    rl_store_write(store, (rl_span){first * rows + r, 0, store->cols},
                   source->values + r * store->cols, NULL);
  }
}

static void write_ids(const rl_store *store, uint64_t first, const rl_engine_source *source) {
  for (uint64_t i = 0; i < source->size.pieces * source->size.positions; i++) {
    rl_store_write_id(store, first + i, source->ids[i], NULL);
  }
}

void rl_engine_source_write(rl_engine_state *state, const rl_engine_entry *entries,
                            const rl_pass *pass) {
  for (uint32_t t = 0; t < state->program->tensor_count; t++) {
    const rl_tensor *tensor = &state->program->tensors[t];
    if (tensor->extent != RL_EXTENT_SOURCE_INPUT || state->stores[t] == NULL) continue;
    for (size_t e = 0; e < pass->count; e++) {
      const rl_pass_sequence *sequence = &pass->sequences[state->places[e]];
      uint64_t first = sequence->first.inputs;
      if (sequence->fresh == 0) continue;
      if (tensor->role == RL_ROLE_IDS) write_ids(state->stores[t], first, entries[e].source);
      if (tensor->role == RL_ROLE_SOURCE) {
        write_values(state->stores[t], first, entries[e].source, tensor->rows * tensor->cols);
      }
    }
  }
}

/* --- limits --- */

/* However its patches stand, each meets at most the others of a square, or of its image. */
static bool add_squares(rl_source_blocks *most, const rl_program *program,
                        const rl_encoder_source *source) {
  uint64_t within = program->source.within, met, scores;
  if (within == 0) return true;
  if (!rl_mul_u64(within, within, &met)) met = UINT64_MAX;
  met = rl_min_u64(met, source->positions);
  return rl_mul_u64(source->positions, met, &scores) &&
         rl_muladd_u64(&most->squares, scores, source->pieces);
}

static bool add_limits(rl_source_blocks *most, const rl_program *program,
                       const rl_encoder_source *source) {
  uint64_t positions, rows, inputs, scores;
  return rl_add_u64(source->positions, program->source.lead, &positions) &&
         rl_mul_u64(source->pieces, positions, &rows) &&
         rl_mul_u64(source->pieces, source->positions, &inputs) &&
         rl_mul_u64(rows, positions, &scores) && rl_add_u64(most->inputs, inputs, &most->inputs) &&
         rl_add_u64(most->positions, rows, &most->positions) &&
         rl_add_u64(most->kept, rows, &most->kept) &&
         rl_add_u64(most->scores, scores, &most->scores) && add_squares(most, program, source);
}

bool rl_engine_source_limits(rl_engine_state *state, const rl_engine_limits *limits) {
  rl_source_blocks *most = &state->limits.source;
  uint64_t longest = 0;
  for (uint32_t s = 0; s < limits->sequences && limits->source != NULL; s++) {
    uint64_t before = most->kept;
    if (!add_limits(most, state->program, &limits->source[s])) return false;
    longest = rl_max_u64(longest, most->kept - before);
  }
  most->merged = most->inputs;
  return rl_mul_u64(limits->tokens, longest, &most->cross);
}
