# What is installed works for a stranger. Instrumented builds are not installed.
if(NOT RL_SANITIZE AND NOT RL_COVERAGE AND RL_EMBED_DB)
  add_test(NAME install COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/install/install.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  set_tests_properties(install PROPERTIES LABELS "slow" TIMEOUT 300)
endif()
