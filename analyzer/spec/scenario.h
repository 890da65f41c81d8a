/* A scenario: everything `analyze` takes, with every name resolved to a description. */
#ifndef RL_SPEC_SCENARIO_H
#define RL_SPEC_SCENARIO_H

#include "spec/db.h"
#include "spec/format.h"
#include "spec/hardware.h"
#include "spec/method.h"
#include "spec/model.h"
#include "spec/placement.h"
#include "spec/pools.h"
#include "spec/profile.h"
#include "spec/skew.h"
#include "spec/transfer.h"

/* Formats by tensor. An entry names an operator (`down_proj`, globs allowed), or a class: `embed`,
 * `lm_head`, `router`, `norm`, `bias`, `recurrence`. The last entry that matches wins; `default` holds for the linear
 * operators inside the layers and, when dense, for everything else too. */
#define RL_NO_LAYER UINT32_MAX
typedef struct rl_format_rule {
  const char *pattern; /* as given */
  const char *within;  /* "down_proj" of "layers.0-3.down_proj"; NULL: it holds in every layer */
  uint32_t first, last; /* those layers, counted as the family's `l` */
  const rl_format *format;
  rl_loc loc;
} rl_format_rule;

typedef struct rl_workload {
  const char *name; /* NULL when given inline */
  const uint64_t *batches;
  size_t batch_count;
  bool batches_given; /* not the default of one */
  uint64_t prompt;   /* tokens */
  uint64_t generate; /* tokens */
  uint64_t source;   /* positions of each piece of a source; 0: the model reads none */
  uint64_t width, height; /* pixels of an image, 0: not said */
  uint64_t columns;       /* of its patches; 0: not said */
  uint64_t images;   /* that each sequence begins with, of a model that reads images */
  /* where they were given; without a file: they are defaults */
  rl_loc prompt_loc, generate_loc, source_loc, images_loc;
} rl_workload;

/* How the model is split over devices: degrees, 1 where it is not. */
enum { RL_DEVICES_MAX = 65536 };
typedef struct rl_parallel {
  uint64_t tensor, pipeline, expert, data, context;
  uint64_t micro_batches; /* that a batch is divided into by a pipeline; 0: as many as it has stages */
  rl_algorithm algorithm; /* of collectives */
  bool implied;           /* `tensor` is what the devices leave: nobody gave it */
  rl_loc loc;
} rl_parallel;
/* Experts stand together, over the ranks that share a layer, or over those of some data groups that
 * divide all of them: other degrees have no meaning here. */
bool rl_parallel_spreads(const rl_parallel *parallel);

typedef struct rl_scenario {
  const char *file;             /* scenario file or NULL */
  const rl_model *model;
  const rl_hardware *hardware;  /* NULL: not given */
  bool every_machine;           /* `all` was given: not only the common ones */
  uint64_t devices;             /* 4 of 4xh100 */
  const rl_profile *profile;
  const rl_format *activations;
  const rl_format *weights;     /* the default */
  bool stored;                  /* weights that no rule names are as the model's file stores them, */
  bool quantized;               /* or as its quantization_config says of each module */
  const rl_format_rule *rules;  /* exceptions, in order */
  size_t rule_count;
  const rl_format *k, *v;       /* KV cache, */
  uint64_t kv_page;             /* memory of which is taken for so many tokens at a time; 1: no pages */
  const rl_format *state;       /* recurrent states */
  const rl_format *wide;        /* fp32: activations that a family keeps wide */
  rl_loc kv_loc, state_loc, skew_loc; /* where they were given; without a file: they are defaults */
  rl_parallel parallel;
  rl_placement placement;
  rl_pools pools;
  const rl_skew *skew;          /* how tokens choose experts; NULL: nothing was said, all alike */
  const rl_method *const *methods;
  size_t method_count;
  rl_workload workload;
  rl_figure price;              /* $/h of one device; absent: what the hardware file says */
  const struct rl_settings *settings; /* what it was resolved from, for rl_scenario_vary */
} rl_scenario;

/* What the user asked for, before resolution: texts with the place where each stood. NULL text =
 * not given. The command line and a scenario file both fill it; the command line wins. */
typedef struct rl_text_at { const char *text; rl_loc loc; } rl_text_at;
typedef struct rl_request {
  rl_text_at file;     /* scenario: path, - for standard input, or name; paths in a file are relative
                          to its folder, those on the command line to the current one */
  rl_text_at text;     /* or what stands in one; file is looked at when this is not given */
  rl_text_at target;   /* model@hardware */
  rl_text_at model, hardware, profile, weights, kv, activations;
  rl_text_at experts;  /* power-law,exponent=1.2 */
  rl_text_at place;    /* layers=host,kv=cpu */
  rl_text_at host, storage;
  rl_text_at tensor, pipeline, micro_batches, expert, data, context, collectives;
  rl_text_at prefill_hardware, transfer; /* of pools */
  rl_text_at batch, prompt, generate, source, images, image_size, method,
      draft, price;
  const rl_text_at *sets; /* --set key=value */
  size_t set_count;
  bool strict;         /* unknown config keys are errors */
  bool searched;       /* splits are tried, not given: settings of splits are not idle */
} rl_request;

/* "2.49 $/h", or a bare number of them: absent (reported) otherwise. */
rl_figure rl_price_parse(rl_arena *arena, rl_text_at text, rl_diags *diags);

rl_status rl_scenario_resolve(rl_arena *arena, rl_db *db, const rl_request *request,
                              rl_scenario **out, rl_diags *diags);
/* Devices that stand together behind their hosts: those of a server, else all. */
uint64_t rl_scenario_neighbours(const rl_hardware *hardware, uint64_t devices);
/* What the same request resolves to with these formats on top; the rest stays as it is. */
typedef struct rl_variation { rl_text_at weights, kv; /* -w, --kv; text NULL: not given */ } rl_variation;
rl_status rl_scenario_vary(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                           rl_variation variation, rl_scenario **out, rl_diags *diags);
/* The scenario as YAML that resolves to itself (--save); what was named by path is named by the
 * absolute one. */
void rl_scenario_write(const rl_scenario *scenario, rl_buf *out);
/* Reports what no such YAML can name: standard input, a path that is not UTF-8. */
rl_status rl_scenario_check_writable(const rl_scenario *scenario, rl_arena *arena, rl_diags *diags);
/* The format of a weight: class is "linear", "router", "lm_head", "embed", "norm", "bias" or "recurrence"; name the operator's;
 * layer the one it stands in, or RL_NO_LAYER. */
const rl_format *rl_scenario_weight_format(const rl_scenario *scenario, const char *class_name,
                                           const char *name, uint32_t layer);
/* The format that a rule gives it; NULL: none does. */
const rl_format *rl_scenario_rule_format(const rl_scenario *scenario, const char *class_name,
                                         const char *name, uint32_t layer);
/* "1,8,64" or "1..256x2" or "1..8" -> ascending list without duplicates. */
rl_status rl_batches_parse(rl_arena *arena, rl_text_at text, const uint64_t **out, size_t *count,
                           rl_diags *diags);

#endif
