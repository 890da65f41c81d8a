#!/bin/sh
# Baselines, verdicts, rules and scenarios with lists against their schemas: real ones fit, and each
# that misses a key, has one more, or another kind of value somewhere does not. gate.sh PROGRAM
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python3 -c 'import jsonschema, yaml' 2>/dev/null || { echo "SKIPPED: python3-jsonschema or python3-yaml is not installed"; exit 77; }
command -v git >/dev/null || { echo "SKIPPED: git is not installed"; exit 77; }
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp -R "$here/data/hwdb" "$here/data/models" "$place"
cp -R "$here/../../examples/ci/scenarios" "$here/../../examples/ci/roofline-rules.yaml" "$place"
cp "$here/../../examples/ci/hwdb/lab-gpu.yaml" "$place/hwdb"
cp "$here/../../examples/ci/models/chat-1b.yaml" "$place/models"
cd "$place"
unset GIT_DIR GIT_WORK_TREE
check() { # STATUS NAME ARGUMENT...: the verdict NAME.json
  expected=$1 name=$2
  shift 2
  status=0
  "$program" check "$@" --format json >"$name.json" 2>"$name.err" || status=$?
  [ $status -eq "$expected" ] || { cat "$name.err"; echo "check $* ends with $status"; exit 1; }
}
printf 'kind: scenario\nmodel: toy-llama\nhardware: toy-gpu\nworkload: {batch: [1, 8], prompt: 512, generate: 64}\n' >scenarios/toy.yaml
sed 's/512/256/' scenarios/toy.yaml >scenarios/short.yaml
sed 's/512/128/' scenarios/toy.yaml >scenarios/brief.yaml
"$program" check scenarios --update >/dev/null
git init -q . && git add hwdb models scenarios && git -c user.name=n -c user.email=e commit -qm one
check 0 verdict-same
sed -i 's/bandwidth: {value: 1 TB/bandwidth: {value: 900 GB/' hwdb/toy/toy-gpu.yaml
sed -i 's/num_key_value_heads: 4/num_key_value_heads: 8/; s/88085504/89134080/' models/dims/toy-llama.yaml
mv scenarios/short.yaml scenarios/other.yaml
rm scenarios/brief.yaml
cp scenarios/chat.yaml scenarios/fresh.yaml
check 1 verdict-all scenarios
check 1 verdict-ruled scenarios --rules roofline-rules.yaml
check 1 verdict-against scenarios --against HEAD
cat >all-rules.yaml <<'END'
kind: check
hwdb: now
new: fail
removed: pass
renamed: pass
better: pass
rules: [tokens_per_s >= 95 % of base, kv_bytes <= 24 GiB, memory == base, fits, tpot < 50 ms, longest_context > 1000]
scenarios: [{match: "*chat*", rules: [ttft_s<=500 ms]}]
END
check 1 verdict-rules scenarios --rules all-rules.yaml
cat >lists.yaml <<'END'
kind: scenario
model: toy-llama
hardware: [toy-gpu, toy-cpu]
weights: {default: [bf16, w4a16-g128], lm_head: bf16}
kv: [bf16, {k: int8-token, v: bf16}]
parallel: [{tensor: 1}, {tensor: 2, pipeline: 1..2}]
lanes: [serial, overlapped]
workload: {batch: 1..64x4, prompt: [128, 256..512+256], generate: 64}
END
"$program" sweep lists.yaml >/dev/null 2>lists.err || { cat lists.err; exit 1; }
cd "$here/../.."
python3 - "$place" <<'END'
import glob, json, sys, jsonschema, yaml
place = sys.argv[1] + "/"

def read(path):
    with open(path) as file:
        return yaml.safe_load(file) if path.endswith(".yaml") else json.load(file)

def validator(name):
    schema = read("docs/schema/" + name + ".schema.json")
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)

OTHER = {"another": ["kind", {"of": "value"}]}

