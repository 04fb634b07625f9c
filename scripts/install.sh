#!/usr/bin/env bash
# Makes the virtual environment and installs Switchboard into it.
#
#   scripts/install.sh [run|dev]     run: what the server needs (default).  dev: also what the tests need.
#
# PYTHON chooses the interpreter, VENV the directory (.venv). A second run that finds nothing to do takes under a second.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
MODE="${1:-run}"
VENV="${VENV:-.venv}"
LOG="$VENV/install.log"
NEEDED_MB=3500

die() { printf '\ninstall: %s\n' "$*" >&2; exit 1; }

case "$MODE" in
  run | runtime) MODE=run LOCK=requirements.lock ;;
  dev) LOCK=requirements-dev.lock ;;
  *) die "unknown mode '$MODE'. Usage: scripts/install.sh [run|dev]" ;;
esac

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3.12 python3.11 python3.13 python3 python; do
    if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# The newest interpreter is not always the best: an existing environment keeps its own.
choose_python() {
  if [ -x "$VENV/bin/python" ] && is_new_enough "$VENV/bin/python"; then
    printf '%s\n' "$VENV/bin/python"
  else
    find_python || die "Python 3.11 or newer is needed and was not found$(found_instead).
Install it (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv; macOS: brew install python@3.12),
or name it: PYTHON=/path/to/python3.12 make run"
  fi
}

found_instead() {
  if command -v python3 >/dev/null; then printf ' (python3 is %s)' "$(python3 -V 2>&1 | cut -d' ' -f2)"; fi
}

