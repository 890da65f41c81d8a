/* The tables of keys by kind of file. */
#include "spec/kind_keys.h"

#include <string.h>

#include "spec/db_scan.h"
#include "spec/load.h"
#include "spec/setting_keys.h"

#define DOC \
  { "doc", RL_KEY_TEXT, false, NULL, "one line for lists", RL_BELOW_ANY }
#define SOURCES                                                                               \
  {                                                                                           \
    "sources", RL_KEY_SOURCES, false, NULL, "documents, by the names that figures call them", \
        RL_BELOW_ANY                                                                          \
  }
#define DEFAULT_FOR \
  { "default_for", RL_KEY_TEXT, false, NULL, "shorter name that means this file", RL_BELOW_ANY }

#define SETTING(symbol, group, key, form, words, says) \
  {key, form, false, words, says, RL_BELOW_ANY},

const rl_key_table RL_SERVER_KEYS = {
    {
        {"vendor", RL_KEY_TEXT, false, NULL, "maker; else the file's folder", RL_BELOW_ANY},
        {"title", RL_KEY_TEXT, true, NULL, "full name", RL_BELOW_ANY},
        DEFAULT_FOR,
        {"device", RL_KEY_TEXT, true, NULL, "the hardware file of its devices", RL_BELOW_ANY},
        {"devices", RL_KEY_WHOLE, true, NULL, "how many of them", RL_BELOW_ANY},
        {"links", RL_KEY_MAPS, true, NULL, "tiers of links between devices and servers",
         RL_BELOW_LINK},
        {"price", RL_KEY_FIGURE, false, NULL, "dollars an hour", RL_BELOW_ANY},
        SOURCES,
    },
    "a machine of several devices"};

#define VERDICT(name, says) \
  { name, RL_KEY_TEXT, false, "pass fail", says, RL_BELOW_ANY }
const rl_key_table RL_RULES_KEYS = {
    {
        {"hwdb", RL_KEY_TEXT, false, "now pin",
         "pin: shipped descriptions stay as they were in the base", RL_BELOW_ANY},
        VERDICT("new", "scenarios that the base does not have"),
        VERDICT("removed", "scenarios that only the base has"),
        VERDICT("renamed", "scenarios that have another name there"),
        VERDICT("better", "figures that are better than in the base"),
        {"rules", RL_KEY_RULES, false, NULL, "for all scenarios", RL_BELOW_ANY},
        {"scenarios", RL_KEY_MAPS, false, NULL, "rules for some", RL_BELOW_RULES},
    },
    "what may become worse"};

