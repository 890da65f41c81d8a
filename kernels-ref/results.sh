#!/bin/sh
# RESULTS.md from what rooflinectl measured, in JSON:
#   rooflinectl bench --threads 1 --format json -o 1.json; rooflinectl bench --format json -o 2.json
#   rooflinectl validate MODEL@here -w FORMAT -p 128 --format json -o 3.json; rooflinectl run ... -o 4.json
#   kernels-ref/peers/llama.sh MODEL.gguf 15 2 128 q8_0-a8 5.json
#   kernels-ref/results.sh 1.json 2.json 3.json 4.json 5.json >kernels-ref/RESULTS.md
# Of a machine it names the processor, never the host. Why a figure is not held stands in causes.md.
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { echo "usage: results.sh RESULT.json..." >&2; exit 2; }
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

# A line an object: keys and values of the rows of all files.
for file; do
  tr -d '\n' <"$file" | sed 's/}, *{/}\n{/g; s/\[ *{/[\n{/; s/} *\]/}\n]/'
  echo
done >"$lines"

cat <<'END'
# Results of the kernels

Made by `kernels-ref/results.sh` from results of `rooflinectl bench`, `validate` and `run` with `--format json`, and of `peers/llama.sh`: do
not edit. The limit is the larger of bytes over the read probes beside each sample and operations over the peak of the
best instruction; median and best of the samples that count, spread as the median distance from the median. Rows that
are not steady were measured while other programs ran.
END

program=$(cat <<'END'
function text(key) {
  if (!match($0, "\"" key "\": *\"[^\"]*\"")) return ""
  value = substr($0, RSTART, RLENGTH)
  sub("\"" key "\": *\"", "", value)
  sub("\"$", "", value)
  return value
}
function number(key) {
  if (!match($0, "\"" key "\": *[-+.0-9eE]+")) return 0
  value = substr($0, RSTART, RLENGTH)
  sub("\"" key "\": *", "", value)
  return value + 0
}
END
)

