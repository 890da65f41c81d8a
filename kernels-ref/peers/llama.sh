#!/bin/sh
# llama.cpp beside rooflinectl on the same file of weights, in turns, so that a slow minute meets both:
#   kernels-ref/peers/llama.sh MODEL.gguf [PAIRS [THREADS [CONTEXT [FORMAT [RESULT.json]]]]]
# llama.cpp multiplies blocks of integers with inputs that it makes 8 bits wide; FORMAT, as q8_0-a8, has
# rooflinectl do so, too; without it, or when it is empty, inputs stay as wide as the activations are.
# RESULT.json is for kernels-ref/results.sh.
# Needs llama-bench and rooflinectl in PATH; exit status 4 where one is absent. The figure of either is
# the median of its tokens a second in decoding. Nothing of llama.cpp is in this repository.
set -eu
LC_ALL=C
export LC_ALL
[ $# -ge 1 ] || { echo "usage: llama.sh MODEL.gguf [PAIRS [THREADS [CONTEXT [FORMAT [RESULT.json]]]]]" >&2; exit 2; }
model=$1
pairs=${2:-15}
threads=${3:-$(getconf _NPROCESSORS_ONLN)}
context=${4:-128}
format=${5:-}
result=${6:-}
for tool in llama-bench rooflinectl; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed: nothing is compared" >&2; exit 4; }
done
[ -r "$model" ] || { echo "$model cannot be read" >&2; exit 3; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

# The header has no quotes, the rows have; no value of them has a comma in it but names of files.
peer() {
  llama-bench -m "$model" -t "$threads" -p 0 -n 32 -d "$context" -r 1 -o csv 2>"$folder/said" |
    awk 'NR == 1 { gsub(/"/, ""); n = split($0, name, ","); for (i = 1; i <= n; i++) if (name[i] == "avg_ts") at = i }
         NR > 1 { quoted = sub(/^"/, ""); sub(/"$/, ""); split($0, value, quoted ? "\",\"" : ","); if (at) print value[at] }'
}
own() {
  rooflinectl run "$model" ${format:+-w "$format" --set "weights.lm_head=$format" --set "weights.embed=$format"} \
    -p "$context" --threads "$threads" --runs 9 -f csv 2>"$folder/said" |
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "tokens_per_s") rate = i; if ($i == "operator") op = i; if ($i == "phase") phase = i } }
             NR > 1 && $op == "whole pass" && $phase == "decode" { print $rate }'
}
median() { sort -n "$1" | awk '{ x[NR] = $1 } END { if (NR) print (NR % 2) ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }

# One figure of a side, or the last that it said and the end.
take() {
  "$1" >"$folder/one"
  [ -s "$folder/one" ] || { echo "$2 told no tokens a second: $(tail -n 1 "$folder/said")" >&2; exit 4; }
  cat "$folder/one" >>"$folder/$1"
}

n=0
while [ "$n" -lt "$pairs" ]; do
  take peer llama-bench
  take own rooflinectl
  n=$((n + 1))
done
ahead=$(paste "$folder/own" "$folder/peer" | awk '$1 > $2 { n++ } END { print n + 0 }')
echo "pairs $pairs, threads $threads, context $context; median tokens/s"
echo "llama.cpp   $(median "$folder/peer")"
echo "rooflinectl $(median "$folder/own"), ahead in $ahead of $pairs pairs"
[ -n "$result" ] || exit 0
name=$(basename "$model" .gguf | tr -cd 'A-Za-z0-9._-')
{
  printf '{"kind": "peer", "rows": [{"peer": "llama.cpp", "model": "%s", "format": "%s", ' "$name" "$format"
  printf '"pairs": %s, "ahead": %s, "threads": %s, "context": %s, ' "$pairs" "$ahead" "$threads" "$context"
  printf '"peer_tokens_per_s": %s, "tokens_per_s": %s}]}\n' "$(median "$folder/peer")" "$(median "$folder/own")"
} >"$result"
