/* GGUF heads: what they say comes out as a config and a table of tensors; whatever is cut, changed
 * or promised in them ends in a diagnostic at a byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf_help.h"
#include "spec_help.h"
#include "unit.h"

static const char *folder;
static gguf_file file;
static uint8_t bytes[2 * GGUF_BYTES];

static uint64_t dim(spec_case *c, const rl_model *model, const char *name) {
  uint64_t value = 0;
  CU_ASSERT_EQUAL(rl_model_dim(model, name, &value, &c->diags), RL_OK);
  return value;
}

/* The sizes of gguf_make_llama, summed by hand: 5,760 + 8,400 + 333,824 + 367,616 + 1,024. */
static void test_config(void) {
  char path[GGUF_PATH];
  const rl_model *model;
  spec_case c;
  spec_open(&c, NULL);
  folder = gguf_folder();
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q6_K, .head = 1});
  gguf_write(&file, folder, "small.gguf", path);
  CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, path, (rl_loc){0}, &model, &c.diags), RL_OK);
  CU_ASSERT_STRING_EQUAL(model->name, "small");
  CU_ASSERT_STRING_EQUAL(model->family->name, "llama");
  CU_ASSERT_EQUAL(dim(&c, model, "L"), 2);
  CU_ASSERT_EQUAL(dim(&c, model, "d"), 256);
  CU_ASSERT_EQUAL(dim(&c, model, "d_ff"), 512);
  CU_ASSERT_EQUAL(dim(&c, model, "V"), 40);
  CU_ASSERT_EQUAL(dim(&c, model, "H"), 4);
  CU_ASSERT_EQUAL(dim(&c, model, "H_kv"), 2); /* a list of equal numbers is one of them */
  CU_ASSERT_EQUAL(dim(&c, model, "d_h"), 64);
  CU_ASSERT_STRING_EQUAL(rl_node_get(model->config, "rms_norm_eps")->text, "1e-05");
  CU_ASSERT_STRING_EQUAL(rl_node_get(model->config, "tie_word_embeddings")->text, "false");
  CU_ASSERT_EQUAL(model->stored->count, 21);
  CU_ASSERT_EQUAL(model->stored->bytes, 716624);
  CU_ASSERT_STRING_EQUAL(rl_stored_main_format(model->stored)->name, "q4_k");
  const rl_stored_tensor *down = rl_stored_of_layer(model->stored, "blk.{l}.ffn_down.weight", 1);
  CU_ASSERT_PTR_NOT_NULL_FATAL(down);
  CU_ASSERT_STRING_EQUAL(down->format->name, "q6_k");
  CU_ASSERT_EQUAL(down->bytes, 107520);
  CU_ASSERT_PTR_NULL(rl_stored_of_layer(model->stored, "blk.{l}.ffn_down.weight", 2));
  CU_ASSERT_PTR_NULL(rl_stored_find(model->stored, "blk.1.ffn_down"));
  gguf_folder_end(path);
  spec_close(&c);
}

/* Reads the bytes as a file of `size` and answers the message, "" when all is well. */
static rl_status read_bytes(size_t count, uint64_t size, char *message, size_t room) {
  char path[GGUF_PATH];
  const rl_model *model;
  spec_case c;
  snprintf(path, sizeof path, "%s/x.gguf", folder);
  gguf_write_bytes(bytes, count, size, path);
  spec_open(&c, NULL);
  rl_status status = rl_db_model(c.db, path, (rl_loc){0}, &model, &c.diags);
  gguf_last_line(&c.diags, message, room);
  spec_close(&c);
  unlink(path);
  return status;
}

/* A file cut anywhere is refused: in the head because it ends, in the data because it is short. */
static void test_cut(void) {
  char message[512];
  folder = gguf_folder();
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  size_t count = gguf_head(&file, bytes);
  uint64_t whole = (count + 31) / 32 * 32 + file.data;
  CU_ASSERT_EQUAL(read_bytes(count, whole, message, sizeof message), RL_OK);
  for (size_t cut = 4; cut < count; cut += 7) {
    CU_ASSERT_EQUAL(read_bytes(cut, cut, message, sizeof message), RL_BAD_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "(at byte "));
  }
  CU_ASSERT_EQUAL(read_bytes(count, whole - 1, message, sizeof message), RL_BAD_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(message, "ends behind the end of the file"));
  gguf_folder_end(NULL);
}

