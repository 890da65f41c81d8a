/* receive: the stored bytes that the stage before has sent (Huang et al. 2019, 2.2). */
#include <string.h>

#include "kernels-ref/cpu/kernel.h"

void rl_ref_receive(const rl_call *call) {
  const rl_view *out = rl_call_write(call, 0);
  uint64_t bytes = rl_store_bytes(&out->store);
  uint8_t *to = rl_store_take(&out->store, 0, bytes, out->touched);
  memcpy(to, call->incoming->bytes, bytes);
}
