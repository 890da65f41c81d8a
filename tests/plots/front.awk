# Whether each of the front's points that a batch names has its name near: front.awk -v batches='1 2 4'
# CHART.gp CHART.csv CHART.svg, both axes logarithmic. Places come from the data and the script's ranges.
function share(axis, value) { return log(value / low[axis]) / log(high[axis] / low[axis]) }
FILENAME ~ /\.gp$/ {
  if ($0 ~ /^set [lrbt]margin at screen/) margin[substr($2, 1, 1)] = $5
  if ($0 ~ /^set [xy]range /) { v = $0; gsub(/.*\[|\].*/, "", v); split(v, r, ":"); a = substr($2, 1, 1); low[a] = r[1]; high[a] = r[2] }
  next
}
FILENAME ~ /\.csv$/ { split($0, f, ","); if (f[7] == "front") { at_x[f[4]] = f[2]; at_y[f[4]] = f[3] } next }
/viewBox=/ && !width { v = $0; sub(/.*viewBox="0 0 /, "", v); split(v, size, /[ "]/); width = size[1]; height = size[2] }
/<g transform="translate/ { v = $0; sub(/.*translate\(/, "", v); split(v, place, /[,)]/); font = $0; sub(/.*font-size="/, "", font); sub(/".*/, "", font) }
/<text>/ {
  text = $0; sub(/.*<text>/, "", text); gsub(/<[^>]*>| /, "", text)
  if (!(text in at_x)) next
  dx = place[1] - width * (margin["l"] + share("x", at_x[text]) * (margin["r"] - margin["l"]))
  dy = place[2] - height * (1 - (margin["b"] + share("y", at_y[text]) * (margin["t"] - margin["b"])))
  if (dx * dx + dy * dy < font * font * 16) near[text] = 1
}
END {
  n = split(batches, all, " ")
  for (i = 1; i <= n; i++) if (!(all[i] in near)) { print "batch " all[i] " on the front has no name"; bad = 1 }
  exit bad || n == 0
}