/* Bytes changed at random: a model, or a diagnostic, and nothing else. */
static void test_changed(void) {
  char message[512];
  uint32_t state = 11;
  folder = gguf_folder();
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  size_t count = gguf_head(&file, bytes), refused = 0;
  uint64_t whole = (count + 31) / 32 * 32 + file.data;
  for (int trial = 0; trial < 400; trial++) {
    gguf_head(&file, bytes);
    for (int change = 0; change < 3; change++) {
      state = state * 1664525u + 1013904223u;
      size_t at = 4 + (state >> 8) % (count - 4);
      bytes[at] = (uint8_t)(state >> 24);
    }
    rl_status status = read_bytes(count, whole, message, sizeof message);
    CU_ASSERT(status == RL_OK || (status == RL_BAD_INPUT && message[0] != '\0'));
    refused += status != RL_OK;
  }
  CU_ASSERT(refused > 100);
  gguf_folder_end(NULL);
}

/* What is wrong in full, and the change that makes it so. */
typedef struct wrong_case {
  void (*change)(void);
  const char *message;
} wrong_case;

static void other_version(void) {
  gguf_head(&file, bytes);
  bytes[4] = 1;
}
static void other_letters(void) {
  gguf_head(&file, bytes);
  bytes[3] = 'X';
}
static void key_twice(void) {
  gguf_number(&file, "llama.block_count", 2); /* even with the same value */
  gguf_head(&file, bytes);
}
static void other_architecture(void) {
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  memset(&file, 0, sizeof file);
  gguf_text(&file, "general.architecture", "lama");
  gguf_head(&file, bytes);
}
static void no_architecture(void) {
  memset(&file, 0, sizeof file);
  gguf_number(&file, "llama.block_count", 2);
  gguf_head(&file, bytes);
}
/* A llama's facts, of which one is another, or none where its value is 0. */
static void facts_but(const char *other, uint32_t value) {
  static const struct {
    const char *key;
    uint32_t value;
  } facts[] = {{"llama.block_count", 2},
               {"llama.embedding_length", 256},
               {"llama.feed_forward_length", 512},
               {"llama.attention.head_count", 4}};
  memset(&file, 0, sizeof file);
  gguf_text(&file, "general.architecture", "llama");
  gguf_texts(&file, "tokenizer.ggml.tokens", 40);
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    const bool changed = strcmp(facts[i].key, other) == 0;
    if (!changed || value > 0) gguf_number(&file, facts[i].key, changed ? value : facts[i].value);
  }
  gguf_head(&file, bytes);
}
static void many_layers(void) {
  facts_but("llama.block_count", 5000);
}
static void no_width(void) {
  facts_but("llama.embedding_length", 0);
}
static void no_words(void) {
  memset(&file, 0, sizeof file);
  gguf_text(&file, "general.architecture", "gpt-oss");
  gguf_number(&file, "gpt-oss.block_count", 2);
  gguf_number(&file, "gpt-oss.embedding_length", 64);
  gguf_number(&file, "gpt-oss.feed_forward_length", 32);
  gguf_number(&file, "gpt-oss.attention.head_count", 4);
  gguf_head(&file, bytes);
}
static void odd_heads(void) {
  facts_but("llama.attention.head_count", 3);
}
static void second_part(void) {
  memset(&file, 0, sizeof file);
  gguf_text(&file, "general.architecture", "llama");
  gguf_number(&file, "split.count", 2);
  gguf_number(&file, "split.no", 1);
  gguf_head(&file, bytes);
}
static void half_block(void) {
  memset(&file, 0, sizeof file);
  gguf_tensor(&file, "t", (gguf_shape){GGUF_Q4_K, 100, 2, 288});
  gguf_head(&file, bytes);
}
/* Q4_0_4_4, taken out of the format; and one that no ggml has. */
static void removed_type(void) {
  memset(&file, 0, sizeof file);
  gguf_tensor(&file, "blk.0.ffn_up.weight", (gguf_shape){31, 256, 2, 288});
  gguf_head(&file, bytes);
}
static void later_type(void) {
  memset(&file, 0, sizeof file);
  gguf_tensor(&file, "t", (gguf_shape){4000000000, 256, 2, 288});
  gguf_head(&file, bytes);
}
/* The offset of the file's only tensor, the last 8 bytes of its head; or of the first of two, which
 * stands in front of the second's 8 + 1 + 4 + 8 + 4 + 8 bytes. */
