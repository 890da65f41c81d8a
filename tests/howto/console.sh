#!/bin/sh
# What docs/check.md shows is what the program prints: console.sh SOURCE PROGRAM [update]
# The steps of its ```console blocks are followed in one copy of examples/ci, a git repository.
# With `update` the output is written into the page instead.
set -eu
source_dir=$(cd "$1" && pwd)
program=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
page=$source_dir/docs/check.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v git >/dev/null || { echo "SKIPPED: git is not installed"; exit 77; }
mkdir "$work/bin" "$work/home"
ln -s "$program" "$work/bin/rooflinectl"
cp -R "$source_dir/examples/ci" "$work/repository"

# Every "$ " line of a block is shown, then run; a line ``` ends what a block prints.
awk '
  /^```console$/ { on = 1; next }
  on && /^```$/ { on = 0; print "echo \047```\047"; next }
  on && /^[$] / { print "cat <<\"END OF STEP\"\n" $0 "\nEND OF STEP"; print substr($0, 3) }
' "$page" >"$work/steps.sh"
[ -s "$work/steps.sh" ] || { echo "docs/check.md shows no steps"; exit 1; }
cd "$work/repository"
HOME=$work/home
PATH=$work/bin:$PATH
export HOME PATH
git init -q .
git add .
git -c user.name=n -c user.email=e commit -q -m base
sh "$work/steps.sh" >"$work/printed" 2>&1

if [ "${3:-}" = update ]; then
  awk -v printed="$work/printed" '
    /^```console$/ { print; while ((getline line <printed) > 0 && line != "```") print line; skip = 1; next }
    skip && /^```$/ { skip = 0 }
    !skip' "$page" >"$work/page"
  cat "$work/page" >"$page"
fi
awk '/^```console$/ { on = 1; next } on; on && /^```$/ { on = 0 }' "$page" >"$work/shown"
diff "$work/shown" "$work/printed" || { echo "refresh with: tests/howto/console.sh SOURCE PROGRAM update"; exit 1; }
