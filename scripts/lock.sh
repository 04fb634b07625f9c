#!/usr/bin/env bash
# Writes requirements.lock and requirements-dev.lock from pyproject.toml. Versions already locked stay, unless --upgrade is given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BIN=.venv/bin
# The registry has no CPU build of PyTorch for Linux, which is a tenth of the size. Where pip is told of a place that has one, it
# takes it; this is the hash of torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl.
TORCH=2.13.0
TORCH_CPU=6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b
[ -x "$BIN/uv" ] || "$BIN/python" -m pip install -qq uv

compile() { # output, further arguments
  local output="$1"
  shift
  "$BIN/uv" pip compile -q --config-file scripts/uv.toml --universal --python-version 3.11 --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --generate-hashes "$@" pyproject.toml -o "$output"
  grep -q "^torch==$TORCH " "$output" || { echo "lock: TORCH and TORCH_CPU in scripts/lock.sh are of another version" >&2; exit 1; }
  awk -v cpu="$TORCH_CPU" 'index($0, cpu) { next } { print } /^torch==/ { print "    --hash=sha256:" cpu " \\" }' "$output" >"$output.new"
  mv "$output.new" "$output"
}

compile requirements.lock "$@"
compile requirements-dev.lock --extra dev -c requirements.lock "$@"
bash scripts/check-locks.sh
