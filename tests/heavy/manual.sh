#!/bin/sh
# The man page as the program writes it: groff has nothing to complain about.
. "$(dirname "$0")/lib.sh"
heavy groff
page=$binary_dir/share/rooflinectl.1
said=$(groff -Kutf8 -man -Tutf8 -ww -z "$page" 2>&1)
[ -z "$said" ] || { printf '%s\n' "$said"; exit 1; }
groff -Kutf8 -man -Tascii "$page" | grep -q NAME
