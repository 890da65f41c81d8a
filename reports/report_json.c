/* The JSON writer. */
#include "reports/report_json.h"

#include "base/number.h"
#include "base/quote.h"

void rl_json_init(rl_json *json, rl_buf *out) {
  *json = (rl_json){.out = out};
}

static void new_line(rl_json *json) {
  if (json->compact) return;
  rl_buf_add(json->out, "\n");
  rl_buf_pad(json->out, ' ', (size_t)json->depth * 2);
}

/* Comma, line and key: everything before a value. */
static void begin(rl_json *json, const char *key) {
  if (json->begun) rl_buf_add(json->out, json->compact ? ", " : ",");
  if (json->depth > 0) new_line(json);
  json->begun = true;
  if (key == NULL) return;
  rl_quote(json->out, RL_QUOTE_JSON, key);
  rl_buf_add(json->out, ": ");
}

void rl_json_open(rl_json *json, const char *key, char bracket) {
  begin(json, key);
  rl_buf_addn(json->out, &bracket, 1);
  json->depth++;
  json->begun = false;
}

void rl_json_close(rl_json *json, char bracket) {
  if (json->depth > 0) json->depth--;
  if (json->begun) new_line(json);
  rl_buf_add(json->out, bracket == '{' || bracket == '}' ? "}" : "]");
  json->begun = true;
}

void rl_json_line(rl_json *json, const char *key, char bracket) {
  rl_json_open(json, key, bracket);
  json->compact = true;
}

void rl_json_end_line(rl_json *json, char bracket) {
  rl_json_close(json, bracket);
  json->compact = false;
}

void rl_json_text(rl_json *json, const char *key, const char *text) {
  if (text == NULL) {
    rl_json_null(json, key);
    return;
  }
  begin(json, key);
  rl_quote(json->out, RL_QUOTE_JSON, text);
}

void rl_json_count(rl_json *json, const char *key, uint64_t value) {
  begin(json, key);
  rl_buf_addf(json->out, "%llu", (unsigned long long)value);
}

void rl_json_real(rl_json *json, const char *key, double value) {
  char text[RL_NUMBER_TEXT];
  begin(json, key);
  rl_buf_add(json->out, rl_print_double(value, text));
}

void rl_json_flag(rl_json *json, const char *key, bool value) {
  begin(json, key);
  rl_buf_add(json->out, value ? "true" : "false");
}

void rl_json_null(rl_json *json, const char *key) {
  begin(json, key);
  rl_buf_add(json->out, "null");
}

void rl_json_end(rl_json *json) {
  rl_buf_add(json->out, "\n");
}
