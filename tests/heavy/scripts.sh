#!/bin/sh
# Every script passes shellcheck, every shipped description yamllint.
. "$(dirname "$0")/lib.sh"
heavy shellcheck yamllint
cd "$source_dir"
find quickstart .ci/run tests -type f \( -name '*.sh' -o -name quickstart -o -name run \) | sort |
  tr '\n' '\0' | xargs -0 shellcheck -x -P "$source_dir/tests/heavy"
yamllint -s -c tests/heavy/yamllint.yaml hwdb models examples
