/* One tile of linear_block_tiles.h. */
#define TILE_BLOCKS 1
#define TILE_UNIT 4
#define TILE_COLUMNS BLOCK_COLUMNS
#define TILE_PLANES BLOCK_PLANES
#define TILE_GROUPED 1
#define TILE_WEIGHT BLOCK_WEIGHT
#define TILE_SUM BLOCK_SUM
#define TILE_ADD BLOCK_ADD
#define TILE_BEGIN BLOCK_BEGIN
#define TILE_END BLOCK_END
#define TILE_GROUP block_group
#include "kernels-ref/cpu/tiles/linear_rows.h"
