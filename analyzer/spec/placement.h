/* Where tensors stand that do not stand in the device's own memory: on the host behind the device,
 * or on a drive. Operators on them read them over the link, or run on the host itself. */
#ifndef RL_SPEC_PLACEMENT_H
#define RL_SPEC_PLACEMENT_H

#include "spec/hardware.h"
#include "spec/storage.h"
#include "spec/tensor_class.h"

typedef enum rl_place {
  RL_PLACE_DEVICE,
  RL_PLACE_HOST,    /* kept on the host, read over the link in every pass */
  RL_PLACE_CPU,     /* kept on the host, and used there: only activations cross the link */
  RL_PLACE_STORAGE, /* kept on a drive, read through the host and over the link */
  RL_PLACES
} rl_place;
/* "device", "host", "cpu", "storage" */
extern const char *const RL_PLACE_WORDS[RL_PLACES];

typedef struct rl_placement {
  rl_place of[RL_TENSOR_CLASSES];
  const rl_hardware *host;    /* NULL: nothing stands there or passes through */
  uint64_t hosts;             /* of that name, that stand together behind the devices below */
  uint64_t devices;           /* that share the hosts and the drive: those of a server, or all */
  const rl_storage *storage;  /* NULL: nothing stands there */
  const rl_link *link;        /* the device's link to its host; NULL without device or host */
  bool serial;                /* transfers and the host's work wait for the device, and it for them */
} rl_placement;

/* True when something stands elsewhere than on the device. */
bool rl_placement_any(const rl_placement *placement);
/* True when something stands in that place. */
bool rl_placement_uses(const rl_placement *placement, rl_place place);

/* What one device can have of an amount that the devices of its hosts share: bytes, whole. */
uint64_t rl_placement_part(const rl_placement *placement, uint64_t amount);

#endif
