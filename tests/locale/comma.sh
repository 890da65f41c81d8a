#!/bin/sh
# comma.sh PROGRAM FOLDER: makes a locale with a decimal comma below FOLDER and runs PROGRAM with it.
set -eu
name=de_DE.UTF-8
command -v localedef >/dev/null || { echo "SKIPPED: localedef is not installed"; exit 77; }
mkdir -p "$2"
[ -d "$2/$name" ] || localedef -i de_DE -f UTF-8 "$2/$name" >/dev/null 2>&1 ||
  { echo "SKIPPED: no locale with a decimal comma can be made"; exit 77; }
LOCPATH=$2 exec "$1" "$name"
