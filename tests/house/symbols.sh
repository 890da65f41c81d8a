#!/bin/sh
# What the library shows and keeps: symbols.sh SHARED STATIC HEADER. It exports the functions of the
# public header and nothing else, and no object has writable data of its own, so it is reentrant.
set -eu
shared=$1 static=$2 header=$3
exported=$(nm -D --defined-only "$shared" | awk '{ print $NF }' | sort)
declared=$(awk '/^RL_API/ { match($0, /rl_[a-z0-9_]+\(/); print substr($0, RSTART, RLENGTH - 1) }' "$header" 2>/dev/null | sort)
if [ "$exported" != "$declared" ]; then
  printf 'exported:\n%s\ndeclared in the public header:\n%s\n' "$exported" "$declared"
  exit 1
fi
size -A "$static" | awk '
  / *\(ex / || /:$/ { object = $1 }
  $1 ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {
    print object ": " $2 " bytes of writable data in " $1
    found = 1
  }
  END { exit found }'
