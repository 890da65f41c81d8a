/* Operators that work value by value, with AVX2. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/values_tile.h"
#include "kernels-ref/cpu/x86/vector_avx2.h"

#include "kernels-ref/cpu/tiles/values_rows.h"

const rl_kernel RL_VALUE_ROWS_AVX2[RL_VALUE_ROWS] = VALUE_ROWS(&RL_RUNS_AVX2);
