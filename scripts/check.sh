#!/usr/bin/env bash
# Everything that can be judged without running the hub. All checks run, also after one has failed; the types, which take
# as long as the others together, beside them. RULES=later leaves the project's own rules to a run of all tests.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BIN=.venv/bin
FAILED=()
BESIDE="$(mktemp)"
trap 'rm -f "$BESIDE"; kill $(jobs -p) 2>/dev/null || true' EXIT

told() { # name, exit code, seconds, output
  if [ "$2" = 0 ]; then
    printf '  ok    %-12s %3d s\n' "$1" "$3"
  else
    printf '  FAIL  %-12s %3d s\n%s\n' "$1" "$3" "$4"
    FAILED+=("$1")
  fi
}

step() { # name, command...
  local name="$1" started=$SECONDS output code=0
  shift
  output="$("$@" 2>&1)" || code=$?
  told "$name" "$code" $((SECONDS - started)) "$output"
}

"$BIN/mypy" >"$BESIDE" 2>&1 &
types=$!

step locks bash scripts/check-locks.sh
step format "$BIN/ruff" format --check --quiet .
step lint "$BIN/ruff" check --quiet .
started=$SECONDS code=0
audited="$(bash scripts/audit.sh 2>&1)" || code=$?
told audit "$code" $((SECONDS - started)) "$audited"
grep 'not audited' <<<"$audited" || true
code=0
step imports "$BIN/lint-imports" --no-logo --no-cache
[ "${RULES:-now}" = later ] || step rules "$BIN/python" -m pytest -q -m "not slow" tests/architecture

code=0
wait "$types" || code=$?
told types "$code" "$SECONDS" "$(cat "$BESIDE")"

if [ ${#FAILED[@]} -gt 0 ]; then
  printf 'check: failed: %s\n' "${FAILED[*]}" >&2
  exit 1
fi
