# The page in a browser, where there is one.
add_test(NAME page_browser COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/page/browser.sh $<TARGET_FILE:rooflinectl>)
set_tests_properties(page_browser PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 180)

# Pictures in the documentation are what their commands draw, and the paper that includes some builds.
add_test(NAME gallery_current COMMAND ${CMAKE_SOURCE_DIR}/docs/gallery/make.sh $<TARGET_FILE:rooflinectl> check)
add_test(NAME paper_builds
  COMMAND ${CMAKE_SOURCE_DIR}/examples/paper/make.sh $<TARGET_FILE:rooflinectl> ${CMAKE_CURRENT_BINARY_DIR}/paper)
set_tests_properties(gallery_current paper_builds PROPERTIES SKIP_RETURN_CODE 77 LABELS slow)