static void place(uint64_t behind, uint64_t offset) {
  gguf_head(&file, bytes);
  uint8_t *at = bytes + 24 + file.fact_bytes + file.tensor_bytes - behind - 8;
  for (int i = 0; i < 8; i++, offset >>= 8) at[i] = (uint8_t)offset;
}
static void two_tensors(void) {
  memset(&file, 0, sizeof file);
  gguf_tensor(&file, "a", (gguf_shape){GGUF_F32, 16, 0, 64});
  gguf_tensor(&file, "b", (gguf_shape){GGUF_F32, 16, 0, 64});
}
static void between(void) {
  two_tensors();
  place(0, 80);
}
static void overlapping(void) {
  two_tensors();
  place(33, 32);
}
static void same_place(void) {
  two_tensors();
  place(33, 64);
}
static void behind_end(void) {
  two_tensors();
  place(0, 1 << 20);
}
static void endless(void) {
  two_tensors();
  place(33, UINT64_MAX - 31);
}
static void aligned_to(uint32_t type, uint64_t value, size_t size) {
  memset(&file, 0, sizeof file);
  gguf_value(&file, "general.alignment", type, value, size);
  gguf_tensor(&file, "a", (gguf_shape){GGUF_F32, 16, 0, 64});
  gguf_tensor(&file, "b", (gguf_shape){GGUF_F32, 16, 0, 64});
  gguf_head(&file, bytes);
}
static void aligned_to_0(void) {
  aligned_to(4, 0, 4);
}
static void aligned_to_48(void) {
  aligned_to(4, 48, 4);
}
static void aligned_to_128(void) {
  aligned_to(4, 128, 4);
}
static void aligned_to_wide(void) {
  aligned_to(10, 32, 8);
}
static void many_tensors(void) {
  memset(&file, 0, sizeof file);
  gguf_head(&file, bytes);
  memset(bytes + 8, 0xff, 8);
}
static void many_values(void) {
  memset(&file, 0, sizeof file);
  gguf_head(&file, bytes);
  memset(bytes + 16, 0xff, 8);
}
static void huge_list(void) {
  memset(&file, 0, sizeof file);
  gguf_list(&file, "l", (const uint32_t[]){1, 2}, 2);
  gguf_head(&file, bytes);
  memset(bytes + 24 + 8 + 1 + 4 + 4, 0x7f, 8);
}

/* Offsets: 4 letters, 4 bytes of version, 8 + 8 of counts; then "general..." and so on, as
 * gguf_help writes them. */
