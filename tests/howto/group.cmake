# The HOWTO of CONTRIBUTING, followed.
if(TARGET rooflinectl AND RL_EMBED_DB)
  add_test(NAME howto COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/howto/howto.sh ${CMAKE_SOURCE_DIR} $<TARGET_FILE:rooflinectl>)
endif()
