/* The tables of keys by kind of file. */
#include "spec/kind_keys.h"

#include "spec/load.h"

#define DOC \
  { "doc", RL_KEY_TEXT, false, NULL, "one line for lists" }
#define SOURCES \
  { "sources", RL_KEY_SOURCES, false, NULL, "documents, by the names that figures call them" }
#define DEFAULT_FOR \
  { "default_for", RL_KEY_TEXT, false, NULL, "shorter name that means this file" }

const rl_key_table RL_SERVER_KEYS = {
    {
        {"vendor", RL_KEY_TEXT, false, NULL, "maker; else the file's folder"},
        {"title", RL_KEY_TEXT, true, NULL, "full name"},
        DEFAULT_FOR,
        {"device", RL_KEY_TEXT, true, NULL, "the hardware file of its devices"},
        {"devices", RL_KEY_WHOLE, true, NULL, "how many of them"},
        {"links", RL_KEY_MAPS, true, NULL, "tiers of links between devices and servers"},
        {"price", RL_KEY_FIGURE, false, NULL, "dollars an hour"},
        SOURCES,
    },
    "a machine of several devices"};

const rl_key_table RL_KEY_TABLES[RL_DB_KINDS] = {
    [RL_DB_HARDWARE] =
        {{
             {"vendor", RL_KEY_TEXT, false, NULL, "maker; else the file's folder"},
             {"title", RL_KEY_TEXT, true, NULL, "full name"},
             {"arch", RL_KEY_TEXT, true, NULL, "architecture, as profiles name it"},
             DEFAULT_FOR,
             {"cores", RL_KEY_FIGURE, false, NULL, "units that work side by side: SMs, CUs, cores"},
             {"clock", RL_KEY_FIGURE, false, NULL, "as in 1.98 GHz"},
             {"compute", RL_KEY_MAP, false, NULL, "ENGINE.TYPE: peak, dense, with accumulate"},
             {"memory", RL_KEY_MAPS, false, NULL,
              "levels with capacity and bandwidth, last the main memory"},
             {"links", RL_KEY_MAPS, false, NULL,
              "to other devices and to the host, rates a direction or total"},
             {"power", RL_KEY_MAP, false, NULL, "tdp, idle"},
             {"energy", RL_KEY_MAP, false, NULL, "a byte and an operation"},
             {"price", RL_KEY_FIGURE, false, NULL, "dollars an hour"},
             SOURCES,
             {"host", RL_KEY_TRUTH, false, NULL, "true: others may be its devices"},
             {"common", RL_KEY_TRUTH, false, NULL,
              "many people have it: shown where no machine is named"},
             {"throttle", RL_KEY_MAP, false, NULL, "what heat leaves of clock and bandwidth"},
         },
         "a device"},
    [RL_DB_PROFILE] =
        {{
             DOC,
             {"stack", RL_KEY_TEXT, false, NULL, "software and version"},
             {"arch", RL_KEY_TEXT, false, NULL, "architecture that it was fitted on"},
             {"fuse", RL_KEY_TEXTS, false, NULL, "fusions that hold"},
             {"launch", RL_KEY_TEXT, false, "graph eager", "how kernels are launched"},
             {"kernels", RL_KEY_MAPS, false, NULL, "efficiencies by operator, formats and compute"},
             {"host", RL_KEY_MAP, false, NULL, "time of the host a step, layer and sequence"},
             DEFAULT_FOR,
             {"decode_tokens", RL_KEY_WHOLE, false, NULL,
              "most new tokens of a sequence that count as decoding"},
         },
         "efficiencies of one software stack"},
    [RL_DB_MODEL] =
        {{
             DOC,
             {"family", RL_KEY_TEXT, true, NULL, "family, or a path to one"},
             {"ids", RL_KEY_TEXTS, false, NULL, "Hugging Face ids that mean this model"},
             {"parameters", RL_KEY_FIGURE, false, NULL,
              "published total: the checksum of its shapes"},
             {"source", RL_KEY_TEXT, false, NULL, "where the config was published"},
             SOURCES,
             {"config", RL_KEY_MAP, true, NULL, "keys of its config.json"},
             {"stored", RL_KEY_MAP, false, NULL, "tensors of the files that it was imported from"},
         },
         "a model over a family"},
    [RL_DB_FAMILY] =
        {{
             {"match", RL_KEY_MAP, true, NULL, "model_type: values of config.json that it takes"},
             {"config", RL_KEY_TEXT, false, NULL, "key of config.json whose map holds the dims"},
             {"dims", RL_KEY_MAP, true, NULL, "name: expression over config keys and other dims"},
             {"graph", RL_KEY_MAPS, true, NULL, "operators in order"},
             {"absent", RL_KEY_MAP, false, NULL, "what a config means that leaves a key out"},
             {"neutral", RL_KEY_TEXTS, false, NULL, "config keys that cost nothing"},
             {"refused", RL_KEY_TEXTS, false, NULL,
              "config keys that change the cost otherwise than the graph says"},
             DOC,
             {"source", RL_KEY_ANY, false, NULL,
              "what an encoder or tower reads: {of, positions, ...}; a text: where the family is "
              "described"},
             SOURCES,
             {"shards", RL_KEY_MAP, false, NULL, "dims that tensor ranks divide"},
             {"gguf", RL_KEY_MAP, false, NULL, "GGUF files that it takes"},
         },
         "an architecture"},
    [RL_DB_FORMAT] =
        {{
             DOC,
             {"stack", RL_KEY_MAPS, true, NULL, "components, each a map of one key"},
             {"activations", RL_KEY_TEXT, false, NULL, "format that inputs are quantized to"},
             {"compare", RL_KEY_MAP, false, NULL, "narrower formats to compare with"},
             {"tokens", RL_KEY_WHOLE, false, NULL,
              "of a KV cache whose rows are channels: tokens of a row"},
             {"block", RL_KEY_WHOLE, false, NULL,
              "of a KV cache: so many tokens of a head are stored as a tensor of their own"},
             {"values", RL_KEY_TEXT, false, NULL,
              "of a KV cache: format of values beside keys in this one"},
             {"rotated", RL_KEY_TEXT, false, NULL,
              "of a latent cache: format of rotated keys beside latents in this one"},
             DEFAULT_FOR,
             SOURCES,
         },
         "how numbers are stored"},
    [RL_DB_METHOD] =
        {{
             DOC,
             {"paper", RL_KEY_TEXT, true, NULL, "where it is described"},
             {"acceptance", RL_KEY_ANY, false, NULL, "of drafted tokens"},
             {"format", RL_KEY_ANY, false, NULL, "stored bits of weights, K, V, activations"},
             {"edit", RL_KEY_ANY, false, NULL, "operators added, removed, replaced"},
             {"state", RL_KEY_ANY, false, NULL, "what a sequence keeps"},
             {"selection", RL_KEY_ANY, false, NULL, "which tokens, heads, experts are touched"},
             {"placement", RL_KEY_ANY, false, NULL, "tensor classes to devices and tiers"},
             {"transfer", RL_KEY_ANY, false, NULL, "collectives and messages"},
             {"composition", RL_KEY_ANY, false, NULL, "what overlaps"},
             {"overhead", RL_KEY_ANY, false, NULL, "a kernel, layer, step, sequence"},
             {"draft", RL_KEY_ANY, false, NULL, "who drafts, and the tree"},
             {"training", RL_KEY_ANY, false, NULL, "steps of gradients at test time"},
             {"workload", RL_KEY_ANY, false, NULL, "arrivals and shared prefixes"},
             {"power", RL_KEY_ANY, false, NULL, "energy, caps, price"},
         },
         "primitives that a paper sets"},
    [RL_DB_WORKLOAD] = {{
                            DOC,
                            {"source", RL_KEY_TEXT, false, NULL, "where it is described"},
                            {"batch", RL_KEY_ANY, true, NULL,
                             "sequences at once: a number, a range or a list"},
                            {"prompt", RL_KEY_WHOLE, true, NULL, "tokens"},
                            {"generate", RL_KEY_WHOLE, true, NULL, "tokens"},
                        },
                        "how a model is used"},
    [RL_DB_STORAGE] = {{
                           {"title", RL_KEY_TEXT, true, NULL, "full name"},
                           {"capacity", RL_KEY_FIGURE, true, NULL, "as in 2 TB"},
                           {"read", RL_KEY_MAPS, true, NULL,
                            "bandwidth by size of the pieces, rising"},
                           SOURCES,
                       },
                       "a drive"},
    [RL_DB_LINK] = {{
                        {"title", RL_KEY_TEXT, true, NULL, "full name"},
                        {"bandwidth", RL_KEY_FIGURE, true, NULL, "signalled"},
                        {"payload", RL_KEY_FIGURE, false, NULL, "what framing leaves of it"},
                        {"per", RL_KEY_TEXT, true, "direction total",
                         "what the rates are given for"},
                        {"latency", RL_KEY_FIGURE, false, NULL, "of the smallest message"},
                        SOURCES,
                    },
                    "a standard of links"},
    [RL_DB_SCENARIO] =
        {{
             {"model", RL_KEY_ANY, false, NULL, "name, id, path, or a map of name and config keys"},
             {"hardware", RL_KEY_TEXT, false, NULL, "name or path, as in 4x h100-sxm"},
             {"profile", RL_KEY_TEXT, false, NULL, "software stack"},
             {"activations", RL_KEY_TEXT, false, NULL, "format"},
             {"weights", RL_KEY_ANY, false, NULL, "format, or a map of default and exceptions"},
             {"kv", RL_KEY_ANY, false, NULL, "format, or a map of k and v"},
             {"state", RL_KEY_TEXT, false, NULL, "format of recurrent states"},
             {"experts", RL_KEY_ANY, false, NULL, "how tokens choose experts"},
             {"parallel", RL_KEY_MAP, false, NULL, "tensor, pipeline, expert, data, ..."},
             {"placement", RL_KEY_MAP, false, NULL, "tensor class: device, host, cpu or storage"},
             {"host", RL_KEY_TEXT, false, NULL, "machine behind the device's link"},
             {"storage", RL_KEY_TEXT, false, NULL, "drive behind the host"},
             {"lanes", RL_KEY_TEXT, false, "serial overlapped", "whether copies overlap with work"},
             {"pools", RL_KEY_MAP, false, NULL, "prefill machine and the rate to it"},
             {"methods", RL_KEY_TEXTS, false, NULL, "methods in order"},
             {"draft", RL_KEY_TEXT, false, NULL, "speculative method"},
             {"workload", RL_KEY_ANY, false, NULL,
              "name, path, or a map of batch, prompt, generate"},
             {"price", RL_KEY_ANY, false, NULL, "dollars an hour of one device"},
         },
         "a model on a machine under a workload"},
};

rl_status rl_known_keys(const rl_load *load, const rl_key_table *table, const char *where) {
  const char *names[RL_KIND_KEYS_MAX + 1] = {"kind"};
  size_t count = 1;
  for (; table->keys[count - 1].name != NULL; count++) names[count] = table->keys[count - 1].name;
  return rl_node_known_keys(load->root, where, names, count, load->diags);
}
