/* Memory that runs out: each allocation of open, load, resolve and write fails once. Every run must
 * answer RL_ENVIRONMENT, or finish as if nothing had happened where a guess was all that failed. */
#include <stdlib.h>

#include "gguf_help.h"
#include "safetensors_help.h"
#include "spec_help.h"
#include "unit.h"

/* Fails the allocation number `fail_at` and, when `for_good`, all behind it. */
typedef struct failing {
  size_t calls, fail_at;
  bool for_good, failed;
} failing;

static void *failing_alloc(void *context, size_t bytes) {
  failing *f = context;
  size_t call = f->calls++;
  bool fail = call == f->fail_at || (f->for_good && call > f->fail_at);
  if (fail) f->failed = true;
  return fail ? NULL : malloc(bytes);
}

static void failing_release(void *context, void *block) {
  (void)context;
  free(block);
}

/* One whole run; true when the allocation was reached. */
static bool run(size_t fail_at, bool for_good, const rl_request *request) {
  failing f = {.fail_at = fail_at, .for_good = for_good};
  rl_allocator allocator = {failing_alloc, failing_release, &f, 1};
  rl_arena arena;
  rl_diags diags;
  rl_db *db;
  rl_scenario *scenario = NULL;
  static const char *const folder = RL_SOURCE_DIR "/tests/fail/db";
  rl_arena_init(&arena, &allocator);
  rl_diags_init(&diags, &arena);
  rl_status status = rl_db_open(&arena, &folder, 1, &db, &diags);
  if (status == RL_OK) {
    rl_db_set_hub(db, RL_SOURCE_DIR "/tests/fail/db/hub");
    status = rl_scenario_resolve(&arena, db, request, &scenario, &diags);
  }
  CU_ASSERT_EQUAL(status == RL_OK, scenario != NULL);
  if (f.failed) {
    CU_ASSERT(status == RL_OK || (status == RL_ENVIRONMENT && diags.out_of_memory));
    if (status != RL_OK && status != RL_ENVIRONMENT) spec_print(&(spec_case){.diags = diags});
  } else {
    CU_ASSERT_EQUAL(status, RL_OK);
  }
  if (scenario != NULL) {
    rl_buf buf;
    rl_buf_init(&buf, &arena, 1 << 16);
    rl_scenario_write(scenario, &buf);
    CU_ASSERT(buf.failed ? f.failed : buf.length > 0);
  }
  rl_arena_free(&arena);
  return f.failed;
}

/* From the first allocation to the first one that is never asked for: each fails alone, and every
 * seventh with all behind it, which ends where the first of them is not forgiven. */
static void run_all(const rl_request *request) {
  static const size_t steps[] = {1, 7};
  for (size_t for_good = 0; for_good < 2; for_good++) {
    size_t n = 0;
    while (run(n, for_good == 1, request)) n += steps[for_good];
    CU_ASSERT(n > 100);
  }
}

static void test_flags(void) {
  const rl_request request = {.target = {"toy-1m@toy", {0}},
                              .weights = {"w8a8-int8,*_proj=w4a16-g64", {0}},
                              .kv = {"k=int8,v=fp8", {0}},
                              .batch = {"1..64x2", {0}}};
  run_all(&request);
}

static void test_file(void) {
  const rl_request request = {.file = {RL_SOURCE_DIR "/tests/fail/db/full.yaml", {0}}};
  run_all(&request);
}

static void test_folder(void) {
  const rl_request request = {.target = {RL_SOURCE_DIR "/tests/fail/db/folder/toy-fp8/", {0}}};
  run_all(&request);
}

static void test_gguf(void) {
  static gguf_file file;
  char path[GGUF_PATH];
  const rl_request request = {.model = {path, {0}}, .hardware = {"h100-sxm", {0}}};
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q6_K, .head = 1});
  gguf_write(&file, gguf_folder(), "memory.gguf", path);
  run_all(&request);
  gguf_folder_end(path);
}

static void test_hub(void) {
  const rl_request request = {.target = {"acme/Unreferenced", {0}}};
  run_all(&request);
}

static void test_safetensors(void) {
  static safe_file file;
  const char *folder = safe_folder();
  const rl_request request = {.model = {folder, {0}}, .hardware = {"h100-sxm", {0}}};
  safe_write_config(folder, "{\"bits\": 4, \"sym\": true}");
  safe_make_llama(&file, SAFE_GPTQ, "model.");
  safe_write(&file, folder, "memory.safetensors");
  run_all(&request);
  safe_folder_end();
}

RL_SUITE("spec memory", {"flags", test_flags}, {"file", test_file}, {"folder", test_folder},
         {"hub", test_hub}, {"gguf", test_gguf}, {"safetensors", test_safetensors})
