/* Quantities: split into number and unit, checked against the dimension asked for, converted with
 * one rounding for powers of ten and two (exactly, for byte counts). */
#include "doc/quantity.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "doc/excerpt.h"
#include "doc/rational.h"
#include "doc/unit_table.h"

enum { UNIT_MAX = 24, HINT_MAX = 192 };

/* A text on its way to a value, with what messages say about it. */
typedef struct quantity {
  const char *text;
  size_t length;
  rl_loc loc;
  const char *what;
  rl_dimension dimension;
  rl_diags *diags;
  size_t number_at, number_length; /* the number without sign */
  bool negative;
  const rl_unit *unit; /* NULL for a count */
} quantity;

/* Adds text to a hint of bounded length; what does not fit is left out. */
static void join(char hint[HINT_MAX], const char *text) {
  size_t used = strlen(hint), length = strlen(text);
  if (used + length + 1 <= HINT_MAX) memcpy(hint + used, text, length + 1);
}

/* "use B, kB, MB, ..." */
static const char *units_hint(rl_dimension dimension, char hint[HINT_MAX]) {
  const char *names[RL_UNITS_OF];
  size_t count = rl_units_of(dimension, names);
  hint[0] = '\0';
  if (count == 0) return "leave out the unit";
  for (size_t i = 0; i < count; i++) {
    join(hint, i == 0 ? "use " : i + 1 < count ? ", " : " or ");
    join(hint, names[i]);
  }
  return hint;
}

/* Units of links in data sheets: of bits (Gb/s, Gbit/s, Gbps), or of transfers of one bit a lane.
 * All small, gb/s, is a slip of case. */
static bool counts_bits(const char *unit) {
  bool small = unit[0] >= 'a' && unit[0] <= 'z';
  return strstr(unit, "bit") != NULL || strstr(unit, "bps") != NULL ||
         strstr(unit, "T/s") != NULL || (!small && strstr(unit, "b/s") != NULL);
}

/* The unit that was meant, when one is near; otherwise all that would do. */
static const char *unknown_unit_hint(const quantity *q, const char *unit, char hint[HINT_MAX]) {
  const char *names[RL_UNITS_OF];
  size_t count = rl_units_of(q->dimension, names);
  if (q->dimension == RL_DIM_BYTES_PER_S && counts_bits(unit)) {
    return "that counts bits: divide by 8 (and multiply by the lanes) and write GB/s";
  }
  if (q->dimension == RL_DIM_BYTES && strcmp(unit, "KB") == 0) {
    return "did you mean KiB (1,024 B, as memory and pieces of files are cut) or kB (1,000 B)?";
  }
  const char *guess = rl_did_you_mean(unit, names, count);
  if (guess == NULL) return units_hint(q->dimension, hint);
  hint[0] = '\0';
  join(hint, "did you mean ");
  join(hint, guess);
  join(hint, "? Case matters");
  return hint;
}

static rl_status report_number(const quantity *q) {
  char shown[RL_EXCERPT];
  rl_excerpt(q->text, q->length, shown);
  const char *hint = rl_number_hint(q->text);
  if (hint == NULL && q->dimension != RL_DIM_COUNT) hint = "write a number and a unit";
  return RL_REPORT(q->diags, VALUE_NUMBER, q->loc, q->what, shown, hint);
}

static rl_status report_range(const quantity *q, const char *allowed) {
  char shown[RL_EXCERPT];
  rl_excerpt(q->text, q->length, shown);
  return RL_REPORT(q->diags, VALUE_RANGE, q->loc, q->what, shown, allowed);
}

static rl_status find_unit(quantity *q, const char *unit) {
  char shown[RL_EXCERPT], hint[HINT_MAX];
  bool count = q->dimension == RL_DIM_COUNT;
  if (unit[0] == '\0' && count) return RL_OK;
  if (unit[0] == '\0') {
    rl_excerpt(q->text, q->length, shown);
    const char *units = units_hint(q->dimension, hint);
    return RL_REPORT(q->diags, UNIT_MISSING, q->loc, q->what, shown, units);
  }
  q->unit = rl_unit_find(unit, q->dimension);
  const bool bits = q->unit != NULL && q->unit->dimension == RL_DIM_BITS_PER_S;
  if (q->unit == NULL || (bits && q->dimension == RL_DIM_BYTES_PER_S)) {
    const char *guess = unknown_unit_hint(q, unit, hint);
    return RL_REPORT(q->diags, UNIT_UNKNOWN, q->loc, q->what, unit, guess);
  }
  if (q->unit->dimension == q->dimension) return RL_OK;
  return RL_REPORT(q->diags, UNIT_DIMENSION, q->loc, q->what, unit,
                   rl_dimension_words(q->unit->dimension), rl_dimension_words(q->dimension),
                   units_hint(q->dimension, hint));
}

