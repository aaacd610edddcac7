# shellcheck shell=bash
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Runs one step of the set-up at a time: says what it does and how far it is,
# keeps its output in a log, times it, and on failure shows the lines that help.

STEP_TIMES=()
STEP_WATCHER=""

now_ms() { local t="${EPOCHREALTIME/[.,]/}"; echo $((t / 1000)); }
seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# The last line of a log that says how far the command is.
progress_of() {
  tail -c 4096 "$1" 2>/dev/null | tr '\r' '\n' |
    grep -E '^\[[0-9]+/[0-9]+\]|^(Get|Unpacking|Setting up|Collecting|Installing)|[0-9]+%' |
    tail -n 1 | cut -c1-70 || true
}

# On a terminal one line that changes, elsewhere a line every half minute.
watch_step() {
  local title="$1" log="$2" start="$3" elapsed=0
  while true; do
    if [ -t 1 ]; then
      sleep 1
      elapsed=$((($(now_ms) - start) / 1000))
      printf '\r\033[K==> %s  %d s  %s' "$title" "$elapsed" "$(progress_of "$log")"
    else
      sleep 30
      elapsed=$((($(now_ms) - start) / 1000))
      printf '    %s: %d s  %s\n' "$title" "$elapsed" "$(progress_of "$log")"
    fi
  done
}

stop_watching() {
  if [ -n "$STEP_WATCHER" ]; then
    kill "$STEP_WATCHER" 2>/dev/null || true
    wait "$STEP_WATCHER" 2>/dev/null || true
    STEP_WATCHER=""
  fi
}
trap stop_watching EXIT

# run_logged TITLE LOG COMMAND...: runs the command and returns its status.
# The command stays in the foreground, so that Ctrl-C reaches it.
run_logged() {
  local title="$1" log="$2" start status=0
  shift 2
  mkdir -p "$(dirname "$log")"
  start=$(now_ms)
  : >"$log"
  [ -t 1 ] || echo "==> $title"
  watch_step "$title" "$log" "$start" &
  STEP_WATCHER=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  stop_watching
  STEP_MS=$(($(now_ms) - start))
  STEP_TIMES+=("$STEP_MS $title")
  local mark="done"
  [ $status -eq 0 ] || mark="FAILED"
  [ -t 1 ] && printf '\r\033[K==> %s' "$title"
  printf '    %s in %s\n' "$mark" "$(seconds $STEP_MS)"
  return $status
}

OS_RELEASE="${OS_RELEASE:-/etc/os-release}"

# os_release KEY: a value of the file that names the distribution.
os_release() { sed -n "s/^$1=//p" "$OS_RELEASE" 2>/dev/null | tr -d '"' | head -n 1; }

# What to do on this distribution, where LLVM 22 or apt is missing.
advice_for_system() {
  local id like code
  id=$(os_release ID); like=$(os_release ID_LIKE); code=$(os_release VERSION_CODENAME)
  case "$id $like" in
    "debian "*)
      if [ "$code" = bookworm ]; then
        echo "LLVM 22 comes with the security updates of Debian 12; as root:"
        echo "    echo 'deb http://security.debian.org/debian-security bookworm-security main'" \
          ">/etc/apt/sources.list.d/security.list"
        echo "then run ./tw again."
        return
      fi ;;&
    *debian*|*ubuntu*)
      echo "This is $(os_release PRETTY_NAME). LLVM's own packages have LLVM 22 for it; as root:"
      echo "    wget -qO /etc/apt/trusted.gpg.d/llvm.asc https://apt.llvm.org/llvm-snapshot.gpg.key"
      echo "    echo 'deb http://apt.llvm.org/$code/ llvm-toolchain-$code-22 main'" \
        ">/etc/apt/sources.list.d/llvm.list"
      echo "then run ./tw again. What is tested is Debian 12." ;;
    *)
      echo "This is $(os_release PRETTY_NAME). Run ./tw in a container of Debian 12:"
      echo "    docker run -it -v \"\$PWD\":/tilework -w /tilework debian:12 ./tw demo"
      echo "or install the counterparts of tools/setup/apt.txt, LLVM and MLIR 22 among them, and run" \
        "cmake --preset release && cmake --build --preset release" ;;
  esac
}

# advice_for LOG: what to do, for the failures that a machine causes.
advice_for() {
  if grep -qE 'No space left on device|enough free space' "$1"; then
    echo "The disk is full: set-up and build need 4 GB, and here are" \
      "$(df -h --output=avail "$ROOT" | tail -n 1 | tr -d ' ') free. Make room, then run ./tw again."
  elif grep -qE 'Could not get lock|Unable to acquire the dpkg' "$1"; then
    echo "Another program uses apt: wait until it ends, then run ./tw again."
  elif grep -qE 'Temporary failure resolving|Could not resolve|Name or service not known|NameResolutionError|NewConnectionError|Could not connect|Connection (timed out|refused)|Network is unreachable|ProxyError' "$1"; then
    echo "The network cannot be reached: set-up needs it once, for Debian's packages and the Python" \
      "package index. Behind a proxy, export http_proxy and https_proxy; then run ./tw again."
  elif grep -q 'Unable to locate package' "$1"; then
    echo "apt does not know these packages."
    advice_for_system
  elif grep -qE 'Killed signal|c\+\+: fatal error: Killed|Cannot allocate memory|bad_alloc' "$1"; then
    echo "The machine ran out of memory: close other programs and run ./tw again; what is built is kept."
  fi
}

# step TITLE LOG COMMAND...: as run_logged, but a failure ends the program.
step() {
  local log="$2"
  if run_logged "$@"; then return 0; fi
  {
    echo
    echo "tw: '$1' failed. What its log says:"
    { grep -nE '(error|Error|ERROR|fatal|E):|CMake Error|FAILED|undefined reference' "$log" | head -n 12 || true
      echo "    ... and at its end:"
      tail -n 12 "$log"; } | cut -c1-300 | sed 's/^/    /'
    echo "The whole log: ${log#"$ROOT"/}"
    advice_for "$log"
  } >&2
  exit 1
}

skip_step() {
  STEP_TIMES+=("skipped $1")
  printf '==> %s    already done\n' "$1"
}

print_times() {
  local entry total=0
  echo
  for entry in "${STEP_TIMES[@]}"; do
    case "${entry%% *}" in
      skipped) printf '    %9s  %s\n' "" "${entry#* } (already done)" ;;
      *) total=$((total + ${entry%% *}))
        printf '    %9s  %s\n' "$(seconds "${entry%% *}")" "${entry#* }" ;;
    esac
  done
  printf '    %9s  in all\n' "$(seconds $total)"
}

# write_times FILE: a line for each step, its milliseconds or - and its title.
write_times() {
  local entry
  for entry in "${STEP_TIMES[@]}"; do
    case "${entry%% *}" in
      skipped) printf -- '-\t%s\n' "${entry#* }" ;;
      *) printf '%s\t%s\n' "${entry%% *}" "${entry#* }" ;;
    esac
  done >"$1"
  echo
}
