/* The tables of keys of maps inside files: of a memory level, a link, a component, ... */
#include "spec/kind_keys.h"
#include "spec/load.h"
#include "spec/setting_keys.h"

#define ORIGIN                                                                            \
  {                                                                                       \
      "kind",                                                                             \
      RL_KEY_TEXT,                                                                        \
      false,                                                                              \
      "datasheet measured derived unverified",                                            \
      "what figures rest on",                                                             \
      RL_BELOW_ANY},                                                                      \
  {                                                                                       \
    "source", RL_KEY_TEXT, false, NULL, "document, or a name below sources", RL_BELOW_ANY \
  }
#define SETTING(symbol, group, key, form, words, says) \
  {key, form, false, words, says, RL_BELOW_ANY},

const rl_key_table RL_NESTED_KEYS[RL_BELOW_TABLES] = {
    [RL_BELOW_FIGURE] = {{{"value", RL_KEY_ANY, true, NULL, "number or quantity", RL_BELOW_ANY},
                          ORIGIN},
                         "figure"},
    [RL_BELOW_RANGE] = {{{"low", RL_KEY_ANY, true, NULL, "the least seen", RL_BELOW_ANY},
                         {"high", RL_KEY_ANY, true, NULL, "the most seen", RL_BELOW_ANY},
                         ORIGIN},
                        "range"},
    [RL_BELOW_PEAK] =
        {{{"peak", RL_KEY_FIGURE, true, NULL, "dense, as in 989.5 TFLOP/s", RL_BELOW_ANY},
          {"accumulate", RL_KEY_TEXT, true, NULL, "type of sums", RL_BELOW_ANY},
          {"sparse_2_4", RL_KEY_ANY, false, NULL, "times the peak with two of four", RL_BELOW_ANY},
          ORIGIN},
         "peak"},
    [RL_BELOW_LEVEL] =
        {{{"name", RL_KEY_TEXT, true, NULL, "l2, hbm, ...", RL_BELOW_ANY},
          {"capacity", RL_KEY_FIGURE, true, NULL, "as in 50 MiB", RL_BELOW_ANY},
          {"usable", RL_KEY_FIGURE, false, NULL, "what programs can have of it", RL_BELOW_ANY},
          {"bandwidth", RL_KEY_RANGE, false, NULL, "of reads, as in 4.8 TB/s", RL_BELOW_ANY},
          {"latency", RL_KEY_FIGURE, false, NULL, "of one access", RL_BELOW_ANY},
          ORIGIN},
         "level"},
    [RL_BELOW_LINK] =
        {{{"name", RL_KEY_TEXT, true, NULL, "nvlink, pcie, ...", RL_BELOW_ANY},
          {"peers", RL_KEY_WHOLE, true, NULL, "devices or servers that it joins", RL_BELOW_ANY},
          {"bandwidth", RL_KEY_FIGURE, true, NULL, "of one device", RL_BELOW_ANY},
          {"per", RL_KEY_TEXT, true, "direction total", "what the rate is given for", RL_BELOW_ANY},
          {"latency", RL_KEY_FIGURE, false, NULL, "of the smallest message", RL_BELOW_ANY},
          ORIGIN},
         "link"},
    [RL_BELOW_POWER] = {{{"tdp", RL_KEY_FIGURE, false, NULL, "power limit", RL_BELOW_ANY},
                         {"idle", RL_KEY_FIGURE, false, NULL, "without work", RL_BELOW_ANY},
                         ORIGIN},
                        "power"},
    [RL_BELOW_ENERGY] = {{{"per_byte", RL_KEY_FIGURE, false, NULL, "of main memory", RL_BELOW_ANY},
                          {"per_flop", RL_KEY_FIGURE, false, NULL, "of the engines", RL_BELOW_ANY},
                          ORIGIN},
                         "energy"},
    [RL_BELOW_THROTTLE] = {{{"compute", RL_KEY_FIGURE, true, NULL,
                             "share of the peaks that is left", RL_BELOW_ANY},
                            {"after", RL_KEY_FIGURE, true, NULL, "time until then", RL_BELOW_ANY},
                            ORIGIN},
                           "throttle"},
    [RL_BELOW_READ] = {{{"chunk", RL_KEY_FIGURE, true, NULL, "size of a piece", RL_BELOW_ANY},
                        {"bandwidth", RL_KEY_FIGURE, true, NULL, "at that size", RL_BELOW_ANY},
                        ORIGIN},
                       "read"},
    [RL_BELOW_KERNEL] = {{{"op", RL_KEY_TEXT, true, NULL, "operator kind", RL_BELOW_ANY},
                          {"weights", RL_KEY_TEXT, false, NULL, "format", RL_BELOW_ANY},
                          {"compute", RL_KEY_TEXT, true, NULL, "engine and type", RL_BELOW_ANY},
                          {"t0", RL_KEY_ANY, false, NULL, "least time", RL_BELOW_ANY},
                          {"e_c", RL_KEY_ANY, true, NULL, "share of the peak", RL_BELOW_ANY},
                          {"e_m", RL_KEY_ANY, true, NULL, "share of the bandwidth", RL_BELOW_ANY},
                          {"p", RL_KEY_ANY, true, NULL, "overlap: 1, 2, 4 or inf", RL_BELOW_ANY},
                          {"tiles", RL_KEY_ANY, false, NULL, "sizes of tiles", RL_BELOW_ANY},
                          {"fit", RL_KEY_MAP, true, NULL, "how it was fitted", RL_BELOW_FIT}},
                         "kernel"},
    [RL_BELOW_FIT] = {{{"rows", RL_KEY_ANY, false, NULL, "samples", RL_BELOW_ANY},
                       {"mape", RL_KEY_ANY, false, NULL, "mean error, %", RL_BELOW_ANY},
                       {"median", RL_KEY_ANY, false, NULL, "error, %", RL_BELOW_ANY},
                       {"p90", RL_KEY_ANY, false, NULL, "error, %", RL_BELOW_ANY},
                       {"bias", RL_KEY_ANY, false, NULL, "mean signed error, %", RL_BELOW_ANY},
                       {"source", RL_KEY_TEXT, true, NULL, "of the samples", RL_BELOW_ANY}},
                      "fit"},
    [RL_BELOW_HOST] = {{{"step", RL_KEY_ANY, false, NULL, "time a step", RL_BELOW_ANY},
                        {"layer", RL_KEY_ANY, false, NULL, "time a layer", RL_BELOW_ANY},
                        {"sequence", RL_KEY_ANY, false, NULL, "time a sequence", RL_BELOW_ANY}},
                       "host"},
    [RL_BELOW_COMPONENT] =
        {{{"dense", RL_KEY_WORD_OR_MAP, false, NULL, "every value", RL_BELOW_DENSE},
          {"quant", RL_KEY_MAP, false, NULL, "codes with scales", RL_BELOW_QUANT},
          {"lut", RL_KEY_MAP, false, NULL, "codes for values of a table", RL_BELOW_LUT},
          {"block", RL_KEY_TEXT, false, NULL, "blocks of GGUF", RL_BELOW_ANY},
          {"sparse", RL_KEY_MAP, false, NULL, "some values and where", RL_BELOW_SPARSE},
          {"lowrank", RL_KEY_MAP, false, NULL, "two narrow matrices", RL_BELOW_LOWRANK},
          {"channel_mask", RL_KEY_MAP, false, NULL, "channels that are kept", RL_BELOW_MASK},
          {"trellis", RL_KEY_MAP, false, NULL, "codes along a trellis", RL_BELOW_TRELLIS},
          {"dense_tail", RL_KEY_MAP, false, NULL, "tokens that are kept dense", RL_BELOW_TAIL}},
         "component"},
    [RL_BELOW_DENSE] = {{{"type", RL_KEY_TEXT, true, NULL, "number type", RL_BELOW_ANY}}, "dense"},
    [RL_BELOW_QUANT] =
        {{{"type", RL_KEY_TEXT, false, NULL, "number type of codes", RL_BELOW_ANY},
          {"bits", RL_KEY_WHOLE, false, NULL, "of integer codes", RL_BELOW_ANY},
          {"group", RL_KEY_WHOLE, false, NULL, "values of a row that share a scale", RL_BELOW_ANY},
          {"tile", RL_KEY_LIST, false, NULL, "rows and columns that do", RL_BELOW_ANY},
          {"axis", RL_KEY_TEXT, false, "row tensor", "a scale a row or one", RL_BELOW_ANY},
          {"scale", RL_KEY_TEXT, true, NULL, "number type", RL_BELOW_ANY},
          {"zero", RL_KEY_TEXT, false, "none code fp16 least", "zero points", RL_BELOW_ANY},
          {"outer", RL_KEY_ANY, false, NULL, "scales of scales: tensor, or how many share one",
           RL_BELOW_ANY},
          {"order", RL_KEY_TEXT, false, "stored", "each column's group is kept", RL_BELOW_ANY}},
         "quant"},
    [RL_BELOW_LUT] =
        {{{"bits", RL_KEY_WHOLE, true, NULL, "of a code", RL_BELOW_ANY},
          {"vector", RL_KEY_WHOLE, false, NULL, "neighbours that a code stands for", RL_BELOW_ANY},
          {"table", RL_KEY_TEXT, true, "row tensor", "one a row or one", RL_BELOW_ANY},
          {"entry", RL_KEY_TEXT, false, NULL, "number type of its values", RL_BELOW_ANY},
          {"scale", RL_KEY_TEXT, false, NULL, "number type of a scale a row", RL_BELOW_ANY}},
         "lut"},
    [RL_BELOW_SPARSE] =
        {{{"pattern", RL_KEY_TEXT, true, "2:4 bitmap csr coo tiles packed", "where values are",
           RL_BELOW_ANY},
          {"keep", RL_KEY_ANY, false, NULL, "share of the values", RL_BELOW_ANY},
          {"values", RL_KEY_WORD_OR_MAP, true, NULL, "number type or component",
           RL_BELOW_COMPONENT},
          {"index", RL_KEY_ANY, false, NULL, "bits of a place: 16 or 32", RL_BELOW_ANY},
          {"tile", RL_KEY_LIST, false, NULL, "rows and columns", RL_BELOW_ANY},
          {"drop", RL_KEY_ANY, false, NULL, "share that is left out of a token", RL_BELOW_ANY},
          {"columns", RL_KEY_WHOLE, false, NULL, "of a tile", RL_BELOW_ANY},
          {"pad", RL_KEY_WHOLE, false, NULL, "values that a tile has a multiple of", RL_BELOW_ANY}},
         "sparse"},
    [RL_BELOW_LOWRANK] = {{{"rank", RL_KEY_WHOLE, true, NULL, "inner size", RL_BELOW_ANY},
                           {"values", RL_KEY_TEXT, true, NULL, "number type", RL_BELOW_ANY}},
                          "lowrank"},
    [RL_BELOW_TRELLIS] = {{{"bits", RL_KEY_ANY, true, NULL,
                            "a pair of values, or of each half of a row", RL_BELOW_ANY}},
                          "trellis"},
    [RL_BELOW_MASK] = {{{"keep", RL_KEY_ANY, true, NULL, "share of the channels", RL_BELOW_ANY},
                        {"queries", RL_KEY_WHOLE, true, NULL, "newest ones that weigh them",
                         RL_BELOW_ANY}},
                       "channel_mask"},
    [RL_BELOW_TAIL] =
        {{{"newest", RL_KEY_WHOLE, true, NULL, "tokens", RL_BELOW_ANY},
          {"step", RL_KEY_WHOLE, false, NULL, "tokens that leave it at once", RL_BELOW_ANY},
          {"first", RL_KEY_WHOLE, false, NULL, "tokens of the beginning", RL_BELOW_ANY}},
         "dense_tail"},
    [RL_BELOW_COMPARE] = {{{"weights", RL_KEY_TEXT, false, NULL, "format", RL_BELOW_ANY},
                           {"kv", RL_KEY_TEXT, false, NULL, "format", RL_BELOW_ANY}},
                          "compare"},
    [RL_BELOW_STORED] =
        {{{"names", RL_KEY_TEXT, true, "gguf safetensors", "whose names tensors have",
           RL_BELOW_ANY},
          {"beside", RL_KEY_WHOLE, false, NULL, "tensors that no operator reads", RL_BELOW_ANY},
          {"beside_bytes", RL_KEY_WHOLE, false, NULL, "of them", RL_BELOW_ANY},
          {"formats", RL_KEY_MAP, false, NULL, "formats of this file, by name", RL_BELOW_ANY},
          {"tensors", RL_KEY_MAPS, true, NULL, "name, shape and bytes", RL_BELOW_TENSOR}},
         "stored"},
    [RL_BELOW_TENSOR] = {{{"name", RL_KEY_TEXT, true, NULL, "in its file", RL_BELOW_ANY},
                          {"format", RL_KEY_TEXT, false, NULL, "format", RL_BELOW_ANY},
                          {"type", RL_KEY_TEXT, false, NULL, "number type", RL_BELOW_ANY},
                          {"dims", RL_KEY_LIST, true, NULL, "shape", RL_BELOW_ANY},
                          {"bytes", RL_KEY_WHOLE, true, NULL, "in its file", RL_BELOW_ANY}},
                         "tensor"},
    [RL_BELOW_MATCH] = {{{"model_type", RL_KEY_TEXTS, true, NULL, "of config.json", RL_BELOW_ANY}},
                        "match"},
    [RL_BELOW_SOURCE] =
        {{{"of", RL_KEY_TEXT, true, "text sound images", "what is read", RL_BELOW_ANY},
          {"positions", RL_KEY_ANY, true, NULL, "expression", RL_BELOW_ANY},
          {"prompt", RL_KEY_ANY, false, NULL, "tokens of the prompt that it becomes", RL_BELOW_ANY},
          {"patch", RL_KEY_ANY, false, NULL, "pixels of a side", RL_BELOW_ANY},
          {"round", RL_KEY_ANY, false, NULL, "pixels that sides are multiples of", RL_BELOW_ANY}},
         "source"},
    [RL_BELOW_GGUF] =
        {{{"architecture", RL_KEY_TEXTS, true, NULL, "general.architecture", RL_BELOW_ANY},
          {"when", RL_KEY_ANY, false, NULL, "condition", RL_BELOW_ANY},
          {"config", RL_KEY_MAP, false, NULL, "config key: expression", RL_BELOW_ANY}},
         "gguf"},
    [RL_BELOW_REPEAT] =
        {{{"repeat", RL_KEY_ANY, true, NULL, "how often", RL_BELOW_ANY},
          {"body", RL_KEY_MAPS, true, NULL, "operators in order", RL_BELOW_STATEMENT},
          {"first", RL_KEY_ANY, false, NULL, "number of the first layer", RL_BELOW_ANY},
          {"when", RL_KEY_ANY, false, NULL, "condition", RL_BELOW_ANY}},
         "repeat"},
    [RL_BELOW_STATEMENT] = {{{NULL, RL_KEY_ANY, false, NULL, NULL, RL_BELOW_ANY}}, "statement"},
    [RL_BELOW_WEIGHTS] = {{RL_WEIGHT_SETTINGS(SETTING)}, "weights"},
    [RL_BELOW_KV] = {{RL_KV_SETTINGS(SETTING)}, "kv"},
    [RL_BELOW_EXPERTS] = {{RL_EXPERT_SETTINGS(SETTING)}, "experts"},
    [RL_BELOW_PARALLEL] = {{RL_PARALLEL_SETTINGS(SETTING)}, "parallel"},
    [RL_BELOW_PLACEMENT] = {{RL_PLACEMENT_SETTINGS(SETTING)}, "placement"},
    [RL_BELOW_POOLS] = {{RL_POOL_SETTINGS(SETTING)}, "pools"},
    [RL_BELOW_WORKLOAD] = {{RL_WORKLOAD_SETTINGS(SETTING)}, "workload"},
};

rl_status rl_nested_known(const rl_load *load, const rl_node *node, rl_nested_keys below,
                          const char *where) {
  const char *names[RL_KIND_KEYS_MAX];
  size_t count = 0;
  for (const rl_kind_key *key = RL_NESTED_KEYS[below].keys; key->name != NULL; key++) {
    names[count++] = key->name;
  }
  return rl_node_known_keys(node, where, names, count, load->diags);
}
