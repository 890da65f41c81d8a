# What the tests that join several rooms share.
foreach(program test_oracle test_prop)
  if(TARGET ${program})
    target_sources(${program} PRIVATE ${CMAKE_CURRENT_LIST_DIR}/lab.c ${CMAKE_CURRENT_LIST_DIR}/tape.c
      ${CMAKE_CURRENT_LIST_DIR}/pool.c ${CMAKE_CURRENT_LIST_DIR}/draw.c)
    target_include_directories(${program} PRIVATE ${CMAKE_CURRENT_LIST_DIR})
  endif()
endforeach()