const rl_key_table RL_KEY_TABLES[RL_DB_KINDS] = {
    [RL_DB_HARDWARE] =
        {{
             {"vendor", RL_KEY_TEXT, false, NULL, "maker; else the file's folder", RL_BELOW_ANY},
             {"title", RL_KEY_TEXT, true, NULL, "full name", RL_BELOW_ANY},
             {"arch", RL_KEY_TEXT, true, NULL, "architecture, as profiles name it", RL_BELOW_ANY},
             {"compute_capability", RL_KEY_ANY, false, NULL,
              "CUDA's, as in 8.9: the types its matrix engines take", RL_BELOW_ANY},
             DEFAULT_FOR,
             {"cores", RL_KEY_FIGURE, false, NULL, "units that work side by side: SMs, CUs, cores",
              RL_BELOW_ANY},
             {"clock", RL_KEY_FIGURE, false, NULL, "as in 1.98 GHz", RL_BELOW_ANY},
             {"compute", RL_KEY_NAMED, false, "^(tensor|vector)[.]",
              "ENGINE.TYPE: peak, dense, with accumulate", RL_BELOW_PEAK},
             {"memory", RL_KEY_MAPS, false, NULL,
              "levels with capacity and bandwidth, last the main memory", RL_BELOW_LEVEL},
             {"links", RL_KEY_MAPS, false, NULL,
              "to other devices and to the host, rates a direction or total", RL_BELOW_LINK},
             {"power", RL_KEY_MAP, false, NULL, "tdp, idle", RL_BELOW_POWER},
             {"energy", RL_KEY_MAP, false, NULL, "a byte and an operation", RL_BELOW_ENERGY},
             {"price", RL_KEY_FIGURE, false, NULL, "dollars an hour", RL_BELOW_ANY},
             SOURCES,
             {"host", RL_KEY_TRUTH, false, NULL, "true: others may be its devices", RL_BELOW_ANY},
             {"common", RL_KEY_TRUTH, false, NULL,
              "many people have it: shown where no machine is named", RL_BELOW_ANY},
             {"throttle", RL_KEY_MAP, false, NULL, "what heat leaves of clock and bandwidth",
              RL_BELOW_THROTTLE},
         },
         "a device"},
    [RL_DB_PROFILE] =
        {{
             DOC,
             {"stack", RL_KEY_TEXT, false, NULL, "software and version", RL_BELOW_ANY},
             {"arch", RL_KEY_TEXT, false, NULL, "architecture that it was fitted on", RL_BELOW_ANY},
             {"fuse", RL_KEY_TEXTS, false, NULL, "fusions that hold", RL_BELOW_ANY},
             {"launch", RL_KEY_TEXT, false, "graph eager", "how kernels are launched",
              RL_BELOW_ANY},
             {"kernels", RL_KEY_MAPS, false, NULL, "efficiencies by operator, formats and compute",
              RL_BELOW_KERNEL},
             {"host", RL_KEY_MAP, false, NULL, "time of the host a step, layer and sequence",
              RL_BELOW_HOST},
             DEFAULT_FOR,
             {"decode_tokens", RL_KEY_WHOLE, false, NULL,
              "most new tokens of a sequence that count as decoding", RL_BELOW_ANY},
         },
         "efficiencies of one software stack"},
    [RL_DB_MODEL] =
        {{
             DOC,
             {"family", RL_KEY_TEXT, true, NULL, "family, or a path to one", RL_BELOW_ANY},
             {"ids", RL_KEY_TEXTS, false, NULL, "Hugging Face ids that mean this model",
              RL_BELOW_ANY},
             {"parameters", RL_KEY_FIGURE, false, NULL,
              "published total: the checksum of its shapes", RL_BELOW_ANY},
             {"source", RL_KEY_TEXT, false, NULL, "where the config was published", RL_BELOW_ANY},
             SOURCES,
             {"config", RL_KEY_MAP, true, NULL, "keys of its config.json", RL_BELOW_ANY},
             {"stored", RL_KEY_MAP, false, NULL, "tensors of the files that it was imported from",
              RL_BELOW_STORED},
         },
         "a model over a family"},
    [RL_DB_FAMILY] =
        {{
             {"match", RL_KEY_MAP, true, NULL, "model_type: values of config.json that it takes",
              RL_BELOW_MATCH},
             {"config", RL_KEY_TEXT, false, NULL, "key of config.json whose map holds the dims",
              RL_BELOW_ANY},
             {"dims", RL_KEY_MAP, true, NULL, "name: expression over config keys and other dims",
              RL_BELOW_ANY},
             {"graph", RL_KEY_MAPS, true, NULL, "operators in order", RL_BELOW_STATEMENT},
             {"absent", RL_KEY_MAP, false, NULL, "what a config means that leaves a key out",
              RL_BELOW_ANY},
             {"neutral", RL_KEY_TEXTS, false, NULL, "config keys that cost nothing", RL_BELOW_ANY},
             {"refused", RL_KEY_TEXTS, false, NULL,
              "config keys that change the cost otherwise than the graph says", RL_BELOW_ANY},
             DOC,
             {"source", RL_KEY_WORD_OR_MAP, false, NULL,
              "what an encoder or tower reads: {of, positions, ...}; a text: where the family is "
              "described"},
             SOURCES,
             {"cited", RL_KEY_MAP, false, NULL,
              "name of a source: expression that holds of the models that rest on it", RL_BELOW_ANY},
             {"shards", RL_KEY_MAP, false, NULL, "dims that tensor ranks divide", RL_BELOW_ANY},
             {"gguf", RL_KEY_MAP, false, NULL, "GGUF files that it takes", RL_BELOW_GGUF},
         },
         "an architecture"},
    [RL_DB_FORMAT] = {{
                          DOC,
                          {"stack", RL_KEY_MAPS, true, NULL, "components, each a map of one key",
                           RL_BELOW_COMPONENT},
                          {"activations", RL_KEY_TEXT, false, NULL,
                           "format that inputs are quantized to", RL_BELOW_ANY},
                          {"rotate", RL_KEY_TEXT, false, "inputs outputs both",
                           "what linear operators turn by signs and a Hadamard matrix",
                           RL_BELOW_ANY},
                          {"compare", RL_KEY_MAP, false, NULL, "narrower formats to compare with",
                           RL_BELOW_COMPARE},
                          {"tokens", RL_KEY_WHOLE, false, NULL,
                           "of a KV cache whose rows are channels: tokens of a row", RL_BELOW_ANY},
                          {"block", RL_KEY_WHOLE, false, NULL,
                           "of a KV cache: so many tokens of a head are stored as a tensor of "
                           "their own",
                           RL_BELOW_ANY},
                          {"values", RL_KEY_TEXT, false, NULL,
                           "of a KV cache: format of values beside keys in this one", RL_BELOW_ANY},
                          {"rotated", RL_KEY_TEXT, false, NULL,
                           "of a latent cache: format of rotated keys beside latents in this one",
                           RL_BELOW_ANY},
                          {"index", RL_KEY_TEXT, false, NULL,
                           "of a latent cache: format of the keys of an index beside it, and of the "
                           "queries they meet",
                           RL_BELOW_ANY},
                          DEFAULT_FOR,
                          SOURCES,
                      },
                      "how numbers are stored"},
    [RL_DB_METHOD] =
        {{
             DOC,
             {"paper", RL_KEY_TEXT, true, NULL, "where it is described", RL_BELOW_ANY},
             {"acceptance", RL_KEY_ANY, false, NULL, "of drafted tokens", RL_BELOW_ANY},
             {"format", RL_KEY_ANY, false, NULL, "stored bits of weights, K, V, activations",
              RL_BELOW_ANY},
             {"edit", RL_KEY_ANY, false, NULL, "operators added, removed, replaced", RL_BELOW_ANY},
             {"state", RL_KEY_ANY, false, NULL, "what a sequence keeps", RL_BELOW_ANY},
             {"selection", RL_KEY_ANY, false, NULL, "which tokens, heads, experts are touched",
              RL_BELOW_ANY},
             {"placement", RL_KEY_ANY, false, NULL, "tensor classes to devices and tiers",
              RL_BELOW_ANY},
             {"transfer", RL_KEY_ANY, false, NULL, "collectives and messages", RL_BELOW_ANY},
             {"composition", RL_KEY_ANY, false, NULL, "what overlaps", RL_BELOW_ANY},
             {"overhead", RL_KEY_ANY, false, NULL, "a kernel, layer, step, sequence", RL_BELOW_ANY},
             {"draft", RL_KEY_ANY, false, NULL, "who drafts, and the tree", RL_BELOW_ANY},
             {"training", RL_KEY_ANY, false, NULL, "steps of gradients at test time", RL_BELOW_ANY},
             {"workload", RL_KEY_ANY, false, NULL, "arrivals and shared prefixes", RL_BELOW_ANY},
             {"power", RL_KEY_ANY, false, NULL, "energy, caps, price", RL_BELOW_POWER},
         },
         "primitives that a paper sets"},
    [RL_DB_WORKLOAD] = {{
                            DOC,
                            {"source", RL_KEY_TEXT, false, NULL, "where it is described",
                             RL_BELOW_ANY},
                            {"batch", RL_KEY_ANY, true, NULL,
                             "sequences at once: a number, a range or a list", RL_BELOW_ANY},
                            {"prompt", RL_KEY_WHOLE, true, NULL, "tokens", RL_BELOW_ANY},
                            {"generate", RL_KEY_WHOLE, true, NULL, "tokens", RL_BELOW_ANY},
                        },
                        "how a model is used"},
    [RL_DB_STORAGE] = {{
                           {"title", RL_KEY_TEXT, true, NULL, "full name", RL_BELOW_ANY},
                           {"capacity", RL_KEY_FIGURE, true, NULL, "as in 2 TB", RL_BELOW_ANY},
                           {"read", RL_KEY_MAPS, true, NULL,
                            "bandwidth by size of the pieces, rising", RL_BELOW_READ},
                           {"lanes", RL_KEY_WHOLE, false, NULL, "of its connector", RL_BELOW_ANY},
                           {"signal", RL_KEY_FIGURE, false, NULL,
                            "bits of one lane, as in 16 GT/s", RL_BELOW_ANY},
                           SOURCES,
                       },
                       "a drive"},
    [RL_DB_LINK] =
        {{
             {"title", RL_KEY_TEXT, true, NULL, "full name", RL_BELOW_ANY},
             {"bandwidth", RL_KEY_FIGURE, true, NULL, "signalled", RL_BELOW_ANY},
             {"payload", RL_KEY_FIGURE, false, NULL, "what framing leaves of it", RL_BELOW_ANY},
             {"per", RL_KEY_TEXT, true, "direction total", "what the rates are given for",
              RL_BELOW_ANY},
             {"latency", RL_KEY_FIGURE, false, NULL, "of the smallest message", RL_BELOW_ANY},
             {"lanes", RL_KEY_WHOLE, false, NULL, "that carry bits in one direction", RL_BELOW_ANY},
             {"signal", RL_KEY_FIGURE, false, NULL, "bits of one lane, as in 32 GT/s", RL_BELOW_ANY},
             SOURCES,
         },
         "a standard of links"},
    [RL_DB_SCENARIO] =
        {{
             DOC,
             RL_TOP_SETTINGS(SETTING){"weights", RL_KEY_WORD_OR_MAP, false,
                                      NULL, "format, or a map of default and exceptions",
                                      RL_BELOW_WEIGHTS},
             {"kv", RL_KEY_WORD_OR_MAP, false, NULL, "format, or a map of k and v", RL_BELOW_KV},
             {"experts", RL_KEY_WORD_OR_MAP, false, NULL, "how tokens choose experts",
              RL_BELOW_EXPERTS},
             {"parallel", RL_KEY_MAP, false, NULL, "degrees by kind", RL_BELOW_PARALLEL},
             {"placement", RL_KEY_WORD_OR_MAP, false, NULL,
              "tensor class: device, host, cpu or storage", RL_BELOW_PLACEMENT},
             {"pools", RL_KEY_MAP, false, NULL, "prefill machine and the rate to it",
              RL_BELOW_POOLS},
             {"workload", RL_KEY_WORD_OR_MAP, false, NULL,
              "name, path, or a map of batch, prompt, generate", RL_BELOW_WORKLOAD},
         },
         "a model on a machine under a workload"},
};

