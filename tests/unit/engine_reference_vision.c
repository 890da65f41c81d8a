/* Vision transformers in double precision (Dosovitskiy et al. 2021, eq. 1 to 3; Radford et al.
 * 2021, 2.4; Liu et al. 2023, 4.1; Wang et al. 2024, 2.1), all images of a sequence at once. */
#include "engine_reference_vision.h"

#include <math.h>
#include <string.h>

#include "engine_parts.h"
#include "engine_reference_numbers.h"

/* Rows are positions of the images, one image behind the other, leads included. */
typedef struct tower {
  part_pass p;
  const ref_tower *shape;
  const ref_source *source;
  ref_tokens rows;
  ref_storage storage;
  int piece; /* rows of an image */
} tower;

static part_rows e, h, q, k, v, a, o, u;

static double quick_gelu(double y) {
  return y / (1 + exp(-1.702 * y));
}
static double gelu(double y) {
  return 0.5 * y * erfc(-y / sqrt(2));
}

/* Patch of an image, none in a lead: -1. */
static int patch_of(const tower *t, int row) {
  return row % t->piece - (t->shape->lead ? 1 : 0);
}

/* e = W pixels, or the lead. Pixels are stored first. */
static void embed_patches(const tower *t, int width) {
  int cols = t->p.m->source_width;
  double pixels[REF_WIDTH], row[REF_WIDTH], lead[REF_WIDTH] = {0};
  ref_matrix w = part_find(&t->p, "patches", "weight", -1);
  if (t->shape->lead) part_vector(&t->p, "patches", "lead", -1, lead);
  for (int i = 0; i < t->rows.count; i++) {
    int patch = patch_of(t, i), at = i / t->piece * t->source->positions + patch;
    memcpy(e[i], lead, (size_t)width * sizeof *lead);
    if (patch < 0) continue;
    for (int c = 0; c < cols; c++) pixels[c] = (double)t->source->values[at * cols + c];
    ref_round(t->storage.activations, pixels, cols);
    for (int r = 0; r < width; r++) {
      ref_unpack_row(&w, r, t->p.plant == REF_SCALE_ONE_TOO_EARLY, row);
      e[i][r] = 0;
      for (int c = 0; c < cols; c++) e[i][r] += row[c] * pixels[c];
    }
  }
  part_store(&t->p, e, width);
}

static void add_positions(const tower *t, int width) {
  ref_matrix table = part_find(&t->p, "tower_positions", "weight", -1);
  int late = t->p.plant == VISION_TABLE_ONE_LATE;
  for (int i = 0; i < t->rows.count; i++) {
    ref_unpack_row(&table, (i % t->piece + late) % table.rows, false, h[i]);
  }
  part_store(&t->p, h, width);
  part_add(&t->p, e, h, width);
}

/* Patches stand square by square: those of the first square, row by row, then those of the square
 * to its right; below a row of squares the next one. */
static void find_patch(const tower *t, int patch, int place[2]) {
  int side = t->shape->side, columns = t->source->columns, inside = side * side;
  int square = patch / inside, across = columns / side, corner = patch % inside;
  place[0] = square / across * side + corner / side;
  place[1] = square % across * side + corner % side;
  if (t->p.plant == VISION_ROW_MAJOR) {
    place[0] = patch / columns;
    place[1] = patch % columns;
  }
}

/* As complex numbers: of the values z_i = y_i + i y_{i + dim / 2}, a quarter of dim turn by the
 * row, the next quarter by the column, with angles base^(-j / quarter). */
