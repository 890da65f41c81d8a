# Benchmarks: programs that print what they measured. Timings are no tests; that the fast path gives
# the same bits as the slow one is.
add_executable(bench_evaluate ${CMAKE_CURRENT_LIST_DIR}/bench_evaluate.c)
target_link_libraries(bench_evaluate PRIVATE rl_program rl_flags m)
target_compile_definitions(bench_evaluate PRIVATE RL_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                           RL_BUILD_TYPE="${CMAKE_BUILD_TYPE}")
add_test(NAME bench_evaluate_check COMMAND bench_evaluate --check)