size_t rl_key_names(const rl_key_table *table, const char **names) {
  size_t count = 0;
  for (; table->keys[count].name != NULL; count++) names[count] = table->keys[count].name;
  return count;
}

static const rl_kind_key *key_in(const rl_key_table *table, const char *name) {
  for (const rl_kind_key *key = table->keys; key->name != NULL; key++) {
    if (strcmp(key->name, name) == 0) return key;
  }
  return NULL;
}

const rl_kind_key *rl_key_of(const char *where, const char *name) {
  const char *blank = strrchr(where, ' ');
  const char *word = blank == NULL ? where : blank + 1;
  for (size_t i = 0; i < RL_DB_KINDS; i++) {
    const rl_kind_key *key = key_in(&RL_KEY_TABLES[i], name);
    if (key != NULL && strcmp(RL_DB_KIND_WORDS[i], word) == 0) return key;
  }
  for (size_t i = 0; i < RL_BELOW_TABLES; i++) {
    const rl_key_table *table = &RL_NESTED_KEYS[i];
    if (table->title == NULL || strcmp(table->title, word) != 0) continue;
    return key_in(table, name);
  }
  return NULL;
}

/* The table of the file's own keys; NULL when it does not say what it is. */
static const rl_key_table *top_of(const rl_load *load) {
  const rl_node *kind = rl_load_get(load->root, "kind");
  for (size_t i = 0; kind != NULL && kind->kind == RL_SCALAR && i < RL_DB_KINDS; i++) {
    if (strcmp(RL_DB_KIND_WORDS[i], kind->text) == 0) return &RL_KEY_TABLES[i];
  }
  return NULL;
}

