/* attention with AVX-512: every stored type becomes fp32 as it is read. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/words_avx512.h"

#include "kernels-ref/cpu/tiles/attention_floats.h"

const rl_kernel RL_ATTENTION_AVX512[RL_ATTENTION_AVX512_COUNT] = ATTENTION_FLOATS;
