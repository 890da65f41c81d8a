/* One stored tensor of the files of a model, row by row in the bytes of its format: rows as they
 * lie, or put together out of codes, scales and zero points that lie apart. */
#ifndef RL_ENGINE_FILE_ROWS_H
#define RL_ENGINE_FILE_ROWS_H

#include "doc/mapped.h"
#include "spec/stored_tensors.h"

typedef RL_LIST(rl_mapped) rl_mapped_list;

/* How codes lie. */
typedef enum rl_file_order {
  RL_FILE_ROWS,   /* rows of the format, one behind the other */
  RL_FILE_BYTES,  /* a byte a code, [rows, cols] */
  RL_FILE_GPTQ,   /* words of codes along the columns, [cols / n, rows] */
  RL_FILE_AWQ,    /* along the rows, [cols, rows / n] */
  RL_FILE_PACKED, /* words along the columns, [rows, cols / n] */
  RL_FILE_ORDERS
} rl_file_order;

typedef struct rl_file_tensor {
  const rl_stored_tensor *stored;
  const rl_mapped_list *files;
  rl_file_order order;
  uint64_t cols, rows, experts; /* rows of one expert */
  uint64_t row_bytes, once_bytes;
  rl_row_layout layout;                                  /* of codes: within a row */
  size_t first[RL_STORED_ROLES], count[RL_STORED_ROLES]; /* of its parts */
} rl_file_tensor;

/* NULL when its rows can be read; else why they cannot. */
const char *rl_file_tensor_open(const rl_stored_tensor *stored, const rl_mapped_list *files,
                                rl_file_tensor *out);
/* A row in the bytes of the format; what is stored once of an expert. Reports what cannot be. */
rl_status rl_file_row(const rl_file_tensor *tensor, uint64_t expert, uint64_t row, uint8_t *out,
                      rl_diags *diags);
rl_status rl_file_once(const rl_file_tensor *tensor, uint64_t expert, uint8_t *out,
                       rl_diags *diags);
/* Dense tensors: the nth value of an expert. */
rl_status rl_file_value(const rl_file_tensor *tensor, uint64_t expert, uint64_t nth, float *out,
                        rl_diags *diags);

#endif
