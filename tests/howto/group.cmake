# The HOWTO of CONTRIBUTING, followed; the README's output, compared.
if(TARGET rooflinectl AND RL_EMBED_DB)
  foreach(text howto readme)
    add_test(NAME ${text} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/howto/${text}.sh ${CMAKE_SOURCE_DIR} $<TARGET_FILE:rooflinectl>)
  endforeach()
endif()
