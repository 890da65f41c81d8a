/* Writes small safetensors files, head and no data, for the tests that read them. */
#ifndef RL_TESTS_SAFETENSORS_HELP_H
#define RL_TESTS_SAFETENSORS_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

enum { SAFE_BYTES = 1 << 16, SAFE_PATH = 256 };

typedef struct safe_file {
  char head[SAFE_BYTES]; /* entries, without the braces around them */
  size_t length;
  uint64_t data; /* bytes behind the head */
} safe_file;

/* One tensor behind the others. shape: "40, 256"; values: their product. */
void safe_tensor(safe_file *f, const char *name, const char *type, const char *shape);
/* Anything between the braces. */
void safe_text(safe_file *f, const char *text);

/* How the seven products of a layer are stored. */
typedef enum safe_layout {
  SAFE_BF16,
  SAFE_FP8,       /* a scale a tensor, one of the input */
  SAFE_FP8_HALF,  /* a scale of 2 bytes a tensor */
  SAFE_FP8_ROW,   /* a scale of 4 bytes a row */
  SAFE_FP8_ODD,   /* three scales */
  SAFE_GPTQ,      /* groups of 128, zero points, g_idx */
  SAFE_GPTQ_256,  /* the same with groups of 256 */
  SAFE_AWQ,       /* groups of 128, zero points */
  SAFE_PACKED,    /* compressed-tensors: groups of 128, and the shape */
  SAFE_INT8,      /* compressed-tensors: a scale of 2 bytes a row */
  SAFE_INT8_ASYM, /* the same with a zero point a row */
  SAFE_INT8_ODD,  /* with one zero point a tensor */
  SAFE_INT8_WIDE, /* bitsandbytes: a scale of 4 bytes a row */
  SAFE_NF4,       /* bitsandbytes: blocks of 64 */
  SAFE_FP4_DOUBLE,   /* the same of 4-bit floats, with scales quantized */
  SAFE_PACKED_ORDER, /* as SAFE_PACKED with the group of each column */
  SAFE_PACKED_8_4,   /* compressed-tensors: attention in 8 bits, the others in 4 */
  SAFE_NVFP4,        /* ModelOpt: groups of 16, scales of the tensor and of the input */
  SAFE_LAYOUTS
} safe_layout;

/* The llama of gguf_help.h (2 layers, d = 256, 4 heads and 2 of KV, d_ff = 512, 40 tokens), its
 * norms, embedding and head in bf16. prefix: "model." */
void safe_make_llama(safe_file *f, safe_layout layout, const char *prefix);
/* Its config.json with that quantization_config, "null" for none, in the folder. */
void safe_write_config(const char *folder, const char *quantization);
void safe_write_text(const char *folder, const char *name, const char *text);
/* Length, head, and data of zeros; the head's bytes answered. */
size_t safe_write(const safe_file *f, const char *folder, const char *name);
/* A new folder, and its end with all that is in it. */
const char *safe_folder(void);
void safe_folder_end(void);
/* The last diagnostic as it is printed, of files without their folder. */
void safe_last_line(const rl_diags *diags, char *out, size_t room);

#endif
