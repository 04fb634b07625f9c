"""What every channel is given, whoever made it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.attachments import Attachment
from core.domain.conversation import Conversation
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock
from core.ports.confined import ConfinedCalls
from core.ports.extractor import AttachmentStore
from core.ports.leases import Leases
from core.ports.metrics import Metrics
from core.ports.paces import Paces
from core.ports.showing import Showing


class KnownConversations(Protocol):
    """What has become of a conversation, for a channel that shows it to its customer."""

    async def conversation(self, conversation_id: str) -> Conversation | None: ...


class KnownDeliveries(Protocol):
    """What the hub has sent, for a channel that looks for a message at its provider. Raises StoreUnavailable."""

    async def written_at(self, delivery_id: str) -> datetime | None:
        """When its message was written; None where there is no such delivery."""

    async def known_as(self, channel: str, account: str, provider_ids: Sequence[str]) -> Mapping[str, str]:
        """Those of the provider's names that belong to a delivery which has ended, with the threads of their conversations."""


async def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``link`` gives a signed address of a file that expires, None where the hub has no public address.

    ``process`` names this process among those that share the database. ``confined`` reads what strangers wrote.
    ``max_attachment_bytes`` holds for files both ways. ``has_room``: whether the hub takes files now; without room, only text
    is to be taken.
    """

    memory: ChannelMemory
    leases: Leases
    paces: Paces
    deliveries: KnownDeliveries
    showing: Showing
    files: AttachmentStore
    clock: Clock
    metrics: Metrics
    link: Callable[[Attachment], str | None]
    process: str
    company: str
    confined: ConfinedCalls
    public_url: str | None = None
    max_attachment_bytes: int = 10 * 1024 * 1024
    conversations: KnownConversations | None = None
    has_room: Callable[[], Awaitable[bool]] = _always
