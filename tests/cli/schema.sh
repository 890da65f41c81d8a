#!/bin/sh
# Holds the JSON of analyze against its published schema; needs python3-jsonschema.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python3 -c 'import jsonschema' 2>/dev/null || { echo "SKIPPED: python3-jsonschema is not installed"; exit 77; }
cd "$here/data"
check() {
  "$program" analyze "$@" --format json 2>/dev/null | python3 -c '
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
document = json.load(sys.stdin, parse_constant=lambda name: sys.exit("not finite: " + name))
jsonschema.validate(document, schema)
' "$here/../../docs/schema/analyze.schema.json" || { echo "not valid: analyze $*"; exit 1; }
}
check toy-llama
check toy-mixtral@toy-gpu -b 1,4 --explain
check toy-llama@toy-gpu -b 1,8,512
check toy-llama@toy-cpu --phase prefill --explain
check toy-llama@toy-gpu --phase verify --verify 5 -w w4a16-g128 --kv int8
check toy-llama@toy-gpu -n 0 -p 1
echo "valid"
