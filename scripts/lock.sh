#!/usr/bin/env bash
# Writes requirements.lock and requirements-dev.lock from pyproject.toml. Versions already locked stay, unless --upgrade is given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BIN=.venv/bin
[ -x "$BIN/uv" ] || "$BIN/python" -m pip install -qq uv

compile() { # output, further arguments
  local output="$1"
  shift
  "$BIN/uv" pip compile -q --config-file scripts/uv.toml --universal --python-version 3.11 --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links "$@" pyproject.toml -o "$output"
}

compile requirements.lock "$@"
compile requirements-dev.lock --extra dev -c requirements.lock "$@"
bash scripts/check-locks.sh
