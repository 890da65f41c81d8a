/* The result of a search for machines that meet targets, as plain data, and its four forms. Times
 * are seconds at best and dollars lower bounds; 0 and NULL mean "does not apply". */
#ifndef RL_REPORTS_RECOMMENDATION_H
#define RL_REPORTS_RECOMMENDATION_H

#include "reports/grid.h"
#include "reports/result.h"

/* One way to serve: machine, number of devices, formats, and of the batches the one that is best
 * or, when none meets the targets, nearest. */
typedef struct rl_result_option {
  const char *hardware, *weights, *kv; /* names */
  uint64_t devices;
  uint64_t tensor, pipeline, data;     /* ranks, stages and groups, of which they are the product */
  uint64_t expert;        /* ranks that experts are spread over; 1: each is cut as all else */
  uint64_t micro_batches; /* most that a pipeline divides the batch into */
  uint64_t batch;                      /* 0: could not be evaluated */
  double ttft, tpot;                   /* s */
  double decode_rate;                  /* tokens/s of all sequences */
  double sequence_rate;    /* sequences/s of a model of one pass, whose ttft is the pass */
  uint64_t memory, usable; /* bytes of one device */
  rl_result_price price;
  double cost; /* dollars for a million generated tokens, their prompts included; of a model of one
                  pass for a million tokens read */
  bool meets;
  double miss;     /* how many times the worst of what is asked for is exceeded; infinite: no number
                      of times would do */
  const char *why; /* what is missed, NULL when nothing is */
} rl_result_option;

typedef struct rl_result_recommendation {
  const char *version;
  const char *model, *profile;
  uint64_t prompt, generate;
  bool keeps_kv;                   /* the model does; else the options have no KV */
  bool one_pass;                   /* whole sequences are read and nothing is generated */
  double tpot, ttft, cost;         /* targets, 0 = none */
  bool priced;                     /* some option that meets the targets has a price */
  const rl_result_option *options; /* those that meet the targets, best first; the others, nearest
                                      first */
  size_t option_count, meeting;    /* the first so many meet the targets */
} rl_result_recommendation;

void rl_recommendation_terminal(rl_buf *out, const rl_result_recommendation *result,
                                const rl_style *style);
void rl_recommendation_markdown(rl_buf *out, const rl_result_recommendation *result);
void rl_recommendation_csv(rl_buf *out, const rl_result_recommendation *result);
/* Schema rooflinectl/1, docs/schema/recommend.schema.json. */
void rl_recommendation_json(rl_buf *out, const rl_result_recommendation *result);

#endif
