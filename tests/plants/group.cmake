# The kernels once more with mistakes planted in them, one chosen at run time, to show that the
# comparison with the reference sees each. A pattern that is gone from a kernel stops the configuring.
set(plant_folder ${CMAKE_BINARY_DIR}/plants)
set(planted_sources "")
function(rl_plant source pattern replacement)
  set(path ${CMAKE_SOURCE_DIR}/kernels-ref/cpu/${source}.c)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  set(planted ${plant_folder}/planted_${source}.c)
  if(source IN_LIST ARGN)
    set(path ${planted}) # a second mistake in the same file
  endif()
  file(READ ${path} text)
  string(FIND "${text}" "${pattern}" first)
  string(FIND "${text}" "${pattern}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "kernels-ref/cpu/${source}.c does not contain exactly once what tests/plants replaces: ${pattern}")
  endif()
  string(REPLACE "${pattern}" "${replacement}" text "${text}")
  file(CONFIGURE OUTPUT ${planted} CONTENT "#include \"plants.h\"\n@text@" @ONLY)
endfunction()

rl_plant(pass "return node <= number_of(sequence, i);"
  "return node <= number_of(sequence, i) + (rl_planted == PLANT_MASK);")
rl_plant(pass "key < at->window;" "key < at->window + (rl_planted == PLANT_WINDOW);" pass)
rl_plant(ref_rope "call->pass->positions[t]" "call->pass->positions[t] + (rl_planted == PLANT_ROPE && n == 0)")
rl_plant(alibi "exp2(-at->alibi * (double)(head + 1)" "exp2(-at->alibi * (double)(head + 1 + (rl_planted == PLANT_SLOPE))")
rl_plant(component_quant "scale = scale_load(&at, g, touched);"
  "scale = scale_load(&at, g - (rl_planted == PLANT_SCALE && g > 0), touched);")

if(TARGET test_engine)
  set(sources pass ref_rope alibi component_quant)
  list(TRANSFORM sources REPLACE "(.+)" "${plant_folder}/planted_\\1.c" OUTPUT_VARIABLE planted)
  # All objects of the program but those of the planted files, which the copies replace.
  set(others "$<TARGET_OBJECTS:rl_engine>;$<TARGET_OBJECTS:rl_cpu>")
  set(others "$<FILTER:${others},EXCLUDE,/(pass|ref_rope|alibi|component_quant)[.]c[.]>")
  file(GLOB references CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/engine_reference*.c)
  add_executable(test_plants ${CMAKE_CURRENT_LIST_DIR}/planted_kernels.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/unit.c
    ${CMAKE_CURRENT_SOURCE_DIR}/unit/engine_twin.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/engine_twin_models.c
    ${CMAKE_CURRENT_SOURCE_DIR}/unit/engine_parts.c ${references} ${planted})
  target_sources(test_plants PRIVATE "${others}")
  target_include_directories(test_plants PRIVATE ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/unit
    ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/analyzer)
  target_link_libraries(test_plants PRIVATE roofline_static PkgConfig::CUNIT PkgConfig::YAML Threads::Threads rl_flags m)
  target_compile_definitions(test_plants PRIVATE RL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(test_plants PRIVATE -O2)
  add_test(NAME test_plants COMMAND test_plants)
endif()

# Mistakes in descriptions, each with what lint says of it.
if(TARGET rooflinectl)
  add_test(NAME planted_descriptions COMMAND ${CMAKE_CURRENT_LIST_DIR}/descriptions.sh $<TARGET_FILE:rooflinectl>)
endif()
