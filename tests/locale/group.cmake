# The same bytes under another locale and in several threads at once.
find_package(Threads REQUIRED)
add_executable(same_bytes ${CMAKE_CURRENT_LIST_DIR}/same_bytes.c)
target_include_directories(same_bytes PRIVATE ${CMAKE_SOURCE_DIR}/analyzer/include)
target_link_libraries(same_bytes PRIVATE roofline_static rl_flags Threads::Threads m)
add_test(NAME same_bytes_threads COMMAND same_bytes)
add_test(NAME same_bytes_locale
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/comma.sh $<TARGET_FILE:same_bytes> ${CMAKE_CURRENT_BINARY_DIR}/locales)
set_tests_properties(same_bytes_locale PROPERTIES SKIP_RETURN_CODE 77)
