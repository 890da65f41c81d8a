/* SHA-256 over whole texts (FIPS 180-4, 6.2) and Base64 with padding (RFC 4648, 4). */
#include "base/digest.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, WORDS = 16, ROUNDS = 64, STATE = 8, LENGTH_AT = 56 };

/* FIPS 180-4, 4.2.2: the first bits of the fractional parts of the cube roots of primes. */
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, unsigned bits) {
  return x >> bits | x << (32 - bits);
}

/* The message schedule of a block, 6.2.2 step 1. */
static void schedule(const unsigned char block[BLOCK], uint32_t w[ROUNDS]) {
  for (size_t t = 0; t < WORDS; t++) {
    const unsigned char *at = &block[4 * t];
    w[t] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
  }
  for (size_t t = WORDS; t < ROUNDS; t++) {
    const uint32_t s0 = turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3;
    const uint32_t s1 = turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
}

/* 6.2.2 steps 2 to 4; v holds a to h. */
static void add_block(const unsigned char block[BLOCK], uint32_t state[STATE]) {
  uint32_t w[ROUNDS], v[STATE];
  schedule(block, w);
  memcpy(v, state, sizeof v);
  for (size_t t = 0; t < ROUNDS; t++) {
    const uint32_t s1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25);
    const uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    const uint32_t one = v[7] + s1 + choice + constants[t] + w[t];
    const uint32_t s0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
    const uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    memmove(&v[1], &v[0], (STATE - 1) * sizeof *v);
    v[4] += one;
    v[0] = one + s0 + majority;
  }
  for (int i = 0; i < STATE; i++) state[i] += v[i];
}

void rl_sha256(const void *data, size_t length, unsigned char digest[RL_SHA256_BYTES]) {
  uint32_t state[STATE] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  unsigned char block[BLOCK] = {0};
  const unsigned char *text = data;
  const uint64_t bits = (uint64_t)length * 8;
  size_t left = length;
  for (; left >= BLOCK; left -= BLOCK, text += BLOCK) add_block(text, state);
  memcpy(block, text, left);
  block[left] = 0x80;
  if (left >= LENGTH_AT) {
    add_block(block, state);
    memset(block, 0, sizeof block);
  }
  for (int i = 0; i < 8; i++) block[BLOCK - 1 - i] = (unsigned char)(bits >> (8 * i));
  add_block(block, state);
  for (int i = 0; i < RL_SHA256_BYTES; i++) {
    digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
  }
}

void rl_base64_add(rl_buf *out, const unsigned char *data, size_t length) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < length; i += 3) {
    const size_t left = length - i;
    const uint32_t three = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                           (left > 2 ? data[i + 2] : 0);
    char four[4];
    for (int k = 0; k < 4; k++) four[k] = letters[three >> (18 - 6 * k) & 63];
    if (left < 3) four[3] = '=';
    if (left < 2) four[2] = '=';
    rl_buf_addn(out, four, sizeof four);
  }
}
