"""Keeps other accounts out of the hub's files and processes: they hold customers' messages and secrets."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from core.confined import kernel

_log = logging.getLogger("switchboard.privacy")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def hide_from_other_processes() -> None:
    """Call it at the start of each process: new files are 0600, and other processes of this account cannot look into this one.

    The latter keeps ``/proc/PID/environ`` and memory from what runs beside the hub (Linux); debuggers then need root.
    """
    os.umask(_OTHERS)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


def remove_access_of_others(data_dir: Path) -> None:
    """Remove the rights of group and others from existing files, which earlier versions wrote as 0644.

    The folder itself comes last, so that a run that was interrupted is begun again by the next start.
    """
    refused: list[Path] = []
    found = open_to_other_accounts(data_dir)
    for path in [*found[1:], *found[:1]]:
        try:
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & stat.S_IRWXU)
        except FileNotFoundError:
            continue
        except OSError:
            refused.append(path)
    if refused:
        _log.warning("other accounts may reach %s, and it is not this account's to change", refused[0])


def open_to_other_accounts(data_dir: Path) -> list[Path]:
    """The folder, and what in it has rights for others; nothing when the folder lets nobody in."""
    if not data_dir.is_dir() or not data_dir.stat().st_mode & _OTHERS:
        return []
    return [data_dir, *_open_to_others(data_dir)]


def _open_to_others(folder: Path) -> Iterator[Path]:
    """Links are not followed: they have no rights of their own, and may lead anywhere."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            with contextlib.suppress(OSError):
                mode = path.lstat().st_mode
                if not stat.S_ISLNK(mode) and mode & _OTHERS:
                    yield path


def switch_off_telemetry() -> None:
    """Call it at the start of each process: newer versions of ONNX Runtime, which runs models, have it on.

    ONNX Runtime reads the variable when it is imported, and child processes inherit it. A value that an operator has set stays.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
