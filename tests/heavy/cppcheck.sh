#!/bin/sh
# cppcheck over the program; a finding is an error. Suppressed, with reasons: missingInclude (system
# headers are not given), unusedFunction is not enabled (the library's callers are elsewhere),
# constParameterCallback and unmatchedSuppression (depend on the version of cppcheck).
. "$(dirname "$0")/lib.sh"
heavy cppcheck
cd "$source_dir"
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
  --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unmatchedSuppression \
  --suppress=constParameterCallback -j "$jobs" -I analyzer -I analyzer/include -I . \
  analyzer reports kernels-ref
