# The program, its man page and its completions. All three come from one option table: the program
# itself writes the page and the scripts once it is built.
file(GLOB program_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/analyzer/cli/*.c)
add_executable(rooflinectl ${program_sources})
target_include_directories(rooflinectl PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/analyzer)
target_compile_definitions(rooflinectl PRIVATE RL_VERSION="${PROJECT_VERSION}")
target_link_libraries(rooflinectl PRIVATE roofline_static rl_flags m)

set(manual ${CMAKE_BINARY_DIR}/share)
set(manual_files ${manual}/rooflinectl.1)
add_custom_command(OUTPUT ${manual}/rooflinectl.1
  COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
  COMMAND rooflinectl __man > ${manual}/rooflinectl.1 DEPENDS rooflinectl VERBATIM)
foreach(shell bash zsh fish)
  add_custom_command(OUTPUT ${manual}/completion.${shell}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
    COMMAND rooflinectl __complete ${shell} > ${manual}/completion.${shell} DEPENDS rooflinectl VERBATIM)
  list(APPEND manual_files ${manual}/completion.${shell})
endforeach()
add_custom_target(manual ALL DEPENDS ${manual_files})

install(TARGETS rooflinectl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${manual}/rooflinectl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${manual}/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME rooflinectl)
install(FILES ${manual}/completion.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions
        RENAME _rooflinectl)
install(FILES ${manual}/completion.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
        RENAME rooflinectl.fish)
