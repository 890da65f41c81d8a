# The libFuzzer targets, in the top of the build folder: cmake --preset fuzz, then ./fuzz_yaml CORPUS.
foreach(target yaml json expr safetensors)
  add_executable(fuzz_${target} ${CMAKE_CURRENT_LIST_DIR}/fuzz_${target}.c ${CMAKE_CURRENT_LIST_DIR}/fuzz_tree.c)
  target_include_directories(fuzz_${target} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/analyzer)
  target_link_libraries(fuzz_${target} PRIVATE roofline_static rl_flags m)
  target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
  set_target_properties(fuzz_${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endforeach()
