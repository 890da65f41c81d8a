#!/bin/sh
# kernels-ref/results.sh on results made up here, and on one of this program: results.sh SOURCE PROGRAM
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

row() { # CASE SHARE MEDIAN_S
  printf '{"case": "%s", "machine": "A Processor", "date": "2026-01-02", "level": "avx2", "threads": 2, "kernel": "k", ' "$1"
  printf '"median_s": %s, "spread_s": 1e-5, "bytes_per_s": 3e10, "flops_per_s": 1e9, "read_bytes_per_s": 4e10, ' "$3"
  printf '"share": %s, "best_share": 0.99, "steady": true}' "$2"
}
{
  printf '{"kind": "bench", "rows": [\n'
  row "linear bf16 x bf16, 1 token" 0.96 1e-3; printf ', '
  row "linear bf16 x bf16, 8 tokens" 0.7 1.2e-3; printf ', '
  row "attention bf16 kv, 1 token behind 8192" 0.7 4e-3; printf ', '
  row "attention int8 kv, 1 token behind 8192" 0.59 3e-3; printf ']}\n'
} >bench.json
cat >validate.json <<'END'
{"kind": "validate", "rows": [
{"model": "m", "weights": "w8a16", "kv": "bf16", "threads": 2, "new_tokens": 1, "cached_tokens": 128, "operator": "whole step", "share": 0.9}]}
END
cat >run.json <<'END'
{"kind": "run", "rows": [{"model": "m", "weights": "w8a16", "threads": 2, "prompt_tokens": 128, "phase": "decode", "operator": "whole pass", "median_s": 0.05, "outside_s": 0.002}]}
END
echo '{"kind": "peer", "rows": [{"peer": "llama.cpp", "model": "m", "format": "q8_0-a8", "pairs": 15, "ahead": 9, "threads": 2, "context": 128, "peer_tokens_per_s": 20, "tokens_per_s": 19}]}' >peer.json
"$1/kernels-ref/results.sh" bench.json validate.json run.json peer.json >all.md
has() {
  grep -qxF "$1" all.md || { echo "results: no line '$1' in"; cat all.md; exit 1; }
}
has "| linear bf16 x bf16, 1 token, of the limit | 2 | ≥ 95 % | 96 % | yes |"
has "| linear bf16 x bf16, 8 tokens, of the limit | 2 | ≥ 75 % | 70 % | no |"
has "| linear bf16 x bf16, t(8) / t(1) | 2 | ≤ 1.15 | 1.2 | no |"
has "| attention bf16 kv, 1 token behind 8192, of the limit | 2 | ≥ 70 % | 70 % | yes |"
has "| attention int8 kv, 1 token behind 8192, of the limit | 2 | ≥ 60 % | 59 % | no |"
has "| attention behind 8192, time with int8 over bf16 KV | 2 | ≤ 1 | 0.75 | yes |"
has "| whole step, m, weights w8a16, KV bf16, 1 token behind 128, of its time at best, conditional | 2 | ≥ 89 % | 90 % | yes |"
has "| outside operators, of a decode step, m, weights w8a16, behind 128 | 2 | ≤ 2 % | 4 % | no |"
has "| tokens/s over those of llama.cpp, m as q8_0-a8, behind 128, ahead in 9 of 15 pairs | 2 | ≥ 1 | 0.95 | no |"
has "## A Processor, kernels up to avx2, threads 2, 2026-01-02"
has "| linear bf16 x bf16, 1 token | k | 1 | 0.01 | 30.0 | 1.0 | 40.0 | 96 | 99 | yes |"

# What the program writes is what the script reads.
"$2" bench "linear w8 x int8, 1 " --runs 1 --warmup 0 --threads 1 --format json -o own.json
"$1/kernels-ref/results.sh" own.json >own.md
grep -q "^| linear w8 x int8, 1 token, of the limit | 1 | ≥ 93 % | [0-9.]* % | [a-z]* |" own.md || { cat own.md; exit 1; }
grep -q "^| linear w8 x int8, 1 token | [^|]* | [0-9]" own.md || { cat own.md; exit 1; }
! grep -q "$(uname -n)" own.md || { echo "results: the host is named"; exit 1; }
! "$1/kernels-ref/results.sh" 2>/dev/null || { echo "results: nothing is no result"; exit 1; }
echo "results: as they should be"
