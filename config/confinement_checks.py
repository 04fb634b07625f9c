"""Checks of ``doctor`` for the confinement. A confined child tries what must be refused."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from config.processes.privacy import open_to_other_accounts
from config.settings import Settings
from core.confined import probe
from core.confined.measures import Measure
from core.confined.runner import ConfinedRunner
from core.domain.errors import CallDied, ConfinedError
from core.ports.channel import Diagnosis

CONFINEMENT = "sandbox"
_PROBE = probe.__name__
_PROGRAM = b"/bin/sh"
_LANDLOCK = "Run Linux 5.13 or newer with Landlock switched on (`lsm=landlock,…` on the kernel's command line)."
_SECCOMP = "Run Linux on x86-64 or arm64 with seccomp filters."
_MEANINGS = {
    "data": ("files of DATA_DIR", "can be read by a converter that was taken over", _LANDLOCK),
    "machine": ("files of this machine", "can be read by a converter that was taken over", _LANDLOCK),
    "environment": ("the hub's environment", "can be read by a converter that was taken over", _LANDLOCK),
    "network": ("sockets", "can be opened by a converter that was taken over", _SECCOMP),
    "descriptors": (
        "files that the hub opened",
        "are open in a converter",
        "Please report it: it is a fault of the hub.",
    ),
    "program": ("programs", "can be started by a converter that was taken over", _SECCOMP),
}


async def check_confinement(settings: Settings) -> Sequence[Diagnosis]:
    """Seconds at most. Nothing is changed on the disk."""
    runner = ConfinedRunner((_PROBE,))
    try:
        reached = await _reached(runner, settings.data_dir)
    except (ConfinedError, OSError) as error:
        return [Diagnosis("a confined process", False, f"cannot be had: {error}", "See the log of the hub.")]
    finally:
        await runner.close()
    assert runner.isolation is not None
    return [
        _measures(runner.isolation),
        *(_confinement(name, reached[name]) for name in _MEANINGS),
        _folder(settings.data_dir),
    ]


async def _reached(runner: ConfinedRunner, data_dir: Path) -> dict[str, bool]:
    with _file_of_ours(data_dir) as secret:
        files = {"data": secret.name, "machine": "/etc/passwd", "environment": f"/proc/{os.getpid()}/environ"}
        answer = await runner.call(f"{_PROBE}:{probe.try_what_is_refused.__name__}", json.dumps(files).encode())
    reached: dict[str, bool] = json.loads(answer)
    try:
        await runner.call(f"{_PROBE}:{probe.become_program.__name__}", _PROGRAM)
    except CallDied:
        return {**reached, "program": True}
    return {**reached, "program": False}


def _file_of_ours(data_dir: Path) -> IO[bytes]:
    """A file of DATA_DIR, which is only read; where there is none, one elsewhere that is as private."""
    with contextlib.suppress(OSError):
        for path in data_dir.iterdir():
            if path.is_file():
                return path.open("rb")
    return tempfile.NamedTemporaryFile(prefix="switchboard-doctor-")


def _measures(isolation: frozenset[Measure]) -> Diagnosis:
    return Diagnosis("in force", True, ", ".join(sorted(isolation)))


def _confinement(name: str, reached: bool) -> Diagnosis:
    """Report a system other than Linux without calling it a fault: operators cannot mend it."""
    what, meaning, fix = _MEANINGS[name]
    if not reached:
        return Diagnosis(what, True, "out of reach of whoever takes a converter over")
    return Diagnosis(what, sys.platform != "linux", meaning, fix)


def _folder(data_dir: Path) -> Diagnosis:
    open_to_others = open_to_other_accounts(data_dir)
    if not open_to_others:
        return Diagnosis("DATA_DIR", True, "is its owner's alone")
    return Diagnosis(
        "DATA_DIR",
        False,
        f"other accounts of this machine may reach {len(open_to_others)} files and folders, such as {open_to_others[0]}",
        f"chmod -R go-rwx {data_dir}, as the owner of what is in it",
    )
