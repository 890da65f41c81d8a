/* attention with AVX2: every stored type becomes fp32 as it is read. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/words_avx2.h"

#include "kernels-ref/cpu/tiles/attention_floats.h"

const rl_kernel RL_ATTENTION_AVX2[RL_ATTENTION_AVX2_COUNT] = ATTENTION_FLOATS;
