/* Floating types below 32 bits are one table row each; encoding and decoding are the same
 * arithmetic for all of them. */
#include "kernels-ref/cpu/encoding.h"

#include <math.h>
#include <string.h>

/* sign, exponent, mantissa from the highest bit down; an exponent field of 0 is subnormal. */
typedef struct small_float {
  int bits, mantissa, bias;
  uint32_t largest;  /* bits of the largest finite value */
  uint32_t infinity; /* bits of infinity; 0: the type has none */
  uint32_t nan;      /* bits of a NaN; 0: the type has none */
  bool saturates;    /* finite values beyond the largest become the largest */
} small_float;

static const small_float SMALL_FLOATS[RL_TYPE_COUNT] = {
    [RL_BF16] = {16, 7, 127, 0x7f7f, 0x7f80, 0x7fc0, false},
    [RL_F16] = {16, 10, 15, 0x7bff, 0x7c00, 0x7e00, false},
    [RL_F8_E4M3] = {8, 3, 7, 0x7e, 0, 0x7f, true},
    [RL_F8_E5M2] = {8, 2, 15, 0x7b, 0x7c, 0x7f, true},
    [RL_F4_E2M1] = {4, 1, 1, 0x7, 0, 0, true},
};

/* Powers of two from 2^-127 to 2^127: the exponent alone, without a sign; 255 is NaN (OCP
 * Microscaling Formats 1.0, 5.4.1). */
enum { POWER_BIAS = 127, POWER_LARGEST = 254, POWER_NAN = 255 };

static uint32_t encode_power(float value) {
  if (isnan(value)) return POWER_NAN;
  if (!(value > 0)) return 0;
  if (isinf(value)) return POWER_LARGEST;
  int exponent = ilogbf(value) + POWER_BIAS;
  double part = ldexp((double)value, POWER_BIAS - exponent); /* in [1, 2) */
  if (part > 1.5 || (part == 1.5 && exponent % 2 != 0)) exponent++;
  if (exponent < 0) return 0;
  return exponent > POWER_LARGEST ? POWER_LARGEST : (uint32_t)exponent;
}

static float decode_power(uint32_t bits) {
  return bits == POWER_NAN ? NAN : (float)ldexp(1, (int)bits - POWER_BIAS);
}

/* Quantiles of a standard normal, from -1 to 1, with an exact zero (Dettmers et al. 2023, QLoRA,
 * appendix E). */
enum { QUANTILES = 16 };
static const float NORMAL_QUANTILES[QUANTILES] = {
    -1.0f,         -0.6961928f, -0.52507305f, -0.3949175f, -0.28444138f, -0.18477343f,
    -0.091050036f, 0.0f,        0.0795803f,   0.1609302f,  0.2461123f,   0.33791524f,
    0.44070983f,   0.562617f,   0.72295684f,  1.0f};

/* Sign, then no exponent and mantissa as usual: 12ths of the largest (Dettmers et al. 2023,
 * bitsandbytes, functional.py, get_4bit_type). */
static const float FLOATS_OF_12[QUANTILES] = {
    0.0f,  0.0625f / 12,  8.0f / 12,  1.0f,  4.0f / 12,  6.0f / 12,  2.0f / 12,  3.0f / 12,
    -0.0f, -0.0625f / 12, -8.0f / 12, -1.0f, -4.0f / 12, -6.0f / 12, -2.0f / 12, -3.0f / 12};

/* Dynamic tree quantization (Dettmers et al. 2021, 8-bit Optimizers via Block-wise Quantization,
 * 1.3): behind so many zeros as the power of ten is negative the rest of the bits cuts [0.1, 1]
 * into equal parts, whose middles are the values. Sorted: 127 of them below 0, 0, 127 above, 1. */
enum { DYNAMIC_VALUES = 256, DYNAMIC_ZERO = 127, DYNAMIC_POWERS = 7 };

static float decode_dynamic(uint32_t bits) {
  if (bits == DYNAMIC_ZERO) return 0;
  if (bits == DYNAMIC_VALUES - 1) return 1;
  const bool negative = bits < DYNAMIC_ZERO;
  const uint32_t magnitude = negative ? DYNAMIC_ZERO - bits : bits - DYNAMIC_ZERO;
  int power = 0;
  while (magnitude >> (power + 1) != 0) power++;
  const uint32_t parts = 1u << power, part = magnitude - parts;
  const double value = pow(10, power + 1 - DYNAMIC_POWERS) * (0.1 + 0.9 * (part + 0.5) / parts);
  return (float)(negative ? -value : value);
}

/* So many values as codes stand for, by code; 0: the type is none of codes. */
static uint32_t code_count(rl_type type) {
  if (type == RL_DYN8) return DYNAMIC_VALUES;
  return type == RL_NF4 || type == RL_FP4_BNB ? QUANTILES : 0;
}

