# The guards of the house: each reads the sources and fails with file:line.
foreach(guard includes lines functions params banned doors names headers words duplicates public)
  add_test(NAME house_${guard} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/house/guard.sh ${guard} ${CMAKE_SOURCE_DIR})
  list(APPEND house_tests house_${guard})
endforeach()
add_test(NAME house_selftest COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/house/selftest.sh)
# They read sources: other builds of the same sources need not repeat them.
set_tests_properties(${house_tests} house_selftest PROPERTIES LABELS source SKIP_RETURN_CODE 77)

# What the library exports and keeps; instrumented builds add data of their own.
if(NOT RL_SANITIZE AND NOT RL_COVERAGE AND NOT RL_FUZZ)
  add_test(NAME house_symbols COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/house/symbols.sh $<TARGET_FILE:roofline_shared>
    $<TARGET_FILE:roofline_static> ${CMAKE_SOURCE_DIR}/analyzer/include/roofline/roofline.h)
endif()