static const wrong_case wrong[] = {
    {other_letters,
     "x.gguf: error: no GGUF file, which would begin with the letters GGUF (at byte 0) — download "
     "or convert the file again"},
    {key_twice, "x.gguf: error: key 'llama.block_count' is given twice"},
    {other_version,
     "x.gguf: error: a version other than 2 and 3, or numbers in the other order of bytes (at byte "
     "4) — download or convert the file again"},
    {other_architecture,
     "x.gguf: error: no family reads the GGUF architecture 'lama' — a family's gguf: key says "
     "which it "
     "reads; see: rooflinectl list families"},
    {no_architecture,
     "x.gguf: error: the file does not say general.architecture — files of "
     "llama.cpp's converter do"},
    {many_layers, "x.gguf: error: llama.block_count: 5000 is out of range — allowed: 1 to 4096"},
    {no_width,
     "x.gguf: error: the file does not say llama.embedding_length — files of llama.cpp's converter "
     "do"},
    {no_words,
     "x.gguf: error: the file does not say gpt-oss.vocab_size or tokenizer.ggml.tokens — files of "
     "llama.cpp's converter do"},
    {odd_heads,
     "x.gguf: error: llama.embedding_length 256 is no multiple of llama.attention.head_count 3"},
    {second_part,
     "x.gguf: error: a part of a split model that does not lead to the others — name the first "
     "part, "
     "NAME-00001-of-0000N.gguf, beside the others"},
    {half_block,
     "x.gguf: error: tensor 't' has rows that are no whole number of blocks — download or "
     "convert the file again"},
    {removed_type,
     "x.gguf: error: tensor 'blk.0.ffn_up.weight' is of GGUF type 31, which is not known — types "
     "are numbered as in ggml.h, 0 to 42; some of them were taken out of the format; see: "
     "rooflinectl list formats"},
    {later_type,
     "x.gguf: error: tensor 't' is of GGUF type 4000000000, which is not known — types are "
     "numbered as in ggml.h, 0 to 42; some of them were taken out of the format; see: "
     "rooflinectl list formats"},
    /* 24 + 2 * 33 bytes of head, data from 96 on: 4,090 bytes of the 4,186 */
    {between,
     "x.gguf: error: tensor 'b' begins at byte 80 of the data, no multiple of general.alignment 32 "
     "— download or convert the file again"},
    {overlapping,
     "x.gguf: error: tensor 'b' begins before tensor 'a' in front of it ends — download or convert "
     "the file again"},
    {same_place,
     "x.gguf: error: tensor 'b' begins before tensor 'a' in front of it ends — download or convert "
     "the file again"},
    {behind_end,
     "x.gguf: error: tensor 'b' begins at byte 1,048,576 of the data and ends behind the end of "
     "the "
     "file, which has 4,090 of them — download or convert the file again"},
    {endless,
     "x.gguf: error: tensor 'a' begins at byte 18,446,744,073,709,551,584 of the data and ends "
     "behind the end of the file, which has 4,090 of them — download or convert the file again"},
    {aligned_to_0,
     "x.gguf: error: general.alignment is 0 — write a power of two as a number of 32 bits "
     "without a sign (type 4), or leave it out for 32"},
    {aligned_to_48,
     "x.gguf: error: general.alignment is 48 — write a power of two as a number of 32 bits "
     "without a sign (type 4), or leave it out for 32"},
    {aligned_to_wide,
     "x.gguf: error: general.alignment is of another type — write a power of two as a number of 32 "
     "bits "
     "without a sign (type 4), or leave it out for 32"},
    /* the second at 64 */
    {aligned_to_128,
     "x.gguf: error: tensor 'b' begins at byte 64 of the data, no multiple of general.alignment "
     "128 — download or convert the file again"},
    {many_tensors,
     "x.gguf: error: more tensors or values than a model has (at byte 8) — download or "
     "convert the file again"},
    {many_values,
     "x.gguf: error: more tensors or values than a model has (at byte 16) — download or "
     "convert the file again"},
    /* 24 + 8 + 1 + 4 + 4 + 8 */
    {huge_list,
     "x.gguf: error: something is longer than the file (at byte 49) — download or convert "
     "the file again"},
};

static void test_wrong(void) {
  char message[512];
  folder = gguf_folder();
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
    wrong[i].change();
    size_t count = 24 + file.fact_bytes + file.tensor_bytes;
    CU_ASSERT_EQUAL(read_bytes(count, count + 4096, message, sizeof message), RL_BAD_INPUT);
    if (strcmp(message, wrong[i].message) != 0) fprintf(stderr, "\n%s\n", message);
    CU_ASSERT_STRING_EQUAL(message, wrong[i].message);
  }
  gguf_folder_end(NULL);
}

static const char *fact(const rl_model *model, const char *key) {
  const rl_node *node = rl_node_get(model->config, key);
  return node == NULL ? "" : node->text;
}

/* Numbers of every type: 8 heads in 16 bits with a sign, 2 of KV in 8, an epsilon in 8 bytes
 * (0x3ee4f8b588e368f1 is 1e-5), the base as a negative number that no model has; lists and texts
 * too long to keep are passed over. */
