# The page in a browser, where there is one.
add_test(NAME page_browser COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/page/browser.sh $<TARGET_FILE:rooflinectl>)
set_tests_properties(page_browser PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 180)
