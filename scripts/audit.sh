#!/usr/bin/env bash
# Asks the advisory services whether what is locked has known weaknesses. Where none answers within some seconds nothing was
# audited: it is said, and is no failure, so that the checks can be run without a network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BIN=.venv/bin
PATIENCE=5
AUDITOR=.venv/audit # an environment of its own: pip-audit brings a pip, which must not replace the one that installs everything
VERSION=2.10.1
status=0

not_audited() { # what
  echo "$1: not audited: advisory service unreachable"
}

audit_python() { # lock
  if ! curl -sS -f -m "$PATIENCE" -o /dev/null https://api.osv.dev/v1/vulns/PYSEC-2021-1 2>/dev/null; then
    not_audited "$1"
    return
  fi
  [ -x "$AUDITOR/bin/pip-audit" ] ||
    { "$BIN/python" -m venv "$AUDITOR" && "$AUDITOR/bin/python" -m pip install -qq "pip-audit==$VERSION"; }
  if ! "$AUDITOR/bin/pip-audit" --vulnerability-service osv --timeout 60 --progress-spinner off --require-hashes --disable-pip -r "$1"; then
    status=1
  fi
}

# npm exits with the same code for what it found and for what it could not ask; only an answer has this key.
audit_node() { # folder
  local answer
  answer="$(cd "$1" && npm audit --package-lock-only --audit-level=high --json --fetch-retries=0 --fetch-timeout=$((PATIENCE * 1000)) 2>/dev/null)" || true
  if ! grep -q '"auditReportVersion"' <<<"$answer"; then
    not_audited "$1"
  elif grep -qE '"severity": *"(high|critical)"' <<<"$answer"; then
    echo "$answer"
    status=1
  fi
}

PATH="$PWD/$BIN:$PATH"
audit_python requirements-dev.lock # it holds requirements.lock
while IFS= read -r lock; do audit_node "$(dirname "$lock")"; done < <(git ls-files '*package-lock.json')
exit $status
