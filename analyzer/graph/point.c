/* Well-formedness of points and the depths of draft trees. What a point costs is cost/'s. */
#include "graph/point.h"

#include "base/checked.h"
#include "base/number.h"

void rl_tree_depths(const rl_tree *tree, uint32_t *depth) {
  for (uint32_t i = 0; i < tree->nodes; i++) {
    int32_t parent = tree->parent[i];
    depth[i] = parent < 0 ? 0 : depth[parent] + 1;
  }
}

static rl_status report(rl_diags *diags, size_t group, const char *what) {
  rl_loc nowhere = {0};
  char index[RL_NUMBER_TEXT];
  return RL_REPORT(diags, BAD_POINT, nowhere, rl_print_grouped(group, index), what);
}

static bool parents_precede(const rl_tree *tree) {
  for (uint32_t i = 0; i < tree->nodes; i++) {
    if (tree->parent[i] < -1 || tree->parent[i] >= (int64_t)i) return false;
  }
  return true;
}

static rl_status check_group(const rl_group *group, size_t index, rl_diags *diags) {
  if (group->count == 0) return report(diags, index, "has no sequence");
  if (group->q == 0) return report(diags, index, "has no new token");
  if (group->q > UINT64_MAX - group->cached) return report(diags, index, "is too long");
  if (group->source.pieces != 0 && group->source.positions == 0) {
    return report(diags, index, "has a source without positions");
  }
  if (group->tree == NULL) return RL_OK;
  if (group->tree->nodes != group->q) {
    return report(diags, index, "has a tree whose nodes are not its new tokens");
  }
  if (!parents_precede(group->tree)) {
    return report(diags, index, "has a tree node that does not follow its parent");
  }
  return RL_OK;
}

rl_status rl_point_check(const rl_point *point, rl_diags *diags) {
  rl_status status = RL_OK;
  for (size_t g = 0; g < point->count && status == RL_OK; g++) {
    status = check_group(&point->groups[g], g, diags);
  }
  return status;
}

uint64_t rl_merged_side(uint64_t merge) {
  uint64_t side = 1;
  while (side < UINT32_MAX && side * side < merge) side++;
  return side;
}

bool rl_source_grid_fits(const rl_encoder_source *source, uint64_t side) {
  if (source->columns == 0) return true;
  if (source->columns % side != 0 || source->positions % source->columns != 0) return false;
  return source->positions / source->columns % side == 0;
}

uint64_t rl_squarest_columns(uint64_t positions, uint64_t side) {
  uint64_t squares = positions / side / side, columns = squares;
  for (uint64_t rows = 1; rows <= squares / rows; rows++) {
    if (squares % rows == 0) columns = squares / rows;
  }
  return columns * side;
}

uint64_t rl_source_columns(const rl_encoder_source *source, uint64_t side) {
  if (source->columns != 0) return source->columns;
  return rl_max_u64(source->positions / side, 1);
}

/* Of n places cut into pieces of `within`, the sum of the squares of their lengths. */
static bool cut_pairs(uint64_t n, uint64_t within, uint64_t *pairs) {
  uint64_t rest = n % within, last;
  return rl_mul_u64(n - rest, within, pairs) && rl_mul_u64(rest, rest, &last) &&
         rl_add_u64(*pairs, last, pairs);
}

bool rl_square_pairs(const rl_encoder_source *source, uint64_t side, uint64_t within,
                     uint64_t *pairs) {
  uint64_t columns = rl_source_columns(source, side), across, down;
  return cut_pairs(columns, within, &across) &&
         cut_pairs(source->positions / columns, within, &down) && rl_mul_u64(across, down, pairs);
}
