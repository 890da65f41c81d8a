#!/bin/sh
# What a sweep promises beyond its rows: the same bytes for any number of threads and shards, the same
# figures as analyze cell by cell, whole lines after an interrupt, and the shell steps of docs/sweep.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
place=$(mktemp -d "${TMPDIR:-/tmp}/roofline sweep.XXXXXX")
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$place/bin"
ln -s "$program" "$place/bin/rooflinectl"
PATH=$place/bin:$PATH
export PATH
cp -R "$here/data/hwdb" "$here/data/models" "$place"
cd "$place"
fail() { echo "sweep: $*"; exit 1; }

grid() {
  rooflinectl sweep toy-llama,toy-mixtral@toy-gpu,toy-cpu,h100-sxm -w bf16,w4a16-g128 --tp 1,2,3 \
    --batch 1..512x2 -p 16,100 -f csv --pareto tpot,tokens_per_s "$@"
}
grid --threads 1 >one.csv
[ "$(wc -l <one.csv)" -eq 721 ] || fail "2 x 3 x 2 x 3 x 10 x 2 points and a heading expected"
for threads in 2 3; do
  grid --threads $threads | cmp - one.csv || fail "$threads threads write other bytes"
done
for shards in 1 2 3 4 5; do
  rm -f part-*.csv
  for shard in $(seq "$shards"); do grid --shard "$shard/$shards" --threads 2 -o "part-$shard.csv"; done
  rooflinectl sweep --merge part-*.csv -f csv | cmp - one.csv || fail "$shards shards make other bytes"
done
rm -f part-*.csv

# Every 37th row against analyze of that point: each column that both have, text by text.
columns='model hardware weights tensor prompt_tokens batch why'
position() { head -n 1 one.csv | tr , '\n' | grep -nxF "$1" | cut -d: -f1; }
for column in $columns; do eval "at_$column=$(position "$column")"; done
awk 'NR % 37 == 2' one.csv | while IFS= read -r row; do
  cell() { printf '%s\n' "$row" | cut -d, -f"$(eval echo "\$at_$1")"; }
  [ -z "$(cell why)" ] || continue
  head -n 1 one.csv >row.csv
  printf '%s\n' "$row" >>row.csv
  rooflinectl analyze "$(cell model)@$(cell hardware)" -w "$(cell weights)" --tp "$(cell tensor)" \
    -b "$(cell batch)" -p "$(cell prompt_tokens)" -f csv >point.csv 2>/dev/null || [ $? -eq 1 ]
  awk -F, '
    FNR == 1 { file++; for (i = 1; i <= NF; i++) key[file, i] = $i; next }
    file == 1 { for (i = 1; i <= NF; i++) value[key[1, i]] = $i; next }
    { for (i = 1; i <= NF; i++) if (key[2, i] in value) {
        same++
        if (value[key[2, i]] != $i) { print key[2, i] ": " value[key[2, i]] " and " $i; bad = 1 } } }
    END { exit bad || same < 25 }' row.csv point.csv || fail "analyze says otherwise: $row"
done || exit 1

# An interrupt leaves whole lines and no temporary file; the same command line completes them.
long() { rooflinectl sweep toy-llama@toy-gpu --batch 1..200 -p 1..400 -f csv --threads 2 "$@"; }
: >long.csv
rooflinectl sweep toy-llama@toy-gpu --batch 1..200 -p 1..400 -f csv --threads 2 --resume long.csv &
running=$!
while [ "$(wc -c <long.csv)" -lt 100000 ]; do
  kill -0 $running 2>/dev/null || break
done
kill -TERM $running 2>/dev/null || true
status=0
wait $running || status=$?
[ $status -eq 130 ] || [ $status -eq 0 ] || fail "an interrupt ends with $status"
[ "$(tail -c 1 long.csv | od -An -tx1 | tr -d ' ')" = 0a ] || fail "an interrupt leaves a cut line"
long --resume long.csv
long | cmp - long.csv || fail "a completed file differs"

# The steps of the manual page: each of them makes the grid that one run makes.
rooflinectl sweep llama-3-8b@h100-sxm,a100-sxm-80gb --batch 1..64 --prompt 128..2048x2 -f csv >whole.csv
steps() { # NAME
  awk -v name="# $1" '/^```/ { on = 0; next } $0 == name { on = 1 } on' "$here/../../docs/sweep.md" >"$1.sh"
  [ -s "$1.sh" ] || fail "docs/sweep.md shows no steps for $1"
}
steps xargs
sh -eu xargs.sh || fail "the steps with xargs"
cmp grid.csv whole.csv || fail "xargs makes other bytes"
rm -f part-*.csv grid.csv
steps slurm
for task in 1 2 3 4 5 6 7 8; do SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=2 sh -eu slurm.sh || fail "task $task"; done
rooflinectl sweep --merge part-*.csv -f csv | cmp - whole.csv || fail "the Slurm array makes other bytes"
rm -f part-*.csv
steps parallel
if parallel --version 2>/dev/null | grep -q GNU; then
  sh -eu parallel.sh </dev/null || fail "the steps with GNU parallel"
  cmp grid.csv whole.csv || fail "GNU parallel makes other bytes"
else
  echo "GNU parallel is not installed: its steps are not followed"
fi
echo "one result by threads, shards, interrupts and steps"