static void turn(const tower *t, part_rows y, int dim) {
  int quarter = dim / 4, swapped = t->p.plant == VISION_COLUMNS_FIRST;
  for (int i = 0; i < t->rows.count; i++) {
    int place[2];
    find_patch(t, patch_of(t, i), place);
    for (int z = 0; z < t->shape->heads * 2 * quarter; z++) {
      int head = z / (2 * quarter), j = z % (2 * quarter), axis = (j / quarter) ^ swapped;
      double angle = place[axis] / pow(t->shape->base, (double)(j % quarter) / quarter);
      double *re = &y[i][head * dim + j], *im = re + 2 * quarter, before = *re;
      *re = before * cos(angle) - *im * sin(angle);
      *im = before * sin(angle) + *im * cos(angle);
    }
  }
  part_store(&t->p, y, t->shape->heads * dim);
}

/* Bai et al. 2025, 2.1.1: windows begin at the upper left of the image. */
static bool share_window(const tower *t, int i, int j) {
  int from[2], to[2], within = t->shape->within;
  int wider = t->p.plant == VISION_WINDOWS_LARGER ? within + t->shape->side : within;
  find_patch(t, patch_of(t, i), from);
  find_patch(t, patch_of(t, j), to);
  return from[0] / within == to[0] / within && from[1] / wider == to[1] / wider;
}

static bool meet(const tower *t, int layer, int i, int j) {
  bool windows = t->shape->within > 0 && layer != t->shape->whole;
  if (t->p.plant == REF_SOURCE_ONE_SHORT && j % t->piece + 1 == t->piece) return false;
  if (i / t->piece != j / t->piece) return t->p.plant == VISION_IMAGES_MEET;
  return !windows || share_window(t, i, j);
}

/* Scores and probabilities are stored when attention is not one operator. */
static void softmax(const tower *t, double *p, int n) {
  double sum = 0;
  if (!t->storage.fused) ref_round(t->storage.activations, p, n);
  for (int j = 0; j < n; j++) sum += p[j] = exp(p[j]);
  for (int j = 0; j < n; j++) p[j] /= sum;
  if (!t->storage.fused) ref_round(t->storage.activations, p, n);
}

static void attend(const tower *t, int layer, int dim) {
  int n = t->rows.count;
  for (int i = 0; i < n; i++) {
    for (int at = 0; at < t->shape->heads * dim; at += dim) {
      double p[REF_TOKENS];
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int c = 0; c < dim; c++) sum += q[i][at + c] * k[j][at + c];
        p[j] = meet(t, layer, i, j) ? sum / sqrt(dim) : -INFINITY;
      }
      softmax(t, p, n);
      for (int c = 0; c < dim; c++) {
        a[i][at + c] = 0;
        for (int j = 0; j < n; j++) a[i][at + c] += p[j] * v[j][at + c];
      }
    }
  }
  part_store(&t->p, a, t->shape->heads * dim);
}

static part_norm_form norm_of(const tower *t) {
  return (part_norm_form){t->shape->gated ? PART_RMS : PART_LAYER, t->shape->eps, 1, false};
}

static void feed_forward(const tower *t, int layer) {
  static part_rows g;
  const part_pass *p = &t->p;
  int wide = part_linear(p, "tower_up_proj", true, layer, h, u);
  if (t->shape->gated) {
    part_linear(p, "tower_gate_proj", true, layer, h, g);
    part_gate(p, part_silu, g, u, wide);
  } else {
    part_map(p, quick_gelu, u, wide);
  }
  part_linear(p, "tower_down_proj", true, layer, u, o);
}

static void tower_layer(const tower *t, int layer, int width) {
  const part_norm_form norm = norm_of(t);
  const part_pass *p = &t->p;
  int dim = width / t->shape->heads;
  part_norm(p, "tower_input_norm", layer, norm, e, h);
  part_linear(p, "tower_q_proj", true, layer, h, q);
  part_linear(p, "tower_k_proj", true, layer, h, k);
  part_linear(p, "tower_v_proj", true, layer, h, v);
  if (t->shape->base > 0) turn(t, q, dim);
  if (t->shape->base > 0) turn(t, k, dim);
  attend(t, layer, dim);
  part_linear(p, "tower_o_proj", true, layer, a, o);
  part_add(p, e, o, width);
  part_norm(p, "tower_mlp_norm", layer, norm, e, h);
  feed_forward(t, layer);
  part_add(p, e, o, width);
}

