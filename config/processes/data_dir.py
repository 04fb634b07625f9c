"""DATA_DIR has one owner at a time, since SQLite's writer and the embedded index must not be shared."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import tempfile
from pathlib import Path

from core.domain.errors import ConfigError


class DataDirLock:
    """An advisory lock that the kernel takes back when its owner dies, however it dies."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "owner.lock"
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """False when another process is the owner."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return True

    def require(self) -> None:
        """Raises ConfigError when another process is the owner."""
        if not self.acquire():
            owner = self.path.read_text().strip()
            raise ConfigError(
                f"{self.path.parent.absolute()} is in use by another switchboard (process {owner}). "
                "Stop it, or give this one another DATA_DIR."
            )

    def release(self) -> None:
        """Let the next one in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def folder_trouble(folder: Path) -> str | None:
    """Why files cannot be made in a folder, which may not be there yet; None where they can. Changes nothing."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists() or each.is_symlink())
    if not there.is_dir():
        return f"{there} is no folder"
    return None if os.access(there, os.W_OK | os.X_OK) else f"this account may not write in {there}"


def kept_secret_key(data_dir: Path) -> str | None:
    """The key that a server made for itself, None before its first start."""
    return next(iter(former_secret_key(data_dir)), None)


def owner_name(data_dir: Path) -> str:
    """The name under which the owner of DATA_DIR holds leases in the database.

    It outlives the process: a successor goes on at once with what a killed owner was doing, and need not wait until
    the dead one's leases end. The lock sees to it that no two living processes have it; a copied folder is on another host.
    """
    return f"{socket.gethostname()}/{own_secret(data_dir, 'owner_name')}"


def own_secret_key(data_dir: Path) -> str:
    """The key that an unconfigured server made for itself at its first start."""
    return own_secret(data_dir, "secret_key")


def former_secret_key(data_dir: Path) -> tuple[str, ...]:
    """The key of the time before SECRET_KEY was set, where there is one: it opens what was sealed with it."""
    with contextlib.suppress(OSError):
        return ((data_dir / "secret_key").read_text().strip(),)
    return ()


def own_secret(data_dir: Path, name: str) -> str:
    """What stands in the file ``name`` (0600), made at the first call.

    It appears whole or not at all: half a key, left by a process that was killed, would be taken for a key. Raises ConfigError
    where no file can be made.
    """
    path = data_dir / name
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return path.read_text().strip()
    if (trouble := folder_trouble(data_dir)) is not None:
        raise ConfigError(f"DATA_DIR: {trouble}")
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor, unnamed = tempfile.mkstemp(prefix=f"{name}.", dir=data_dir)
    made = Path(unnamed)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        _publish(made, path)
    finally:
        made.unlink(missing_ok=True)
    return path.read_text().strip()


def _publish(made: Path, path: Path) -> None:
    """Give the file its name, unless another process was faster; where the file system has no links, the last one wins."""
    try:
        path.hardlink_to(made)
    except FileExistsError:
        return
    except OSError:
        made.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
