"""What a channel has to remember itself: how far it has read, who said STOP, which e-mail belongs to which thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class ChannelMemory(Protocol):
    """Small texts by channel, account and key, durable before a call returns. Every method raises StoreUnavailable.

    Keys are the channel's own; a slash separates kinds (``uid/INBOX``, ``opt-out/+15550100``): ``recall_all`` lists one.
    Kinds that are of no use some day may be forgotten a while after they were last written or recalled by their keys.
    """

    async def recall(self, channel: str, account: str, key: str) -> str | None: ...

    async def recall_many(self, channel: str, account: str, keys: list[str]) -> Mapping[str, str]:
        """Those of the keys that are known."""

    async def remember(self, channel: str, account: str, key: str, value: str) -> None: ...

    async def remember_many(self, channel: str, account: str, values: Mapping[str, str]) -> None:
        """By key, all in one transaction."""

    async def replace(self, channel: str, account: str, key: str, old: str | None, new: str) -> bool:
        """Only if it is still ``old`` (None: not there yet). False when somebody else was faster."""

    async def forget(self, channel: str, account: str, key: str, old: str | None = None) -> None:
        """With ``old`` only if it is still that: somebody may have written it anew meanwhile."""

    async def recall_all(self, channel: str, account: str, prefix: str, limit: int = 1000) -> Mapping[str, str]:
        """By key, in order."""