# What the installation depends on; equal stamps mean that there is nothing to do.
stamp() { # mode
  local locks=(requirements.lock)
  [ "$1" = run ] || locks+=(requirements-dev.lock)
  {
    cat pyproject.toml "${locks[@]}" scripts/install.sh
    "$INTERPRETER" -c 'import sys, sysconfig; print(sys.version, sysconfig.get_platform())'
    pwd
  } | "$INTERPRETER" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

is_installed() { # mode
  [ -x "$VENV/bin/switchboard" ] && [ -f "$VENV/.installed-$1" ] && [ "$(cat "$VENV/.installed-$1")" = "$(stamp "$1")" ]
}

require_space() {
  local free
  free=$(df -Pm "$(dirname "$VENV")" | awk 'NR == 2 { print $4 }')
  [ -x "$VENV/bin/pip" ] || [ "$free" -ge "$NEEDED_MB" ] ||
    die "about $NEEDED_MB MB of free disk space are needed in $(pwd), and there are $free MB."
}

create_venv() {
  [ -x "$VENV/bin/pip" ] && is_new_enough "$VENV/bin/python" && return
  printf 'Creating %s with %s\n' "$VENV" "$("$INTERPRETER" -V)"
  "$INTERPRETER" -c 'import ensurepip, venv' 2>/dev/null || install_venv_module
  "$INTERPRETER" -m venv --clear "$VENV" || die "could not create $VENV; the lines above say why."
}

# Debian and Ubuntu ship Python without the module that makes environments.
install_venv_module() {
  local package
  package="$("$INTERPRETER" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    printf 'Installing %s\n' "$package"
    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null &&
      return
  fi
  die "this Python has no venv module. On Debian and Ubuntu: sudo apt-get install $package"
}

# Runs a command with its output in the log, and shows that time passes.
quietly() {
  "$@" >>"$LOG" 2>&1 &
  local pid=$! waited=0
  trap 'kill "$pid" 2>/dev/null || true; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    waited=$((waited + 1))
    if [ -t 1 ]; then printf '\r  %d s ' "$waited"; elif [ $((waited % 30)) = 0 ]; then printf '  still at it after %d s\n' "$waited"; fi
  done
  trap - INT TERM
  [ ! -t 1 ] || printf '\r          \r'
  wait "$pid" || explain_failure
}

explain_failure() {
  if grep -q 'No space left on device' "$LOG"; then
    die "the disk is full. About $NEEDED_MB MB are needed in $(pwd). Make room and run the same command again."
  fi
  tail -n 15 "$LOG" >&2
  die "the installation failed; the lines above are the end of $LOG. Running the same command again continues it."
}

# Of files whose hash is allowed pip prefers those of an index that tells hashes: it would pass over a CPU build of PyTorch that lies
# on this machine, and fetch gigabytes. So it chooses by name first, and the hash of what it chose is checked when that is installed.
install_torch() { # pip install, with its options
  local version
  version="$(sed -nE 's/^torch==([^ ]+).*/\1/p' "$VENV/tmp/torch.txt")"
  if "$VENV/bin/python" -c 'import sys; from importlib.metadata import version; sys.exit(version("torch").split("+")[0] != sys.argv[1])' \
    "$version" 2>/dev/null; then return; fi
  "$VENV/bin/python" -m pip download -qq --no-deps -d "$VENV/tmp/torch" "torch==$version" &&
    "$@" --no-index --find-links "$VENV/tmp/torch" -r "$VENV/tmp/torch.txt" && rm -rf "$VENV/tmp/torch"
}

# pip uses one processor, and unpacks for minutes: two of them share the lock, which names everything that is needed. An entry
# is a name and, on lines that are indented, the hashes of its files.
in_halves() {
  local pip=("$VENV/bin/python" -m pip install -qq --no-compile --no-deps --require-hashes) other code=0
  awk -v place="$VENV/tmp" '/^[^ ]/ { half = /^torch==/ ? "torch" : ++count % 2 } { print > (place "/" half ".txt") }' "$LOCK"
  { install_torch "${pip[@]}" && "${pip[@]}" -r "$VENV/tmp/0.txt"; } &
  other=$!
  "${pip[@]}" -r "$VENV/tmp/1.txt" || code=$?
  wait "$other" && return "$code"
}

# A platform's own build of a package may ask for what the lock, which is for all platforms, does not name: the CUDA libraries of
# PyTorch. Their versions stand in its metadata, whose hash was checked; hashes of their own there are none.
complete() {
  awk '/^[^ ]/ { sub(/ \\$/, ""); print }' "$LOCK" >"$VENV/tmp/names.txt"
  "$VENV/bin/python" -m pip install -qq --no-compile -r "$VENV/tmp/names.txt"
}

# What a start imports is compiled here, and not while somebody waits for it; most of what is installed is never imported.
compile_start() {
  "$VENV/bin/python" -m compileall -q api channels config core handoff knowledge
  env -u PYTHONDONTWRITEBYTECODE "$VENV/bin/python" -c 'import alembic.command, config.commands.serve, knowledge.process.worker, chromadb'
}

install() {
  local started=$SECONDS
  rm -f "$VENV/.installed-run" "$VENV/.installed-dev"
  mkdir -p "$VENV/tmp"
  : >"$LOG"
  printf 'Installing %s packages from %s (about 2 GB; one to three minutes)\n' "$(grep -c '^[^ ]' "$LOCK")" "$LOCK"
  # Big wheels are unpacked in TMPDIR: /tmp is often a small memory disk.
  export TMPDIR="$PWD/$VENV/tmp" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
  case "$VENV" in /*) TMPDIR="$VENV/tmp" ;; esac
  quietly in_halves
  "$VENV/bin/python" -m pip check >>"$LOG" 2>&1 || quietly complete
  quietly "$VENV/bin/python" -m pip install -qq --no-compile --no-deps --no-build-isolation --editable .
  quietly "$VENV/bin/python" -m pip check
  quietly compile_start
  rm -rf "$VENV/tmp"
  stamp run >"$VENV/.installed-run"
  [ "$MODE" = run ] || stamp dev >"$VENV/.installed-dev"
  printf 'Installed in %d s\n' $((SECONDS - started))
}

main() {
  INTERPRETER="$(choose_python)"
  if is_installed "$MODE"; then exit 0; fi
  require_space
  create_venv
  INTERPRETER="$VENV/bin/python"
  install
}

main
