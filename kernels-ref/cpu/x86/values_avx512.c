/* Operators that work value by value, with AVX-512. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/values_tile.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#include "kernels-ref/cpu/tiles/values_rows.h"

const rl_kernel RL_VALUE_ROWS_AVX512[RL_VALUE_ROWS] = VALUE_ROWS(&RL_RUNS_AVX512);
