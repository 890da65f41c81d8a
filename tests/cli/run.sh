#!/bin/sh
# Runs the cases of the command line: run.sh PROGRAM [--update] [CASE...]
# A case is a file of marked lines: "$ " a line of shell, "? " its exit status, "> " what it wrote to
# standard output, "! " to standard error, "@ " a command it needs. Everything is compared exactly.
# --update writes what happened into the case; read the difference before keeping it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
update=no
if [ "${1-}" = --update ]; then
  update=yes
  shift
fi
[ $# -gt 0 ] || set -- "$here"/cases/*.case
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0
skipped=0

# Every case sees the same small world: its own working folder, home and environment.
fresh() {
  rm -rf "${folder:?}/work" "${folder:?}/home" "${folder:?}/bin"
  mkdir "$folder/work" "$folder/home" "$folder/bin"
  cp -R "$here/data/hwdb" "$here/data/models" "$folder/work"
  ln -s "$program" "$folder/bin/rooflinectl"
}

# Marked lines of what the case's shell lines do.
happened() {
  sed -n 's/^\$ //p' "$1" >"$folder/script"
  (cd "$folder/work" && env -i PATH="$folder/bin:/usr/bin:/bin" HOME="$folder/home" TERM=xterm \
    ${LD_LIBRARY_PATH+LD_LIBRARY_PATH="$LD_LIBRARY_PATH"} \
    ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS"} \
    ${GCOV_ERROR_FILE+GCOV_ERROR_FILE="$GCOV_ERROR_FILE"} sh "$folder/script") \
    >"$folder/out" 2>"$folder/err" </dev/null
  echo "? $?"
  sed 's/^/> /; s/^> $/>/' "$folder/out"
  sed "s|$folder|FOLDER|g; s/^/! /; s/^! \$/!/" "$folder/err"
}

# The first command that the case needs and that is not there.
missing() {
  sed -n 's/^@ //p' "$1" | while read -r tool; do
    command -v "$tool" >/dev/null || { echo "$tool"; break; }
  done
}

for case; do
  name=$(basename "$case" .case)
  lacking=$(missing "$case")
  if [ -n "$lacking" ]; then
    skipped=$((skipped + 1))
    echo "SKIPPED $name: needs $lacking"
    continue
  fi
  fresh
  # What it needs may be installed elsewhere than the few folders that it sees.
  sed -n 's/^@ //p' "$case" | while read -r tool; do
    [ -x "/usr/bin/$tool" ] || [ -x "/bin/$tool" ] || ln -s "$(command -v "$tool")" "$folder/bin/"
  done
  happened "$case" >"$folder/happened"
  grep '^[?>!]' "$case" >"$folder/expected"
  if cmp -s "$folder/expected" "$folder/happened"; then
    passed=$((passed + 1))
  elif [ "$update" = yes ]; then
    { grep '^[#@$]' "$case"; cat "$folder/happened"; } >"$folder/new"
    cat "$folder/new" >"$case"
    echo "updated $name"
  else
    failed=$((failed + 1))
    echo "FAILED $name"
    diff -u "$folder/expected" "$folder/happened" | sed 1,2d
  fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] || exit 1
[ "$skipped" -eq 0 ] && exit 0
# What was not run has not passed: skipped for ctest, a failure where every tool should be there.
[ "${RL_TIER-}" != all ] || exit 1
exit 77
