/* Writes small GGUF files, byte by byte as the specification says, for the tests that read them. */
#ifndef RL_TESTS_GGUF_HELP_H
#define RL_TESTS_GGUF_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

enum { GGUF_BYTES = 1 << 16, GGUF_PATH = 256 };

typedef struct gguf_file {
  uint8_t facts[GGUF_BYTES], tensors[GGUF_BYTES];
  size_t fact_bytes, tensor_bytes;
  uint64_t fact_count, tensor_count;
  uint64_t data; /* bytes behind the head */
} gguf_file;

void gguf_number(gguf_file *f, const char *key, uint32_t value);
void gguf_real(gguf_file *f, const char *key, float value);
void gguf_text(gguf_file *f, const char *key, const char *value);
/* A number of any type, by the type's number in a file and its bytes. */
void gguf_value(gguf_file *f, const char *key, uint32_t type, uint64_t bits, size_t bytes);
/* A list of texts, "t" each. */
void gguf_texts(gguf_file *f, const char *key, uint64_t count);
void gguf_list(gguf_file *f, const char *key, const uint32_t *values, uint64_t count);

/* A tensor of a type by its number; bytes is what it takes. */
typedef struct gguf_shape {
  uint32_t type;
  uint64_t cols, rows;
  uint64_t bytes;
  uint64_t depth; /* matrices one after the other, 0: one, and no third dimension */
} gguf_shape;
void gguf_tensor(gguf_file *f, const char *name, gguf_shape shape);

/* A llama of two layers, d = 256, 4 heads and 2 of KV, d_ff = 512, 40 tokens; `down` is the type of
 * the second layer's down_proj, `head` whether there is an output matrix. The sum of its tensors:
 *   embedding 40 rows of 144 bytes (q4_k), and of 210 (q6_k) the head when there is one;
 *   a layer: norms 2 * 256 * 4; q and o 2 * 256 rows of 144, k and v 2 * 128 rows of 144; gate and
 *   up 2 * 512 rows of 144; down 256 rows of two blocks (2 * 144, or 2 * 210 in q6_k); norm 256
 * * 4. */
typedef struct gguf_llama {
  uint32_t down;
  int head;
} gguf_llama;
enum { GGUF_F32 = 0, GGUF_Q4_K = 12, GGUF_Q6_K = 14, GGUF_I32 = 26 };
void gguf_make_llama(gguf_file *f, gguf_llama what);

/* A folder of its own for the files of a test; its end, with the one file that is left in it or
 * NULL. */
const char *gguf_folder(void);
void gguf_folder_end(const char *path);
/* The bytes of the head into out; how many they are. */
size_t gguf_head(const gguf_file *f, uint8_t *out);
/* Writes head and data (zeros) as folder/name and answers the path in `path`. */
void gguf_write(const gguf_file *f, const char *folder, const char *name, char path[GGUF_PATH]);
/* The last diagnostic as it is printed, of a file called x.gguf, without the line's end. */
void gguf_last_line(const rl_diags *diags, char *out, size_t room);
void gguf_write_bytes(const uint8_t *bytes, size_t count, uint64_t size, const char *path);

#endif
