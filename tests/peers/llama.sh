#!/bin/sh
# kernels-ref/peers/llama.sh with a llama-bench that answers as the real one does: llama.sh SOURCE PROGRAM
set -eu
script=$1/kernels-ref/peers/llama.sh
model=$1/examples/tiny-llama.yaml
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
ln -s "$2" "$folder/bin/rooflinectl"
tools=$folder/bin:/usr/bin:/bin
fail() { echo "$1" >&2; exit 1; }
# expect STATUS TEXT MODEL...: the script's exit status, and what it says of it.
expect() {
  status=$1 text=$2
  shift 2
  rc=0
  PATH=$tools sh "$script" "$@" >"$folder/out" 2>&1 || rc=$?
  [ "$rc" = "$status" ] || fail "status $rc in place of $status: $(cat "$folder/out")"
  grep -q -e "$text" "$folder/out" || fail "no '$text' in: $(cat "$folder/out")"
}

expect 2 "usage: llama.sh"
expect 4 "llama-bench is not installed: nothing is compared" "$model"

# A header without quotes, a row with them, and a name with a comma; 51.25 is the ninth value.
cat >"$folder/bin/llama-bench" <<'END'
#!/bin/sh
echo 'build_commit,model_filename,model_type,n_prompt,n_gen,n_depth,avg_ns,stddev_ns,avg_ts,stddev_ts'
echo '"abc","a,b.gguf","llama 1B","0","32","16","1","0","51.25","0.5"'
END
chmod +x "$folder/bin/llama-bench"
expect 3 "nope.gguf cannot be read" nope.gguf
expect 0 "^llama.cpp   51.25$" "$model" 2 1 16
grep -q "^rooflinectl [0-9.]*, ahead in [0-2] of 2 pairs$" "$folder/out" || fail "$(cat "$folder/out")"
expect 0 "^llama.cpp   51.25$" "$model" 1 1 16 w8a8-int8 "$folder/peer.json"
grep -q '"format": "w8a8-int8", "pairs": 1, "ahead": [01], "threads": 1, "context": 16, "peer_tokens_per_s": 51.25, "tokens_per_s": [0-9.]*}]}$' \
  "$folder/peer.json" || fail "$(cat "$folder/peer.json")"

printf '#!/bin/sh\necho "unknown argument: -d" >&2\nexit 1\n' >"$folder/bin/llama-bench"
expect 4 "llama-bench told no tokens a second: unknown argument: -d" "$model" 2 1 16
