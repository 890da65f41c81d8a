#!/bin/sh
# Installs a build into a temporary folder and uses it as a stranger would: the installed command, a
# program built with pkg-config (shared and static), one built with find_package, and the header as
# strict C99. install.sh SOURCE BINARY
set -eu
source_dir=$1
binary_dir=$2
place=$(mktemp -d "${TMPDIR:-/tmp}/roofline install.XXXXXX")
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
prefix=$place/prefix
: "${CC:=cc}"
# The build tool that is known to be here.
CMAKE_GENERATOR=$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$binary_dir/CMakeCache.txt")
export CMAKE_GENERATOR

fail() { echo "install: $*"; exit 1; }
cmake --install "$binary_dir" --prefix "$prefix" >"$place/log" || { cat "$place/log"; fail "cmake --install"; }
libdir=$(dirname "$(find "$prefix" -name 'libroofline.a')")
for file in bin/rooflinectl include/roofline/roofline.h share/man/man1/rooflinectl.1; do
  [ -f "$prefix/$file" ] || fail "$file is not installed"
done
[ "$(find "$prefix/include" -type f | wc -l)" -eq 1 ] || fail "more than one header"
if grep -rIlF "$source_dir" "$prefix"; then fail "an installed text names the source folder"; fi

cd "$place"
"$prefix/bin/rooflinectl" analyze llama-3-8b@h100-sxm --batch 1,8,64 --format json >expected.json || fail "the installed command"

PKG_CONFIG_PATH=$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH LD_LIBRARY_PATH
consumer=$source_dir/examples/consumer
# pkg-config escapes blanks for a shell, so its answer is read by one.
compile() { eval "\"$CC\" -std=c99 -pedantic -Wall -Wextra -Werror \"\$consumer/consumer.c\" $1 -o \"$2\""; }
compile "$(pkg-config --cflags --libs roofline)" shared || fail "building with pkg-config"
compile "$(pkg-config --cflags roofline) '$libdir/libroofline.a' $(pkg-config --libs yaml-0.1) -lm" static || fail "building statically"
if ! cmake -S "$consumer" -B found -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >"$place/log" 2>&1 ||
  ! cmake --build found >>"$place/log" 2>&1; then
  cat "$place/log"
  fail "building with find_package"
fi
for program in ./shared ./static ./found/consumer; do
  "$program" >got.json || fail "running $program"
  cmp expected.json got.json || fail "$program answers differently from the command"
done
status=0
./shared llama-3-8b@no-such-machine >got.json 2>messages || status=$?
if [ "$status" -ne 1 ] || [ -s got.json ] || ! grep -q 'error: ' messages; then
  fail "a wrong name is not reported"
fi

if command -v python3 >/dev/null 2>&1; then
  python3 "$source_dir/examples/roofline_ctypes.py" "$libdir/libroofline.so.0" >ctypes.out || fail "the ctypes example"
  grep -q 'h100-sxm, batch 64' ctypes.out || { cat ctypes.out; fail "the ctypes example printed no row"; }
elif [ "${RL_TIER:-}" = all ]; then
  fail "python3 is not installed"
fi
echo "installed, linked and used: command, shared, static, find_package"
