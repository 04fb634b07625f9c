"""Customers on a channel of the test's own: it takes its time, loses answers on the way back, and keeps what arrived in order."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities
from core.domain.conversation import Conversation
from core.domain.errors import OutcomeUnknown, RateLimited, Unreachable, Unsupported
from core.domain.messages import Author, InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.channel import AttachmentStream, InboundSink, StreamFrame, WebhookReply, WebhookRequest
from tests.faults.channels.weather import Trouble, Weather

_SLOW = 0.25
_PAUSE = 0.3


@dataclass(frozen=True, slots=True)
class Shown:
    """What a customer has before their eyes. ``final``: a message; otherwise words of an answer that is being written."""

    at: float
    author: Author
    text: str
    final: bool


class Courier:
    """Implements Channel and SupportsStreaming. Nobody can ask it what became of a message."""

    name = "courier"
    account = "main"

    def __init__(self, rng: random.Random, trouble: float) -> None:
        self.capabilities = Capabilities(text_limit=4_000, stream=True)
        self.weather = Weather(rng, trouble)
        self.shown: dict[str, list[Shown]] = defaultdict(list)
        self._taken: dict[str, str] = {}
        self._rng = rng

    async def start(self, sink: InboundSink) -> None:
        """Nothing to open: customers write straight into the sink."""

    async def stop(self) -> None:
        """Nothing to close."""

    def authenticate(self, request: WebhookRequest) -> None:
        """Nothing comes in here."""

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """Nothing comes in here."""
        return []

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        """One payload."""
        return [WirePayload(message.conversation, {"text": message.text, "author": str(message.author)}, 0)]

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """Taken at some moment of the call, and the answer may be lost: at once, or in silence until the time is over."""
        trouble = self.weather.over(idempotency_key)
        await asyncio.sleep(self._rng.uniform(0.0, _SLOW))
        if trouble is Trouble.LIMIT:
            raise RateLimited("Too many requests.", retry_after=_PAUSE)
        if trouble is Trouble.FAILURE:
            raise Unreachable("503")
        if trouble is Trouble.GONE:
            raise OutcomeUnknown("The connection was lost.")
        thread = payload.conversation.thread
        self._show(thread, Author(payload.body["author"]), payload.body["text"], final=True)
        self._taken[idempotency_key] = f"{thread}/{len(self.shown[thread])}"
        if trouble is Trouble.LOST:
            if self._rng.random() < 0.5:
                await asyncio.Event().wait()
            raise OutcomeUnknown("The connection was lost.")
        await asyncio.sleep(self._rng.uniform(0.0, _SLOW))
        return Receipt(self._taken[idempotency_key])

    async def stream(self, conversation: Conversation, frames: Sequence[StreamFrame]) -> None:
        """See SupportsStreaming. What is handed over is seen."""
        for frame in frames:
            if frame.kind == "text":
                self._show(conversation.key.thread, Author.AGENT, str(frame.body["delta"]), final=False)

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        """Nothing comes in here. Raises Unsupported."""
        raise Unsupported("No files.")

    def _show(self, thread: str, author: Author, text: str, *, final: bool) -> None:
        self.shown[thread].append(Shown(asyncio.get_running_loop().time(), author, text, final))


class TrackedCourier(Courier):
    """Implements SupportsOutcomeQuery as well."""

    name = "tracked"

    def __init__(self, rng: random.Random, trouble: float) -> None:
        super().__init__(rng, trouble)
        self.capabilities = replace(self.capabilities, costly=True)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery."""
        await asyncio.sleep(self._rng.uniform(0.0, _SLOW))
        found = self._taken.get(idempotency_key)
        return None if found is None else Receipt(found)