static float decode_code(rl_type type, uint32_t bits) {
  if (type == RL_DYN8) return decode_dynamic(bits);
  return type == RL_NF4 ? NORMAL_QUANTILES[bits] : FLOATS_OF_12[bits];
}

static uint32_t encode_code(rl_type type, float value) {
  float least = INFINITY;
  uint32_t nearest = 0;
  for (uint32_t q = 0; q < code_count(type); q++) {
    float error = fabsf(decode_code(type, q) - value);
    if (error < least) nearest = q;
    if (error < least) least = error;
  }
  return nearest;
}

bool rl_encoding_known(rl_type type) {
  return code_count(type) != 0 || type == RL_F32 || type == RL_F8_E8M0 || type == RL_TF32 ||
         SMALL_FLOATS[type].bits != 0;
}

uint32_t rl_encoding_bytes(rl_type type) {
  return RL_TYPES[type].bits / 8u;
}

/* Bits of a magnitude: it is n quanta of 2^(e - mantissa), where e is its binary exponent but not
 * below that of the subnormals. Since the hidden bit of n adds one to the exponent field, the same
 * sum serves normal and subnormal numbers, and a carry of the rounding moves to the next exponent.
 */
static uint32_t encode_magnitude(const small_float *type, double magnitude) {
  if (magnitude == 0) return 0;
  int exponent = ilogb(magnitude);
  if (exponent < 1 - type->bias) exponent = 1 - type->bias;
  if (exponent > type->bias + 1) return type->largest + 1;
  double quanta = nearbyint(ldexp(magnitude, type->mantissa - exponent));
  return ((uint32_t)(exponent + type->bias - 1) << type->mantissa) + (uint32_t)quanta;
}

static uint32_t encode_small(const small_float *type, float value) {
  uint32_t sign = signbit(value) ? 1u << (type->bits - 1) : 0;
  if (isnan(value)) return type->nan;
  if (isinf(value)) return sign | (type->infinity ? type->infinity : type->largest);
  uint32_t bits = encode_magnitude(type, fabs((double)value));
  if (bits > type->largest) bits = type->saturates ? type->largest : type->infinity;
  return sign | bits;
}

static float decode_small(const small_float *type, uint32_t bits) {
  uint32_t magnitude = bits & ((1u << (type->bits - 1)) - 1);
  uint32_t mantissa = magnitude & ((1u << type->mantissa) - 1);
  int exponent = (int)(magnitude >> type->mantissa);
  float value;
  if (type->infinity != 0 && magnitude == type->infinity) {
    value = INFINITY;
  } else if (magnitude > type->largest) {
    return NAN;
  } else if (exponent == 0) {
    value = (float)ldexp(mantissa, 1 - type->bias - type->mantissa);
  } else {
    value = (float)ldexp(mantissa + (1u << type->mantissa), exponent - type->bias - type->mantissa);
  }
  return magnitude != bits ? -value : value;
}

uint32_t rl_encode(rl_type type, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (type == RL_BF16 && !isnan(value)) {
    /* bf16 is the upper half of a float: adding just under half of its last place, or half when the
     * number is odd, rounds ties to even and carries into the exponent where it must */
    return (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
  }
  if (type == RL_TF32 && !isnan(value)) {
    return (bits + 0xfffu + (bits >> 13 & 1)) & ~0x1fffu; /* 10 bits of mantissa, as above */
  }
  if (code_count(type) != 0) return encode_code(type, value);
  if (type == RL_F8_E8M0) return encode_power(value);
  if (SMALL_FLOATS[type].bits != 0) return encode_small(&SMALL_FLOATS[type], value);
  return bits;
}

float rl_decode(rl_type type, uint32_t bits) {
  float value;
  if (code_count(type) != 0) return decode_code(type, bits);
  if (type == RL_F8_E8M0) return decode_power(bits);
  if (type == RL_BF16) {
    bits <<= 16; /* bf16 is the upper half of a float */
  } else if (SMALL_FLOATS[type].bits != 0) {
    return decode_small(&SMALL_FLOATS[type], bits);
  }
  memcpy(&value, &bits, sizeof value);
  return value;
}

float rl_encoding_largest(rl_type type) {
  if (code_count(type) != 0) return 1;
  if (type == RL_F8_E8M0) return decode_power(POWER_LARGEST);
  return SMALL_FLOATS[type].bits != 0 ? rl_decode(type, SMALL_FLOATS[type].largest)
                                      : 3.40282347e38f;
}

uint32_t rl_bits_load(const uint8_t *bytes, uint32_t count) {
  uint32_t bits = 0;
  for (uint32_t b = 0; b < count; b++) bits |= (uint32_t)bytes[b] << (8 * b);
  return bits;
}

void rl_bits_store(uint8_t *bytes, uint32_t count, uint32_t bits) {
  for (uint32_t b = 0; b < count; b++) bytes[b] = (uint8_t)(bits >> (8 * b));
}