# Figures: what was measured is held against what is to be reached.
echo
echo "## Figures"
echo
echo "| figure | threads | to be reached | measured, median | held |"
echo "|---|---:|---:|---:|---|"
awk "$program"'
function row(what, threads, sign, goal, value, unit) {
  held = sign == ">=" ? value >= goal : value <= goal
  printf "| %s | %s | %s %g%s | %.3g%s | %s |\n", what, threads, sign == ">=" ? "≥" : "≤", goal, unit, value, unit,
    held ? "yes" : "no"
}
function share(case_, goal) {
  if ((case_, t) in shares) row(case_ ", of the limit", t, ">=", goal, 100 * shares[case_, t], " %")
}
function ratio(case_, k, goal) {
  one = case_ ", 1 token"; many = case_ ", " k " tokens"
  if ((one, t) in times && (many, t) in times)
    row(case_ ", t(" k ") / t(1)", t, "<=", goal, times[many, t] / times[one, t], "")
}
function steps(case_,    m, worst, a, b) {
  for (m = 1; m < 8; m++) {
    a = case_ ", " m " token" (m > 1 ? "s" : ""); b = case_ ", " (m + 1) " tokens"
    if (!((a, t) in times && (b, t) in times)) return
    if (times[a, t] / times[b, t] > worst) worst = times[a, t] / times[b, t]
  }
  row(case_ ", largest t(M) / t(M + 1)", t, "<=", 1.03, worst, "")
}
function formats(list, k, goal,    n, i, names) {
  n = split(list, names, "; ")
  for (i = 1; i <= n; i++) share("linear " names[i] ", " k, goal)
}
/"case"/ {
  key = text("case"); t = number("threads")
  shares[key, t] = number("share"); times[key, t] = number("median_s")
  if (!(t in seen)) { seen[t] = 1; order[++count] = t }
}
/"operator": *"whole step"/ {
  step[++whole] = text("model") ", weights " text("weights") ", KV " text("kv") ", " number("new_tokens") \
    (number("new_tokens") == 1 ? " token" : " tokens") " behind " number("cached_tokens")
  part[whole] = number("share"); on[whole] = number("threads"); code[whole] = text("weights")
  fresh[whole] = number("new_tokens"); behind[whole] = number("cached_tokens")
}
/"peer"/ && number("peer_tokens_per_s") > 0 {
  beside[++peers] = "tokens/s over those of " text("peer") ", " text("model") (text("format") == "" ? "" : " as " text("format")) \
    ", behind " number("context") ", ahead in " number("ahead") " of " number("pairs") " pairs"
  over[peers] = number("tokens_per_s") / number("peer_tokens_per_s"); with[peers] = number("threads")
}
/"operator": *"whole pass"/ && /"phase": *"decode"/ && number("median_s") > 0 {
  pass[++passes] = text("model") ", weights " text("weights") ", behind " number("prompt_tokens")
  rest[passes] = number("outside_s") / number("median_s"); at[passes] = number("threads")
}
END {
  floats = "fp32 x fp32; fp16 x fp16; bf16 x bf16"
  w8 = "w8 x bf16; w8 x int8"; w4 = "w4-g128 x bf16; w4-g32 x bf16; w4-g128 x int8"
  for (i = 1; i <= count; i++) {
    t = order[i]
    formats(floats, "1 token", 95); formats(w8, "1 token", 93); formats(w4, "1 token", 92)
    formats("bf16 x bf16; " w8 "; " w4, "4 tokens", 75); formats("bf16 x bf16; " w8 "; " w4, "8 tokens", 75)
    m = split(w4, four, "; ")
    for (f = 1; f <= m; f++) { ratio("linear " four[f], 4, 1.15); ratio("linear " four[f], 8, 1.7) }
    m = split(w8, eight, "; ")
    for (f = 1; f <= m; f++) ratio("linear " eight[f], 8, 1.2)
    ratio("linear bf16 x bf16", 8, 1.15)
    m = split("bf16 x bf16; " w8 "; " w4, every, "; ")
    for (f = 1; f <= m; f++) steps("linear " every[f])
    formats("w8 x int8; w4-g128 x int8", "16 tokens", 55); formats("w8 x int8; w4-g128 x int8", "64 tokens", 65)
    formats("bf16 x bf16; w8 x bf16; w4-g128 x bf16; w4-g32 x bf16", "16 tokens", 75)
    formats("bf16 x bf16; w8 x bf16; w4-g128 x bf16; w4-g32 x bf16", "64 tokens", 82)
    formats("fp32 x fp32", "512 tokens", 90); formats("bf16 x bf16", "512 tokens", 85)
    formats("w8 x int8", "512 tokens", 70)
    share("attention bf16 kv, 1 token behind 8192", 70); share("attention int8 kv, 1 token behind 8192", 60)
    share("attention int4 kv, 1 token behind 8192", 45)
    a = "attention bf16 kv, 1 token behind 8192"; b = "attention int8 kv, 1 token behind 8192"
    if ((a, t) in times && (b, t) in times)
      row("attention behind 8192, time with int8 over bf16 KV", t, "<=", 1, times[b, t] / times[a, t], "")
  }
  for (i = 1; i <= whole; i++) {
    goal = 0
    if (code[i] ~ /^w8/) goal = behind[i] <= 128 ? 89 : 80
    if (code[i] ~ /^w4/) goal = behind[i] <= 128 ? 87 : 80
    if (goal > 0 && fresh[i] == 1 && behind[i] <= 2048)
      row("whole step, " step[i] ", of its time at best, conditional", on[i], ">=", goal, 100 * part[i], " %")
  }
  for (i = 1; i <= passes; i++)
    row("outside operators, of a decode step, " pass[i], at[i], "<=", 2, 100 * rest[i], " %")
  for (i = 1; i <= peers; i++) row(beside[i], with[i], ">=", 1, over[i], "")
}' "$lines"
[ ! -f "$here/causes.md" ] || { echo; cat "$here/causes.md"; }

# Every case.
awk "$program"'
!/"case"/ { begun = 0; next }
!begun {
  begun = 1
  printf "\n## %s, kernels up to %s, threads %d, %s\n\n", text("machine"), text("level"), number("threads"), text("date")
  print "| case | kernel | median ms | spread ms | GB/s | GFLOP/s | read probe GB/s | of limit, median % | best % | steady |"
  print "|---|---|---:|---:|---:|---:|---:|---:|---:|---|"
}
{
  printf "| %s | %s | %.3g | %.2g | %.1f | %.1f | %.1f | %.0f | %.0f | %s |\n", text("case"), text("kernel"),
    number("median_s") * 1e3, number("spread_s") * 1e3, number("bytes_per_s") / 1e9, number("flops_per_s") / 1e9,
    number("read_bytes_per_s") / 1e9, number("share") * 100, number("best_share") * 100, /"steady": *true/ ? "yes" : "no"
}' "$lines"
