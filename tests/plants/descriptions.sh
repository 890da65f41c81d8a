#!/bin/sh
# Mistakes of contributors, planted one by one into copies of our own descriptions: lint must say of
# each exactly what descriptions.txt says, and a plant that changes nothing is a failure.
# usage: descriptions.sh PROGRAM [--update]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
list=$here/descriptions.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/docs" && cp -R "$here/../../docs/schema" "$work/docs/schema"
while IFS= read -r line; do
  case $line in
    '@ '*)
      rest=${line#@ }
      path=${rest%% *}
      edit=${rest#* }
      file=$work/$path
      mkdir -p "$(dirname "$file")"
      sed -E -e "$edit" "$here/../../$path" >"$file"
      if cmp -s "$file" "$here/../../$path"; then
        echo "the plant changes nothing: $line"
        exit 1
      fi
      printf '%s\n' "$line"
      (cd "$work" && "$program" lint "$path" 2>&1 >/dev/null | sed -e '/: note: /d' -e 's/^/! /') || :
      rm "$file"
      ;;
    '#'* | '') printf '%s\n' "$line" ;;
  esac
done <"$list" >"$work/seen" || { tail -1 "$work/seen"; exit 1; }
if [ "${2-}" = --update ]; then
  cp "$work/seen" "$list"
elif ! diff "$list" "$work/seen"; then
  echo "refresh with: tests/plants/descriptions.sh PROGRAM --update"
  exit 1
fi
