# The corpus of each fuzz target, replayed as an ordinary test.
foreach(target yaml json expr safetensors)
  add_executable(replay_${target} ${CMAKE_CURRENT_LIST_DIR}/replay.c ${CMAKE_CURRENT_LIST_DIR}/fuzz_${target}.c
    ${CMAKE_CURRENT_LIST_DIR}/fuzz_tree.c)
  target_include_directories(replay_${target} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/analyzer)
  target_link_libraries(replay_${target} PRIVATE roofline_static rl_flags m)
  if(RL_FUZZ)
    target_link_options(replay_${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  add_test(NAME fuzz_replay_${target} COMMAND replay_${target} ${CMAKE_CURRENT_LIST_DIR}/corpus/${target})
endforeach()
