# Charts drawn by gnuplot itself.
if(TARGET rooflinectl)
  add_test(NAME plots COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/plots/plots.sh $<TARGET_FILE:rooflinectl>)
  set_tests_properties(plots PROPERTIES SKIP_RETURN_CODE 77)
endif()
