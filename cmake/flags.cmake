# Warnings, hardening and sanitizers that all our code is built with.
add_library(rl_flags INTERFACE)
file(STRINGS ${CMAKE_SOURCE_DIR}/CITATION.cff rl_released REGEX "^date-released: ")
string(REGEX MATCH "[0-9]+" rl_year "${rl_released}")
target_compile_definitions(rl_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE
  RL_VERSION="${PROJECT_VERSION}" RL_VERSION_YEAR=${rl_year})
target_compile_options(rl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wwrite-strings
  -Wno-missing-field-initializers # what is not given is zero, so that structs may grow
  -ffp-contract=off -fvisibility=hidden -fstack-protector-strong)
if(RL_WERROR)
  target_compile_options(rl_flags INTERFACE -Werror)
endif()
if(RL_SANITIZE)
  target_compile_options(rl_flags INTERFACE -fsanitize=${RL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(rl_flags INTERFACE -fsanitize=${RL_SANITIZE})
else()
  target_compile_options(rl_flags INTERFACE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
  target_link_options(rl_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
if(RL_COVERAGE)
  # Threads count in the same counters: without atomic updates a count can turn negative.
  target_compile_options(rl_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(rl_flags INTERFACE --coverage)
endif()
if(RL_FUZZ)
  target_compile_options(rl_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
