# Each C file opens with a comment of at most eight lines that says what it is.
FNR == 1 {
  if (previous != "" && !closed) print previous ":1: the header comment has no end"
  previous = FILENAME
  closed = 0
  if ($0 !~ /^\/\* *[A-Za-z]/) { print FILENAME ":1: no header comment"; closed = 1 }
}
!closed && /\*\// {
  closed = 1
  if (FNR > 8) print FILENAME ":" FNR ": the header comment has " FNR " lines, eight are the most"
}
END { if (previous != "" && !closed) print previous ":1: the header comment has no end" }
