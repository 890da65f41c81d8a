# Fast kernels: one file an instruction set, compiled for it alone and chosen when the program runs. A
# compiler or processor that does not know the set builds without the file.
include(CheckCCompilerFlag)

file(GLOB sources CONFIGURE_DEPENDS kernels-ref/cpu/fast/*.c)
target_sources(rl_cpu PRIVATE ${sources})

# What measures and where it runs: processors are named by an extension of POSIX.
set_source_files_properties(kernels-ref/harness/machine.c PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)
# Loops that nothing but their instruction decides, and those over all that is read or written.
set_source_files_properties(kernels-ref/cpu/fast/loops_plain.c kernels-ref/cpu/fast/fast_attention.c
                            kernels-ref/cpu/spans.c
                            PROPERTIES COMPILE_OPTIONS -O3)
target_compile_options(rl_harness PRIVATE -O2)

# Tiles are loops over a few rows and inputs whose sums must stay in registers: gcc unrolls them only
# when it is allowed to.
set(unrolled "")
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
  set(unrolled --param=max-completely-peeled-insns=4000)
endif()

# Adds kernels-ref/cpu/FOLDER/*_NAME.c with the flags, and lets the registry know.
function(rl_instruction_set folder name)
  string(TOUPPER RL_${folder}_${name} symbol)
  set(CMAKE_REQUIRED_FLAGS "${ARGN}")
  string(REPLACE ";" " " CMAKE_REQUIRED_FLAGS "${ARGN}")
  check_c_compiler_flag("" ${symbol})
  if(${symbol})
    file(GLOB sources CONFIGURE_DEPENDS kernels-ref/cpu/${folder}/*_${name}.c)
    target_sources(rl_cpu PRIVATE ${sources})
    set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "-O3;${ARGN};${unrolled}")
    set_property(SOURCE kernels-ref/cpu/registry.c kernels-ref/cpu/fast/loops_plain.c APPEND PROPERTY COMPILE_DEFINITIONS ${symbol})
  endif()
endfunction()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(avx2 -mavx2 -mfma -mf16c)
  set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl)
  rl_instruction_set(x86 avx2 ${avx2})
  rl_instruction_set(x86 avx512 ${avx512})
  rl_instruction_set(x86 avx512_vnni ${avx512} -mavx512vnni)
  rl_instruction_set(x86 avx512_bf16 ${avx512} -mavx512bf16)
  rl_instruction_set(x86 avx512_vbmi ${avx512} -mavx512bf16 -mavx512vbmi)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  rl_instruction_set(arm neon -march=armv8-a)
  rl_instruction_set(arm neon_dotprod -march=armv8.2-a+dotprod)
endif()
