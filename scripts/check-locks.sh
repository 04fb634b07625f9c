#!/usr/bin/env bash
# Locks hold names, versions and hashes only: a host, a local file or a build tag would tie them to one machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

status=0
for lock in requirements.lock requirements-dev.lock; do
  if grep -nE '^--|file:|https?://|\+cpu|\+cu' "$lock"; then
    echo "$lock: only 'name==version' and hashes, please (the lines above); run make lock" >&2
    status=1
  fi
  if ! awk -v lock="$lock" '
    /^[^ ]/ { if (name && !hashes) { print lock ": " name " has no hash; run make lock"; bad = 1 } name = $1; hashes = 0 }
    /^    --hash=sha256:[0-9a-f]+( \\)?$/ { hashes++; next }
    /^ / { print lock ": " $0 " is no hash"; bad = 1 }
    END { if (!name || !hashes) { print lock ": " name " has no hash; run make lock"; bad = 1 } exit bad }
  ' "$lock" >&2; then status=1; fi
done
while IFS= read -r lock; do
  if grep -nE '"resolved"|https?://[^"]*\.tgz' "$lock"; then
    echo "$lock: no download addresses, please; keep omit-lockfile-registry-resolved=true in .npmrc beside it" >&2
    status=1
  fi
done < <(git ls-files '*package-lock.json')
exit $status
