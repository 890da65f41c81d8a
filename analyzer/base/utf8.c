/* UTF-8 by the table of well-formed byte sequences (Unicode 15, table 3-7); widths by ranges of
 * Unicode Standard Annex 11 and the general categories Mn and Me, coarse outside common scripts. */
#include "base/utf8.h"

/* Allowed second byte of a sequence that begins with `lead`. */
static bool second_byte_fits(unsigned char lead, unsigned char second) {
  unsigned char low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  return second >= low && second <= high;
}

static size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

size_t rl_utf8_decode(const char *text, size_t length, uint32_t *code) {
  static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  const unsigned char *bytes = (const unsigned char *)text;
  size_t need = sequence_length(bytes[0]);
  if (need == 0 || need > length) return 0;
  if (need > 1 && !second_byte_fits(bytes[0], bytes[1])) return 0;
  uint32_t value = bytes[0] & lead_bits[need];
  for (size_t i = 1; i < need; i++) {
    if ((bytes[i] & 0xC0) != 0x80) return 0;
    value = value << 6 | (bytes[i] & 0x3FU);
  }
  *code = value;
  return need;
}

size_t rl_utf8_encode(uint32_t code, char out[4]) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  size_t count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = count - 1; i > 0; i--) {
    out[i] = (char)(0x80 | (code & 0x3F));
    code >>= 6;
  }
  out[0] = (char)(lead[count] | code);
  return count;
}

bool rl_utf8_is_control(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

typedef struct range {
  uint32_t first, last;
} range;

static bool in_ranges(uint32_t code, const range *ranges, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (code >= ranges[i].first && code <= ranges[i].last) return true;
  }
  return false;
}

bool rl_utf8_is_deceptive(uint32_t code) {
  static const range deceptive[] = {
      {0x061C, 0x061C}, {0x200E, 0x200F}, {0x2028, 0x202E},   {0x2066, 0x2069},
      {0xFEFF, 0xFEFF}, {0xFFFE, 0xFFFF}, {0xE0000, 0xE007F},
  };
  return in_ranges(code, deceptive, sizeof deceptive / sizeof *deceptive);
}

size_t rl_utf8_width(uint32_t code) {
  static const range combining[] = {
      {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
      {0x0900, 0x0902}, {0x093C, 0x093C}, {0x0941, 0x0948}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},
      {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200D}, {0x20D0, 0x20FF},
      {0x302A, 0x302D}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF},
  };
  static const range wide[] = {
      {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},
      {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26A1, 0x26A1},
      {0x2705, 0x2705},   {0x274C, 0x274C},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
      {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},
      {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},
      {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
      {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
  };
  if (code < 0x0300) return 1;
  if (in_ranges(code, combining, sizeof combining / sizeof *combining)) return 0;
  return in_ranges(code, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}
