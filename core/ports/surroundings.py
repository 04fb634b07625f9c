"""What every channel is given, whoever made it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.attachments import Attachment
from core.domain.capabilities import Pace
from core.domain.conversation import Conversation
from core.domain.messages import Note
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock
from core.ports.confined import ConfinedCalls
from core.ports.extractor import AttachmentStore
from core.ports.leases import Leases
from core.ports.metrics import Metrics
from core.ports.outcomes import Claim


@dataclass(frozen=True, slots=True)
class WantedCalls:
    """Up to ``most`` calls of a pace, which all processes share under ``key``."""

    key: str
    pace: Pace
    most: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """``granted``: calls; ``wait``: seconds until there are some, where there are none. ``noted``: the note was kept.

    ``busy``: an earlier message of the conversation is on its way.
    """

    granted: int = 0
    wait: float = 0.0
    noted: bool = False
    busy: bool = False


class Showing(Protocol):
    """Asked right before each write to the platform, so that none begins once somebody else has the conversation."""

    async def begin_showing(self, claim: Claim, note: Note | None = None, calls: WantedCalls | None = None) -> Allowed:
        """Before the first words. Nothing is noted while an earlier message of the conversation is on its way, which would
        else come to stand below them, nor where calls are wanted and none is granted.

        Raises what ``go_on_showing`` raises.
        """

    async def go_on_showing(self, claim: Claim, note: Note | None = None) -> Allowed:
        """Before further words. Raises LostClaim, Superseded as Journal.still_held does, and StoreUnavailable."""


class Paces(Protocol):
    """Paces by key. Every method raises StoreUnavailable."""

    async def reserve(self, key: str, pace: Pace, want: int) -> tuple[int, float]:
        """Take up to ``want`` sends from a shared pace: how many were granted, and seconds to wait when none was."""

    async def pause(self, key: str, seconds: float) -> None:
        """The provider asked for a pause: no process is granted a send of this pace for ``seconds``."""


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
