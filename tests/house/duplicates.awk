# Blocks of six or more equal lines of code. Input: stripped code with strings. Lines without a
# letter, includes and macro table rows say nothing and are passed over.
BEGIN { block = 6 }
{
  split($0, part, ":")
  file = part[1]; at = part[2]
  text = substr($0, length(file) + length(at) + 3)
  gsub(/[ \t]+/, " ", text); sub(/^ /, "", text); sub(/ $/, "", text)
  if (file != current) { current = file; filled = 0 }
  if (text !~ /[a-zA-Z]/ || text ~ /^#/ || text ~ /^[A-Z_]+\(.*\)$/) next
  filled++
  ring[filled % block] = text
  begin[filled % block] = at
  if (filled < block) next
  key = ""
  for (i = 1; i <= block; i++) key = key "\n" ring[(filled + i) % block]
  if (key in seen) {
    if (quiet != file || at + 0 > until + 0) print file ":" begin[(filled + 1) % block] ": same six lines as " seen[key]
    quiet = file; until = at + block
  } else seen[key] = file ":" begin[(filled + 1) % block]
}
