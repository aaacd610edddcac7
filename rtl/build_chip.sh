#!/bin/sh
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Verilates the whole chip of one target into a shared library behind sim/verilator/ChipAbi.h. The build calls it for the
# targets that it ships, the RTL engine for every other one.
#
#   build_chip.sh [--with-parent] [--trace | --checked] OUTPUT.so PACKAGE.sv...
#
# What it needs on the way lies in OUTPUT.so.build, which is gone in the end, whatever the end is.
#
# With --with-parent it leads a process group, and the group ends when a line or the end of standard input comes: a
# program that builds a chip gives it a pipe, which ends with that program however it ends. Descriptor 3 is then
# OUTPUT.so.lock, locked: so it stays while anything of the build runs, and it is removed last.
#
# With --trace the chip can write waves. With --checked its assertions are in it, registers that no reset sets begin at
# random, and what the RTL leaves open (x) is random too: slower, for tests.
#
# PACKAGE.sv are the generated packages: tw_config_pkg, tw_isa_pkg, tw_event_pkg, tw_special_function_pkg. The library
# appears under its name only when it is whole. VERILATOR, CXX, MAKE, JOBS (as many as there are processors) and OBJCACHE
# change the tools.

set -eu

parent=
if [ "${1-}" = --with-parent ]; then
  parent=1
  shift
fi
trace=
checked=
case ${1-} in
--trace) trace=1 ;;
--checked) checked=1 ;;
esac
[ -z "$trace$checked" ] || shift
if [ $# -lt 2 ]; then
  echo "usage: build_chip.sh [--trace | --checked] OUTPUT.so PACKAGE.sv..." >&2
  exit 1
fi
output=$1
shift

: "${VERILATOR:=verilator}" "${CXX:=g++}" "${MAKE:=make}" "${JOBS:=$(nproc 2>/dev/null || echo 1)}" "${OBJCACHE:=}"
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$output.build
clean_up() {
  rm -rf "$folder"
  [ -z "$parent" ] || rm -f "$output.lock"
}
trap clean_up EXIT
trap 'exit 143' INT TERM
mkdir -p "$folder"
if [ -n "$parent" ]; then
  exec 4<&0 </dev/null
  { read -r _ <&4 || :; kill -TERM -$$; } >/dev/null 2>&1 &
  exec 4<&-
fi

verilator_root=$("$VERILATOR" --getenv VERILATOR_ROOT)
unknown=fast
[ -z "$checked" ] || unknown=unique
flags="-O3 --x-assign $unknown --x-initial $unknown --no-timing -Wno-fatal -Wno-lint -Wno-style -Werror-USERFATAL --output-split 40000"
defines=
sources="$verilator_root/include/verilated.cpp $verilator_root/include/verilated_threads.cpp"
libraries=-pthread
if [ -n "$trace" ]; then
  flags="$flags --trace-fst --trace-structs --trace-max-array 64 --trace-max-width 4096"
  defines=-DTW_TRACE
  sources="$sources $verilator_root/include/verilated_fst_c.cpp"
  libraries="$libraries -lz"
fi
if [ -n "$checked" ]; then
  flags="$flags --assert -DTW_ASSERT"
  defines="$defines -DTW_ASSERT"
fi

# shellcheck disable=SC2086
"$VERILATOR" --cc $flags -CFLAGS "-fPIC -fvisibility=hidden" --Mdir "$folder" --prefix Vtw_chip --top-module tw_top \
  "$@" -F "$root/rtl/lint/tw_top.f"
"$MAKE" -s -j"$JOBS" -C "$folder" -f Vtw_chip.mk CXX="$CXX" OBJCACHE="$OBJCACHE" OPT_FAST=-O3 OPT_SLOW=-O1 \
  Vtw_chip__ALL.a >"$folder/make.log" 2>&1 || { cat "$folder/make.log" >&2; exit 1; }
# shellcheck disable=SC2086
"$CXX" -std=c++17 -O2 -fPIC -w -shared -fvisibility=hidden -Wl,-Bsymbolic -Wl,--exclude-libs,ALL $defines \
  -DVM_TRACE=${trace:-0} -DVM_TRACE_FST=${trace:-0} -DVM_SC=0 -DVM_COVERAGE=0 \
  -I"$root" -I"$folder" -isystem "$verilator_root/include" -isystem "$verilator_root/include/vltstd" \
  "$root/sim/verilator/ChipModel.cpp" $sources "$folder/Vtw_chip__ALL.a" $libraries -o "$folder/chip.so"
mv -f "$folder/chip.so" "$output"
