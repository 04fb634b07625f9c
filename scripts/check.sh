#!/usr/bin/env bash
# Everything that can be judged without running the hub. All checks run, also after one has failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BIN=.venv/bin
FAILED=()

step() { # name, command...
  local name="$1" started=$SECONDS output
  shift
  if output="$("$@" 2>&1)"; then
    printf '  ok    %-12s %3d s\n' "$name" $((SECONDS - started))
  else
    printf '  FAIL  %-12s %3d s\n%s\n' "$name" $((SECONDS - started)) "$output"
    FAILED+=("$name")
  fi
}

step locks bash scripts/check-locks.sh
step format "$BIN/ruff" format --check --quiet .
step lint "$BIN/ruff" check --quiet .
step types "$BIN/mypy"
step imports "$BIN/lint-imports" --no-logo --no-cache
step rules "$BIN/python" -m pytest -q -m "not slow" tests/architecture

if [ ${#FAILED[@]} -gt 0 ]; then
  printf 'check: failed: %s\n' "${FAILED[*]}" >&2
  exit 1
fi
