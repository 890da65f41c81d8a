# The twins run two engines over thousands of passes: plain loops, far too slow unoptimised.
if(TARGET test_engine)
  target_compile_options(test_engine PRIVATE -O2)
endif()
