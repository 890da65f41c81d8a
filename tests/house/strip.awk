# Blanks comments and the contents of string and character literals of C text, line by line, so that
# the guards see code only. Input: any number of files. Output: file:line:code. With -v keep=1 the
# strings stay as they are.
FNR == 1 { in_comment = 0 }
{
  out = ""
  n = length($0)
  i = 1
  while (i <= n) {
    two = substr($0, i, 2)
    c = substr($0, i, 1)
    if (in_comment) {
      if (two == "*/") { in_comment = 0; i += 2 } else i++
    } else if (two == "/*") {
      in_comment = 1; out = out " "; i += 2
    } else if (two == "//") {
      break
    } else if (c == "\"" || c == "'") {
      j = i + 1
      while (j <= n && substr($0, j, 1) != c) j += (substr($0, j, 1) == "\\") ? 2 : 1
      out = out (keep ? substr($0, i, j - i + 1) : c c)
      i = j + 1
    } else {
      out = out c; i++
    }
  }
  print FILENAME ":" FNR ":" out
}
