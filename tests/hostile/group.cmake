# Hostile files through the command, the memory and time of the whole process limited. A sanitizer
# reserves more address space than the limit.
if(TARGET rooflinectl AND NOT RL_SANITIZE AND NOT RL_COVERAGE)
  add_test(NAME hostile_process
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/hostile/process.sh ${CMAKE_SOURCE_DIR} $<TARGET_FILE:rooflinectl>)
  set_tests_properties(hostile_process PROPERTIES TIMEOUT 300)
endif()
