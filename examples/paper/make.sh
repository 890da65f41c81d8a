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
draw() { "$program" plot "$1" llama-3-8b@h100-sxm -b "$2" --for acm -o "$3"; }
draw roofline 1,64 roofline.pdf
draw time 8 time.pdf
draw bytes 64 bytes.tex
draw memory 1,16,64,128,256 memory.pdf
draw lines 1..256x2 lines.pdf
draw pareto 1..256x2 pareto.pdf
"$program" cite llama-3-8b@h100-sxm -o sources.bib
latex() { pdflatex -interaction=nonstopmode -halt-on-error paper.tex >paper.out || { tail -20 paper.out; exit 1; }; }
latex
bibtex paper >bibtex.out || { cat bibtex.out; exit 1; }
latex
latex
! grep -E 'undefined|Rerun|Overfull' paper.log || exit 1
for kind in roofline time bytes memory lines pareto; do
  grep -q "<.*$kind.pdf" paper.log || { echo "the paper has no $kind"; exit 1; }
done
echo "$folder/paper.pdf"
