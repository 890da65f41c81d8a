#!/bin/sh
# All ordinary tests under the address, leak and undefined-behaviour sanitizers; without -O1 the
# checks of each access alone take minutes.
. "$(dirname "$0")/lib.sh"
heavy clang
variant asan all -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-g -O1" -DRL_SANITIZE=address,undefined
# The leak checker of clang 14 falls over the thread-local storage that it follows into threads of OpenMP.
ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:intercept_tls_get_addr=0 UBSAN_OPTIONS=print_stacktrace=1 variant_tests asan
