#!/bin/sh
# The command under valgrind: no invalid access, no leak, no use of unset memory, and the same answer
# as without.
. "$(dirname "$0")/lib.sh"
heavy valgrind
cd "$heavy_dir"
# valgrind preloads its parts, and a path to preload cannot hold a blank.
case ${VALGRIND_LIB:-} in
  *' '*)
    short=$(mktemp -d)
    trap 'rm -rf "$short"' EXIT
    ln -s "$VALGRIND_LIB" "$short/lib"
    export VALGRIND_LIB="$short/lib"
    ;;
esac
while read -r arguments; do
  status=0
  expected=0
  # shellcheck disable=SC2086 # a line is an argument list
  "$binary_dir/rooflinectl" $arguments >plain.out 2>/dev/null </dev/null || expected=$?
  # shellcheck disable=SC2086 # a line is an argument list
  valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
    ${VALGRIND_DEBUG:+--extra-debuginfo-path="$VALGRIND_DEBUG"} \
    "$binary_dir/rooflinectl" $arguments >valgrind.out 2>valgrind.err </dev/null || status=$?
  if [ "$status" -ne "$expected" ] || ! cmp plain.out valgrind.out; then
    echo "status $status, expected $expected: rooflinectl $arguments"
    tail -n 20 valgrind.err
    exit 1
  fi
done <"$source_dir/tests/heavy/commands.txt"
