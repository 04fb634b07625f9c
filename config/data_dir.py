"""DATA_DIR has one owner at a time, since SQLite's writer and the embedded index must not be shared."""

from __future__ import annotations

import fcntl
import os
import secrets
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


def own_secret_key(data_dir: Path) -> str:
    """The key that an unconfigured server made for itself at its first start."""
    path = data_dir / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    data_dir.mkdir(parents=True, exist_ok=True)
    key = secrets.token_hex(32)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key
