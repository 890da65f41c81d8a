#!/bin/sh
# Follows "How to add a machine" and "How to add a model" of CONTRIBUTING in a temporary folder: one
# YAML each, no rebuild, found through --db. howto.sh SOURCE PROGRAM
set -eu
source_dir=$1
program=$2
place=$(mktemp -d "${TMPDIR:-/tmp}/roofline howto.XXXXXX")
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
mine=$place/mine
cd "$place"

fail() { echo "howto: $*"; exit 1; }
expect_files() { # COUNT AFTER
  count=$(find "$mine" -type f | wc -l)
  [ "$count" -eq "$1" ] || fail "$count files after $2, expected $1"
}
grep -q '^### machine$' "$source_dir/CONTRIBUTING.md" || fail "CONTRIBUTING has no HOWTO for a machine"
grep -q '^### model$' "$source_dir/CONTRIBUTING.md" || fail "CONTRIBUTING has no HOWTO for a model"

# A machine: copy the nearest one, change what differs. Twice the bandwidth must halve what is bound by it.
mkdir -p "$mine/hwdb/nvidia" "$mine/models/dims"
sed -e 's|3\.35 TB/s|6.70 TB/s|' -e 's|^default_for:.*||' -e 's|^title:.*|title: Twice an H100|' \
  "$source_dir/hwdb/nvidia/h100-sxm.yaml" >"$mine/hwdb/nvidia/h200-twice.yaml"
expect_files 1 "adding a machine"
"$program" lint "$mine/hwdb/nvidia/h200-twice.yaml" >lint.out 2>&1 || { cat lint.out; fail "lint of the machine"; }
"$program" --db "$mine" list hardware | grep -q h200-twice || fail "the machine is not listed"
"$program" analyze llama-3-8b@h200-twice --db "$mine" -p 128 -n 16 --format csv >twice.csv || fail "analyze on the machine"
"$program" analyze llama-3-8b@h100-sxm --db "$mine" -p 128 -n 16 --format csv >once.csv
cmp -s once.csv twice.csv && fail "the machine makes no difference"

# A model like Llama: one file of dims.
cat >"$mine/models/dims/my-llama.yaml" <<'EOF'
# A small Llama of my own.
kind: model
family: llama
source: "my own configuration"
config:
  model_type: llama
  hidden_size: 2048
  intermediate_size: 5632
  num_hidden_layers: 3
  num_attention_heads: 16
  num_key_value_heads: 4
  vocab_size: 32000
  max_position_embeddings: 4096
  hidden_act: silu
  rms_norm_eps: 1e-05
  rope_theta: 10000.0
  tie_word_embeddings: false
  torch_dtype: bfloat16
EOF
expect_files 2 "adding a model"
"$program" --db "$mine" list models | grep -q my-llama || fail "the model is not listed"
"$program" analyze my-llama@h200-twice --db "$mine" --format json >mine.json 2>messages || { cat messages; fail "analyze of the model"; }
grep -q '"layers": 3' mine.json || fail "the model is not the one of the file"
expect_files 2 "analyzing"
echo "one file a machine, one file a model, no rebuild"