/* Splits "-2.5 us" and "$2.49/h" into sign, number and unit. */
static rl_status split(quantity *q) {
  char unit[UNIT_MAX] = "", shown[RL_EXCERPT], hint[HINT_MAX];
  size_t at = 0, unit_length = 0;
  if (at < q->length && q->text[at] == '-') {
    q->negative = true;
    at++;
  }
  if (at < q->length && q->text[at] == '$') {
    unit[unit_length++] = '$';
    at++;
  }
  q->number_at = at;
  q->number_length = rl_number_prefix(q->text + at, q->length - at);
  at += q->number_length;
  char next = at < q->length ? q->text[at] : '\0';
  /* "1_000", "1,5", "0x10", "1.": a number that goes wrong rather than an unknown unit. */
  bool broken = next != '\0' && strchr("_,.xX0123456789", next) != NULL;
  if (q->number_length == 0 || broken) return report_number(q);
  while (at < q->length && q->text[at] == ' ') at++;
  size_t rest = q->length - at;
  if (rest + unit_length >= UNIT_MAX) {
    rl_excerpt(q->text + at, rest, shown);
    units_hint(q->dimension, hint);
    return RL_REPORT(q->diags, UNIT_UNKNOWN, q->loc, q->what, shown, hint);
  }
  memcpy(unit + unit_length, q->text + at, rest);
  unit[unit_length + rest] = '\0';
  return find_unit(q, unit);
}

/* number * 10^power10 is one decimal text with another exponent, so it is rounded once. */
static bool convert(const quantity *q, double *out) {
  static const rl_unit one = {.factor = 1};
  const rl_unit *unit = q->unit != NULL ? q->unit : &one;
  uint64_t digits = 0;
  int exponent = 0;
  bool negative = false;
  double value = 0;
  const char *number = q->text + q->number_at;
  if (rl_scan_decimal(number, q->number_length, &negative, &digits, &exponent)) {
    char text[2 * RL_NUMBER_TEXT];
    char power[RL_NUMBER_TEXT];
    exponent += unit->power10;
    rl_print_u64(digits, text);
    size_t length = strlen(text);
    text[length++] = 'e';
    if (exponent < 0) text[length++] = '-';
    rl_print_u64((uint64_t)(exponent < 0 ? -exponent : exponent), power);
    memcpy(text + length, power, strlen(power) + 1);
    if (!rl_scan_double(text, strlen(text), &value)) return false;
  } else {
    /* More digits than an integer holds: the second rounding is below anything measured. */
    if (!rl_scan_double(number, q->number_length, &value)) return false;
    value *= pow(10, unit->power10);
  }
  *out = ldexp(value, unit->power2) * unit->factor;
  return isfinite(*out);
}

static const char *range_words(const quantity *q, rl_range range, char out[HINT_MAX]) {
  char number[RL_NUMBER_TEXT];
  const char *unit = rl_dimension_unit(q->dimension);
  bool bare = q->dimension == RL_DIM_COUNT;
  out[0] = '\0';
  join(out, bare ? rl_print_double(range.min, number) : rl_print_si(range.min, unit, number));
  join(out, " to ");
  if (range.max >= DBL_MAX) {
    join(out, "any size");
  } else {
    join(out, bare ? rl_print_double(range.max, number) : rl_print_si(range.max, unit, number));
  }
  return out;
}

static rl_status read_double(quantity *q, rl_range range, double *out) {
  char allowed[HINT_MAX];
  double value = 0;
  rl_status status = split(q);
  if (status != RL_OK) return status;
  bool converted = convert(q, &value);
  if (q->negative) value = -value;
  if (!converted || !(value >= range.min && value <= range.max)) {
    return report_range(q, range_words(q, range, allowed));
  }
  *out = value == 0 ? 0 : value; /* no negative zero */
  return RL_OK;
}

/* A scalar that can hold a quantity; a quoted one may, as long as it is not a bare number. */
static rl_status from_node(const rl_node *node, const char *what, rl_dimension dimension,
                           rl_diags *diags, quantity *q) {
  char got[RL_EXCERPT];
  bool bare = dimension == RL_DIM_COUNT;
  if (node->kind != RL_SCALAR || rl_node_is_null(node) || (bare && node->quoted)) {
    const char *words = rl_excerpt_node(node, got);
    const char *hint = bare && node->quoted ? "remove the quotes" : NULL;
    return RL_REPORT(diags, VALUE_KIND, node->loc, what, rl_dimension_words(dimension), words,
                     hint);
  }
  *q = (quantity){.text = node->text,
                  .length = node->length,
                  .loc = node->loc,
                  .what = what,
                  .dimension = dimension,
                  .diags = diags};
  return RL_OK;
}

