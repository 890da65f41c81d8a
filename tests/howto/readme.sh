#!/bin/sh
# What the README shows is what the program prints. readme.sh SOURCE PROGRAM [update]
# With `update` it writes the program's output into the README instead.
set -eu
source_dir=$1
program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$source_dir"
begin='^\$ rooflinectl analyze examples/first.yaml$'
"$program" analyze examples/first.yaml >"$work/printed"
if [ "${3:-}" = update ]; then
  awk -v printed="$work/printed" -v begin="$begin" '
    $0 ~ begin { print; while ((getline line <printed) > 0) print line; skip = 1; next }
    /^```$/ { skip = 0 }
    !skip' README.md >"$work/README.md"
  cat "$work/README.md" >README.md
fi
awk -v begin="$begin" '$0 ~ begin { on = 1; next } /^```$/ { on = 0 } on' README.md >"$work/shown"
diff "$work/shown" "$work/printed" || { echo "refresh with: tests/howto/readme.sh SOURCE PROGRAM update"; exit 1; }
