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

# Each name is read as that of its mark, and what takes the most time has one.
named() { # KIND ARGUMENT...
  check "$@"
  column=10
  [ "$1" = roofline ] || column=4
  awk -v column=$column -f "$here/names.awk" chart.gp chart.csv chart.svg || fail "plot $*: names"
  [ "$1" = roofline ] || return 0
  shift
  draw time "$@" -o time.svg
  awk -F, 'NR == 2 || $2 - row > 1 { name = $NF; sub(/.* /, "", name); print substr(name, 1, 9) } NR > 1 { row = $2 }' time.csv >longest
  while read -r name; do
    grep -q "<text>\(<[^>]*>\)* *$name" chart.svg || fail "plot roofline $*: the longest operator $name has no name"
  done <longest
}
named roofline llama-3-8b@h100-sxm -b 1,8,64
named roofline llama-3-8b@a100-sxm-80gb,h100-sxm -w bf16,w4a16-g128 --for acm
named roofline llama-3-8b@h100-sxm --phases decode,prefill --for slides
named roofline mixtral-8x7b@h100-sxm --tp 2 --phases decode,prefill -b 1,64 --for icml
named roofline deepseek-v3@h200 --for acm
named pareto llama-3-8b@a100-sxm-80gb,h100-sxm,l40s -b 1..1024x2 --for icml
named pareto llama-3-8b@h100-sxm,a100-sxm-80gb,l40s -w bf16,fp8,w4a16-g128 -b 1..64
# What is on the front has its name, whatever stands behind it; nine series have nine colours.
awk -v batches='1 2 4 8 16 32 48 64' -f "$here/front.awk" chart.gp chart.csv chart.svg || fail "pareto: the front has no names"
[ "$(grep -o 'style line 10[1-9] lc rgb [^ ]*' chart.gp | sed 's/.* //' | sort -u | wc -l)" -eq 9 ] || fail "two of nine series share a colour"

