# Reads an SVG of gnuplot: tags that do not pair, characters that XML forbids, and texts that lie over
# each other or beyond the sheet. Widths are those of a narrow letter, half the font's size, so that
# what is found here is seen by everybody.
function fail(what) { print FILENAME ": " what; failed = 1 }
function tags(line, tag, name) {
  while (match(line, /<[^>]*>/)) {
    tag = substr(line, RSTART, RLENGTH)
    line = substr(line, RSTART + RLENGTH)
    if (tag ~ /^<[?!]/ || tag ~ /\/>$/) continue
    name = tag
    sub(/^<\/?/, "", name); sub(/[ \t>].*$/, "", name)
    if (tag ~ /^<\//) { if (open[depth] != name) fail("</" name "> closes <" open[depth] ">"); depth-- }
    else open[++depth] = name
    if (name == "script") fail("a script")
  }
}
/[\001-\010\013-\037]/ { fail("a control character in line " FNR) }
/viewBox=/ && !width { v = $0; sub(/.*viewBox="0 0 /, "", v); split(v, size, /[ "]/); width = size[1]; height = size[2] }
/<g transform="translate/ {
  v = $0; sub(/.*translate\(/, "", v); split(v, at, /[,)]/)
  turned = $0 ~ /rotate/
  anchor = $0; sub(/.*text-anchor="/, "", anchor); sub(/".*/, "", anchor)
  font = $0; sub(/.*font-size="/, "", font); sub(/".*/, "", font)
}
/<text>/ {
  text = $0; sub(/.*<text>/, "", text); sub(/<\/text>.*/, "", text)
  shown = text; gsub(/<[^>]*>/, "", shown); gsub(/&[a-z]+;/, "x", shown); gsub(/^ +| +$/, "", shown)
  if (shown != "" && !turned) {
    n++
    w = length(shown) * font * 0.5
    left[n] = anchor == "middle" ? at[1] - w / 2 : anchor == "end" ? at[1] - w : at[1]
    right[n] = left[n] + w
    base[n] = at[2]; high[n] = font * 0.72; name[n] = shown
  }
}
# A tag may go over several lines.
{
  line = pending $0
  pending = line ~ /<[^>]*$/ ? line " " : ""
  if (pending == "") tags(line)
}
END {
  if (depth != 0) fail(depth " tags stay open")
  for (i = 1; i <= n; i++) {
    if (left[i] < -1 || right[i] > width + 1 || base[i] > height + 1 || base[i] - high[i] < -1)
      fail("'" name[i] "' is cut off")
    for (j = 1; j < i; j++)
      if (left[i] < right[j] && left[j] < right[i] && base[i] - high[i] < base[j] && base[j] - high[j] < base[i])
        fail("'" name[i] "' lies over '" name[j] "'")
  }
  if (n == 0) fail("no text")
  exit failed
}
