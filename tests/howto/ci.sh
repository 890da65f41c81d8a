#!/bin/sh
# Follows the shell steps of examples/ci/github.yml and gitlab.yml in a git repository, as the runners
# do, after a change of a machine, of a model, and of both: verdicts, exit statuses, and who did it.
# ci.sh SOURCE PROGRAM
set -eu
source_dir=$(cd "$1" && pwd)
program=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
for tool in git bash; do
  command -v "$tool" >/dev/null || { echo "SKIPPED: $tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "ci: $*"; exit 1; }
commit() { git add . && git -c user.name=n -c user.email=e commit -q -m "$1"; }

# step FILE NAME KEY: the shell text of the block KEY that follows the line `NAME`.
step() {
  awk -v name="$2" -v key="$3" '
    { match($0, /^ */); indent = RLENGTH }
    block && NF && indent <= at { exit }
    block { if (!width && NF) width = indent; print substr($0, width + 1); next }
    $0 == name { on = 1; next }
    on && $1 == key { at = indent; wait = 1 }
    on && wait && $NF == "|" { block = 1 }' "$source_dir/examples/ci/$1"
}
steps() { # FILE NAME KEY: into steps.sh
  step "$@" >"$work/steps.sh"
  [ -s "$work/steps.sh" ] || fail "$1 has no $3 of $2"
}

# A repository of the program whose quickstart takes what is built already.
mkdir -p "$work/origin" "$work/home" "$work/bin"
cat >"$work/origin/quickstart" <<END
#!/bin/sh
top=\$(dirname "\$0")
mkdir -p "\$top/build/quickstart" && ln -s "$program" "\$top/build/quickstart/rooflinectl"
END
chmod +x "$work/origin/quickstart"
grep -q 'build/quickstart/rooflinectl$' "$source_dir/quickstart" || fail "quickstart builds elsewhere"
# Bencher's program takes its words, and reads the file.
cat >"$work/bin/bencher" <<'END'
#!/bin/sh
[ "$*" = "run --project lab --branch main --testbed rooflinectl --adapter json --file bencher.json" ] || exit 9
grep -q '"scenarios/chat.yaml, batch 8": {' bencher.json && grep -q '"tpot_s": {"value": ' bencher.json
END
chmod +x "$work/bin/bencher"
unset GIT_DIR GIT_WORK_TREE
HOME=$work/home
PATH=$work/bin:$PATH
ROOFLINECTL_SOURCE=file://$work/origin
export HOME PATH ROOFLINECTL_SOURCE
(cd "$work/origin" && git init -q . && commit origin)

cp -R "$source_dir/examples/ci" "$work/repository"
cd "$work/repository"
git init -q .
commit base
base=$(git rev-parse HEAD)

# GitHub runs a step as `bash -e FILE`; each has its own file of paths and summary.
RUNNER_TEMP=$work/runner GITHUB_PATH=$work/github_path GITHUB_STEP_SUMMARY=$work/summary.md
mkdir "$RUNNER_TEMP"
export RUNNER_TEMP GITHUB_PATH GITHUB_STEP_SUMMARY
steps github.yml '      - name: Install' run:
bash -e "$work/steps.sh" || fail "the step that installs"
PATH=$(cat "$GITHUB_PATH"):$PATH
[ "$(rooflinectl --version)" = "$("$program" --version)" ] || fail "another program is installed"

slower() { sed -i 's/bandwidth: {value: 1 TB/bandwidth: {value: 800 GB/' hwdb/lab-gpu.yaml; }
larger() { sed -i 's/num_key_value_heads: 4/num_key_value_heads: 16/' models/chat-1b.yaml; }
# number KEY: of tpot_s at batch 8 of the first scenario that says it in roofline.json.
number() {
  awk -v key="\"$1\":" '
    $1 == "\"file\":" { chat = $2 == "\"scenarios/chat.yaml\"," }
    $1 == "\"batch\":" { eight = $2 == "8," }
    $1 == "\"measure\":" { mine = chat && eight && $2 == "\"tpot_s\"," }
    mine && $1 == key { sub(/^[^:]*: /, ""); sub(/,$/, ""); print; exit }' roofline.json
}
fresh() { git clean -qfd && git checkout -q --detach "$base"; } # what a runner begins with
# after NAME STATUS CHANGE...: the pull request is merged for the check, as GitHub does it.
after() {
  name=$1 expected=$2
  shift 2
  fresh
  for change; do $change; done
  echo "# $name" >>notes.txt
  commit "$name"
  : >"$GITHUB_STEP_SUMMARY"
  status=0
  steps github.yml '      - name: Check' run:
  bash -e "$work/steps.sh" >"$work/annotations" 2>"$work/messages" || status=$?
  [ $status -eq "$expected" ] || fail "$name ends with $status"
  for report in roofline.xml roofline.json bigger.json smaller.json bencher.json; do
    [ -s $report ] || fail "$name leaves no $report"
  done
  grep -q "^## rooflinectl check" "$GITHUB_STEP_SUMMARY" || fail "$name leaves no summary"
  failures=$(sed -n 's/^<testsuites.* failures="\([0-9]*\)".*/\1/p' roofline.xml)
  errors=$(grep -c '^::error ' "$work/annotations") || true
}
expect() { # WHAT HAS SHOULD
  [ "$2" = "$3" ] || fail "$name: $1 is '$2', expected '$3'"
}
at_machine="hwdb/lab-gpu.yaml,line=$(grep -n '1 TB/s' hwdb/lab-gpu.yaml | cut -d: -f1),"
at_model="models/chat-1b.yaml,line=$(grep -n key_value_heads models/chat-1b.yaml | cut -d: -f1),"
annotated() { # PLACE: so many errors stand there
  grep -cF "::error file=$1" "$work/annotations" || true
}

after nothing 0
expect failures "$failures" 0
expect annotations "$(cat "$work/annotations")" "2 scenarios: 2 same"

after machine 1 slower
expect failures "$failures" 2
expect "annotations at the machine" "$(annotated "$at_machine")" 2
machine=$(number change)
expect shares "$(number shares)" "[$machine]"
expect together "$(number together)" 0

after model 1 larger
expect failures "$failures" 2
expect "annotations at the model" "$(annotated "$at_model")" 2
model=$(number change)
expect shares "$(number shares)" "[$model]"

after both 1 slower larger
expect errors "$errors" 2
expect shares "$(number shares)" "[$machine, $model]"
echo "$(number change) $machine $model $(number together)" | awk '
  { rest = $1 - $2 - $3 - $4; exit !($4 > 0.01 && rest < 1e-9 && rest > -1e-9) }' ||
  fail "both: the parts and what they do together are not the whole"
grep -q 'together' "$GITHUB_STEP_SUMMARY" || fail "the summary does not say what both do together"

BENCHER_PROJECT=lab GITHUB_REF_NAME=main CI_COMMIT_BRANCH=main
export BENCHER_PROJECT GITHUB_REF_NAME CI_COMMIT_BRANCH
steps github.yml '      - name: Bencher' run:
bash -e "$work/steps.sh" || fail "the step of Bencher"

# GitLab: the whole of a job is one shell; the base is the baseline that is committed.
job() { # NAME: sets status
  { step gitlab.yml .roofline: before_script: && step gitlab.yml "$1:" script:; } >"$work/steps.sh"
  rm -rf "$CI_BUILDS_DIR"
  mkdir "$CI_BUILDS_DIR"
  status=0
  bash -eo pipefail "$work/steps.sh" >"$work/told" 2>&1 || status=$?
}
CI_BUILDS_DIR=$work/builds
export CI_BUILDS_DIR
name=gitlab
fresh
job roofline-accept
expect "status of the first baseline" "$status" 0
job roofline
expect "status without a change" "$status" 0
slower && larger && job roofline
expect "status with both changes" "$status" 1
expect shares "$(number shares)" "[$machine, $model]"
grep -q 'failures="2"' roofline.xml || fail "the report of GitLab does not fail"
steps gitlab.yml roofline-series: script:
bash -e "$work/steps.sh" || fail "the series of GitLab"
job roofline-accept && job roofline
expect "status once it is accepted" "$status" 0
sed -i 's/model: chat-1b/model: chat-2b/' scenarios/chat.yaml && job roofline
expect "status of an input that is wrong" "$status" 3
echo "annotations, reports, parts and statuses as promised"
