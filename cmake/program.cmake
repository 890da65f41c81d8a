# The program: the library, the reference kernels and the command.

# What the program adds: the reference kernels, and the command without its main (tests link it).
set(program_objects "")
foreach(room engine cpu harness)
  if(TARGET rl_${room})
    list(APPEND program_objects $<TARGET_OBJECTS:rl_${room}>)
  endif()
endforeach()
add_library(rl_program INTERFACE)
target_sources(rl_program INTERFACE ${program_objects})
target_include_directories(rl_program INTERFACE ${CMAKE_SOURCE_DIR}/analyzer ${CMAKE_SOURCE_DIR})
target_link_libraries(rl_program INTERFACE roofline_static PkgConfig::YAML m)

# Kernels are shared among threads of their own.
find_package(Threads REQUIRED)
target_link_libraries(rl_program INTERFACE Threads::Threads)

if(EXISTS ${CMAKE_SOURCE_DIR}/analyzer/cli/main.c)
  file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/analyzer/cli/*.c)
  list(FILTER cli_sources EXCLUDE REGEX "/main\\.c$")
  add_library(rl_cli OBJECT ${cli_sources})
  target_link_libraries(rl_cli PRIVATE rl_flags)
  # prlimit
  set_source_files_properties(${CMAKE_SOURCE_DIR}/analyzer/cli/gnuplot.c PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)
  if(RL_OPENMP AND OpenMP_C_FOUND)
    set_source_files_properties(${CMAKE_SOURCE_DIR}/analyzer/cli/workers.c PROPERTIES
      COMPILE_OPTIONS "${OpenMP_C_FLAGS}")
    target_link_libraries(rl_program INTERFACE ${OpenMP_C_LIBRARIES})
  endif()
  target_include_directories(rl_cli PUBLIC ${CMAKE_SOURCE_DIR}/analyzer ${CMAKE_SOURCE_DIR})
  target_sources(rl_program INTERFACE $<TARGET_OBJECTS:rl_cli>)
  add_executable(rooflinectl ${CMAKE_SOURCE_DIR}/analyzer/cli/main.c)
  target_link_libraries(rooflinectl PRIVATE rl_program rl_flags)
  set_target_properties(rooflinectl PROPERTIES POSITION_INDEPENDENT_CODE ON)
  install(TARGETS rooflinectl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  include(cmake/manual.cmake)
endif()
