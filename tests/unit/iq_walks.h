/* Blocks of indices into grids, walked from front to back as the format's definition tells them. */
#ifndef RL_TESTS_IQ_WALKS_H
#define RL_TESTS_IQ_WALKS_H

#include <stdint.h>

void walk_iq1_s(const uint8_t *bytes, double *out);
void walk_iq1_m(const uint8_t *bytes, double *out);
void walk_iq2_xxs(const uint8_t *bytes, double *out);
void walk_iq2_xs(const uint8_t *bytes, double *out);
void walk_iq2_s(const uint8_t *bytes, double *out);
void walk_iq3_xxs(const uint8_t *bytes, double *out);
void walk_iq3_s(const uint8_t *bytes, double *out);

#endif
