/* What this machine executes, asked from the processor and, for the wide registers, from the system
 * that has to save them. */
#include "kernels-ref/cpu/isa.h"

#include <string.h>
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

const char *const RL_ISA_NAMES[RL_ISAS] = {
    [RL_ISA_SCALAR] = "scalar",
    [RL_ISA_NEON] = "neon",
    [RL_ISA_NEON_DOTPROD] = "neon_dotprod",
    [RL_ISA_AVX2] = "avx2",
    [RL_ISA_AVX512] = "avx512",
    [RL_ISA_AVX512_VNNI] = "avx512_vnni",
    [RL_ISA_AVX512_BF16] = "avx512_bf16",
    [RL_ISA_AVX512_VBMI] = "avx512_vbmi",
};

bool rl_isa_find(const char *name, rl_isa *out) {
  for (int isa = 0; isa < RL_ISAS; isa++) {
    if (strcmp(name, RL_ISA_NAMES[isa]) != 0) continue;
    *out = (rl_isa)isa;
    return true;
  }
  return false;
}

#if defined(__x86_64__)
/* Every processor with AVX2 has F16C as well. */
static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool rl_isa_runs(rl_isa isa) {
  switch (isa) {
    case RL_ISA_SCALAR:
      return true;
    case RL_ISA_AVX2:
      return has_avx2();
    case RL_ISA_AVX512:
      return has_avx512();
    case RL_ISA_AVX512_VNNI:
      return has_avx512() && __builtin_cpu_supports("avx512vnni");
    case RL_ISA_AVX512_BF16:
      return rl_isa_runs(RL_ISA_AVX512_VNNI) && __builtin_cpu_supports("avx512bf16");
    case RL_ISA_AVX512_VBMI:
      return rl_isa_runs(RL_ISA_AVX512_BF16) && __builtin_cpu_supports("avx512vbmi");
    default:
      return false;
  }
}
#elif defined(__aarch64__)
/* Linux says so in words that it hands to every program; elsewhere the plain level remains. */
static bool has_dotprod(void) {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
  return false;
#endif
}

bool rl_isa_runs(rl_isa isa) {
  return isa == RL_ISA_SCALAR || isa == RL_ISA_NEON ||
         (isa == RL_ISA_NEON_DOTPROD && has_dotprod());
}
#else
bool rl_isa_runs(rl_isa isa) {
  return isa == RL_ISA_SCALAR;
}
#endif

rl_isa rl_isa_best(void) {
  rl_isa best = RL_ISA_SCALAR;
  for (int isa = 0; isa < RL_ISAS; isa++) {
    if (rl_isa_runs((rl_isa)isa)) best = (rl_isa)isa;
  }
  return best;
}