static void test_values(void) {
  static uint32_t many[5000];
  static char text[3000];
  char path[GGUF_PATH];
  const rl_model *model;
  spec_case c;
  spec_open(&c, NULL);
  folder = gguf_folder();
  memset(&file, 0, sizeof file);
  memset(text, 'a', sizeof text - 1);
  gguf_text(&file, "general.architecture", "llama");
  gguf_text(&file, "tokenizer.chat_template", text);
  gguf_list(&file, "tokenizer.ggml.token_type", many, 5000);
  gguf_list(&file, "llama.rope.dimensions", (const uint32_t[]){1, 2}, 2);
  gguf_value(&file, "llama.block_count", 10, 2, 8);
  gguf_value(&file, "llama.embedding_length", 11, 256, 8);
  gguf_value(&file, "llama.feed_forward_length", 5, 512, 4);
  gguf_value(&file, "llama.attention.head_count", 3, 8, 2);
  gguf_value(&file, "llama.attention.head_count_kv", 0, 2, 1);
  gguf_value(&file, "llama.attention.layer_norm_rms_epsilon", 12, UINT64_C(0x3ee4f8b588e368f1), 8);
  gguf_value(&file, "llama.vocab_size", 2, 40, 2);
  gguf_value(&file, "llama.rope.freq_base", 1, 0xfe, 1);
  gguf_value(&file, "llama.use", 7, 1, 1);
  gguf_tensor(&file, "half", (gguf_shape){1, 8, 4, 64});
  gguf_tensor(&file, "wide", (gguf_shape){28, 8, 4, 256});
  gguf_tensor(&file, "signs", (gguf_shape){41, 256, 3, 3 * 2 * 18});
  gguf_tensor(&file, "pairs", (gguf_shape){42, 128, 3, 3 * 2 * 18});
  gguf_write(&file, folder, "values.gguf", path);
  rl_db_model(c.db, path, (rl_loc){0}, &model, &c.diags);
  CU_ASSERT_PTR_NULL(model); /* the base */
  for (size_t i = 0; i + 9 < file.fact_bytes; i++) {
    if (memcmp(file.facts + i, "freq_base", 9) == 0) file.facts[i + 8] = 's';
  }
  unlink(path);
  gguf_write(&file, folder, "others.gguf", path);
  CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, path, (rl_loc){0}, &model, &c.diags), RL_OK);
  CU_ASSERT_STRING_EQUAL(fact(model, "num_attention_heads"), "8");
  CU_ASSERT_STRING_EQUAL(fact(model, "num_key_value_heads"), "2");
  CU_ASSERT_STRING_EQUAL(fact(model, "rms_norm_eps"), "1e-05");
  CU_ASSERT_STRING_EQUAL(rl_stored_find(model->stored, "half")->format->name, "fp16");
  CU_ASSERT_PTR_NULL(rl_stored_find(model->stored, "wide")->format);
  CU_ASSERT_STRING_EQUAL(rl_stored_find(model->stored, "signs")->format->name, "q1_0");
  CU_ASSERT_STRING_EQUAL(rl_stored_find(model->stored, "pairs")->format->name, "q2_0");
  CU_ASSERT_EQUAL(rl_stored_find(model->stored, "signs")->bytes, 108);
  CU_ASSERT_EQUAL(rl_stored_find(model->stored, "pairs")->bytes, 108);
  gguf_folder_end(path);
  spec_close(&c);
}

/* Facts in the first part, a tensor in each of two. */
static void test_parts(void) {
  char first[GGUF_PATH], second[GGUF_PATH];
  const rl_model *model;
  spec_case c;
  spec_open(&c, NULL);
  folder = gguf_folder();
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  gguf_number(&file, "split.count", 2);
  gguf_number(&file, "split.no", 0);
  gguf_write(&file, folder, "m-00001-of-00002.gguf", first);
  memset(&file, 0, sizeof file);
  gguf_number(&file, "split.count", 2);
  gguf_number(&file, "split.no", 1);
  gguf_tensor(&file, "output.weight", (gguf_shape){GGUF_F32, 256, 40, 40960});
  gguf_write(&file, folder, "m-00002-of-00002.gguf", second);
  CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, first, (rl_loc){0}, &model, &c.diags), RL_OK);
  CU_ASSERT_PTR_NOT_NULL(rl_stored_find(model->stored, "output.weight"));
  CU_ASSERT_PTR_NOT_NULL(rl_stored_find(model->stored, "token_embd.weight"));
  /* 5,760 + 2 * 333,824 + 1,024, and the head of 40,960 */
  CU_ASSERT_EQUAL(model->stored->bytes, 715392);
  CU_ASSERT_STRING_EQUAL(rl_node_get(model->config, "tie_word_embeddings")->text, "false");
  unlink(second);
  gguf_folder_end(first);
  spec_close(&c);
}

