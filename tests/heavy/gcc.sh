#!/bin/sh
# Debug and release builds with gcc, warnings as errors: what a compiler sees differs with -O. The debug
# build is without data inside and without OpenMP.
. "$(dirname "$0")/lib.sh"
heavy gcc
variant gcc all -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release
variant gcc-debug all -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DRL_EMBED_DB=OFF -DRL_OPENMP=OFF
