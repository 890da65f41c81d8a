/* SHA-256 (FIPS 180-4) and Base64 (RFC 4648, 4), as content security policies name inline scripts.
 */
#ifndef RL_BASE_DIGEST_H
#define RL_BASE_DIGEST_H

#include "base/buf.h"

enum { RL_SHA256_BYTES = 32 };
void rl_sha256(const void *data, size_t length, unsigned char digest[RL_SHA256_BYTES]);
void rl_base64_add(rl_buf *out, const unsigned char *data, size_t length);

#endif