/* What the two parts of a split say of themselves; -1: nothing. */
typedef struct split_case {
  int name_parts, count, tensors;              /* of the first, which holds 19 tensors */
  int second_no, second_count, second_tensors; /* of the second, which holds one */
  const char *message;                         /* NULL: it is read */
} split_case;

static void say_split(int no, int count, int tensors) {
  if (count >= 0) gguf_number(&file, "split.count", (uint32_t)count);
  if (no >= 0) gguf_number(&file, "split.no", (uint32_t)no);
  if (tensors >= 0) gguf_number(&file, "split.tensors.count", (uint32_t)tensors);
}

static void check_split(const split_case *t) {
  char first[GGUF_PATH], second[GGUF_PATH], line[512];
  const rl_model *model;
  spec_case c;
  spec_open(&c, NULL);
  folder = gguf_folder();
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q4_K});
  say_split(0, t->count, t->tensors);
  gguf_write(&file, folder, t->name_parts == 2 ? "m-00001-of-00002.gguf" : "m-00001-of-00003.gguf",
             first);
  memset(&file, 0, sizeof file);
  say_split(t->second_no, t->second_count, t->second_tensors);
  gguf_tensor(&file, "output.weight", (gguf_shape){GGUF_F32, 256, 40, 40960});
  gguf_write(&file, folder, "m-00002-of-00002.gguf", second);
  rl_status status = rl_db_model(c.db, first, (rl_loc){0}, &model, &c.diags);
  CU_ASSERT_EQUAL(status, t->message == NULL ? RL_OK : RL_BAD_INPUT);
  if (t->message != NULL) {
    gguf_last_line(&c.diags, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(line, t->message);
  }
  unlink(second);
  gguf_folder_end(first);
  spec_close(&c);
}

/* A llama of two layers has its embedding, its last norm and 9 tensors a layer: 20; with the
 * head 21. */
static void test_split(void) {
  static const split_case cases[] = {
      {2, 2, 21, 1, 2, 21, NULL},
      {2, 2, -1, 1, 2, 21, NULL},
      {2, 2, 21, 0, 2, 21,
       "x.gguf: error: split.no says 0, where the file's name says 1 — parts of different "
       "conversions, or some of them renamed: download them again"},
      {2, 2, 21, -1, 2, 21,
       "x.gguf: error: split.no says nothing, where the file's name says 1 — parts of "
       "different conversions, or some of them renamed: download them again"},
      {2, 2, 21, 1, 3, 21,
       "x.gguf: error: split.count says 3, where the first part says 2 — parts of different "
       "conversions, or some of them renamed: download them again"},
      {2, 2, 21, 1, 2, 20,
       "x.gguf: error: split.tensors.count says 20, where the first part says 21 — parts of "
       "different conversions, or some of them renamed: download them again"},
      {2, 2, 22, 1, 2, 22,
       "x.gguf: error: split.tensors.count says 22, where the parts hold 21 — parts of "
       "different conversions, or some of them renamed: download them again"},
      {3, 2, 21, 1, 2, 21,
       "x.gguf: error: a part of a split model that does not lead to the others — name the "
       "first part, NAME-00001-of-0000N.gguf, beside the others"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_split(&cases[i]);
}

RL_SUITE("spec gguf", {"config", test_config}, {"cut", test_cut}, {"changed", test_changed},
         {"wrong", test_wrong}, {"parts", test_parts}, {"split", test_split},
         {"values", test_values})
