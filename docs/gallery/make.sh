#!/bin/sh
# The pictures of the gallery: make.sh PROGRAM draws them anew, make.sh PROGRAM check compares.
# Each line of commands.txt is a picture's file and the command that draws it; the first six, one of
# each kind, are drawn in every other form and width too. gnuplot writes the same SVG twice only in one
# version: with another one, the numbers behind the pictures are compared alone. PDF, PNG and EPS are
# cairo's, and differ from machine to machine: they are only drawn, and must be there.
# The dark and the grey picture are the light one seen as a dark page and a printer show it.
# README.md shows below each picture the caption that is written beside it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
command -v gnuplot >/dev/null || { echo "SKIPPED: needs gnuplot"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
cd "$folder"
drawn=$(gnuplot --version)
# A family whose more than forty operators have names of sixty letters.
mkdir -p long/models/families
awk '{
  while (match($0, /(name|tied_to): [a-z_]+/)) {
    split(substr($0, RSTART, RLENGTH), word, ": ")
    name = substr(word[2] "_with_a_name_of_sixty_characters_that_somebody_has_to_read_in_full", 1, 60)
    printf "%s%s: %s", substr($0, 1, RSTART - 1), word[1], name
    $0 = substr($0, RSTART + RLENGTH)
  }
  print
}' "$here/../../models/families/deepseek.yaml" >long/models/families/deepseek.yaml
mkdir forms
cp "$here/kernels.csv" .
look() { # FILTER FILE: the SVG of standard input as the filter shows it
  awk -v filter="$1" '!done && sub(/<svg/, "<svg style=\"filter:" filter "\"") { done = 1 } { print }' >"$2"
}
while read -r file arguments; do
  # shellcheck disable=SC2086 # the arguments are words
  "$program" plot $arguments -o "$file" 2>/dev/null
  kind=${file%.svg}
  [ "${arguments%% *}" = "$kind" ] || continue
  for form in pdf png eps txt html; do
    # shellcheck disable=SC2086
    "$program" plot $arguments --for acm -o "forms/$kind.$form" 2>/dev/null
  done
  for venue in ieee usenix icml neurips; do
    # shellcheck disable=SC2086
    "$program" plot $arguments --for $venue -o "forms/$kind-$venue.svg" 2>/dev/null
  done
  # shellcheck disable=SC2086
  "$program" plot $arguments --for acm -o "forms/$kind-tex.tex" 2>/dev/null
  # shellcheck disable=SC2086
  "$program" plot $arguments --for acm -o "forms/$kind.svg" 2>/dev/null
  look 'invert(0.914) hue-rotate(180deg)' "forms/$kind-dark.svg" <"forms/$kind.svg"
  look 'grayscale(1)' "forms/$kind-grey.svg" <"forms/$kind.svg"
done <"$here/commands.txt"
rm -f forms/*.csv forms/*.gp forms/*.caption.txt
# The captions that stand there go, and those of the pictures of each line follow it.
awk '
/^> / { blank = 0; next }
blank { print ""; blank = 0 }
/^$/ { blank = 1; next }
{ print }
/^!/ {
  for (line = $0; match(line, /\]\([^)]*\.svg\)/); line = substr(line, RSTART + RLENGTH)) {
    name = substr(line, RSTART + 2, RLENGTH - 7)
    getline caption < (name ".caption.txt")
    print "\n> `" name ".svg`: " caption
  }
}' "$here/README.md" >README.md
if [ "${2-}" != check ]; then
  mkdir -p "$here/forms"
  cp ./*.svg ./*.csv README.md "$here"
  cp forms/* "$here/forms"
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
cmp -s README.md "$here/README.md" || [ "$forms" = csv ] || { echo "docs/gallery/README.md shows other captions"; status=1; }
for file in forms/*; do
  { [ -s "$file" ] && [ -s "$here/$file" ]; } || { echo "docs/gallery/$file is missing"; status=1; }
done
for file in forms/*.txt; do
  cmp -s "$file" "$here/$file" || [ "$forms" = csv ] || { echo "docs/gallery/$file is not current"; status=1; }
done
exit $status
