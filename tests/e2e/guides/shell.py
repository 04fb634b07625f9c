"""The commands of a page, run by bash as they stand there. What Docker would run in a container runs beside it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.servers import programs

_DOCKER = """#!/usr/bin/env bash
# As `docker compose --env-file .env -f deploy/compose.yaml COMMAND`, for the services of one test.
set -eu
[ "$1 $2 $3 $4 $5" = "compose --env-file .env -f deploy/compose.yaml" ] || { echo "docker: $*" >&2; exit 64; }
shift 5
case "$1" in
  exec) [ "$2" != -T ] || shift; service=$2; shift 2
    case "$service" in
      postgres) exec "$@" ;;
      worker) exec "${@//\\/data/$WORKER_DATA}" ;;
    esac ;;
  stop | up) echo "$@" >>"$DOCKER_CALLS"; exit ;;
esac
echo "docker compose: $*" >&2; exit 64
"""


def run_commands(commands: str, cwd: Path, **environment: str) -> str:
    """What they print; the first one that fails ends them, and the test."""
    ran = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, f"{commands}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def docker_beside(folder: Path) -> str:
    """A PATH on which ``docker`` is the test's own, with PostgreSQL's programs, as in its container."""
    folder.mkdir()
    (folder / "docker").write_text(_DOCKER, encoding="utf-8")
    (folder / "docker").chmod(0o755)
    return os.pathsep.join((str(folder), str(programs.postgres_binaries()), os.environ["PATH"]))
