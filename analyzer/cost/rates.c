/* Operations that an element-wise kind takes for each of its elements: conventions, one table, so
 * that `list ops` prints what the model counts. Never added to the matrix FLOPs. */
#include "cost/tally.h"

const rl_op_rate RL_OP_RATES[] = {
    [RL_RATE_NORM_RMS] = {"norm, rms, per value", 4, "square, sum, times 1/rms, times weight"},
    [RL_RATE_NORM_LAYER] =
        {"norm, layer, per value", 7,
         "sum, minus mean, square, sum, times 1/deviation, times weight, plus bias"},
    [RL_RATE_NORM_LAYER_PLAIN] = {"norm, layer without bias, per value", 6,
                                  "as layer, without the bias"},
    [RL_RATE_BIAS] = {"linear, bias, per output", 1, "one addition"},
    [RL_RATE_ROPE] = {"rope, per rotated value", 3, "two products and one sum of a 2x2 rotation"},
    [RL_RATE_KV_QUANTIZE] = {"kv_append, quantized cache, per value", 3,
                             "absolute maximum, times 1/scale, rounding"},
    [RL_RATE_SOFTMAX] = {"softmax, per score", 5,
                         "maximum, difference, exponential, sum, quotient"},
    [RL_RATE_SCORE_SCALE] = {"attention, scaling, per score", 1, "one product"},
    [RL_RATE_SCORE_CAP] = {"attention, soft cap, per score", 3, "quotient, tanh, product"},
    [RL_RATE_SCORE_ALIBI] = {"attention, alibi, per score", 2,
                             "distance times slope, added to the score"},
    [RL_RATE_SCORE_BIAS] = {"attention, bias by distance, per score", 1, "one addition"},
    [RL_RATE_ADD] = {"add, per value", 1, "one addition"},
    [RL_RATE_MUL] = {"mul, per value", 1, "one product"},
    [RL_RATE_RELU] = {"activation, relu, per value", 1, "one maximum"},
    [RL_RATE_SILU] = {"activation, silu, per value", 4, "negation, exponential, sum, quotient"},
    [RL_RATE_GELU] = {"activation, gelu, per value", 8,
                      "cubic polynomial of the argument, tanh or erf, sum, product, halving"},
    [RL_RATE_QUICK_GELU] = {"activation, quick_gelu, per value", 5,
                            "product, negation, exponential, sum, quotient"},
    [RL_RATE_TANH] = {"activation, tanh, per value", 1, "one tanh"},
    [RL_RATE_SCALE] = {"scale, per value", 1, "one product"},
    [RL_RATE_SOFTCAP] = {"softcap, per value", 3, "quotient, tanh, product"},
    [RL_RATE_CLAMP] = {"clamp, per value", 2, "one minimum, one maximum"},
    [RL_RATE_QUANTIZE] = {"quantize, per value", 3, "absolute maximum, times 1/scale, rounding"},
    [RL_RATE_SAMPLE] = {"sample, per logit", 1, "one comparison"},
    [RL_RATE_ROUTE] = {"route, per logit", 6,
                       "maximum, difference, exponential, sum, quotient, comparison"},
    [RL_RATE_CONV] = {"conv, per tap of an output", 2, "product, sum"},
    [RL_RATE_SCAN_STATE] = {"scan, per value of the state", 7,
                            "decay: product, exponential; input: product; state: product, sum; "
                            "output: product, sum"},
    [RL_RATE_SCAN_CHANNEL] = {"scan, per channel", 6,
                              "step: exponential, sum, logarithm; input: product; skip: product, "
                              "sum"},
    [RL_RATE_STEP_STATE] = {"ssd_step, per value of the state", 5,
                            "input: product; state: product, sum; output: product, sum"},
    [RL_RATE_STEP_CHANNEL] = {"ssd_step, per channel", 3, "input: product; skip: product, sum"},
    [RL_RATE_STEP_HEAD] = {"ssd_step, per head", 5,
                           "step: exponential, sum, logarithm; decay: product, exponential"},
    [RL_RATE_STEP_BIAS] = {"ssd_step, ssd, bias, per head", 1, "one addition"},
    [RL_RATE_SSD_PAIR] = {"ssd, per head and pair of a chunk", 3,
                          "decay: difference, exponential; score: product"},
    [RL_RATE_SSD_STATE] = {"ssd, per value of the state and chunk", 2, "decay: product; sum"},
    [RL_RATE_SSD_CHANNEL] = {"ssd, per channel", 6,
                             "input: product with the step, with its decay; output of the state: "
                             "product, sum; skip: product, sum"},
    [RL_RATE_SSD_HEAD] = {"ssd, per head", 8,
                          "step: exponential, sum, logarithm; decay: product, sum; to the end of "
                          "the chunk: difference, exponential; from its start: exponential"},
    [RL_RATE_ALL_REDUCE] = {"all_reduce, per value", 1, "one addition"},
    [RL_RATE_COMBINE] = {"combine, per value of a chosen expert", 2, "product, sum"},
};
const size_t RL_OP_RATE_COUNT = sizeof RL_OP_RATES / sizeof *RL_OP_RATES;
_Static_assert(sizeof RL_OP_RATES / sizeof *RL_OP_RATES == RL_RATES, "one row a rate");
