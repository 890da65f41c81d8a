# Functions with more than six parameters. Input: stripped code (file:line:code) of whole files. What
# is followed by a brace or a semicolon outside all braces is a function, unless its name is in capitals.
{
  split($0, part, ":")
  file = part[1]; at = part[2]
  if (file != current) { current = file; depth = 0; paren = 0; commas = 0; name = ""; over = 0; directive = 0 }
  text = substr($0, length(file) + length(at) + 3)
  if (text ~ /^[ \t]*#/ || directive) { directive = text ~ /\\$/; next }
  n = length(text)
  for (i = 1; i <= n; i++) {
    c = substr(text, i, 1)
    if (depth == 0 && paren == 0 && c == "(") { paren = 1; commas = 0; begin = at; called = name; continue }
    if (paren > 0) {
      if (c == "(") paren++
      if (c == "," && paren == 1) commas++
      if (c == ")" && --paren == 0 && commas + 1 > 6 && called ~ /[a-z]/) over = commas + 1
      continue
    }
    if (c == "{") depth++
    if (c == "}" && depth > 0) depth--
    if (c ~ /[a-zA-Z0-9_]/) name = (last ~ /[a-zA-Z0-9_]/) ? name c : c
    last = c
    if (c !~ /[{;]/ || depth > 1) continue
    if (over) print file ":" begin ": " over " parameters, six are the most"
    over = 0
  }
}
