#!/usr/bin/env bash
# Builds the widget.   scripts/widget.sh build: into channels/web/static/.   scripts/widget.sh build DIRECTORY: elsewhere.
#                      scripts/widget.sh check: type check and the widget's own tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH" NO_COLOR=1

WIDGET=channels/web/widget
[ -d "$WIDGET/node_modules" ] ||
  (cd "$WIDGET" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null)

case "${1:-build}" in
  build) cd "$WIDGET" && npm run --silent build -- ${2:+--outDir "$2"} --logLevel warn ;;
  check) cd "$WIDGET" && npm run --silent typecheck && npm run --silent test ;;
  *) echo "usage: scripts/widget.sh [build [DIRECTORY] | check]" >&2; exit 2 ;;
esac
