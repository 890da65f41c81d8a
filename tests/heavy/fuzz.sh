#!/bin/sh
# A short libFuzzer run of every target, under the sanitizers, from its corpus. New inputs are kept in
# the build folder; the corpus in the tree is replayed by the ordinary tests.
. "$(dirname "$0")/lib.sh"
heavy clang
seconds=${RL_FUZZ_SECONDS:-45}
variant fuzz all -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo -DRL_FUZZ=ON -DRL_TESTS=OFF \
  -DRL_SANITIZE=address,undefined
cd "$heavy_dir/fuzz"
# shellcheck disable=SC2016 # the inner shell expands
find . -maxdepth 1 -type f -name 'fuzz_*' ! -name '*.log' | sed 's|.*/||' | sort | xargs -P "$jobs" -I {} sh -c '
  target=$1 seconds=$2 corpus=$3/tests/fuzz/corpus/${1#fuzz_}
  mkdir -p "found/$target"
  if "./$target" -max_total_time="$seconds" -timeout=2 -rss_limit_mb=512 -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="found/$target-" "found/$target" "$corpus" >"$target.log" 2>&1; then
    awk -v target="$target" "/number_of_executed_units/ { print target \": \" \$2 \" inputs\" }" "$target.log"
  else
    tail -n 30 "$target.log"
    exit 255
  fi' _ {} "$seconds" "$source_dir"
