#!/bin/sh
# cppcheck over the program; a finding is an error. Suppressed, each with its reason: missingInclude
# (system headers are not given), constStatement (it misreads the argument list of RL_REPORT),
# internalAstError (cppcheck 2.10 cannot read `c ? (type){0} : x`), unmatchedSuppression and
# constParameterCallback (depend on its version). Left out: rows of one instruction set, each of which is
# the text of many tiles at once, over which it takes many minutes a file; clang-tidy reads them.
. "$(dirname "$0")/lib.sh"
heavy cppcheck
cd "$source_dir"
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
  --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unmatchedSuppression \
  --suppress=constParameterCallback --suppress=constStatement --suppress=internalAstError -j "$jobs" -I analyzer -I analyzer/include -I . \
  -i kernels-ref/cpu/arm -i kernels-ref/cpu/x86 analyzer reports kernels-ref
