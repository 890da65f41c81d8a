#!/bin/sh
# Holds each guard against a small clean tree and against planted violations: a guard that lets one
# through is worse than none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 1' HUP INT TERM
failures=0
checks=0

fresh() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/analyzer/base "$tree"/analyzer/doc "$tree"/analyzer/spec "$tree"/analyzer/graph \
    "$tree"/analyzer/cost "$tree"/analyzer/time "$tree"/analyzer/cli "$tree"/analyzer/include/roofline \
    "$tree"/reports "$tree"/kernels-ref/cpu "$tree"/tests/oracle
  put analyzer/base/low.h '/* Low things. */' 'int rl_low(int a);'
  put analyzer/spec/hardware.h '/* Machines. */' '#include "base/low.h"'
  put analyzer/cost/count.c '/* Counts. */' '#include "base/low.h"' 'static const char *word(void) {' \
    '  return "strcpy(a, b) is only text"; /* system("x") too */' '}'
  put reports/table.c '/* Tables. */' 'void f(void) {' '  rl_buf_addf(b, "%5d %% at %-3d", x, y);' '}'
  put tests/oracle/alone.c '/* Shares nothing. */' '#include <stdio.h>'
}
put() {
  file=$tree/$1
  shift
  printf '%s\n' "$@" >"$file"
}

# expect GUARD TEXT: the guard must fail and name TEXT; with TEXT "clean" it must pass.
expect() {
  checks=$((checks + 1))
  status=0
  said=$("$here/guard.sh" "$1" "$tree" 2>&1) || status=$?
  if [ "$status" -eq 77 ]; then return; fi
  if [ "$2" = clean ] && [ "$status" -eq 0 ]; then return; fi
  if [ "$2" != clean ] && [ "$status" -eq 1 ]; then
    case $said in *"$2"*) return ;; esac
  fi
  failures=$((failures + 1))
  printf 'guard %s: expected "%s", status %s, said:\n%s\n' "$1" "$2" "$status" "$said"
}
# plant GUARD FILE LINE...: the file with these lines must be named by the guard.
plant() {
  guard=$1
  named=$2
  fresh
  shift
  put "$@"
  expect "$guard" "$named"
}
lines() { awk -v n="$1" -v text="$2" 'BEGIN { for (i = 0; i < n; i++) print text }'; }

for guard in includes lines functions params banned doors names headers words duplicates public; do
  fresh
  expect "$guard" clean
done

plant includes analyzer/base/up.c '/* Up. */' '#include "doc/tree.h"'
plant includes analyzer/doc/up.c '/* Up. */' '  #  include "graph/program.h"'
plant includes analyzer/cost/machine.c '/* Direct. */' '#include "spec/hardware.h"'
fresh
put analyzer/graph/program.h '/* Through. */' '#include "spec/hardware.h"'
put analyzer/cost/through.c '/* Through. */' '#include "graph/program.h"'
expect includes analyzer/cost/through.c
plant includes analyzer/cost/clock.c '/* Clock. */' '#include <time.h>'
plant includes analyzer/spec/raw.c '/* Raw. */' '#include <yaml.h>'
plant includes analyzer/time/gsl.c '/* Fits. */' '#include <gsl/gsl_rng.h>'
plant includes reports/reads.c '/* Reads. */' '#include "spec/db.h"'
plant includes kernels-ref/cpu/peek.c '/* Peeks. */' '#include "cost/cost.h"'
plant includes tests/oracle/peek.c '/* Peeks. */' '#include "graph/point.h"'
plant includes analyzer/spec/cli.c '/* Calls up. */' '#include "cli/main.h"'
fresh
put analyzer/base/one.h '/* One. */' '#include "base/two.h"'
put analyzer/base/two.h '/* Two. */' '#include "base/one.h"'
expect includes cycle
fresh
put analyzer/time/result.h '/* Result. */' '#include "base/low.h"'
put reports/good.c '/* Good. */' '#include "time/result.h"'
expect includes clean

plant lines reports/long.c "$(lines 601 '/* x */')"
fresh
put reports/long.c "$(lines 600 '/* x */')"
expect lines clean

long=$(lines 61 '  x();')
plant functions reports/long.c '/* L. */' 'void rl_long(void) {' "$long" '}'
ifs=$(lines 13 '  if (a) b();')
plant functions tests/twisted.c '/* T. */' 'void rl_twisted(void) {' "$ifs" '}'
fresh
put tests/straight.c '/* S. */' 'void rl_straight(void) {' "$(lines 11 '  if (a) b();')" '}'
expect functions clean

