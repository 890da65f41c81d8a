/* Checks for contributors, beyond what a machine needs to be used. Not for other rooms. */
#ifndef RL_SPEC_HARDWARE_CHECK_H
#define RL_SPEC_HARDWARE_CHECK_H

#include "spec/hardware.h"
#include "spec/link.h"
#include "spec/load.h"
#include "spec/storage.h"

/* Reports what is not plausible of a machine that loaded without an error. */
void rl_hardware_check(const rl_load *load, const rl_hardware *hardware);
/* Reports peaks that are far above what the database's other machines of the architecture do a core
 * and clock. It loads them, so it is not for the time while one is being loaded. */
void rl_hardware_check_kin(rl_arena *arena, rl_db *db, const rl_hardware *hardware,
                           rl_diags *diags);
/* Reports what is not plausible of a standard's rates, and of a drive. */
void rl_link_check(const rl_load *load, const rl_link_standard *link);
void rl_storage_check(const rl_load *load, const rl_storage *storage);
/* Reports entries of `sources:` that name no document or that no figure uses, and figures whose
 * source is a word that is no entry. For any description. */
void rl_sources_check(const rl_load *load);

#endif
