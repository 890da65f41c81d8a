/* What a scenario can set, once, by group: the settings, their dotted keys and the tables of the
 * schema are made of these lists. X(SYMBOL, GROUP, key, form, words, what it says); the key of a
 * group stands behind the group's name and a dot. Not for other rooms. */
#ifndef RL_SPEC_SETTING_KEYS_H
#define RL_SPEC_SETTING_KEYS_H

#define RL_TOP_SETTINGS(X)                                                                    \
  X(MODEL, "", "model", RL_KEY_ANY, NULL, "name, id or path; model.KEY: of its config")       \
  X(HARDWARE, "", "hardware", RL_KEY_TEXT, NULL, "name or path, as in 4x h100-sxm")           \
  X(PROFILE, "", "profile", RL_KEY_TEXT, NULL, "software stack")                              \
  X(ACTIVATIONS, "", "activations", RL_KEY_TEXT, NULL, "format")                              \
  X(STATE, "", "state", RL_KEY_TEXT, NULL, "format of recurrent states")                      \
  X(HOST, "", "host", RL_KEY_TEXT, NULL, "machine behind the device's link")                  \
  X(STORAGE, "", "storage", RL_KEY_TEXT, NULL, "drive behind the host")                       \
  X(LANES, "", "lanes", RL_KEY_TEXT, "serial overlapped", "whether copies overlap with work") \
  X(METHODS, "", "methods", RL_KEY_TEXTS, NULL, "methods in order")                           \
  X(DRAFT, "", "draft", RL_KEY_TEXT, NULL, "speculative method")                              \
  X(PRICE, "", "price", RL_KEY_ANY, NULL, "dollars an hour of one device")
#define RL_WEIGHT_SETTINGS(X) \
  X(WEIGHTS, "weights.", "default", RL_KEY_TEXT, NULL, "format where no pattern fits")
#define RL_KV_SETTINGS(X)                                   \
  X(K, "kv.", "k", RL_KEY_TEXT, NULL, "format of keys")     \
  X(V, "kv.", "v", RL_KEY_TEXT, NULL, "format of values")   \
  X(KV_PAGE, "kv.", "page", RL_KEY_WHOLE, NULL, "tokens of a page of the cache")
#define RL_EXPERT_SETTINGS(X)                                                                 \
  X(SKEW, "experts.", "skew", RL_KEY_TEXT, "uniform power-law measured", "how tokens choose") \
  X(EXPONENT, "experts.", "exponent", RL_KEY_ANY, NULL, "of the power law")                   \
  X(POPULARITY, "experts.", "popularity", RL_KEY_ANY, NULL, "share of each expert, as measured")
#define RL_PARALLEL_SETTINGS(X)                                                                    \
  X(TENSOR, "parallel.", "tensor", RL_KEY_WHOLE, NULL, "ranks that share each matrix")             \
  X(PIPELINE, "parallel.", "pipeline", RL_KEY_WHOLE, NULL, "stages of layers")                     \
  X(MICRO_BATCHES, "parallel.", "micro_batches", RL_KEY_WHOLE, NULL, "parts of a batch in flight") \
  X(EXPERT, "parallel.", "expert", RL_KEY_WHOLE, NULL, "ranks that share the experts")             \
  X(DATA, "parallel.", "data", RL_KEY_WHOLE, NULL, "groups with sequences of their own")           \
  X(CONTEXT, "parallel.", "context", RL_KEY_WHOLE, NULL, "ranks that share a sequence's tokens")   \
  X(COLLECTIVES, "parallel.", "collectives", RL_KEY_TEXT, NULL, "algorithm")
#define RL_PLACEMENT_SETTINGS(X)                                                                   \
  X(PLACE_EMBED, "placement.", "embed", RL_KEY_TEXT, "device host cpu storage", "the token table") \
  X(PLACE_LAYERS, "placement.", "layers", RL_KEY_TEXT, "device host cpu storage",                  \
    "weights of the layers, but for experts")                                                      \
  X(PLACE_EXPERTS, "placement.", "experts", RL_KEY_TEXT, "device host cpu storage", "experts")     \
  X(PLACE_HEAD, "placement.", "lm_head", RL_KEY_TEXT, "device host cpu storage", "the head")       \
  X(PLACE_KV, "placement.", "kv", RL_KEY_TEXT, "device host cpu storage", "the KV cache")
#define RL_POOL_SETTINGS(X)                                                        \
  X(POOL_PREFILL, "pools.", "prefill", RL_KEY_TEXT, NULL, "machine that prefills") \
  X(POOL_LINK, "pools.", "link", RL_KEY_TEXT, NULL, "rate to the machine that decodes")
#define RL_WORKLOAD_SETTINGS(X)                                                           \
  X(BATCH, "workload.", "batch", RL_KEY_ANY, NULL,                                        \
    "sequences at once: a number, a range or a list")                                     \
  X(PROMPT, "workload.", "prompt", RL_KEY_WHOLE, NULL, "tokens")                          \
  X(GENERATE, "workload.", "generate", RL_KEY_WHOLE, NULL, "tokens")                      \
  X(SOURCE, "workload.", "source", RL_KEY_WHOLE, NULL, "positions that an encoder reads") \
  X(IMAGES, "workload.", "images", RL_KEY_WHOLE, NULL, "a sequence")                      \
  X(IMAGE_SIZE, "workload.", "image_size", RL_KEY_ANY, NULL, "as in 1024x768")

/* placement.CLASS stand together, in the order of rl_tensor_class. `workload` alone is a name. */
#define RL_ALL_SETTINGS(X)                                                              \
  RL_TOP_SETTINGS(X)                                                                    \
  X(WORKLOAD, "", "workload", RL_KEY_WORD_OR_MAP, NULL, "name, path, or what it holds") \
  RL_WEIGHT_SETTINGS(X)                                                                 \
  RL_KV_SETTINGS(X)                                                                     \
  RL_EXPERT_SETTINGS(X)                                                                 \
  RL_PARALLEL_SETTINGS(X)                                                               \
  RL_PLACEMENT_SETTINGS(X)                                                              \
  RL_POOL_SETTINGS(X)                                                                   \
  RL_WORKLOAD_SETTINGS(X)

#endif
