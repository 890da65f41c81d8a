# The oracle is built without any include path of the program: it cannot share a header with it.
file(GLOB oracle_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
add_library(rl_oracle STATIC ${oracle_sources})
target_link_libraries(rl_oracle PRIVATE rl_flags)
# It counts keys one by one: without optimisation the full sizes take a minute.
target_compile_options(rl_oracle PRIVATE -O2)
if(TARGET test_oracle)
  target_link_libraries(test_oracle PRIVATE rl_oracle)
  target_include_directories(test_oracle PRIVATE ${CMAKE_CURRENT_LIST_DIR})
endif()
