/* Fuzz target: any bytes as JSON. */
#include "fuzz_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_document(rl_parse_json, data, size);
  return 0;
}
