/* Operators that work value by value, with NEON. */
#include "kernels-ref/cpu/arm/vector_neon.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/values_tile.h"

#include "kernels-ref/cpu/tiles/values_rows.h"

const rl_kernel RL_VALUE_ROWS_NEON[RL_VALUE_ROWS] = VALUE_ROWS(&RL_RUNS_NEON);
