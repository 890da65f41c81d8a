# The command line as users type it: exact output, messages and exit status of every case.
if(TARGET rooflinectl)
  add_test(NAME cli_cases COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/run.sh $<TARGET_FILE:rooflinectl>)
  add_test(NAME cli_schema COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/schema.sh $<TARGET_FILE:rooflinectl>)
  set_tests_properties(cli_schema PROPERTIES SKIP_RETURN_CODE 77)
endif()