rl_status rl_node_quantity(const rl_node *node, const char *what, rl_dimension dimension,
                           rl_range range, double *out, rl_diags *diags) {
  quantity q;
  rl_status status = from_node(node, what, dimension, diags, &q);
  return status == RL_OK ? read_double(&q, range, out) : status;
}

/* digits * 10^exponent * 2^power2 as an integer. */
typedef enum exactness { EXACT, FRACTION, TOO_LARGE } exactness;

static exactness exact_bytes(uint64_t digits, int exponent, int power2, uint64_t *out) {
  rl_u128 value = (rl_u128)digits << power2; /* below 2^(64 + 50) */
  for (; exponent < 0 && value != 0; exponent++) {
    if (value % 10 != 0) return FRACTION;
    value /= 10;
  }
  for (; exponent > 0 && value != 0; exponent--) {
    if (value > UINT64_MAX) return TOO_LARGE;
    value *= 10;
  }
  if (value > UINT64_MAX) return TOO_LARGE;
  *out = (uint64_t)value;
  return EXACT;
}

rl_status rl_node_bytes(const rl_node *node, const char *what, uint64_t *out, rl_diags *diags) {
  static const char allowed[] = "0 to 18446744073709551615 B";
  quantity q;
  uint64_t digits = 0, value = 0;
  int exponent = 0;
  bool negative = false;
  rl_status status = from_node(node, what, RL_DIM_BYTES, diags, &q);
  if (status == RL_OK) status = split(&q);
  if (status != RL_OK) return status;
  bool scanned =
      rl_scan_decimal(q.text + q.number_at, q.number_length, &negative, &digits, &exponent);
  if (!scanned || (q.negative && digits != 0)) return report_range(&q, allowed);
  switch (exact_bytes(digits, exponent + q.unit->power10, q.unit->power2, &value)) {
    case EXACT:
      *out = value;
      return RL_OK;
    case TOO_LARGE:
      return report_range(&q, allowed);
    case FRACTION:
      break;
  }
  char shown[RL_EXCERPT];
  rl_excerpt(q.text, q.length, shown);
  return RL_REPORT(diags, BYTES_FRACTION, q.loc, what, shown);
}

rl_status rl_text_quantity(const char *text, rl_loc loc, const char *what, rl_dimension dimension,
                           double *out, rl_diags *diags) {
  quantity q = {.text = text,
                .length = strlen(text),
                .loc = loc,
                .what = what,
                .dimension = dimension,
                .diags = diags};
  return read_double(&q, (rl_range){0, (double)INFINITY}, out);
}

/* The value in base units and the unit, NULL of a bare number; false where it is none, or has more
 * digits than can be compared exactly. */
static bool exact_value(const char *text, rl_value *out, const rl_unit **unit) {
  const size_t length = rl_number_prefix(text, strlen(text));
  const rl_value ten = rl_rational_integer(10), two = rl_rational_integer(2);
  const char *rest = text + length;
  bool whole = length > 0 && rl_rational_scan(text, length, out);
  while (*rest == ' ') rest++;
  *unit = NULL;
  if (*rest == '\0' || !whole) return whole;
  *unit = rl_unit_find(rest, RL_DIM_COUNT);
  if (*unit == NULL) return false;
  const rl_value factor = rl_rational_integer((*unit)->factor);
  whole = rl_rational_mul(out, &factor, out);
  for (int i = 0; whole && i < (*unit)->power2; i++) whole = rl_rational_mul(out, &two, out);
  for (int i = 0; whole && i < (*unit)->power10; i++) whole = rl_rational_mul(out, &ten, out);
  for (int i = 0; whole && i > (*unit)->power10; i--) whole = rl_rational_div(out, &ten, out);
  return whole;
}

bool rl_same_quantity(const char *a, const char *b) {
  rl_value of_a, of_b;
  const rl_unit *unit_a, *unit_b;
  if (!exact_value(a, &of_a, &unit_a) || !exact_value(b, &of_b, &unit_b)) return false;
  if ((unit_a == NULL) != (unit_b == NULL)) return false;
  if (unit_a != NULL && unit_a->dimension != unit_b->dimension) return false;
  return rl_rational_compare(&of_a, &of_b) == 0;
}
