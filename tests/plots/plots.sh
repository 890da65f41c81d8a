#!/bin/sh
# Charts as gnuplot draws them: plots.sh PROGRAM. Every kind in every form, texts that neither lie over
# each other nor are cut off, the same bytes twice and from the script alone, and names that would do
# harm if anything looked into them.
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
gnuplot=$(command -v gnuplot) || { echo "SKIPPED: gnuplot is not installed"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
cp -R "$here/../cli/data/hwdb" "$here/../cli/data/models" "$folder"
cd "$folder"
failed=0
fail() { echo "$*"; failed=1; }
draw() { # ARGUMENT...
  GNUPLOT=$gnuplot "$program" plot "$@" 2>messages || { fail "plot $*"; cat messages; }
}

# Crowded ones among them: many operators, machines, formats, batches; every size.
check() { # KIND ARGUMENT...
  draw "$@" -o chart.svg
  awk -f "$here/svg.awk" chart.svg || fail "plot $*"
}
for venue in screen acm ieee usenix icml neurips slides; do
  check roofline llama-3-8b@h100-sxm --for $venue
done
check roofline llama-3-8b@a100-sxm-80gb,h100-sxm -w bf16,w4a16-g128 --for acm
check roofline llama-3-8b@h100-sxm --phases decode,prefill -b 1,32 --title 'A title' --legend bottom
check roofline deepseek-v3@h200 --for acm
check time deepseek-v3@h200 --for acm
check time llama-3-8b@h100-sxm --phases decode,prefill
check bytes deepseek-v3@h200 --for slides
check memory llama-3-8b@a100-sxm-80gb,h100-sxm -b 1,16,64,256 --for acm
check lines llama-3-8b@a100-sxm-80gb,h100-sxm -b 1..256x2 -w bf16,w4a16-g128
check pareto llama-3-8b@a100-sxm-80gb,h100-sxm,l40s -b 1..256x2 --for icml

# A name of sixty letters.
long=a-machine-with-a-name-of-sixty-letters-that-nobody-had-to-type
cp hwdb/toy/toy-gpu.yaml "hwdb/toy/$long.yaml"
for kind in roofline time bytes memory lines pareto; do
  check $kind toy-llama@$long,toy-gpu -b 1,4 -w bf16,w4a16-g32 --for acm
done

# Every form, twice the same, and again from script and data alone.
for kind in roofline time bytes memory lines pareto; do
  for form in svg pdf png eps tex txt; do
    draw $kind toy-llama@toy-gpu -b 1,8 -o a.$form
    cp a.$form first.$form
    draw $kind toy-llama@toy-gpu -b 1,8 -o a.$form
    cmp -s a.$form first.$form || fail "$kind in $form differs the second time"
    for file in a.$form a.gp a.csv a.caption.txt; do
      [ -s "$file" ] || fail "$kind in $form lacks $file"
    done
  done
  draw $kind toy-llama@toy-gpu -b 1,8 -o a.svg
  cp a.svg first.svg
  LC_ALL=C.UTF-8 "$gnuplot" -d a.gp || fail "a.gp of $kind does not run"
  cmp -s a.svg first.svg || fail "a.gp draws another $kind"
done
[ -s a.pdf ] || fail "no drawing beside a.tex"

# Harmful names: of a machine, a title.
evil="x'; system('touch hit') #\`touch hit\`\$(touch hit)@a\"\\input{passwd}<script>EOD RL_END % _"
cp hwdb/toy/toy-gpu.yaml "hwdb/toy/$evil.yaml"
for kind in roofline time bytes memory lines pareto; do
  for form in svg pdf tex txt; do
    draw $kind toy-llama --hw "$evil,toy-cpu" -b 1,2 --title "$(printf 'a\nsystem("touch hit")\033[31m\001')$evil" -o e.$form
    [ ! -e hit ] || fail "a name was executed by $kind in $form"
  done
  "$gnuplot" -d e.gp >/dev/null 2>&1 || fail "e.gp of $kind does not run"
  draw $kind toy-llama --hw "$evil,toy-cpu" -b 1,2 -o e.svg
  awk -f "$here/svg.awk" e.svg || fail "$kind with harmful names"
  draw $kind toy-llama --hw "$evil,toy-cpu" -b 1,2 -o - >/dev/null
  [ ! -e hit ] || fail "a name was executed by $kind"
done
draw roofline toy-llama --hw "$evil,toy-cpu" -o e.tex
! grep -q '\\input{' e.tex || fail "a command of LaTeX in e.tex"
[ -z "$(find . -name '.*.*' ! -name .)" ] || fail "temporary files stay: $(find . -name '.*.*')"
[ $failed -eq 0 ] && echo "charts: all as they should be"
exit $failed
