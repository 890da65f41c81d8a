# The dependency law. Input: lines `file:line:#include ...` of the whole tree (strip.awk keep=1).
# Prints each include that a room may not have, directly or through other headers, and each cycle.
function room_of(path, a) {
  split(path, a, "/")
  if (a[1] == "analyzer") return a[2] == "include" ? "api" : a[2]
  if (a[1] == "kernels-ref") return "kernels"
  return a[1]
}
function resolve(path) {
  if (path ~ /^roofline\//) return "analyzer/include/" path
  if (path ~ /^(base|doc|spec|graph|cost|time|sim|fit|cli|api)\//) return "analyzer/" path
  return path
}
function allow(room, list, a, n, i) {
  known[room] = 1
  n = split(list, a, " ")
  for (i = 1; i <= n; i++) may[room, a[i]] = 1
}
function forbidden(file, header, from, to) {
  from = room_of(file); to = room_of(header)
  if (!(from in known)) return 0
  if (!((from, to) in may) && !(from == "reports" && header ~ /\/result\.h$/)) return 1
  if (from == "cost" && header ~ /^analyzer\/spec\/(hardware|profile|workload|scenario)\.h$/) return 1
  return 0
}
BEGIN {
  allow("base", "base")
  allow("doc", "base doc")
  allow("spec", "base doc spec")
  allow("graph", "base doc spec graph")
  allow("cost", "base doc spec graph cost")
  allow("time", "base doc spec graph cost time")
  allow("sim", "base doc spec graph cost time sim")
  allow("fit", "base doc spec graph cost time fit")
  allow("reports", "base reports")
  allow("kernels", "base doc spec graph kernels")
  allow("api", "base doc spec graph cost time reports api")
  allow("cli", "base doc spec graph cost time sim fit reports kernels api cli")
}
match($0, /#[ \t]*include[ \t]*["<][^">]*[">]/) {
  split($0, part, ":")
  header = substr($0, RSTART, RLENGTH)
  system_header = header ~ /</
  sub(/^[^"<]*["<]/, "", header); sub(/[">]$/, "", header)
  file = part[1]
  if (system_header && header !~ /^roofline\//) {
    if (header == "yaml.h" && room_of(file) != "doc" && room_of(file) != "tests") {
      print file ":" part[2] ": only doc/ reads YAML: <" header ">"
    }
    if (header ~ /^gsl\// && room_of(file) !~ /^(fit|sim|tests)$/) {
      print file ":" part[2] ": only fit/ and sim/ use GSL: <" header ">"
    }
    if (header ~ /^(stdio|time|locale|unistd|fcntl|pthread|signal|errno|dirent|sys\/.*)\.h$/ &&
        room_of(file) ~ /^(graph|cost|time)$/) {
      print file ":" part[2] ": a pure room knows no system: <" header ">"
    }
    next
  }
  header = resolve(header)
  if (header !~ /\//) sub(/[^\/]*$/, "", part[1])
  if (header !~ /\//) header = part[1] header
  count[file]++
  edge[file, count[file]] = header
  line[file, header] = part[2]
  files[file] = 1
}
# Walks what `start` reaches; colour 1 = on the path, 2 = done.
function walk(start, file, k, next_file) {
  colour[file] = 1
  for (k = 1; k <= count[file]; k++) {
    next_file = edge[file, k]
    if (forbidden(start, next_file)) {
      print start ":" (file == start ? line[start, next_file] : 1) ": may not include " next_file \
        (file == start ? "" : " (through " file ")")
    }
    if (!(next_file in colour)) walk(start, next_file)
    else if (colour[next_file] == 1) print file ":" line[file, next_file] ": include cycle with " next_file
  }
  colour[file] = 2
}
END {
  for (file in files) {
    split("", colour)
    walk(file, file)
  }
}
