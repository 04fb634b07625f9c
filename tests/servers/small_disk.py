"""A file system of a few megabytes, in memory, that a test can fill and free: what a full disk really does."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import ServerProcess


@dataclass(frozen=True)
class SmallDisk:
    """``prefix`` goes before a command that has to see the disk (empty for root). ``ballast`` is what fills it."""

    path: Path
    prefix: tuple[str, ...]
    ballast: Path

    def fill(self) -> None:
        """Write until nothing more fits."""
        with self.ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self) -> None:
        """Give the room back."""
        self.ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Mounted by root, or in a namespace of its own where users may make one (most Linux systems)."""
    home = Path(tempfile.mkdtemp(prefix="switchboard-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(home)]
    try:
        if os.geteuid() == 0:
            yield from _mounted_by_root(home, mount)
        else:
            yield from _mounted_in_namespace(home, mount)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _mounted_by_root(home: Path, mount: Sequence[str]) -> Iterator[SmallDisk]:
    subprocess.run(mount, check=True)
    try:
        yield SmallDisk(home, (), home / "ballast")
    finally:
        subprocess.run(["umount", "--lazy", str(home)], check=True)


def _mounted_in_namespace(home: Path, mount: Sequence[str]) -> Iterator[SmallDisk]:
    """A process holds the namespace; others enter it, and then look like an ordinary user again."""
    log = Path(tempfile.mkstemp(prefix="switchboard-disk-log-")[1])
    script = f"{' '.join(mount)} && echo mounted && exec sleep infinity"
    holder = ServerProcess(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script], log=log, cwd=home)
    holder.start()
    try:
        holder.wait_ready(lambda: "mounted" in log.read_text(encoding="utf-8"))
        enter = ("nsenter", "--preserve-credentials", "--user", "--mount", f"--target={holder.pid}")
        ordinary = ("unshare", "--user", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}")
        yield SmallDisk(home, (*enter, *ordinary), Path(f"/proc/{holder.pid}/root{home}") / "ballast")
    finally:
        holder.end()
        log.unlink()
