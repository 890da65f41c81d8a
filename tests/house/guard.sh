#!/bin/sh
# One guard of the house: guard.sh NAME [ROOT]. Prints each violation as file:line: text and exits 1;
# exits 0 on a clean tree and 77 when a tool is missing. There are no exception lists.
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
name=${1:?usage: guard.sh NAME [ROOT]}
cd "${2:-$here/../..}"

# All C text of the tree, one path a line; the arguments are the folders.
c_files() {
  for folder; do
    if [ -d "$folder" ]; then
      find "$folder" -type f \( -name '*.c' -o -name '*.h' -o -name '*.def' \) | sort
    fi
  done
}
program="analyzer reports kernels-ref"
everything="$program tests examples cmake"

# Code of the listed folders as file:line:text; the first argument is strip.awk's keep.
code() {
  keep=$1
  shift
  c_files "$@" | each awk -v keep="$keep" -f "$here/strip.awk"
}
# Runs a command with the paths on standard input as arguments; nothing when there are none.
each() { tr '\n' '\0' | xargs -0 -r "$@"; }

guard_includes() {
  # shellcheck disable=SC2086 # the folder lists are meant to be split
  code 1 $program | grep '#[[:space:]]*include' | awk -f "$here/includes.awk"
  # The oracle shares nothing with the program.
  code 1 tests/oracle | grep '#[[:space:]]*include[[:space:]]*"' |
    grep -E '"(analyzer|base|doc|spec|graph|cost|time|reports|kernels-ref|roofline)/' |
    sed 's/$/  (the oracle shares no header with the program)/'
}

guard_lines() {
  # shellcheck disable=SC2086
  { c_files $everything; find . -path ./build -prune -o -path './build-*' -prune -o -path ./.git -prune -o -type f \
      \( -name '*.sh' -o -name '*.cmake' -o -name '*.awk' -o -name CMakeLists.txt -o -name quickstart \) -print; } |
    sed 's|^\./||' | each awk 'FNR == 601 { print FILENAME ":601: more than 600 lines" }'
}

# pmccabe columns: modified complexity, complexity, statements, first line, lines, file(line): name
guard_functions() {
  command -v pmccabe >/dev/null || { echo "pmccabe is not installed"; exit 77; }
  # shellcheck disable=SC2086
  c_files $everything | grep '\.c$' | each pmccabe 2>/dev/null | awk -F '\t' '
    $1 > 12 { print $6 ": complexity " $1 ", twelve is the most" }
    $5 > 60 { print $6 ": " $5 " lines, sixty are the most" }'
}

guard_params() {
  # shellcheck disable=SC2086
  code 0 $everything | awk -f "$here/params.awk"
}

guard_banned() {
  # shellcheck disable=SC2086
  code 0 $everything |
    called 'strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atoll|atof|gets|scanf|alloca|mktemp|tmpnam' "banned"
  # Tests may hold our number scanner against the C library's; the program may not use it.
  code 0 analyzer reports kernels-ref |
    called 'strto[a-z]+|v?s?f?scanf|system|popen|setlocale|uselocale' "not in the program"
  code 0 analyzer reports kernels-ref | called 'assert|abort|longjmp|setjmp|signal' "not in the program"
  # The library neither ends the process nor looks around; the command does.
  code 0 analyzer reports kernels-ref | grep -v '^analyzer/cli/' |
    called 'strerror|exit|_exit|_Exit|atexit|getenv|secure_getenv|setenv|putenv' "only the command does this"
  # Pure rooms: no allocation outside the arena, no clock.
  code 0 analyzer/graph analyzer/cost analyzer/time |
    called 'malloc|calloc|realloc|free|time|clock|clock_gettime|rand|random' "not in a pure room"
  # The C library writes the locale's decimal point: numbers leave through base/number_print.c.
  code 1 analyzer reports kernels-ref | grep -v '^analyzer/base/number_print.c:' | sed 's/%%//g' |
    grep -E '"[^"]*%[-+ #0]*[0-9*]*(\.[0-9*]+)?[lL]?[aAeEfFgG]' | sed 's/$/  (print it with base\/number.h)/'
  # cost/ counts; it does not know time.
  code 0 analyzer/cost | grep -inE '(^|[^a-z])secs?([^a-z]|$)|seconds' | sed 's/^[0-9]*://; s/$/  (cost knows no time)/'
}
called() { grep -E ":.*(^|[^a-zA-Z0-9_.>])($1)[[:space:]]*\(" | sed "s/\$/  ($2)/"; }

guard_doors() {
  # shellcheck disable=SC2086
  code 1 $program | awk -f "$here/doors.awk"
}

guard_names() {
  # shellcheck disable=SC2086
  c_files $everything | sed 's|.*/||' | sort | uniq -d | sed 's/$/: this file name occurs twice/'
  # shellcheck disable=SC2086
  c_files $everything | grep -vE '/[a-z0-9_]+\.(c|h|def)$' | sed 's/$/:1: the file name is not snake_case/'
  # One name, one type: private headers that never meet must not lend a reader two meanings.
  # shellcheck disable=SC2086
  code 0 $everything | grep -E ':typedef (struct|enum|union) rl_' |
    awk '{ name = $3; sub(/[^a-z0-9_].*/, "", name)
           if (name in first) print $0 "  (also " first[name] ")"
           else { split($1, place, ":"); first[name] = place[1] ":" place[2] } }'
}

guard_headers() {
  # shellcheck disable=SC2086
  c_files $everything | each awk -f "$here/headers.awk"
}

# Text that has no place in a published tree: paths of somebody's machine, unfinished work.
guard_words() {
  text_files | each grep -nIE '/(root|home|work|farm|Users)/|/tmp/ba''sh_' /dev/null || true
  text_files | grep -E '\.(c|h|def|sh|awk|cmake)$|CMakeLists|quickstart$' |
    each grep -nIwE 'TO''DO|FIX''ME|XX''X|HA''CK' /dev/null || true
}
text_files() {
  find . -path ./build -prune -o -path './build-*' -prune -o -path ./.git -prune -o -type f -print |
    sed 's|^\./||' | grep -vE '^tests/(fuzz/corpus|fail|hostile)/' | sort
}

guard_duplicates() {
  # shellcheck disable=SC2086
  code 1 $program | awk -f "$here/duplicates.awk"
}

# The installed header: at most 300 lines, and nothing but rl_ names with a comment before each.
guard_public() {
  header=analyzer/include/roofline/roofline.h
  [ -f "$header" ] || return 0
  awk -v file="$header" '
    NR == 301 { print file ":301: the public header has more than 300 lines" }
    /^RL_API/ { if (last !~ /\*\/[ \t]*$/) print file ":" NR ": a function without its comment" }
    /^RL_API/ && !/rl_[a-z0-9_]+\(/ { print file ":" NR ": an exported name is not rl_<noun>_<verb>" }
    { last = $0 }' "$header"
}

case $name in
  includes | lines | functions | params | banned | doors | names | headers | words | duplicates | public) ;;
  *) echo "no guard named $name" >&2; exit 2 ;;
esac
found=$("guard_$name") && status=0 || status=$?
if [ "$status" -eq 77 ]; then
  printf 'SKIPPED: %s\n' "$found"
  exit 77
fi
[ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
echo "$name: clean"
