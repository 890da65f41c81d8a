/* Fuzz target: any bytes as YAML. */
#include "fuzz_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_document(rl_parse_yaml, data, size);
  return 0;
}
