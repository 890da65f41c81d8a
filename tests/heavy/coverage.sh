#!/bin/sh
# Line and branch coverage of the program by the ordinary tests. The thresholds are what is reached
# today; they may rise and never fall.
. "$(dirname "$0")/lib.sh"
heavy gcc gcovr
variant cov all -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DRL_COVERAGE=ON
find "$heavy_dir/cov" -name '*.gcda' -delete
# A command whose file size is limited cannot write its counts; it shall not say so in its messages.
GCOV_ERROR_FILE=$heavy_dir/cov.errors
export GCOV_ERROR_FILE
variant_tests cov >"$heavy_dir/cov.tests" || { tail -n 30 "$heavy_dir/cov.tests"; exit 1; }
# A reader that meets an error may wait for its own threads for ever: one thread, and a limit.
measured=$heavy_dir/coverage.json
timeout 600 gcovr --root "$source_dir" --object-directory "$heavy_dir/cov" --exclude-throw-branches \
  --exclude-unreachable-branches --filter "$source_dir/(analyzer|reports|kernels-ref)/" \
  --json "$measured" "$heavy_dir/cov"
gcovr --root "$source_dir" --add-tracefile "$measured" --print-summary --txt "$heavy_dir/coverage.txt" \
  --fail-under-line 95
# Tiles are compiled once for every format and shape of tile, with constants that decide most of their
# branches: of 60 lines come 5,000 "branches" whose other side does not exist. All their lines count
# above, their branches do not.
echo "branches of all but the texts of tiles:"
gcovr --root "$source_dir" --add-tracefile "$measured" \
  --exclude "$source_dir/kernels-ref/cpu/(tiles/|x86/vector_)" --print-summary --txt "$heavy_dir/branches.txt" \
  --fail-under-branch 88
