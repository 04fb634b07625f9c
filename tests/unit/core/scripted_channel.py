"""Channels that answer as a script says, so that each kind of failure can be had on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities
from core.domain.errors import Unsupported
from core.domain.messages import InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.channel import AttachmentStream, InboundSink, WebhookReply, WebhookRequest

HANG = object()
"""In a script: never answers."""


class ScriptedChannel:
    """Implements core.ports.channel.Channel. Each send takes the next step of ``script``: an error, HANG, or an id.

    After the script's end everything is sent. ``sent`` holds the texts that were given to the provider, ``arrived`` those
    that it really took.
    """

    name = "web"
    account = "main"

    def __init__(self, *script: object, capabilities: Capabilities | None = None) -> None:
        self.capabilities = capabilities or Capabilities(text_limit=1000)
        self.script = list(script)
        self.sent: list[str] = []
        self.keys: list[str] = []
        self.arrived: list[str] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.gate: asyncio.Event | None = None

    async def start(self, sink: InboundSink) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def authenticate(self, request: WebhookRequest) -> None:
        """Believes everybody."""

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """Nothing comes in."""
        return []

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        """One payload for each line."""
        lines = message.text.split("\n")
        if "cannot be shown" in message.text:
            raise Unsupported("This channel shows no such thing.")
        return [WirePayload(message.conversation, {"text": line}, part) for part, line in enumerate(lines)]

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """Does what the script says."""
        text = str(payload.body["text"])
        self.sent.append(text)
        self.keys.append(idempotency_key)
        step: Any = self.script.pop(0) if self.script else "ok"
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if step is HANG:
                await asyncio.Event().wait()
            if isinstance(step, BaseException):
                raise step
        finally:
            self.in_flight -= 1
        self.arrived.append(text)
        return Receipt(f"p{len(self.arrived)}")

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        """No files."""
        raise Unsupported("no files")


class QueryableChannel(ScriptedChannel):
    """Also tells what became of a send; ``answers`` are receipts, None or errors."""

    def __init__(
        self, *script: object, answers: Sequence[object] = (), capabilities: Capabilities | None = None
    ) -> None:
        super().__init__(*script, capabilities=capabilities)
        self.answers = list(answers)
        self.asked: list[str] = []

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """Does what ``answers`` says."""
        self.asked.append(str(payload.body["text"]))
        answer: Any = self.answers.pop(0)
        if answer is HANG:
            await asyncio.Event().wait()
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]
