/* send: the tensor leaves as it is stored (Huang et al. 2019, 2.2). It is read here and written by
 * the stage that receives it. */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_send(const rl_call *call) {
  const rl_view *in = rl_call_read(call, 0);
  (void)rl_store_take(&in->store, 0, rl_store_bytes(&in->store), in->touched);
}
