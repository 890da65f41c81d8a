# The man page and the shells' completions: written by the program itself out of its option table.
set(manual ${CMAKE_BINARY_DIR}/share)
file(MAKE_DIRECTORY ${manual})
add_custom_command(OUTPUT ${manual}/rooflinectl.1
  COMMAND rooflinectl __man > ${manual}/rooflinectl.1 DEPENDS rooflinectl VERBATIM)
set(manual_files ${manual}/rooflinectl.1)
foreach(shell bash zsh fish)
  add_custom_command(OUTPUT ${manual}/completion.${shell}
    COMMAND rooflinectl __complete ${shell} > ${manual}/completion.${shell} DEPENDS rooflinectl VERBATIM)
  list(APPEND manual_files ${manual}/completion.${shell})
endforeach()
add_custom_target(manual ALL DEPENDS ${manual_files})

install(FILES ${manual}/rooflinectl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${manual}/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME rooflinectl)
install(FILES ${manual}/completion.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _rooflinectl)
install(FILES ${manual}/completion.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
        RENAME rooflinectl.fish)
