#!/bin/sh
# The pictures of the gallery: make.sh PROGRAM draws them anew, make.sh PROGRAM check compares.
# Each line of commands.txt is a picture's name and the command that draws it. gnuplot writes the same
# SVG twice only in one version: with another one, the numbers behind the pictures are compared alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
command -v gnuplot >/dev/null || { echo "SKIPPED: needs gnuplot"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
cd "$folder"
drawn=$(gnuplot --version)
while read -r name arguments; do
  # shellcheck disable=SC2086 # the arguments are words
  "$program" $arguments -o "$name.svg" 2>/dev/null
done <"$here/commands.txt"
if [ "${2-}" != check ]; then
  cp ./*.svg ./*.csv "$here"
  echo "$drawn" >"$here/gnuplot.txt"
  exit 0
fi
status=0
forms=csv
[ "$drawn" = "$(cat "$here/gnuplot.txt")" ] && forms="csv svg"
for form in $forms; do
  for file in ./*."$form"; do
    cmp -s "$file" "$here/$file" || { echo "docs/gallery/$file is not current: run docs/gallery/make.sh PROGRAM"; status=1; }
  done
done
exit $status
