# Whether each name in a chart is read as that of its own mark: names.awk -v column=N CHART.gp CHART.csv
# CHART.svg, where the column of the CSV has the names. The places of marks are computed from the data
# and the ranges of the script, not read from what was drawn. A name from which no line leads to a mark
# of that name has to be nearer to one than to any other mark.
function fail(what) { print FILENAME ": " what; failed = 1 }
function share(axis, value) {
  if (log_of[axis]) return log(value / low[axis]) / log(high[axis] / low[axis])
  return (value - low[axis]) / (high[axis] - low[axis])
}
function distance(x, y,   dx, dy) {
  dx = x < x0 ? x0 - x : x > x1 ? x - x1 : 0
  dy = y < y0 ? y0 - y : y > y1 ? y - y1 : 0
  return sqrt(dx * dx + dy * dy)
}
function fields(line,   n, i, cell, quoted, c) {
  n = 1; cell = ""; quoted = 0
  for (i = 1; i <= length(line); i++) {
    c = substr(line, i, 1)
    if (c == "\"") { quoted = !quoted; continue }
    if (c == "," && !quoted) { field[n++] = cell; cell = ""; continue }
    cell = cell c
  }
  field[n] = cell
  return n
}
FILENAME ~ /\.gp$/ {
  if ($0 ~ /^set [lrbt]margin at screen/) margin[substr($2, 1, 1)] = $5
  if ($0 ~ /^set (logscale) [xy]$/) log_of[$3] = 1
  if ($0 ~ /^set [xy]range /) { v = $0; gsub(/.*\[|\].*/, "", v); split(v, r, ":"); a = substr($2, 1, 1); low[a] = r[1]; high[a] = r[2] }
  next
}
FILENAME ~ /\.csv$/ {
  if (FNR == 1) next
  fields($0)
  if (field[column] == "" || field[1] == 0 || field[2] <= 0 || field[3] <= 0 || field[4] == "") next # roofs have no work
  points++; mark_at[points] = field[2] " " field[3]; mark_name[points] = field[column]
  next
}
/viewBox=/ && !width {
  v = $0; sub(/.*viewBox="0 0 /, "", v); split(v, size, /[ "]/); width = size[1]; height = size[2]
  for (i = 1; i <= points; i++) {
    split(mark_at[i], at, " ")
    mark_x[i] = width * (margin["l"] + share("x", at[1]) * (margin["r"] - margin["l"]))
    mark_y[i] = height * (1 - (margin["b"] + share("y", at[2]) * (margin["t"] - margin["b"])))
  }
}
/<g transform="translate/ {
  v = $0; sub(/.*translate\(/, "", v); split(v, place, /[,)]/); turned = $0 ~ /rotate/
  anchor = $0; sub(/.*text-anchor="/, "", anchor); sub(/".*/, "", anchor)
  font = $0; sub(/.*font-size="/, "", font); sub(/".*/, "", font)
}
/<text>/ && !turned && anchor == "middle" {
  text = $0; sub(/.*<text>/, "", text); sub(/<\/text>.*/, "", text); gsub(/<[^>]*>/, "", text); gsub(/^ +| +$/, "", text)
  inside = place[1] > width * margin["l"] && place[1] < width * margin["r"] && place[2] < height * (1 - margin["b"])
  if (inside) { texts++; said[texts] = text; text_x[texts] = place[1]; text_y[texts] = place[2]; text_font[texts] = font }
}
{ line = line " " $0 }
/\/>/ {
  while (match(line, /M[0-9.]+,[0-9.]+ +L[0-9.]+,[0-9.]+/)) {
    v = substr(line, RSTART + 1, RLENGTH - 1); line = substr(line, RSTART + RLENGTH)
    gsub(/ +L/, ",", v); split(v, e, ","); leads++
    lead_x0[leads] = e[1]; lead_y0[leads] = e[2]; lead_x1[leads] = e[3]; lead_y1[leads] = e[4]
  }
  line = ""
}
# Whether the name, or one that was cut in its middle, is among those that a text begins with.
function is_of(name, text,   list, n, i, part) {
  sub(/ \+[0-9]+$/, "", text)
  n = split(text, list, ", ")
  for (i = 1; i <= n; i++) {
    if (list[i] == name) return 1
    part = index(list[i], "\342\200\246")
    if (part && substr(name, 1, part - 1) == substr(list[i], 1, part - 1)) return 1
  }
  return 0
}
function leads_to(x, y,   l) {
  for (l = 1; l <= leads; l++)
    if (sqrt((lead_x0[l] - x) ^ 2 + (lead_y0[l] - y) ^ 2) < 3 && distance(lead_x1[l], lead_y1[l]) < font_of * 0.6) return 1
  return 0
}
END {
  for (t = 1; t <= texts; t++) {
    font_of = text_font[t]; w = length(said[t]) * font_of * 0.6; h = font_of * 1.2
    x0 = text_x[t] - w / 2; x1 = text_x[t] + w / 2; y1 = text_y[t] + h * 0.25; y0 = y1 - h
    own = 1e9; other = 1e9; named = 0; led = 0
    for (i = 1; i <= points; i++) {
      if (!is_of(mark_name[i], said[t])) continue
      named = 1
      d = distance(mark_x[i], mark_y[i])
      if (d < own) { own = d; own_x = mark_x[i]; own_y = mark_y[i] }
      if (leads_to(mark_x[i], mark_y[i])) led = 1
    }
    if (!named) continue
    labels++
    if (led) continue
    for (i = 1; i <= points; i++) {
      if (sqrt((mark_x[i] - own_x) ^ 2 + (mark_y[i] - own_y) ^ 2) < font_of * 0.4) continue
      d = distance(mark_x[i], mark_y[i])
      if (d < other) { other = d; nearest = mark_name[i] }
    }
    if (own > font_of * 1.6) fail("'" said[t] "' stands " own " from its mark")
    if (other < own) fail("'" said[t] "' stands " own " from its mark and " other " from one of '" nearest "'")
  }
  if (labels == 0) fail("no name")
  exit failed
}
