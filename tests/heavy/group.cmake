# Suites that need heavy packages or other builds. They run under RL_TIER=all only (./quickstart test
# --all) and are skipped by name elsewhere. Each uses all cores, so each runs alone.
foreach(suite gcc clang asan tidy cppcheck coverage fuzz scripts valgrind determinism manual kernels neon tsan)
  add_test(NAME heavy_${suite}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/heavy/${suite}.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  set_tests_properties(heavy_${suite} PROPERTIES LABELS "slow;heavy" SKIP_RETURN_CODE 77 RUN_SERIAL ON TIMEOUT 2400)
endforeach()
