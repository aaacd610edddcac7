# shellcheck shell=bash
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Runs the test suites of a built tree and adds up what they report. A suite is
# a folder of test/: the programs that its CMakeLists.txt registers with ctest,
# and its test_*.py files. lit's tests are one suite of three folders.

SUITES=(lint unit rtl lit python cosim e2e)
LONG_SUITES=(asan)
REPORTS="$BUILD/reports"
LONG= # not empty: also the tests that ctest and pytest know as `long`

check_suite_names() {
  local name
  for name in "$@"; do
    case " ${SUITES[*]} ${LONG_SUITES[*]} bench " in
      *" $name "*) ;;
      *) echo "tw: no suite '$name'; there are: ${SUITES[*]} ${LONG_SUITES[*]} bench" >&2; exit 1 ;;
    esac
  done
}

has_files() { [ -n "$(find "$1" -name "$2" -print -quit 2>/dev/null)" ]; }

# run_part SUITE RUNNER COMMAND...: RUNNER's report is SUITE.RUNNER.xml; a
# part that ends badly leaves SUITE.RUNNER.failed, whatever its report says.
run_part() {
  local suite="$1" runner="$2" log="$LOGS/test-$1-$2.log"
  shift 2
  if ! run_logged "Test $suite ($runner)" "$log" "$@"; then
    echo "${log#"$ROOT"/}" >"$REPORTS/$suite.$runner.failed"
    tail -n 150 "$log" | cut -c1-400
    echo "The whole log: ${log#"$ROOT"/}"
  fi
}

run_ctest() {
  local exclude=(--label-exclude '^long$')
  [ -z "$LONG" ] || exclude=()
  ctest --test-dir "$BUILD/test/$1" --output-on-failure --no-tests=error \
    "${exclude[@]}" --parallel "$(nproc)" --output-junit "$REPORTS/$1.ctest.xml"
}

run_pytest() {
  local select=(-m 'not long')
  [ -z "$LONG" ] || select=()
  "$VENV/bin/python" -m pytest -q -ra --tb=short --durations=5 "${select[@]}" \
    --junitxml="$REPORTS/$1.pytest.xml" "$ROOT/test/$1"
}

run_lit() {
  "$VENV/bin/python" /usr/lib/llvm-22/bin/lit -sv --timeout 300 -j "$(nproc)" \
    --xunit-xml-output="$REPORTS/lit.lit.xml" "$BUILD/test"
}

build_asan() {
  cmake --preset asan -DPython3_EXECUTABLE="$VENV/bin/python" &&
    cmake --build "$ROOT/build-asan" --parallel "$(nproc)" \
      --target tilework tilework-opt tilework-translate TileworkPythonPackage test/unit/all
}

# Whatever reads a file, compiles or runs a program, under the address and the
# undefined-behaviour sanitizer: the unit tests, the compiler's textual tests,
# random programs and whole graphs. libMLIR and libLLVM are not instrumented, so
# the marks of a vector or a pool that crosses over to them say nothing; MLIR's contexts
# and Python keep what they have to the end.
run_asan() {
  local build="$ROOT/build-asan"
  export ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0:allow_user_poisoning=0
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  run_part asan build build_asan
  [ ! -e "$REPORTS/asan.build.failed" ] || return 0
  run_part asan ctest ctest --test-dir "$build/test/unit" --output-on-failure --no-tests=error \
    --parallel "$(nproc)" --output-junit "$REPORTS/asan.ctest.xml"
  run_part asan lit "$VENV/bin/python" /usr/lib/llvm-22/bin/lit -sv --timeout 600 -j "$(nproc)" \
    --xunit-xml-output="$REPORTS/asan.lit.xml" "$build/test/compiler" "$build/test/dialects"
  run_part asan pytest env PYTHONPATH="$build/python" \
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so)" \
    "$VENV/bin/python" -m pytest -q -ra --tb=short -m 'not long' \
    --junitxml="$REPORTS/asan.pytest.xml" "$ROOT/test/e2e"
  unset ASAN_OPTIONS UBSAN_OPTIONS
}

run_suite() {
  if [ "$1" = asan ]; then
    run_asan
    return
  fi
  if [ "$1" = lit ]; then
    local folder
    for folder in dialects compiler tools; do
      if has_files "$ROOT/test/$folder" '*.*'; then
        run_part lit lit run_lit
        return
      fi
    done
    return 0
  fi
  if has_files "$BUILD/test/$1" CTestTestfile.cmake &&
    ctest --test-dir "$BUILD/test/$1" -N 2>/dev/null | grep -qE 'Total Tests: [1-9]'; then
    run_part "$1" ctest run_ctest "$1"
  fi
  if has_files "$ROOT/test/$1" 'test_*.py'; then
    run_part "$1" pytest run_pytest "$1"
  fi
}

run_suites() {
  local name
  if [ $# -eq 0 ]; then
    set -- "${SUITES[@]}"
    [ -z "$LONG" ] || set -- "$@" "${LONG_SUITES[@]}"
  fi
  rm -rf "$REPORTS"
  mkdir -p "$REPORTS"
  for name in "$@"; do run_suite "$name"; done
  print_times
  echo
  "$VENV/bin/python" "$ROOT/tools/setup/summarise.py" "$REPORTS"
}