/* Keys that nearly every map has say nothing about where they belong. */
static bool is_common(const char *name) {
  static const char *const common[] = {"kind", "source", "name", "value"};
  for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
    if (strcmp(common[i], name) == 0) return true;
  }
  return false;
}

/* Where the file has a key of that name, beside or above the table; NULL: nowhere. */
static const char *home_of(const rl_load *load, const rl_key_table *table, const char *name) {
  const rl_key_table *top = top_of(load);
  if (top == NULL || is_common(name)) return NULL;
  if (top != table && key_in(top, name) != NULL) return "it stands outside, at the file's top";
  for (const rl_kind_key *key = top->keys; key->name != NULL; key++) {
    const rl_key_table *below = &RL_NESTED_KEYS[key->below];
    if (key->below == RL_BELOW_ANY || below == table || key_in(below, name) == NULL) continue;
    const char *home = rl_textf(load->arena, "it belongs in `%s:`", key->name);
    if (home == NULL) rl_diag_oom(load->diags);
    return home;
  }
  return NULL;
}

rl_status rl_table_known(const rl_load *load, const rl_node *map, const rl_key_table *table,
                         const char *where, const char *first) {
  const char *names[2 * RL_KIND_KEYS_MAX + 1] = {first};
  size_t count = (first != NULL) + rl_key_names(table, names + (first != NULL));
  rl_status status = RL_OK;
  for (size_t i = 0; map->kind == RL_MAP && i < map->count; i++) {
    const rl_node *key = map->keys[i];
    const bool known = key_in(table, key->text) != NULL ||
                       (first != NULL && strcmp(first, key->text) == 0);
    const char *home = known ? NULL : home_of(load, table, key->text);
    if (home == NULL || count > (size_t)2 * RL_KIND_KEYS_MAX) continue;
    status = RL_REPORT(load->diags, KEY_ELSEWHERE, key->loc, key->text, where, home);
    names[count++] = key->text; /* reported once */
  }
  rl_status others = rl_node_known_keys(map, where, names, count, load->diags);
  return others != RL_OK ? others : status;
}

rl_status rl_known_keys(const rl_load *load, const rl_key_table *table, const char *where) {
  return rl_table_known(load, load->root, table, where, "kind");
}
