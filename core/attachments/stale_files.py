"""Removes files that a customer uploaded and then did not send."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from core.domain.attachments import Attachment
from core.domain.errors import HubError
from core.ports.extractor import AttachmentStore

_log = logging.getLogger(__name__)
_PAGE = 100


class StaleFiles(Protocol):
    """What the database knows of files without a message."""

    async def stale_attachments(self, older_than: float, limit: int) -> Sequence[tuple[str, Attachment]]:
        """Uploaded more than ``older_than`` seconds ago and in no message, oldest first, each with its conversation's id."""
        ...

    async def forget_attachment(self, attachment_id: str) -> bool:
        """False when it is in a message by now, or was forgotten already."""
        ...

    async def add_attachment(self, conversation_id: str, file: Attachment) -> None: ...


async def remove_stale(records: StaleFiles, files: AttachmentStore, older_than: float) -> int:
    """How many went. Raises StoreUnavailable.

    The row goes first: from then on no message can take the file. When the file cannot be deleted the row comes back, as
    new, so that a later run finds it.
    """
    removed = 0
    while page := await records.stale_attachments(older_than, _PAGE):
        for conversation_id, file in page:
            if not await records.forget_attachment(file.id):
                continue
            try:
                await files.delete(file.storage_key)
            except (HubError, OSError) as error:
                _log.warning("stale file not deleted", extra={"attachment": file.id, "reason": str(error)})
                await records.add_attachment(conversation_id, file)
                return removed
            removed += 1
    return removed
