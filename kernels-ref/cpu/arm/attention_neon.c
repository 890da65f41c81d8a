/* attention with NEON: every stored type becomes fp32 as it is read. */
#include "kernels-ref/cpu/arm/words_neon.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

#include "kernels-ref/cpu/tiles/attention_floats.h"

const rl_kernel RL_ATTENTION_NEON[RL_ATTENTION_NEON_COUNT] = ATTENTION_FLOATS;
