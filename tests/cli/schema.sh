#!/bin/sh
# Holds the JSON of analyze, recommend and diff against their published schemas; needs python3-jsonschema.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python3 -c 'import jsonschema' 2>/dev/null || { echo "SKIPPED: python3-jsonschema is not installed"; exit 77; }
cd "$here/data"
# check_as SCHEMA COMMAND ARGUMENT...; check COMMAND ARGUMENT... where they have one name
check() {
  check_as "$1" "$@"
}
check_as() {
  schema=$1
  shift
  "$program" "$@" --format json 2>/dev/null | python3 -c '
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
document = json.load(sys.stdin, parse_constant=lambda name: sys.exit("not finite: " + name))
jsonschema.validate(document, schema)
' "$here/../../docs/schema/$schema.schema.json" || { echo "not valid: $*"; exit 1; }
}
check analyze toy-llama
check analyze toy-mixtral@toy-gpu -b 1,4 --explain
check analyze toy-llama@toy-gpu -b 1,8,512 --price 2
check analyze toy-llama@toy-cpu --phase prefill --explain
check analyze toy-llama@toy-gpu --phase verify --verify 5 -w w4a16-g128 --kv int8
check analyze toy-llama@toy-gpu -n 0 -p 1
check analyze llama-3-8b@h100-sxm
check analyze toy-llama@h100-sxm --pp 2 -b 1,6 --explain
check analyze llama-3-70b@2xdgx-h100 --explain attn_all_reduce
check analyze toy-vision@toy-gpu -n 2 -p 40 --images 2 --image-size 17x7
check diff toy-llama@toy-gpu toy-llama@toy-cpu -b 1,2
check diff toy-llama@h100-sxm toy-mixtral@h100-sxm --pp 2 --phase prefill
check recommend toy-llama
check recommend toy-llama --hw toy-gpu,toy-cpu --price toy-gpu=2 --tpot 1ms --ttft 1s --max-price 1 --devices 1,2
check recommend toy-llama --hw toy-gpu --tpot 1ns -n 0
check sweep toy-llama@toy-gpu,toy-cpu --tp 1,3 -b 1..64x4 --price 1,2
check sweep toy-llama@toy-gpu -w bf16,w4a16-g128 --set 'kv=[bf16,int8]' -n 0,2 --top 3 --by ttft
check_as allocation recommend toy-llama --bits 160MB -w w8a16,bf16
check_as allocation recommend toy-llama@toy-gpu --bits 100us -w w4a16-g32,bf16
echo "valid"
