#!/bin/sh
# Every fast row of the registry on 500 shapes, odd sizes among them, in place of the 32 of the short run.
. "$(dirname "$0")/lib.sh"
heavy gcc
variant gcc test_cpu -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release
RL_SHAPES=500
export RL_SHAPES
for suite in "fast linear" "fast experts" "fast attention" "fast latents" "fast values" "fast runs"; do
  "$heavy_dir/gcc/tests/test_cpu" "$suite" >"$heavy_dir/kernels.out" 2>&1 || { cat "$heavy_dir/kernels.out"; exit 1; }
done
echo "kernels: every fast row on $RL_SHAPES shapes"
