# Scripts that run other programs beside ours, with stand-ins for these.
add_test(NAME peers_llama COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/peers/llama.sh ${CMAKE_SOURCE_DIR} $<TARGET_FILE:rooflinectl>)
