"""What a channel must do, and what it may do besides. Optional behaviour is a protocol of its own, asked with isinstance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, Pace
from core.domain.conversation import Conversation
from core.domain.keys import ConversationKey
from core.domain.messages import (
    Author,
    InboundEvent,
    OutboundMessage,
    RawEvent,
    Receipt,
    WirePayload,
)
from core.domain.thumbs import Rating
from core.ports.event_log import LogFrame, LoggedFrame


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """An HTTP request before anybody believes it. ``url`` is the public URL, as the provider signed it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookReply:
    """An immediate answer that is not an event (URL verification and the like)."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """One event after the commit. ``cursor`` only where the channel reads the hub's event log, and ``frame`` as it will be read.

    ``seq``: the message's place; of a change of a message that a turn is at work on, the conversation's last place after it.
    ``rating``: what a thumb made of the answer that it is on, where that is news. ``blocked``: it is kept and nothing comes of
    it, since staff have blocked who wrote it.
    """

    message_id: str
    conversation_id: str
    seq: int
    duplicate: bool
    state: str
    cursor: int | None = None
    rating: Rating | None = None
    blocked: bool = False
    frame: LoggedFrame | None = None


class InboundSink(Protocol):
    """Where a channel hands over what it parsed. It returns after the commit, never before."""

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        """All of them in one commit. Raises StoreUnavailable or Overloaded (answer 5xx), SessionEnded, InvalidInput."""

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        """Keep an event that could not be parsed, with its body, and alert. Raises StoreUnavailable."""


class AttachmentStream(Protocol):
    """A file being fetched from a provider."""

    name: str
    media_type: str | None

    def chunks(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Give up what was not read."""


class Channel(Protocol):
    """A door. Parse and render are pure; only start, send and fetch touch the network."""

    name: str
    account: str
    capabilities: Capabilities

    async def start(self, sink: InboundSink) -> None: ...

    async def stop(self) -> None: ...

    def authenticate(self, request: WebhookRequest) -> None:
        """Constant time, before anything is parsed. Raises BadSignature."""

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """Empty means: nothing for us. Raises InvalidInput for what cannot be understood (it is quarantined)."""

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        """At least one payload; splits and degrades, loses no text."""

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """One call to the provider. Raises a ChannelError, OutcomeUnknown when it may have happened."""

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        """Open a file on the provider's side. Raises a ChannelError."""


@dataclass(frozen=True, slots=True)
class StreamFrame:
    """Provisional output of one turn. ``index`` counts text frames from 0; ``body`` holds the kind's own fields.

    ``answers_to``: set on the first that is shown; it must not be when the conversation has grown beyond that place.
    """

    kind: Literal["text", "tool_call", "sources", "typing", "discard"]
    turn_id: str
    epoch: int
    index: int = 0
    body: Mapping[str, Any] = field(default_factory=dict)
    answers_to: int | None = None


@runtime_checkable
class SupportsStreaming(Protocol):
    """Shows an answer while it is being written. What it shows is replaced by the message that is delivered in the end."""

    async def stream(self, conversation: Conversation, frames: Sequence[StreamFrame]) -> None:
        """Raises LostClaim when another worker or a person has the conversation now."""


@runtime_checkable
class SupportsEventLog(Protocol):
    """Its customers read the hub's own event log: a message is sent by the commit that appends its frames."""

    def log_frames(self, message: OutboundMessage, delivery_id: str) -> Sequence[LogFrame]:
        """What ``send`` would append for it; nothing for a message that it sends in parts."""

    def logged(self, conversation_id: str, frames: Sequence[LoggedFrame]) -> None:
        """These frames were committed: show them to who listens here, and wake other processes."""


@runtime_checkable
class SupportsTyping(Protocol):
    """Shows that somebody is writing; best effort, never an error that matters."""

    async def typing(self, conversation: ConversationKey, author: Author) -> None: ...


@runtime_checkable
class SupportsOutcomeQuery(Protocol):
    """Can ask the provider whether a payload arrived, after an unknown outcome."""

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """The receipt when it arrived, None when it certainly did not. Raises OutcomeUnknown when it cannot tell."""


@runtime_checkable
class SupportsPaces(Protocol):
    """Its provider counts each kind of call by itself: what is too much of one need not hold up the others."""

    async def pace_of(self, payload: WirePayload) -> tuple[str, Pace] | None:
        """What this call is counted with, within the account's own pace, and how many of those there may be.

        None: the channel itself sees to it that there are not too many.
        """


@runtime_checkable
class SupportsRoutes(Protocol):
    """Serves HTTP of its own. Returns aiohttp route definitions, untyped here to keep the ports free of libraries."""

    def routes(self) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was checked. ``fix`` says what to change, and where, when it is not ``ok``."""

    check: str
    ok: bool
    detail: str
    fix: str | None = None


@runtime_checkable
class SupportsDiagnosis(Protocol):
    """Can look at its own credentials, rights and webhook as the provider sees them (``switchboard doctor``)."""

    async def diagnose(self) -> Sequence[Diagnosis]:
        """Works before ``start`` and beside a running hub; changes nothing, and raises nothing that a person has to read."""


@runtime_checkable
class SupportsAlarm(Protocol):
    """Knows when it does not work as it should, for ``/health/channels``."""

    @property
    def alarm(self) -> str | None:
        """One public sentence without addresses or secrets; None while all is well."""