plant params reports/wide.c '/* W. */' 'void rl_wide(int a, int b, int c,' '  int d, int e, int f, int g) {' '}'
plant params analyzer/base/wide.h '/* W. */' \
  'int rl_wide(int a, int b, int c, int d, int e, int f, ...) __attribute__((format(printf, 2, 3)));'
fresh
put reports/six.c '/* S. */' 'void rl_six(int a, int (*b)(int, int), int c, int d, int e, int f) {' \
  '  g(1, 2, 3, 4, 5, 6, 7);' '}' 'RL_SUITE(1, 2, 3, 4, 5, 6, 7, 8)'
expect params clean

for word in strcpy strcat sprintf vsprintf strtok atoi atof gets scanf alloca; do
  plant banned tests/bad.c '/* B. */' "void f(void) { $word(a, b); }"
done
for word in strtod strtol strtoull sscanf system popen setlocale assert abort getenv exit strerror; do
  plant banned analyzer/doc/bad.c '/* B. */' "void f(void) { x = $word (a); }"
done
for word in malloc free clock_gettime; do
  plant banned analyzer/graph/bad.c '/* B. */' "void f(void) { $word(a); }"
done
for word in 'double secs;' 'double step_sec;' 'int seconds;' 'int SEC;'; do
  plant banned analyzer/cost/bad.c '/* B. */' "$word"
done
for conversion in f .2f .*f -8.3g e a; do
  plant banned reports/point.c '/* P. */' "void f(void) { rl_buf_addf(b, \"50 %% %$conversion\", x); }"
done
fresh
put analyzer/base/number_print.c '/* The one. */' 'void f(void) { snprintf(t, n, "%.*e", count, x); }'
expect banned clean
fresh
put analyzer/cli/ends.c '/* The command may. */' 'void f(void) { exit(getenv("TERM") == 0); }'
put analyzer/cost/near.c '/* Near misses. */' 'int section, intersect, my_strcpy(int), x.gets(int);'
expect banned clean

for word in printf fprintf puts fwrite snprintf fputc perror; do
  plant doors reports/leak.c '/* L. */' "void f(void) { $word(name); }"
done
plant doors analyzer/cli/leak.c '/* L. */' 'void f(void) {' '  rl_buf_addf(b, "%d"' '     " %-*s", 1, 2, name);' '}'
plant doors reports/leak.c '/* L. */' 'void f(void) { rl_buf_addf(b, name); }'
plant doors reports/leak.c '/* L. */' 'void f(void) { rl_buf_addf(b, "%c", byte); }'
fresh
put analyzer/cli/output.c '/* The door. */' 'void f(void) { fwrite(text, 1, n, stdout); }'
put analyzer/base/text.c '/* Builds. */' 'void f(void) { vsnprintf(text, n, format, args); }'
expect doors clean

fresh
put analyzer/doc/same.c '/* S. */'
put tests/same.c '/* S. */'
expect names same.c
plant names reports/camelCase.c '/* C. */'
fresh
put analyzer/doc/one.h '/* O. */' 'typedef struct rl_same {' '  int a;' '} rl_same;'
put reports/other.h '/* O. */' 'typedef struct rl_same_but { int a; } rl_same_but;' \
  '/* typedef struct rl_same in words */' 'typedef enum rl_same_enum { RL_A } rl_same_enum;'
expect names clean
put kernels-ref/cpu/again.h '/* A. */' 'typedef enum rl_same { RL_B } rl_same;'
expect names kernels-ref/cpu/again.h

plant headers reports/bare.c '#include "base/low.h"' '/* late */'
plant headers reports/wordy.c '/* One' "$(lines 7 ' * more')" ' * ninth */'
plant headers reports/open.h '/* Without an end'

slash=/
plant words reports/path.c '/* P. */' "const char *p = \"${slash}home${slash}someone/x\";"
todo=TO
plant words reports/later.c "/* ${todo}DO: finish. */"

block=$(lines 6 '  alpha += 1;' | awk '{ print $0 " beta" NR }')
fresh
put reports/first.c '/* F. */' 'void f(void) {' "$block" '}'
put reports/second.c '/* S. */' 'void g(void) {' "$block" '}'
expect duplicates reports/second.c

plant public analyzer/include/roofline/roofline.h '/* H. */' '' 'RL_API int rl_bare(void);'
plant public analyzer/include/roofline/roofline.h '/* H. */' '/* F. */' 'RL_API int other(void);'

echo "$checks checks, $failures failed"
[ "$failures" -eq 0 ]
