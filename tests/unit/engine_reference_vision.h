/* Vision towers in front of the decoder of the second implementation: what ref_model.details says
 * of a model with images, and where their tokens stand. */
#ifndef RL_TESTS_ENGINE_REFERENCE_VISION_H
#define RL_TESTS_ENGINE_REFERENCE_VISION_H

#include "engine_reference.h"

/* LLaVA has a lead and a table of positions, Qwen's towers turn patches. */
typedef struct ref_tower {
  int layers, heads;
  double eps;
  bool lead;   /* a learned position in front of each image, a table for it and the patches */
  int side;    /* of the squares of patches that become one token */
  double base; /* of the rotation by row and column, 0: none */
  bool merger_norm;
  bool gated; /* root mean square norms and gated feed-forward networks */
  int within; /* patches meet in squares of so many rows and columns, 0: in their image */
  int whole;  /* but for those of this layer */
  const char *projector[2]; /* the two linears */
} ref_tower;

/* Beside those of ref_plant. */
typedef enum vision_plant {
  VISION_ROW_MAJOR = REF_PLANTS, /* patches stand row by row, not square by square */
  VISION_COLUMNS_FIRST,          /* the first half of a head turns by the column */
  VISION_WIDTH_FIRST,            /* tokens turn by width where height is meant */
  VISION_NO_SHIFT,       /* tokens behind an image stand as many positions further as it has */
  VISION_IMAGES_MEET,    /* patches see the patches of other images */
  VISION_LEAD_KEPT,      /* the first token of an image is its lead */
  VISION_TABLE_ONE_LATE, /* patches have the position of the next */
  VISION_WINDOWS_LARGER, /* by a column of squares of merged patches */
  VISION_IMAGES_SWAPPED  /* the first image's tokens stand where the last one's should */
} vision_plant;

/* The images' tokens, in the place of those in x (ref_model.insert). */
void ref_insert_images(const ref_layer *of, ref_rows x);
/* Time, height and width of each token, whose positions without images are depth[]. */
void ref_place_images(const ref_model *model, const ref_tokens *tokens, int plant, const int *depth,
                      int (*axes)[3]);

#endif
