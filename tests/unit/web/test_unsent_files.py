"""How many bytes of unsent files one network may hold; tests/integration/budgets has the rest, on running hubs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from channels.web.access import Caller
from channels.web.settings import WebLimits
from channels.web.unsent_files import UnsentFiles
from core.domain.attachments import Attachment
from core.domain.errors import TooManyRequests

_SIZE = 100
_LIMITS = replace(WebLimits(), unsent_bytes_per_address=_SIZE, unsent_bytes_in_all=16 * _SIZE)
"""Strangers share 12 files, of which one network gets 6."""


class Records:
    """Implements UnsentRecords: nothing of what is uploaded here was recorded before the total was read."""

    async def unsent_bytes(self) -> int:
        """See UnsentRecords."""
        return 0

    async def unsent_among(self, ids: Sequence[str]) -> Collection[str]:
        """See UnsentRecords."""
        return ids


async def _upload(files: UnsentFiles, caller: Caller) -> None:
    attachment = Attachment(caller.key, "a.txt", "text/plain", _SIZE, "0" * 64, "ab/cd")
    async with files.room(caller, _SIZE):
        files.stored(caller, attachment)
    files.recorded(attachment)


async def test_the_addresses_of_one_network_leave_room_to_other_strangers() -> None:
    files = UnsentFiles(Records(), _LIMITS, lambda: 0.0)
    for number in range(6):
        await _upload(files, Caller(f"address {number}", known=False, network="near"))
    with pytest.raises(TooManyRequests):
        await _upload(files, Caller("address 6", known=False, network="near"))
    for number in range(6):
        await _upload(files, Caller(f"other {number}", known=False, network="far"))
    files.forget(["address 0"])
    await _upload(files, Caller("address 7", known=False, network="near"))
