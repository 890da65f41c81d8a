#!/bin/sh
# Every fast row of 64-bit Arm on its shapes, odd sizes among them: compiled across, run by an emulator.
# The libraries of that machine which the test is linked with are unpacked beside it.
. "$(dirname "$0")/lib.sh"
heavy aarch64-linux-gnu-gcc qemu-aarch64 apt-get dpkg
arm=$heavy_dir/arm64
tree=$arm/tree/usr/lib/aarch64-linux-gnu

# apt-get for the other architecture, with lists and cache of its own.
foreign() {
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
    -o "Dir::State=$arm/state" -o "Dir::State::status=$arm/state/status" -o "Dir::Cache=$arm/cache" \
    -o "Dir::Log=$arm/log" -o Debug::NoLocking=1 "$@"
}
if [ ! -f "$tree/libcunit.a" ] || [ ! -f "$tree/libyaml.a" ]; then
  mkdir -p "$arm/state/lists/partial" "$arm/cache/archives/partial" "$arm/log"
  : >"$arm/state/status"
  (cd "$arm" && foreign update && foreign download libyaml-dev libcunit1-dev) >"$arm/apt.log" 2>&1 ||
    { echo "SKIPPED: the libraries of 64-bit Arm cannot be had from the package servers"; exit 77; }
  for archive in "$arm"/*.deb; do dpkg -x "$archive" "$arm/tree"; done
  rm -f "$tree"/*.so # what is linked whole needs no libraries where it runs
fi

PKG_CONFIG_LIBDIR=$tree/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$arm/tree
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
variant neon test_cpu -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64 \
  -DRL_OPENMP=OFF -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_BUILD_TYPE=Release
for suite in "fast linear" "fast experts" "fast attention" "fast latents" "fast values" "fast runs"; do
  qemu-aarch64 "$heavy_dir/neon/tests/test_cpu" "$suite" >"$heavy_dir/neon.out" 2>&1 ||
    { cat "$heavy_dir/neon.out"; exit 1; }
done
echo "neon: every fast row of 64-bit Arm"
