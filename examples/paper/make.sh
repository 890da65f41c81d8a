#!/bin/sh
# Draws the figures of the paper, writes its sources and builds it: make.sh PROGRAM [FOLDER].
# The folder (build/paper by default) holds everything that is made.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
folder=${2:-build/paper}
for tool in gnuplot pdflatex bibtex; do
  command -v "$tool" >/dev/null || { echo "SKIPPED: optional: needs $tool"; exit 77; }
done
mkdir -p "$folder"
cp "$here/paper.tex" "$folder"
cd "$folder"
"$program" plot roofline llama-3-8b@h100-sxm -b 1,64 --for acm -o roofline.pdf
"$program" plot time llama-3-8b@h100-sxm -b 8 --for acm -o time.pdf
"$program" cite llama-3-8b@h100-sxm -o sources.bib
latex() { pdflatex -interaction=nonstopmode -halt-on-error paper.tex >paper.out || { tail -20 paper.out; exit 1; }; }
latex
bibtex paper >bibtex.out || { cat bibtex.out; exit 1; }
latex
latex
! grep -E 'undefined|Rerun' paper.log || exit 1
echo "$folder/paper.pdf"
