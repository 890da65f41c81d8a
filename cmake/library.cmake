# libroofline from the rooms, and the program.
get_property(rooms GLOBAL PROPERTY RL_ROOMS)
set(objects "")
foreach(room ${rooms})
  list(APPEND objects $<TARGET_OBJECTS:rl_${room}>)
endforeach()
add_library(roofline_static STATIC ${objects})
target_include_directories(roofline_static PUBLIC analyzer analyzer/include ${CMAKE_SOURCE_DIR})
target_link_libraries(roofline_static PUBLIC PkgConfig::YAML m)
