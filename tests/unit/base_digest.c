/* SHA-256 and Base64 against the examples of their standards. */
#include "base/digest.h"

#include <string.h>

#include "unit.h"

static const char *hex_of(const char *text, size_t length) {
  static const char digits[] = "0123456789abcdef";
  static char hex[2 * RL_SHA256_BYTES + 1];
  unsigned char digest[RL_SHA256_BYTES];
  rl_sha256(text, length, digest);
  for (size_t i = 0; i < RL_SHA256_BYTES; i++) {
    hex[2 * i] = digits[digest[i] >> 4];
    hex[2 * i + 1] = digits[digest[i] & 15];
  }
  return hex;
}

/* FIPS 180-4, examples of one block, of two, and the empty message; 55, 56 and 64 bytes are where
 * padding takes another block (digests by sha256sum of coreutils). */
static void test_sha256(void) {
  static const struct {
    const char *text, *digest;
  } cases[] = {
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
      {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CU_ASSERT_STRING_EQUAL(hex_of(cases[i].text, strlen(cases[i].text)), cases[i].digest);
  }
}

/* RFC 4648, 10. */
static void test_base64(void) {
  static const char *const pairs[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    rl_arena arena;
    rl_buf buf;
    rl_arena_init(&arena, NULL);
    rl_buf_init(&buf, &arena, 64);
    rl_buf_add(&buf, "");
    rl_base64_add(&buf, (const unsigned char *)pairs[i][0], strlen(pairs[i][0]));
    CU_ASSERT_STRING_EQUAL(buf.text == NULL ? "" : buf.text, pairs[i][1]);
    rl_arena_free(&arena);
  }
}

RL_SUITE("digest", {"sha256", test_sha256}, {"base64", test_base64})
