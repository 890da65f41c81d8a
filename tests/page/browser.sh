#!/bin/sh
# Opens a page in headless Chromium where that and what drives it are installed: browser.sh PROGRAM.
# Chromium is no need of the tests: it takes 300 MB, and a copy unpacked without root does not start.
set -eu
program=$1
here=$(cd "$(dirname "$0")" && pwd)
for tool in gnuplot python3; do
  command -v "$tool" >/dev/null || { echo "SKIPPED: needs $tool"; exit 77; }
done
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ -n "$browser" ] || { echo "SKIPPED: optional: needs chromium"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"$program" analyze llama-3-8b@h100-sxm -b 1,8,64 --format html -o "$folder/page.html"
timeout 120 python3 "$here/browser.py" "$browser" "$folder/page.html"
for kind in roofline time bytes memory lines pareto; do
  "$program" plot $kind llama-3-8b@h100-sxm -b 1,8,32,64 -o "$folder/$kind.html" 2>/dev/null
  timeout 120 python3 "$here/browser.py" "$browser" "$folder/$kind.html" exact
done
