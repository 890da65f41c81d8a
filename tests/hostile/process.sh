#!/bin/sh
# What hostile files cost the whole process: each is linted and analyzed as a model and as a scenario,
# the large ones also as hardware, profile, family and format, every time in a process that has 64 MiB of address space, one second of processor time and, against waiting,
# ten seconds by the clock. It must end by itself, saying that the input is wrong: memory that runs
# out (4), a broken promise (5), a signal (above 128) and success are failures. process.sh SOURCE PROGRAM
set -u
source_dir=$1
program=$2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
limit_kib=65536
processes=0
failed=0

# STATUSES ARGUMENT...: runs the program, whose status must be one of those.
expect() {
  allowed=$1
  shift
  (
    # shellcheck disable=SC3045 # dash and bash have both limits
    { ulimit -v "$limit_kib" && ulimit -t 1; } || exit 99
    exec timeout 10 "$program" "$@"
  ) >"$place/out" 2>&1 </dev/null
  status=$?
  processes=$((processes + 1))
  case " $allowed " in
    *" $status "*) return ;;
  esac
  failed=$((failed + 1))
  echo "status $status, not one of $allowed: rooflinectl $*"
  head -n 3 "$place/out" | cut -c 1-200
}

every_way() { # FILE
  expect 1 lint "$1"
  expect 3 analyze -m "$1"
  expect 3 analyze llama-3-8b --hw "$1"
  expect 3 analyze llama-3-8b@h100-sxm --profile "$1"
  expect 3 analyze "$1"
  for folder in families formats; do
    mkdir -p "$place/db/models/$folder"
    cp "$1" "$place/db/models/$folder/hostile.yaml"
    expect 1 lint "$place/db/models/$folder/hostile.yaml"
    rm -r "$place/db"
  done
}

repeat() { # COUNT PIECE: on one line
  yes -- "$2" | head -n "$1" | tr -d '\n'
}
lines() { # COUNT LINE
  yes -- "$2" | head -n "$1"
}
numbered() { # COUNT LINE: & stands for the number
  seq "$1" | sed "s|.*|$2|"
}

for file in "$source_dir"/tests/hostile/*.yaml "$source_dir"/tests/hostile/*.json; do
  expect 1 lint "$file"
  expect 3 analyze -m "$file"
  expect 3 analyze "$file"
done

# Large documents.
large=$place/large
mkdir "$large"
repeat 200000 '[' >"$large/flow.yaml"
lines 300000 '- 1' >"$large/items.yaml"
{ echo '- &a [1, 2, 3]'; lines 100000 '- *a'; } >"$large/aliases.yaml"
{ printf "a: '"; repeat 3900000 x; echo "'"; } >"$large/text.yaml"
numbered 60000 'k&: !t x' >"$large/keys.yaml"
lines 500000 '# comment' >"$large/comments.yaml"
repeat 3900000 '[' >"$large/nested.json"
{ printf '[0'; repeat 1300000 ',0'; printf ']'; } >"$large/items.json"
{ printf '["'; repeat 600000 '\u0041'; printf '"]'; } >"$large/escapes.json"
for file in "$large"/*; do every_way "$file"; done

# Descriptions that are well formed and ask for too much.
dims='model_type: llama, num_attention_heads: 4, vocab_size: 64, rms_norm_eps: 1, rope_theta: 1'
huge=4611686018427387904
cat >"$large/layers.yaml" <<END
kind: model
family: llama
config: {$dims, hidden_size: 64, intermediate_size: 64, num_hidden_layers: 4000000000}
END
cat >"$large/wide.yaml" <<END
kind: model
family: llama
config: {$dims, hidden_size: $huge, intermediate_size: $huge, num_hidden_layers: 2}
END
{ printf '{"model_type": "llama"'; numbered 30000 ',"k&": 1'; printf '}'; } >"$large/unknown.json"
for file in layers.yaml wide.yaml unknown.json; do
  expect 1 lint "$large/$file"
  expect 3 analyze -m "$large/$file"
done

# As the family of a model that is analyzed: standard input goes between the embedding and the loop.
mkdir -p "$place/db/models/families" "$place/db/models/dims"
cat >"$place/db/models/dims/asker.yaml" <<END
kind: model
family: hostile
config: {model_type: t}
END
ask() { # REPEAT
  {
    printf 'kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n'
    printf '  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: %s\n    body:\n' "$1"
    cat
  } >"$place/db/models/families/hostile.yaml"
  expect 3 analyze asker@h100-sxm --db "$place/db"
}
numbered 20000 '      - scale: {in: x, out: x, root: &}' | ask 1
numbered 1000 '      - scale: {in: x, out: x, root: l + &}' | ask 4096
lines 1 '      - scale: {in: x, out: x, root: 2}' | ask 18446744073709551615
lines 1 '      - scale: {in: x, out: x, root: 2}' | ask '4294967296 * 4294967296'
expect "2 3" analyze llama-3-8b@h100-sxm -b 1..18446744073709551615
expect "2 3" analyze llama-3-8b@h100-sxm -p 18446744073709551615 -n 18446744073709551615

echo "$processes processes, $failed failed"
[ "$failed" -eq 0 ]
