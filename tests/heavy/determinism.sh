#!/bin/sh
# The same input gives the same bytes: gcc and clang, optimized or not, under a locale with a decimal
# comma, another time zone, another folder, and twice in a row.
. "$(dirname "$0")/lib.sh"
heavy gcc clang localedef
variant clang rooflinectl -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Release
variant gcc-debug rooflinectl -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DRL_EMBED_DB=OFF
locales=$heavy_dir/locales
mkdir -p "$locales" "$heavy_dir/elsewhere"
[ -d "$locales/de_DE.UTF-8" ] || localedef -i de_DE -f UTF-8 "$locales/de_DE.UTF-8" ||
  { echo "SKIPPED: no locale with a decimal comma can be made"; exit 77; }

# outcome PROGRAM ARGUMENT...: standard output, messages and status as one file on standard output.
outcome() {
  status=0
  "$@" </dev/null 2>"$heavy_dir/messages" || status=$?
  cat "$heavy_dir/messages"
  echo "status $status"
}
same() { # WHAT
  cmp "$heavy_dir/expected" "$heavy_dir/got" || { echo "differs $1: rooflinectl $arguments"; exit 1; }
}
plain=$binary_dir/rooflinectl
while read -r arguments; do
  # shellcheck disable=SC2086 # a line is an argument list
  set -- $arguments
  cd "$heavy_dir"
  outcome "$plain" "$@" >expected
  outcome "$plain" "$@" >got && same "the second time"
  outcome "$heavy_dir/clang/rooflinectl" "$@" >got && same "with clang"
  outcome env LOCPATH="$locales" LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 "$plain" "$@" >got && same "with a decimal comma"
  outcome env TZ=Pacific/Chatham "$plain" "$@" >got && same "in another time zone"
  (cd elsewhere && outcome "$plain" "$@") >got && same "in another folder"
  # The unoptimized build has no embedded files: it reads the same descriptions from their folders.
  case $arguments in
    *json* | *csv* | "list models" | "analyze mistral-7b")
      outcome "$plain" "$@" --db "$source_dir" >expected
      outcome "$heavy_dir/gcc-debug/rooflinectl" "$@" --db "$source_dir" >got && same "unoptimized"
      ;;
  esac
done <"$source_dir/tests/heavy/commands.txt"
