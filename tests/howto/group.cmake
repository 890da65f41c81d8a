# The HOWTO of CONTRIBUTING, followed; the output in README and docs/check.md, compared; the steps of examples/ci, followed; kernels-ref/results.sh on small results.
if(TARGET rooflinectl AND RL_EMBED_DB)
  foreach(text howto readme console ci results)
    add_test(NAME ${text} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/howto/${text}.sh ${CMAKE_SOURCE_DIR} $<TARGET_FILE:rooflinectl>)
    set_tests_properties(${text} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()