# In a column of a paper the longest operator of a prefill has a name, which may be shortened: also where
# it stands at a ridge between two ceilings a factor of two apart (deepseek-v3 on h100-sxm), and where
# names of roofs would take its only place (icml).
longest_named() { # SCENARIO VENUE
  draw roofline "$1" --phases prefill --for "$2" -o chart.svg
  draw time "$1" --phases prefill --for "$2" -o time.svg
  name=$(awk -F, 'NR == 2 { sub(/.* /, "", $NF); print substr($NF, 1, 5) }' time.csv)
  { [ ${#name} -eq 5 ] && grep -q "<text>\(<[^>]*>\)* *$name" chart.svg; } || fail "plot roofline $1 --for $2: the longest operator $name has no name"
}
for model in llama-3-8b llama-3-70b mixtral-8x7b deepseek-v3 qwen2.5-7b gemma-2-9b mamba2-2.7b qwen3-30b-a3b; do
  for machine in a100-sxm-80gb h100-sxm l40s; do longest_named $model@$machine acm; done
done
for scenario in deepseek-v3@h100-sxm llama-3-8b@h200 llama-3-70b@a100-sxm-80gb mamba2-2.7b@l40s; do
  longest_named $scenario icml
  named roofline $scenario --phases prefill --for icml
done

# Every ceiling says whose it is; one that two machines share says both; what has no room is told.
named roofline llama-3-8b@h100-sxm,h200-sxm -b 8
for says in 'h100, h200 tensor.bf16 989.5 TFLOP/s' 'h100, h200 vector.f32 67 TFLOP/s' 'h100 hbm 3.35 TB/s' 'h200 hbm 4.8 TB/s' 'h100 ridge 295' 'h200 ridge 206'; do
  grep -q ">$says<" chart.svg || fail "no roof is called '$says'"
done
draw roofline llama-3-8b@h100-sxm --phases decode,prefill -b 1,4,16,64 --for icml -o chart.svg
told=$(sed -n 's/.*Without a name for want of room: \([a-z_]*\).*/\1/p' chart.caption.txt)
{ [ -n "$told" ] && grep -q "note: no room for the names of $told" messages; } || fail "names are left out in silence"

# Of series that lie over each other the lower ones are hollow and larger, in the legend too, and those
# that meet nothing stay as they are.
check roofline llama-3-8b@a100-sxm-80gb,h100-sxm -w bf16,w4a16-g128
awk '/ with points ls 2[0-9][0-9] ps/ { hollow++; v = $0; sub(/.* ps /, "", v); large = v + 0 }
  / with points ls 1[0-9][0-9] ps/ { filled++; v = $0; sub(/.* ps /, "", v); if (v + 0 > large * 0.7) bad = 1; if (!hollow) bad = 1 }
  END { exit bad || hollow != 2 || filled != 2 }' chart.gp || fail "one series hides another"
[ "$(grep -c 'point ls 20[0-9] ps' chart.gp)" -eq 2 ] || fail "the legend shows other marks than the plot"
check lines llama-3-8b@h100-sxm,h200-sxm -b 1..64x2 --y memory
for says in lines 'h100-sxm' 'h200-sxm'; do
  grep -q "<title>$says</title>" chart.svg || fail "nothing in the SVG is called '$says'"
done
{ grep -q 'with lines ls 101 lw 1.7' chart.gp && grep -q 'with lines ls 102 lw 0.9' chart.gp; } || fail "one line hides another"
for venue in screen acm ieee usenix icml neurips slides; do
  check roofline llama-3-8b@h100-sxm --for $venue
  check roofline llama-3-8b@a100-sxm-80gb,h100-sxm -w bf16,w4a16-g128 --for $venue
  for says in 'a100 tensor.bf16 312 TFLOP/s' 'h100 tensor.bf16 989.5 TFLOP/s' 'a100 vector.f32 19.5 TFLOP/s' 'h100 vector.f32 67 TFLOP/s' 'a100 hbm 2.039 TB/s' 'h100 hbm 3.35 TB/s' 'a100 l2 7.219 TB/s' 'h100 ridge 295' 'a100 ridge 153'; do
    grep -q "$says" chart.svg || fail "--for $venue: no roof is called '$says'"
  done
done
check roofline llama-3-8b@a100-sxm-80gb,h100-sxm -w bf16,w4a16-g128 --for acm
check roofline llama-3-8b@h100-sxm --phases decode,prefill -b 1,32 --title 'A title' --legend bottom
check roofline deepseek-v3@h200 --for acm
check roofline llama-3-8b@h100-sxm --phases decode,prefill -w bf16,w4a16-g128 --for usenix
check roofline deepseek-v3@h200 --tp 8 --phases decode,prefill --for usenix
check roofline mixtral-8x7b@h100-sxm --tp 2 --phases decode,prefill -b 1,64 --for icml
check roofline llama-3-8b@h100-sxm --phases decode,prefill --for slides
check roofline llama-3-8b@a100-sxm-80gb,h100-sxm -b 1,64
check roofline llama-3-8b@rx-7900-xtx
check time deepseek-v3@h200 --for acm
check time llama-3-8b@h100-sxm --phases decode,prefill
check bytes deepseek-v3@h200 --for slides
check memory llama-3-8b@a100-sxm-80gb,h100-sxm -b 1,16,64,256 --for acm
# What a device has stands at its line in figures; totals stand before the bars, what is too much behind them.
grep -q '>usable 85.0 GB of capacity 85.5 GB<' chart.svg || fail "memory: the limit has no figure"
awk '/^set lmargin/ { left = $NF }
  /^set label .[0-9.]+ GB. at/ { totals++; split($0, part, "screen "); if (part[2] + 0 > left) bad = 1 }
  /GB too much. at/ { over++; split($0, part, "screen "); if (part[2] + 0 < left) bad = 1 }
  END { exit bad || totals != 8 || over != 2 }' left="$(sed -n 's/set lmargin at screen //p' chart.gp)" chart.gp || fail "memory: a total among the bars"
check lines llama-3-8b@a100-sxm-80gb,h100-sxm -b 1..256x2 -w bf16,w4a16-g128
check pareto llama-3-8b@a100-sxm-80gb,h100-sxm,l40s -b 1..256x2 --for icml

check pareto llama-3-8b@h100-sxm -b 1..64 --title 'A title of so many words that no line of a column has the room for all of them' --for acm
check lines llama-3-8b@h100-sxm -b 1
check lines llama-3-8b@h100-sxm --y device-rate --x tpot -b 1..256x2 --for icml
{ grep -q 'device, at most' chart.svg && grep -q '(tokens/s)' chart.svg; } || fail "the title of an axis is cut"
check lines llama-3-8b@h100-sxm --set model.vocab_size=1000,1000000000 --x model.vocab_size --for acm

# What does not fit in memory is crossed and has a key, in the data too; a front only where one is.
check pareto llama-3-8b@h100-sxm,l40s -b 1,8,1024
{ grep -q '>does not fit<' chart.svg && grep -q '>front<' chart.svg; } || fail "no key of what does not fit"
grep -q '1024,false,crossed' chart.csv || fail "chart.csv says of nothing that it does not fit"
check pareto llama-3-8b@h100-sxm -b 1024
! grep -q '>front<' chart.svg || fail "a front of nothing"
check pareto llama-3-8b@h100-sxm -b 1
! grep -q '>does not fit<' chart.svg || fail "a key for nothing"

# No sheet is longer than a page, and no point of ideal profiles is off its roofs: a rate is that of the
# bound, and a collective has none.
check time deepseek-v3@h200 --tp 8 --for acm
grep -q ' others<' chart.svg || fail "no bar of others"
check memory llama-3-8b@h100-sxm -b 1..256
awk '/ height="/ { sub(/.*height="/, ""); if ($0 + 0 > 900) exit 1; exit }' chart.svg || fail "a sheet longer than a page"
grep -q '^[0-9]*,[0-9]*,.*batch 256$' chart.csv || fail "the last batch is left out"
draw roofline llama-3-8b@a100-sxm-80gb -b 64 -o chart.svg
awk -F, '/ TB\/s$| [GTP]FLOP\/s$/ { at = $2 > 0 ? $3 / $2 : 0; slope[$3 / $2] = 1; flat[$3] = 1 }
  $8 == "memory" || $8 == "cache" { found = 0
    for (s in slope) if ($3 / $2 / s > 0.999 && $3 / $2 / s < 1.001) found = 1
    for (f in flat) if ($3 / f > 0.999 && $3 / f < 1.001) found = 1
    points++
    if (!found) { print "off every roof: " $0; bad = 1 } }
  END { exit bad || points == 0 }' chart.csv || fail "points off every roof"
check roofline deepseek-v3@h200 --tp 8
! grep -q all_reduce chart.csv || fail "a collective under the roofs of memory"
check lines llama-3-8b@h100-sxm -b 1..256x2
grep -q '(ms)<' chart.svg || fail "seconds of a logarithmic axis have no unit that suits them"
draw roofline llama-3-8b@h100-sxm --for slides -o a.pdf
grep -q 'linewidth 2 pointscale 1.4' a.gp || fail "lines and marks of slides are those of a column"

# The script beside a page draws its picture again, and leaves the page alone.
draw time llama-3-8b@h100-sxm -o page.html
cp page.html kept.html
"$gnuplot" page.gp || fail "gnuplot page.gp"
cmp -s page.html kept.html || fail "a page's script writes over the page"
grep -q '</svg>' page.svg || fail "a page's script draws nothing"

# Two descriptions of one name are two machines.
mkdir one two
cp hwdb/toy/toy-gpu.yaml one
sed 's/1 TB\/s/2 TB\/s/' hwdb/toy/toy-gpu.yaml >two/toy-gpu.yaml
check roofline toy-llama --hw ./one/toy-gpu.yaml,./two/toy-gpu.yaml
{ grep -q '>./one/toy-gpu.yaml<' chart.svg && grep -q '>./two/toy-gpu.yaml<' chart.svg; } || fail "two files of one name are one"
{ grep -q 'main 1 TB/s' chart.csv && grep -q 'main 2 TB/s' chart.csv; } || fail "two files share a roof"
check lines toy-llama --hw ./one/toy-gpu.yaml,./two/toy-gpu.yaml -b 1,4
{ grep -q '>./one/toy-gpu.yaml<' chart.svg && grep -q '>./two/toy-gpu.yaml<' chart.svg; } || fail "two files of one name share a line"

# Three hundred points of a line melt into no band; what does not fit breaks a line and is crossed.
check lines toy-llama@toy-gpu -b 1..300 --y memory
awk -F, '$6 == "point" { marks++ } END { exit NR < 200 || marks < 10 || marks > 100 }' chart.csv || fail "marks melt into a band"
check lines toy-llama@toy-gpu,toy-cpu -b 1,2,64

# No two series look alike, and a line is drawn for each.
for what in ' 1[0-3][0-9] lc rgb [^ ]* lw [^ ]* pt [0-9]*' ' 2[0-3][0-9] lc rgb [^ ]* lw [^ ]* pt [0-9]*' ' [1-9] lc .*' ' 1[0-2] lc .*'; do
  grep -o "style line$what" chart.gp | sed 's/style line [0-9]*//' | sort | uniq -d | grep . && fail "styles that look alike"
done
check lines toy-llama@toy-gpu,toy-cpu -w bf16,fp8,w4a16-g32,w8a16 --kv bf16,fp8 -b 1..8x2
[ "$(grep -c 'with lines' chart.gp)" -eq 16 ] || fail "not a line for each series"

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
  # what is drawn is the same; names that people hear are written behind gnuplot
  sed 's/<title>.*<.title>//; s/<desc>.*<.desc>//' first.svg >drawn.svg
  sed 's/<title>.*<.title>//; s/<desc>.*<.desc>//' a.svg | cmp -s - drawn.svg || fail "a.gp draws another $kind"
  ! grep -q '<title>[Gg]nuplot' first.svg || fail "$kind has names of gnuplot's"
done
[ -s a.pdf ] || fail "no drawing beside a.tex"
for kind in roofline time bytes memory lines pareto; do
  draw $kind toy-llama@toy-gpu -b 1,8 --tex eps -o a.tex
  cp a.tex first.tex
  cp a.eps first.eps
  draw $kind toy-llama@toy-gpu -b 1,8 --tex eps -o a.tex
  { cmp -s a.tex first.tex && cmp -s a.eps first.eps; } || fail "$kind for dvips differs the second time"
  grep -q 'includegraphics.*{a}' a.tex || fail "a.tex of $kind includes no drawing"
done

# Harmful names: of a machine, a title.
evil="'x''; system('touch hit') ''' ]]> #\`touch hit\`\$(touch hit)@a\"\\input{passwd}<script>EOD RL_END % _"
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
