#!/bin/sh
# The command under valgrind: no invalid access, no leak, no use of unset memory.
. "$(dirname "$0")/lib.sh"
heavy valgrind
cd "$heavy_dir"
while read -r arguments; do
  status=0
  # shellcheck disable=SC2086 # a line is an argument list
  valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
    "$binary_dir/rooflinectl" $arguments >valgrind.out 2>valgrind.err </dev/null || status=$?
  case $status in
    0 | 1 | 2 | 3) ;;
    *) echo "status $status: rooflinectl $arguments"; tail -n 20 valgrind.err; exit 1 ;;
  esac
done <"$source_dir/tests/heavy/commands.txt"
