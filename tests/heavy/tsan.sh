#!/bin/sh
# What threads share, under the thread sanitizer: the team and every fast row that it runs, paged steps
# of the engine, the probe, and grids over the threads of OpenMP with the bytes of one.
. "$(dirname "$0")/lib.sh"
heavy clang
# Archer tells the sanitizer what OpenMP's own waiting orders.
archer=$(find /usr/lib /usr/lib64 -name libarcher.so 2>/dev/null | sort | tail -n 1)
[ -n "$archer" ] || { echo "SKIPPED: libarcher (of libomp) is not installed"; exit 77; }
OMP_TOOL_LIBRARIES=$archer
TSAN_OPTIONS=halt_on_error=1:exitcode=66:ignore_noninstrumented_modules=1
export OMP_TOOL_LIBRARIES TSAN_OPTIONS
for target in test_cpu test_engine rooflinectl; do
  variant tsan "$target" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-g -O1" -DRL_SANITIZE=thread
done
cd "$heavy_dir"
report=$heavy_dir/tsan.out
clean() { # COMMAND...
  "$@" >"$report" 2>&1 || { echo "failed: $*"; tail -n 60 "$report"; exit 1; }
  if grep -q 'ThreadSanitizer' "$report"; then echo "failed: $*"; tail -n 60 "$report"; exit 1; fi
}
for suite in team machine "fast linear" "fast experts" "fast attention" "fast latents" "fast values" "fast runs"; do
  clean tsan/tests/test_cpu "$suite"
done
clean tsan/tests/test_engine pages

sweep() { # THREADS
  tsan/rooflinectl sweep llama-3-8b,mixtral-8x7b@h100-sxm,a100-sxm-80gb --batch 1..64x2 --tp 1,2 --threads "$1" -f csv
}
sweep 1 >sweep.1
for threads in 2 4; do
  clean sweep $threads
  cmp sweep.1 "$report" || { echo "differs with $threads threads"; exit 1; }
done
echo "tsan: no race, the same bytes with 1, 2 and 4 threads"
