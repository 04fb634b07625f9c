"""The attachment store that the settings ask for."""

from __future__ import annotations

from pathlib import Path

from core.attachments.disk_room import DiskRoom
from core.attachments.file_store import FileStore
from core.attachments.media_type import AttachmentPolicy
from core.attachments.object_store import ObjectStore, parse_location


def open_store(
    data_dir: Path, url: str | None, policy: AttachmentPolicy | None = None, room: DiskRoom | None = None
) -> FileStore | ObjectStore:
    """A folder under ``data_dir``, or a bucket when ``url`` names one. Call ``start`` before use. Raises ConfigError."""
    if not url:
        return FileStore(data_dir / "attachments", policy, room)
    return ObjectStore(parse_location(url), data_dir / "attachments-spool", policy, room)
