/* What the parts of a split GGUF file say of being parts (llama.cpp, tools/gguf-split: split.no is
 * counted from 0, split.tensors.count is of all parts together). */
#include "base/number.h"
#include "spec/gguf.h"

static const char said_nothing[] = "nothing";

static rl_status differ(const rl_load *load, const char *path, const char *key,
                        const char *const words[3]) {
  const rl_loc loc = {.file = path};
  return RL_REPORT(load->diags, GGUF_SPLIT, loc, key, words[0], words[1], words[2]);
}

/* A fact that a part must say in one way; where_from: who says what it must be. */
static rl_status check_fact(const rl_load *load, const rl_gguf_part *part, const char *key,
                            uint64_t want, const char *where_from) {
  char is[RL_NUMBER_TEXT], must[RL_NUMBER_TEXT];
  const uint64_t said = rl_gguf_number(part->facts, key, UINT64_MAX);
  if (said == want) return RL_OK;
  const char *const words[] = {said == UINT64_MAX ? said_nothing : rl_print_u64(said, is),
                               where_from, rl_print_u64(want, must)};
  return differ(load, part->path, key, words);
}

rl_status rl_gguf_check_part(const rl_load *load, const rl_gguf *first, const rl_gguf_part *part) {
  static const char of_first[] = "the first part says";
  const uint64_t all = rl_gguf_number(first->facts, "split.tensors.count", UINT64_MAX);
  rl_status status = check_fact(load, part, "split.no", part->number, "the file's name says");
  if (status == RL_OK) {
    status = check_fact(load, part, "split.count", first->parts, of_first);
  }
  if (status != RL_OK || all == UINT64_MAX) return status;
  return check_fact(load, part, "split.tensors.count", all, of_first);
}

rl_status rl_gguf_check_tensors(const rl_load *load, const rl_gguf *first, const char *path,
                                uint64_t tensors) {
  const rl_gguf_part part = {.path = path, .facts = first->facts};
  const char *key = "split.tensors.count";
  if (rl_gguf_number(first->facts, key, tensors) == tensors) return RL_OK;
  return check_fact(load, &part, key, tensors, "the parts hold");
}