def broken(root, node, free):
    """The document with one thing wrong in it, time after time, and what is wrong. Below keys of
    `free` anything may stand."""
    items = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    if isinstance(node, dict) and "knid" not in node:
        node["knid"] = OTHER
        yield root, "a key too much beside " + ", ".join(node)
        del node["knid"]
    for key, value in items:
        if key in free:
            continue
        node[key] = OTHER
        yield root, "another value of " + str(key)
        node[key] = value
        if isinstance(value, (dict, list)):
            yield from broken(root, value, free)

def missing(root, node, free, optional):
    if isinstance(node, dict):
        for key, value in list(node.items()):
            if key not in optional:
                del node[key]
                yield root, "without " + key
                node[key] = value
    for key, value in (list(node.items()) if isinstance(node, dict) else enumerate(node)):
        if key not in free and isinstance(value, (dict, list)):
            yield from missing(root, value, free, optional)

wrong = tried = 0
def hold(name, document, path, free=(), optional=None):
    """optional None: keys may be missing."""
    global wrong, tried
    check = validator(name)
    for error in check.iter_errors(document):
        print(path, "does not fit", name, ":", error.message[:200], list(error.path))
        wrong += 1
    kinds = [broken(document, document, free)]
    if optional is not None:
        kinds.append(missing(document, document, free, optional))
    for kind in kinds:
        for other, what in kind:
            tried += 1
            if check.is_valid(other):
                print(path, "fits", name, "with", what)
                wrong += 1

def smaller(verdict):
    """Enough of a verdict to try everything that may stand in it."""
    for scenario in verdict["scenarios"]:
        scenario["findings"] = scenario["findings"][:2]
    return verdict

for path in sorted(glob.glob(place + "verdict-*.json")):
    hold("check", smaller(read(path)), path, optional=())
baseline = read(place + "roofline-baseline.json")
measures = set(baseline["scenarios"][0]["results"][0]) - {"batch"}
baseline["scenarios"] = baseline["scenarios"][:1]
for scenario in baseline["scenarios"]:
    scenario["results"], scenario["uses"] = scenario["results"][:1], scenario["uses"][:2]
whole = baseline["descriptions"]
baseline["descriptions"] = whole[:1] + [d for d in whole if d["kind"] == "scenario"][:1]
hold("baseline", baseline, "baseline", free=("values",), optional=measures | {"name"})
for tree in (["3.35 TB/s"], ["a", "b"], ["a", 1, True, 2], 7, "text", {"a": ["b"]}, [["a", 1], "b"]):
    baseline["descriptions"][0]["values"] = tree
    tried += 1
    if validator("baseline").is_valid(baseline):
        print("values may be", tree)
        wrong += 1
for path in ("roofline-rules.yaml", "all-rules.yaml"):
    hold("rules", read(place + path), path)
rules = validator("rules")
for rule in ("tokens_per_sec >= 95 % of base", "kv_bytes 24 GiB", "kv_bytes <=", "fits >= 3", "tokens_per_s => 3", ""):
    tried += 1
    if rules.is_valid({"kind": "check", "rules": [rule]}):
        print("a rule may be", rule)
        wrong += 1
for group in ({"match": "x"}, {"rules": ["fits"]}):
    tried += 1
    if rules.is_valid({"kind": "check", "scenarios": [group]}):
        print("rules of some may be", group)
        wrong += 1
hold("axes", read(place + "lists.yaml"), "lists.yaml", free=("model", "batch", "weights"))
hold("axes", read(place + "scenarios/toy.yaml"), "toy.yaml", free=("model", "batch", "weights"))
if validator("scenario").is_valid(read(place + "lists.yaml")):
    print("one scenario may have lists")
    wrong += 1
print(tried, "broken ones refused" if wrong == 0 else "broken ones tried, " + str(wrong) + " findings")
sys.exit(wrong > 0 or tried < 700)
END
