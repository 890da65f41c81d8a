# Shared by the suites of this folder; sourced as `. lib.sh`, run as NAME.sh SOURCE BINARY.
# SOURCE is the tree, BINARY the build folder of the tests. Not for use on its own.
# shellcheck shell=sh
set -eu
source_dir=${1:?source folder}
binary_dir=${2:?build folder}
heavy_dir=$binary_dir/heavy
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export LC_ALL=C
mkdir -p "$heavy_dir"

# These suites run under `./quickstart test --all` only; elsewhere they say what they need.
heavy() { # TOOL...
  if [ "${RL_TIER:-}" != all ]; then
    echo "SKIPPED: runs with --all (needs $*)"
    exit 77
  fi
  for tool; do
    if ! command -v "$tool" >/dev/null 2>&1; then
      echo "SKIPPED: $tool is not installed"
      exit 77
    fi
  done
}

# Configures and builds a variant of the tree under heavy/NAME, warnings as errors.
variant() { # NAME TARGET OPTION...
  name=$1
  target=$2
  shift 2
  generator=$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$binary_dir/CMakeCache.txt")
  log=$heavy_dir/$name.log
  if ! cmake -S "$source_dir" -B "$heavy_dir/$name" -G "$generator" -DRL_WERROR=ON "$@" >"$log" 2>&1 ||
    ! cmake --build "$heavy_dir/$name" --parallel "$jobs" --target "$target" >>"$log" 2>&1; then
    grep -E 'warning|error|FAILED' "$log" | head -n 40
    return 1
  fi
}
# Runs the ordinary tests of a variant, but those whose names match an expression.
variant_tests() { # NAME [WITHOUT]
  ctest --test-dir "$heavy_dir/$1" -LE 'heavy|source' ${2:+-E "$2"} --parallel "$jobs" --output-on-failure --timeout 900
}
# The two suites of the engine that take minutes; the ordinary and the sanitized build run them.
# shellcheck disable=SC2034 # the suites use it
long_suites='^test_engine_(fleets|logits)$'
