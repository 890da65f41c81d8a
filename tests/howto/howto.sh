#!/bin/sh
# Follows "machine" and "model" of "How to add a ..." in CONTRIBUTING in a temporary folder: the YAML
# that stands there goes where the text says, the commands that stand there must succeed. One file
# each, no rebuild, found through --db. howto.sh SOURCE PROGRAM
set -eu
source_dir=$1
program=$2
place=$(mktemp -d "${TMPDIR:-/tmp}/roofline howto.XXXXXX")
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
mine=$place/mine
mkdir "$mine"
cd "$mine"

fail() { echo "howto: $*"; exit 1; }
expect_files() { # COUNT AFTER
  count=$(find "$mine" -type f | wc -l)
  [ "$count" -eq "$1" ] || fail "$count files after $2, expected $1"
}
section() { # NAME: its lines
  awk -v head="### $1" '/^##/ { on = $0 == head; next } on' "$source_dir/CONTRIBUTING.md"
}

# Writes the section's YAML to the file that the sentence before it names, then runs the section's
# commands on it. Leaves the name in $name.
follow() { # SECTION
  section "$1" >"$place/text"
  # shellcheck disable=SC2016 # backquotes of Markdown
  file=$(sed -n 's/.*`\([a-z0-9/-]*\.yaml\)`:$/\1/p' "$place/text")
  [ "$(printf '%s\n' "$file" | grep -c .)" -eq 1 ] || fail "CONTRIBUTING names no one file for its $1"
  name=$(basename "$file" .yaml)
  mkdir -p "$(dirname "$file")"
  awk '/^```yaml$/ { on = 1; next } /^```$/ { on = 0 } on' "$place/text" >"$file"
  [ -s "$file" ] || fail "CONTRIBUTING shows no $1"
  vendor=$(basename "$(dirname "$file")")
  sed -n 's/^    rooflinectl //p' "$place/text" | sed "s/<vendor>/$vendor/g; s/<name>/$name/g" >"$place/commands"
  grep -q "^lint $file\$" "$place/commands" || fail "CONTRIBUTING does not lint its $1"
  grep -q '^analyze ' "$place/commands" || fail "CONTRIBUTING does not analyze its $1"
  while read -r words; do
    case $words in
      lint*) set -- ;;
      *) set -- --db "$mine" ;;
    esac
    # shellcheck disable=SC2086 # a line of words
    "$program" $words "$@" >"$place/out" 2>&1 </dev/null || { cat "$place/out"; fail "rooflinectl $words"; }
  done <"$place/commands"
}

follow machine
machine=$name machine_file=$file
expect_files 1 "adding a machine"
"$program" --db "$mine" list hardware | grep -q "$machine" || fail "the machine is not listed"
follow model
expect_files 2 "adding a model"
"$program" --db "$mine" list models | grep -q "$name" || fail "the model is not listed"

# Both are the ones of the files: the layers are counted, and twice the bandwidth makes a difference.
layers=$(sed -n 's/.*num_hidden_layers: //p' "$file")
"$program" analyze "$name@$machine" --db "$mine" --format json >"$place/once.json" 2>/dev/null
grep -q "\"layers\": $layers" "$place/once.json" || fail "the model is not the one of the file"
sed 's|bandwidth: 1 TB/s|bandwidth: 2 TB/s|' "$machine_file" >"$place/twice.yaml"
cmp -s "$machine_file" "$place/twice.yaml" && fail "the machine has no bandwidth of 1 TB/s"
cp "$place/twice.yaml" "$machine_file"
"$program" analyze "$name@$machine" --db "$mine" --format json >"$place/twice.json" 2>/dev/null
cmp -s "$place/once.json" "$place/twice.json" && fail "the machine makes no difference"
expect_files 2 "analyzing"
echo "one file a machine, one file a model, no rebuild"
