#!/bin/sh
# clang-tidy over every C file that is built here, with the checks of .clang-tidy; a finding is an
# error. What clang cannot use of the options of another compiler is none.
. "$(dirname "$0")/lib.sh"
heavy clang-tidy
cd "$source_dir"
find analyzer reports kernels-ref -name '*.c' | sort | while read -r file; do
  if grep -qF "/$file\"" "$binary_dir/compile_commands.json"; then printf '%s\0' "$file"; fi
done |
  xargs -0 -P "$jobs" -n 4 clang-tidy --quiet --extra-arg=-Wno-unused-command-line-argument -p "$binary_dir" 2>"$heavy_dir/tidy.err"
