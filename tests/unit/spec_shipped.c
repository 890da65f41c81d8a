/* Every shipped description loads without an error or warning, and the line scan that finds names
 * and aliases at build time agrees with what the loaders read. */
#include <stdio.h>
#include <string.h>

#include "spec/db.h"
#include "spec/embedded.h"
#include "spec/hardware.h"
#include "spec/model.h"
#include "spec_help.h"
#include "unit.h"

static const rl_loc nowhere = {0};

static rl_status load(spec_case *c, const rl_db_entry *entry) {
  const void *out;
  switch (entry->kind) {
    case RL_DB_HARDWARE:
      return rl_db_hardware(c->db, entry->name, nowhere, (const struct rl_hardware **)&out,
                            &c->diags);
    case RL_DB_PROFILE:
      return rl_db_profile(c->db, entry->name, nowhere, (const struct rl_profile **)&out,
                           &c->diags);
    case RL_DB_MODEL:
      return rl_db_model(c->db, entry->name, nowhere, (const struct rl_model **)&out, &c->diags);
    case RL_DB_FAMILY:
      return rl_db_family(c->db, entry->name, nowhere, (const struct rl_family **)&out, &c->diags);
    case RL_DB_FORMAT:
      return rl_db_format(c->db, entry->name, nowhere, (const struct rl_format **)&out, &c->diags);
    case RL_DB_METHOD:
      return rl_db_method(c->db, entry->name, nowhere, (const struct rl_method **)&out, &c->diags);
    default:
      return RL_OK;
  }
}

static void test_all_load(void) {
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < RL_EMBEDDED_COUNT; i++) {
    CU_ASSERT_EQUAL(load(&c, &RL_EMBEDDED[i]), RL_OK);
  }
  spec_print(&c);
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  CU_ASSERT(RL_EMBEDDED_COUNT >= 30);
  spec_close(&c);
}

/* The aliases that the scan embedded are those that the loaders read. */
static void test_aliases(void) {
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < RL_EMBEDDED_COUNT; i++) {
    const rl_db_entry *entry = &RL_EMBEDDED[i];
    const char *one = NULL, *const *names = NULL;
    size_t count = 0;
    if (entry->kind == RL_DB_MODEL) {
      const rl_model *model = spec_model(&c, entry->name);
      names = model->ids;
      count = model->id_count;
    } else if (entry->kind == RL_DB_FAMILY) {
      const rl_family *family;
      CU_ASSERT_EQUAL_FATAL(rl_db_family(c.db, entry->name, nowhere, &family, &c.diags), RL_OK);
      names = family->model_types;
      count = family->model_type_count;
    } else if (entry->kind == RL_DB_HARDWARE) {
      const rl_hardware *hardware;
      CU_ASSERT_EQUAL_FATAL(rl_db_hardware(c.db, entry->name, nowhere, &hardware, &c.diags), RL_OK);
      one = hardware->default_for;
      names = &one;
      count = one != NULL;
    } else {
      continue;
    }
    CU_ASSERT_EQUAL_FATAL(entry->alias_count, count);
    for (size_t a = 0; a < count; a++) CU_ASSERT_STRING_EQUAL(entry->aliases[a], names[a]);
  }
  spec_close(&c);
}

RL_SUITE("spec shipped", {"all load", test_all_load}, {"aliases", test_aliases})
