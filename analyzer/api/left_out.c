/* Machines that a list leaves out, gathered by reason. */
#include "api/left_out.h"

#include "base/number.h"

enum { NAMES = 3 }; /* told of many */

rl_status rl_left_out_add(rl_left_out *left, rl_arena *arena, const rl_hardware *machine,
                          const rl_diags *why, rl_diags *diags) {
  rl_left *slot = RL_PUSH(arena, left);
  if (slot == NULL || why->out_of_memory) return rl_diag_oom(diags);
  *slot = (rl_left){.name = machine->name, .message = ""};
  if (why->list.count == 0) return RL_OK;
  slot->code = why->list.items[0].code;
  slot->message = why->list.items[0].message;
  return RL_OK;
}

/* "a10, a30, a40 and 50 more" from the first one of its reason on; how many there are in *count. */
static const char *names_of(const rl_left_out *left, size_t first, rl_arena *arena, size_t *count) {
  char number[RL_NUMBER_TEXT];
  const char *names = left->items[first].name;
  *count = 1;
  for (size_t i = first + 1; i < left->count && names != NULL; i++) {
    if (left->items[i].code != left->items[first].code) continue;
    if (++*count <= NAMES) names = rl_textf(arena, "%s, %s", names, left->items[i].name);
  }
  if (names == NULL || *count <= NAMES) return names;
  return rl_textf(arena, "%s and %s more", names, rl_print_grouped(*count - NAMES, number));
}

static bool is_told(const rl_left_out *left, size_t nth) {
  for (size_t i = 0; i < nth; i++) {
    if (left->items[i].code == left->items[nth].code) return true;
  }
  return false;
}

rl_status rl_left_out_tell(const rl_left_out *left, rl_arena *arena, rl_diags *diags) {
  for (size_t i = 0; i < left->count; i++) {
    const rl_left *first = &left->items[i];
    char number[RL_NUMBER_TEXT];
    size_t count;
    if (is_told(left, i)) continue;
    const char *names = names_of(left, i, arena, &count);
    if (names == NULL) return rl_diag_oom(diags);
    if (count == 1) {
      RL_REPORT(diags, MACHINE_LEFT_OUT, (rl_loc){0}, names, first->message);
    } else {
      RL_REPORT(diags, MACHINES_LEFT_OUT, (rl_loc){0}, rl_print_grouped(count, number), names,
                first->message);
    }
  }
  return diags->out_of_memory ? rl_diag_oom(diags) : RL_OK;
}
