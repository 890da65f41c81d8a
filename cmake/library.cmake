# libroofline (static, shared) and what is installed of it.

# The shipped descriptions become a table in C.
set(embedded ${CMAKE_BINARY_DIR}/embedded.c)
set(descriptions "")
if(RL_EMBED_DB)
  file(GLOB_RECURSE descriptions RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS
       ${CMAKE_SOURCE_DIR}/hwdb/*.yaml ${CMAKE_SOURCE_DIR}/models/*.yaml)
  list(SORT descriptions)
endif()
add_executable(rl_embed cmake/embed_main.c analyzer/spec/db_scan.c)
target_include_directories(rl_embed PRIVATE analyzer)
target_link_libraries(rl_embed PRIVATE rl_flags)
add_custom_command(OUTPUT ${embedded} VERBATIM WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMAND rl_embed ${embedded} ${descriptions}
  DEPENDS rl_embed ${descriptions})
add_library(rl_embedded OBJECT ${embedded})
target_include_directories(rl_embedded PRIVATE analyzer)
target_link_libraries(rl_embedded PRIVATE rl_flags)
set_target_properties(rl_embedded PROPERTIES POSITION_INDEPENDENT_CODE ON)

# The library: base to time, reports, api. kernels-ref and cli belong to the program alone.
set(library_objects $<TARGET_OBJECTS:rl_embedded>)
foreach(room base doc spec graph cost time reports api)
  if(TARGET rl_${room})
    list(APPEND library_objects $<TARGET_OBJECTS:rl_${room}>)
  endif()
endforeach()
foreach(kind static shared)
  string(TOUPPER ${kind} upper)
  add_library(roofline_${kind} ${upper} ${library_objects})
  target_include_directories(roofline_${kind} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/analyzer/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(roofline_${kind} PRIVATE PkgConfig::YAML m $<BUILD_INTERFACE:rl_flags>)
  set_target_properties(roofline_${kind} PROPERTIES OUTPUT_NAME roofline EXPORT_NAME ${kind}
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
endforeach()

# Installing: one header, both libraries, pkg-config and CMake packages.
include(CMakePackageConfigHelpers)
install(TARGETS roofline_static roofline_shared EXPORT roofline
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/analyzer/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/roofline)
install(EXPORT roofline NAMESPACE roofline:: FILE rooflineTargets.cmake DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/rooflineConfig.cmake.in ${CMAKE_BINARY_DIR}/rooflineConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/rooflineConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/rooflineConfig.cmake ${CMAKE_BINARY_DIR}/rooflineConfigVersion.cmake DESTINATION ${package_folder})
# The .pc file finds its prefix from where it stands, so that the tree may be moved.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
configure_file(${CMAKE_SOURCE_DIR}/cmake/roofline.pc.in ${CMAKE_BINARY_DIR}/roofline.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/roofline.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
