#!/bin/sh
# Release build with clang, warnings as errors, the ordinary tests.
. "$(dirname "$0")/lib.sh"
heavy clang
variant clang all -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Release
variant_tests clang "$long_suites"
