#!/bin/sh
# The schemas of our files: those in docs/schema are what the program makes of its tables, every file
# that is shipped or tested with fits the one of its kind, shipped ones name it in their first line, and
# a misspelled key fits none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
schemas=$here/../../docs/schema
for kind in hardware profile model family format method workload storage link scenario axes rules baseline check; do
  "$program" schema "$kind" | cmp - "$schemas/$kind.schema.json" || {
    echo "refresh with: rooflinectl schema $kind -o docs/schema/$kind.schema.json"
    exit 1
  }
done
python3 -c 'import jsonschema, yaml' 2>/dev/null || { echo "SKIPPED: python3-jsonschema or python3-yaml is not installed"; exit 77; }
cd "$here/../.."
python3 - <<'END'
import glob, json, os, sys, jsonschema, yaml

class Loader(yaml.SafeLoader):
    """Dates and yes stay texts, as they are for us; 1e-05 is a number."""

Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":merge"))]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

folder = "docs/schema/"
kinds = "hardware profile model family format method workload storage link scenario axes".split()
validators = {}
for kind in kinds:
    with open(folder + kind + ".schema.json") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validators[kind] = jsonschema.Draft7Validator(schema)
below = {"hardware": "memory compute links power energy throttle", "profile": "kernels host", "family": "match gguf graph",
         "format": "stack compare", "storage": "read", "model": "stored", "scenario": "kv parallel placement pools workload"}

def nested(document):
    """Maps inside the file that have a table of keys."""
    for key in below.get(document["kind"], "").split():
        value = document.get(key)
        if key == "compute" and value:
            value = list(value.values())
        if isinstance(value, list):
            value = value[-1]
        if isinstance(value, dict):
            yield key, value
            if key in ("stack", "graph"):
                yield from ((key, inner) for inner in value.values() if isinstance(inner, dict))

checked = failed = maps = 0
for path in sorted(p for top in ("hwdb", "models", "examples", "tests/twins", "tests/cli/data")
                   for p in glob.glob(top + "/**/*.yaml", recursive=True)):
    with open(path) as file:
        lines = file.read()
    document = yaml.load(lines, Loader)
    if not isinstance(document, dict) or document.get("kind") not in kinds:
        continue
    checked += 1
    first = lines.split("\n", 1)[0]
    grid = document["kind"] == "scenario" and first.endswith("/axes.schema.json") # values may be lists
    schema = "axes" if grid else document["kind"]
    validator = validators[schema]
    for error in validator.iter_errors(document):
        print(path + ": " + error.message[:200])
        failed += 1
    if "$schema=" in first:
        named = os.path.normpath(os.path.join(os.path.dirname(path), first.split("$schema=")[1].strip()))
        if named != folder + schema + ".schema.json":
            print(path + ": its first line names another schema: " + named)
            failed += 1
    elif path.startswith(("hwdb/", "models/")):
        print(path + ": its first line names no schema")
        failed += 1
    for key, inner in nested(document):
        inner["knid"] = 1
        maps += 1
        if validator.is_valid(document):
            print(path + ": a misspelled key below " + key + " is not noticed")
            failed += 1
        del inner["knid"]
    document["knid"] = 1
    if validator.is_valid(document):
        print(path + ": a misspelled key is not noticed")
        failed += 1
print(checked, "files fit their schemas" if failed == 0 else "files checked, " + str(failed) + " findings")
sys.exit(failed > 0 or checked < 300 or maps < 600)
END
