# Reads an SVG of gnuplot: tags that do not pair, characters that XML forbids, texts (turned ones too)
# that lie over each other, over a mark, over a line of the data or beyond the sheet, and parts of the
# plot that draw nothing. Widths are those of a narrow letter, half the font's size, so that what is
# found here is seen by everybody.
function fail(what) { print FILENAME ": " what; failed = 1 }
function tags(line, tag, name) {
  while (match(line, /<[^>]*>/)) {
    tag = substr(line, RSTART, RLENGTH)
    line = substr(line, RSTART + RLENGTH)
    if (tag ~ /^<path / && tag ~ / d='M[0-9]/ && tag !~ /id=|class="gridline"/) add_path(tag)
    if (tag ~ /^<[?!]/ || tag ~ /\/>$/) continue
    name = tag
    sub(/^<\/?/, "", name); sub(/[ \t>].*$/, "", name)
    if (tag ~ /^<\//) { if (open[depth] != name) fail("</" name "> closes <" open[depth] ">"); depth-- }
    else open[++depth] = name
    if (name == "script") fail("a script")
  }
}
# A text as boxes along it, so that a turned one takes no more room than it does; base: its number.
function cover(x, y, angle, anchor, font, text,   w, h, from, count, i, at, side, turn) {
  w = length(text) * font * 0.5; h = font * 0.72
  turn = angle * 3.14159265358979 / 180
  from = anchor == "middle" ? -w / 2 : anchor == "end" ? -w : 0
  count = angle == 0 ? 1 : int(w / h) + 1
  for (i = 0; i < count; i++) {
    at = from + w * (i + 0.5) / count
    side = count == 1 && angle == 0 ? w / 2 : h / 2
    boxes++
    cx = x + at * cos(turn) + h / 2 * sin(turn); cy = y + at * sin(turn) - h / 2 * cos(turn)
    left[boxes] = cx - side; right[boxes] = cx + side; top[boxes] = cy - h / 2; low[boxes] = cy + h / 2
    owner[boxes] = n
  }
}
function add_line(from, to) {
  lines++; x0[lines] = from[1]; y0[lines] = from[2]; x1[lines] = to[1]; y1[lines] = to[2]
}
# Curves, leaders, ridges, samples of keys, marks of axes: all but the grid, which texts may lie on.
function add_path(tag,   v, places, count, i, from, to) {
  v = tag; sub(/.* d='/, "", v); sub(/'.*/, "", v)
  count = split(v, places, /[ \t]+/)
  for (i = 1; i < count; i++) {
    if (places[i + 1] !~ /^L/) continue
    split(substr(places[i], 2), from, ","); split(substr(places[i + 1], 2), to, ",")
    add_line(from, to)
  }
}
# Whether the box and the line from (x0,y0) to (x1,y1) meet (Liang and Barsky 1984).
function clip(start, step, from, to,   a, b, c) {
  if (step == 0) return start >= from && start <= to
  a = (from - start) / step; b = (to - start) / step
  if (a > b) { c = a; a = b; b = c }
  if (a > t0) t0 = a
  if (b < t1) t1 = b
  return t0 <= t1
}
function meets(b, x0, y0, x1, y1) {
  t0 = 0; t1 = 1
  return clip(x0, x1 - x0, left[b], right[b]) && clip(y0, y1 - y0, top[b], low[b])
}
/[\001-\010\013-\037]/ { fail("a control character in line " FNR) }
/viewBox=/ && !width { v = $0; sub(/.*viewBox="0 0 /, "", v); split(v, size, /[ "]/); width = size[1]; height = size[2] }
/<g id="gnuplot_plot_/ {
  part = $0; sub(/.*gnuplot_plot_/, "", part); sub(/".*/, "", part)
  parts++; drawn[part] = 0
}
part && /<use |<path |<polygon |<rect / { drawn[part]++ }
/<use / && /translate/ {
  v = $0; sub(/.*translate\(/, "", v); split(v, at, /[,)]/)
  scale = $0; sub(/.*scale\(/, "", scale); sub(/\).*/, "", scale)
  marks++; mark_x[marks] = at[1]; mark_y[marks] = at[2]; mark_size[marks] = scale * 0.9
}
/<g transform="translate/ {
  v = $0; sub(/.*translate\(/, "", v); split(v, at, /[,)]/)
  angle = 0
  if ($0 ~ /rotate/) { angle = $0; sub(/.*rotate\(/, "", angle); sub(/\).*/, "", angle) }
  anchor = $0; sub(/.*text-anchor="/, "", anchor); sub(/".*/, "", anchor)
  font = $0; sub(/.*font-size="/, "", font); sub(/".*/, "", font)
}
/<text>/ {
  text = $0; sub(/.*<text>/, "", text); sub(/<\/text>.*/, "", text)
  shown = text; gsub(/<[^>]*>/, "", shown); gsub(/&[a-z]+;/, "x", shown); gsub(/[\200-\277]/, "", shown); gsub(/^ +| +$/, "", shown)
  if (shown != "") { n++; name[n] = shown; cover(at[1], at[2], angle + 0, anchor, font, shown) }
}
# A tag may go over several lines.
{
  line = pending $0
  pending = line ~ /<[^>]*$/ ? line " " : ""
  if (pending == "") tags(line)
}
END {
  if (depth != 0) fail(depth " tags stay open")
  for (i = 1; i <= boxes; i++) {
    what = "'" name[owner[i]] "'"
    if (left[i] < -1 || right[i] > width + 1 || low[i] > height + 1 || top[i] < -1) told[what " is cut off"]
    for (j = 1; j < i; j++)
      if (owner[j] != owner[i] && left[i] < right[j] && left[j] < right[i] && top[i] < low[j] && top[j] < low[i])
        told[what " lies over '" name[owner[j]] "'"]
    for (j = 1; j <= marks; j++)
      if (left[i] < mark_x[j] + mark_size[j] && mark_x[j] - mark_size[j] < right[i] &&
          top[i] < mark_y[j] + mark_size[j] && mark_y[j] - mark_size[j] < low[i])
        told[what " lies over a mark"]
    for (j = 1; j <= lines; j++)
      if (meets(i, x0[j], y0[j], x1[j], y1[j])) told[what " lies over a line"]
  }
  for (what in told) fail(what)
  for (part in drawn) if (drawn[part] == 0) fail("part " part " of the plot draws nothing")
  if (n == 0) fail("no text")
  exit failed
}