/* e, square by square without leads, through two linears to o; answers how many tokens. */
static int project(tower *t, int width) {
  const part_norm_form norm = norm_of(t);
  int squares = t->shape->side * t->shape->side, lead = t->shape->lead ? 1 : 0;
  int each = t->source->positions / squares, tokens = each * t->source->pieces;
  if (t->shape->merger_norm) part_norm(&t->p, "merger_norm", -1, norm, e, e);
  for (int i = 0; i < tokens; i++) {
    int first = i / each * t->piece + i % each * squares + lead;
    if (t->p.plant == VISION_LEAD_KEPT) first -= lead;
    for (int s = 0; s < squares; s++) {
      memcpy(&h[i][s * width], e[first + s], (size_t)width * sizeof *e[0]);
    }
  }
  t->rows.count = tokens;
  int wide = part_linear(&t->p, t->shape->projector[0], true, -1, h, u);
  part_map(&t->p, gelu, u, wide);
  part_linear(&t->p, t->shape->projector[1], true, -1, u, o);
  return tokens;
}

void ref_insert_images(const ref_layer *of, ref_rows x) {
  const ref_source *source = &of->tokens->source;
  const ref_tower *shape = of->model->details;
  tower t = {.shape = shape, .source = source, .storage = *of->storage};
  t.p = (part_pass){of->model, &t.storage, of->weights, &t.rows, (int)of->plant};
  t.storage.inputs = REF_FP32; /* towers multiply as accurately as activations are */
  t.piece = source->positions + (shape->lead ? 1 : 0);
  t.rows.count = source->pieces * t.piece;
  if (source->pieces == 0) return;
  ref_matrix w = part_find(&t.p, "patches", "weight", -1);
  embed_patches(&t, w.rows);
  if (shape->lead) {
    add_positions(&t, w.rows);
    part_norm(&t.p, "tower_pre_norm", -1, (part_norm_form){PART_LAYER, shape->eps, 1, false}, e, e);
  }
  for (int layer = 0; layer < shape->layers; layer++) tower_layer(&t, layer, w.rows);
  int tokens = project(&t, w.rows), met = 0, swapped = t.p.plant == VISION_IMAGES_SWAPPED;
  for (int i = 0; met < tokens; i++) {
    if ((int)of->tokens->ids[i] != of->model->image_token) continue;
    memcpy(x[i], o[swapped ? tokens - 1 - met : met], sizeof *x);
    met++;
  }
}

/* Wang et al. 2024, 2.1: tokens of an image count their row and column from its first position on;
 * the next token stands behind the largest position so far. */
void ref_place_images(const ref_model *model, const ref_tokens *tokens, int plant, const int *depth,
                      int (*axes)[3]) {
  const ref_tower *shape = model->details;
  const ref_source *source = &tokens->source;
  int across = 1, each = 1, left = 0, missing = 0;
  if (source->pieces > 0) {
    across = source->columns / shape->side;
    each = source->positions / (shape->side * shape->side);
    left = each * source->pieces;
  }
  for (int i = 0; i < tokens->count; i++) {
    int begin = depth[i] - missing;
    axes[i][0] = axes[i][1] = axes[i][2] = begin;
    if (left == 0 || (int)tokens->ids[i] != model->image_token) continue;
    int inside = (each * source->pieces - left) % each, swapped = plant == VISION_WIDTH_FIRST;
    begin -= inside; /* of its image */
    axes[i][0] = begin;
    axes[i][1 + swapped] = begin + inside / across;
    axes[i][2 - swapped] = begin + inside % across;
    left--;
    int rows = each / across, longer = rows > across ? rows : across;
    if (inside + 1 == each && plant != VISION_NO_SHIFT) missing += each - longer;
  }
}
