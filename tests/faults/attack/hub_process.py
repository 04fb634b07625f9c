"""``python -m tests.faults.attack.hub_process serve``: the hub's command, with as many open files as a shell gives it."""

from __future__ import annotations

import resource

from config import cli

SOFT, HARD = 1024, 4096
"""The limits of a login on common Linux systems. A process may raise the first up to the second."""


def main() -> None:
    """Limit, then do what the command line says."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = HARD if most == resource.RLIM_INFINITY else min(HARD, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(SOFT, hard), hard))
    cli.main()


if __name__ == "__main__":
    main()
