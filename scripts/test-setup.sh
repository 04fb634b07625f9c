#!/usr/bin/env bash
# Brings what the tests drive beside Python packages: PostgreSQL, Redis, Dovecot, Caddy, Chromium, Tesseract, and the Node test peers.
# As root on Debian it installs what is missing; elsewhere it uses what it finds and names the line for the rest.
#
#   scripts/test-setup.sh [servers]     servers: only what is no Node package; that needs no .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"

POLICY=/usr/sbin/policy-rc.d
OWN_POLICY=0

is_root() { [ "$(id -u)" = 0 ]; }
is_debian() { command -v apt-get >/dev/null && grep -qE '^ID=debian' /etc/os-release 2>/dev/null; }

# One package name per line, for each program that the tests would not find.
missing_packages() {
  python3 - <<'PYTHON'
import glob
import os
import shutil

from tests.servers import programs

wanted = {
    "postgresql": programs.postgres_binaries,
    "redis-server": programs.redis_server,
    "caddy": programs.caddy,
    "chromium-headless-shell": programs.chromium,
    "tesseract-ocr": programs.tesseract,
}
missing = set()
for package, find in wanted.items():
    try:
        find()
    except programs.Missing:
        missing.add(package)
# Dovecot is one server in several packages; without one of them it starts and then has no such protocol.
for package, part in (("imapd", "imap"), ("lmtpd", "lmtp"), ("submissiond", "submission")):
    if not any(os.path.exists(f"{place}/{part}") for place in ("/usr/lib/dovecot", "/usr/libexec/dovecot")):
        missing.add(f"dovecot-{package}")
# Each language of Tesseract's is a package; English comes with it.
if not glob.glob("/usr/share/tesseract-ocr/*/tessdata/deu.traineddata") and os.path.exists("/etc/debian_version"):
    missing.add("tesseract-ocr-deu")
# As root, PostgreSQL has to run as the user that Debian's package makes.
if os.geteuid() == 0 and shutil.which("apt-get") and not glob.glob("/usr/lib/postgresql/*/bin/initdb"):
    missing.add("postgresql")
print("\n".join(sorted(missing)), end="")
PYTHON
}

# Packages of servers start them at once; a test machine should not get services by the way.
forbid_service_starts() {
  [ ! -e "$POLICY" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod +x "$POLICY"
  OWN_POLICY=1
}

allow_service_starts() { [ "$OWN_POLICY" = 0 ] || rm -f "$POLICY"; }

install_packages() {
  local log started=$SECONDS
  log="$(mktemp)"
  printf 'Installing %s (about a minute)\n' "$*"
  trap allow_service_starts EXIT
  forbid_service_starts
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "test-setup: apt-get failed; the whole log is $log" >&2
    exit 1
  fi
  rm -f "$log"
  printf 'Installed in %d s\n' $((SECONDS - started))
}

install_servers() {
  local found packages
  found="$(missing_packages)"
  # Any Chromium will do; this one takes half of the processor time, and only Debian has it as a package.
  if is_root && is_debian && ! command -v chromium-headless-shell >/dev/null; then
    found="$(printf '%s\nchromium-headless-shell' "$found" | sed '/^$/d' | sort -u)"
  fi
  [ -n "$found" ] || return 0
  mapfile -t packages <<<"$found"
  if is_root && is_debian; then
    install_packages "${packages[@]}"
  else
    explain_missing "${packages[@]}"
  fi
}

explain_missing() {
  local package
  echo "test-setup: some programs that the tests drive are not installed:" >&2
  for package in "$@"; do
    case "$package" in
      chromium-*) echo "  Debian: sudo apt-get install $package    Ubuntu, macOS: .venv/bin/playwright install chromium" >&2 ;;
      dovecot-*) echo "  Debian, Ubuntu: sudo apt-get install $package    macOS: brew install dovecot" >&2 ;;
      tesseract-*) echo "  Debian, Ubuntu: sudo apt-get install $package    macOS: brew install tesseract tesseract-lang" >&2 ;;
      *) echo "  Debian, Ubuntu: sudo apt-get install $package    macOS: brew install ${package/-server/}" >&2 ;;
    esac
  done
  exit 1
}

# `npm ci`, unless it ran before for the same lock.
install_node_packages() { # folder
  local stamp="$1/node_modules/.installed" wanted
  wanted="$(cat "$1/package-lock.json" "$1/package.json" | cksum)"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return 0; fi
  printf 'Installing the Node packages of %s\n' "$1"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null)
  printf '%s\n' "$wanted" >"$stamp"
}

install_servers
[ "${1:-all}" != servers ] || exit 0
install_node_packages tests/peers
install_node_packages channels/web/widget
