/* Tiles that store as many values as they keep (Joo et al. 2025, Mustafar, 3): how many groups of
 * them are expected. A token keeps `kept` of its `of` values; whether one is kept is taken as
 * independent of its neighbours, so that a tile keeps a binomial number of its own. Integers only,
 * so that every machine gets the same. */
#include "base/checked.h"
#include "spec/format.h"

enum { SHARE_BITS = 62, TILE_MAX = 4096 };

/* shares[k] of 2^62: how often k of `count` values are kept. */
static void binomial(uint64_t count, uint64_t kept, uint64_t of, uint64_t *shares) {
  shares[0] = UINT64_C(1) << SHARE_BITS;
  for (uint64_t n = 0; n < count; n++) {
    shares[n + 1] = 0;
    for (uint64_t k = n + 1; k > 0; k--) {
      const rl_u128 sum = (rl_u128)shares[k] * (of - kept) + (rl_u128)shares[k - 1] * kept;
      shares[k] = (uint64_t)((sum + of / 2) / of);
    }
    shares[0] = (uint64_t)(((rl_u128)shares[0] * (of - kept) + of / 2) / of);
  }
}

/* Of one tile. */
static uint64_t groups_of_tile(uint64_t count, uint64_t pad, uint64_t kept, uint64_t of) {
  uint64_t shares[TILE_MAX + 1];
  rl_u128 sum = 0;
  binomial(count, kept, of, shares);
  for (uint64_t k = 0; k <= count; k++) sum += (rl_u128)shares[k] * rl_ceil_div(k, pad);
  return (uint64_t)((sum * RL_GROUP_UNIT + ((rl_u128)1 << (SHARE_BITS - 1))) >> SHARE_BITS);
}

uint64_t rl_expected_groups(const rl_component *packed, uint64_t count, uint64_t kept,
                            uint64_t of) {
  const uint64_t whole = count / packed->group, rest = count % packed->group;
  uint64_t groups = 0;
  if (of == 0) return 0;
  if (whole > 0) groups = whole * groups_of_tile(packed->group, packed->pad, kept, of);
  return rest == 0 ? groups : groups + groups_of_tile(rest, packed->pad, kept, of);
}

uint64_t rl_packed_expected(const rl_component *packed, uint64_t rows, uint64_t cols) {
  const uint64_t values = packed->by_column ? rows : cols;
  return rows * rl_expected_groups(packed, cols, rl_packed_kept(packed, values), values);
}
