# A change detector over all predictions: golden_predictions --write makes the table anew.
add_executable(golden_predictions ${CMAKE_CURRENT_LIST_DIR}/predictions.c ${CMAKE_SOURCE_DIR}/tests/prop/lab.c)
target_include_directories(golden_predictions PRIVATE ${CMAKE_SOURCE_DIR}/tests/prop)
target_link_libraries(golden_predictions PRIVATE rl_program rl_flags m)
target_compile_definitions(golden_predictions PRIVATE RL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_test(NAME golden_predictions COMMAND golden_predictions)
