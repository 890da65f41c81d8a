# Data leaves the program only through base/quote.c. Input: code with strings (strip.awk keep=1) of the
# program's rooms. Two rules, both decidable on the text:
#  1. stdio writers and formatters stand in the doors only: base/ (number and text building) and
#     the one output file of the command, analyzer/cli/output.c;
#  2. outside base/, rl_buf_addf takes a literal format without %s, %c or %p: text that is not
#     our own literal must pass rl_quote.
{
  split($0, part, ":")
  file = part[1]; at = part[2]
  text = substr($0, length(file) + length(at) + 3)
  if (file != current) { current = file; open = 0 }
  bare = text
  gsub(/"([^"\\]|\\.)*"/, "\"\"", bare)
  if (file !~ /^analyzer\/base\// && file != "analyzer/cli/output.c" &&
      bare ~ /(^|[^a-zA-Z0-9_])(printf|fprintf|dprintf|vprintf|vfprintf|snprintf|vsnprintf|asprintf|vasprintf|puts|fputs|putchar|putc|fputc|fwrite|perror|psignal)[ \t]*\(/) {
    print file ":" at ": writes past the quoting module: " text
  }
  if (file ~ /^analyzer\/base\//) next
  if (match(text, /(^|[^a-zA-Z0-9_])rl_buf_addf[ \t]*\(/)) { open = 1; call = substr(text, RSTART); begin = at }
  else if (open) call = call text
  if (open && call ~ /;/) { check(call); open = 0 }
}
function check(call, format) {
  format = ""
  while (match(call, /"([^"\\]|\\.)*"/)) {
    format = format substr(call, RSTART, RLENGTH)
    call = substr(call, RSTART + RLENGTH)
  }
  gsub(/%%/, "", format)
  if (format == "") print file ":" begin ": the format of rl_buf_addf is not a literal"
  if (format ~ /%[-+ #0-9.*]*[a-z]*[scp]/ && format ~ /%[-+ #0-9.*]*l?[scp]/) {
    print file ":" begin ": rl_buf_addf with text (%s, %c, %p): use rl_buf_add or rl_quote"
  }
}
