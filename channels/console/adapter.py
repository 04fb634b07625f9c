"""The console channel: a conversation on any stream pair, a terminal's or a local socket's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import uuid4

from channels.console import parse, render
from channels.console.parse import Command
from channels.console.terminal import Terminal, Writer
from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, TextFormat
from core.domain.errors import BadSignature, HubError, Overloaded, StoreUnavailable, Unreachable, Unsupported
from core.domain.messages import InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.channel import Accepted, AttachmentStream, InboundSink, WebhookReply, WebhookRequest
from core.ports.clock import Clock

CAPABILITIES = Capabilities(text_limit=8_000, format=TextFormat.PLAIN, idempotent_send=True)

_WELCOME = "Write a question. /human asks for a person, /quit ends."
_DUE = "An answer is due, and is waited for. /quit again, or Ctrl-C, leaves at once."
_LATE = "No answer has come so far."
_SILENT = frozenset({"queued", "staff"})


class ConsoleChannel:
    """``serve`` runs one person's conversation; many may run at the same time, each with a thread of its own.

    Only the process with the terminal can print on it. Where several processes deliver, each has an ``account`` of its own.
    ``linger``: seconds to wait for an answer that is still due when the input ends (a question from a pipe).
    """

    name = parse.CHANNEL
    capabilities = CAPABILITIES

    def __init__(self, clock: Clock, *, account: str = parse.ACCOUNT, linger: float = 120.0) -> None:
        self.account = account
        self._clock = clock
        self._linger = linger
        self._sink: InboundSink | None = None
        self._terminals: dict[str, Terminal] = {}

    async def start(self, sink: InboundSink) -> None:
        """Begin to take lines."""
        self._sink = sink

    async def stop(self) -> None:
        """Take nothing more. Open terminals stay their owners' to close."""
        self._sink = None

    async def serve(self, reader: asyncio.StreamReader, writer: Writer, *, thread: str | None = None) -> None:
        """Talk until /quit or the end of the input, answers that are due included. ``thread``: instead of a random id."""
        thread = thread or uuid4().hex
        terminal = self._terminals[thread] = Terminal(reader, writer)
        try:
            await terminal.show(_WELCOME)
            last, by_quit = await self._talk(terminal, thread)
            if last is not None and last.state not in _SILENT and not terminal.has_answered(last.seq):
                if by_quit:
                    await self._wait_or_quit(terminal, last.seq)
                else:
                    await terminal.answered(last.seq, self._linger)
        except Unreachable:
            pass  # The person has gone; what is due stays due.
        finally:
            del self._terminals[thread]

    async def _wait_or_quit(self, terminal: Terminal, seq: int) -> None:
        """Wait for the answer that is due, and say so, until whoever wants to leave says /quit again."""
        await terminal.show(_DUE)
        waiting = terminal.answered(seq, self._linger), _quit_again(terminal)
        answered, again = map(asyncio.create_task, waiting)
        try:
            await asyncio.wait({answered, again}, return_when=asyncio.FIRST_COMPLETED)
            if answered.done() and not answered.result():
                await terminal.show(_LATE)
        finally:
            for task in (answered, again):
                task.cancel()
            await asyncio.gather(answered, again, return_exceptions=True)

    async def _talk(self, terminal: Terminal, thread: str) -> tuple[Accepted | None, bool]:
        """Take lines until the end. What was accepted last, and whether /quit was the end."""
        last: Accepted | None = None
        while True:
            try:
                body = await terminal.line()
                if body is None:
                    return last, False
                command = parse.read(body).command
                if command is Command.QUIT:
                    return last, True
                if command is Command.HELP:
                    await terminal.show(_WELCOME)
                raw = parse.raw_event(body, account=self.account, thread=thread, at=self._clock.now())
                last = await self._accept(raw) or last
            except (StoreUnavailable, Overloaded):
                await terminal.show("That could not be stored. Please send it again.")
            except Unreachable:
                raise
            except HubError as error:
                await terminal.show(error.detail)

    async def _accept(self, raw: RawEvent) -> Accepted | None:
        events = parse.events(raw)
        if not events:
            return None
        if self._sink is None:
            raise Overloaded("The hub is stopping.")
        (accepted,) = await self._sink.accept(events, raw)
        return accepted

    def authenticate(self, request: WebhookRequest) -> None:
        """See Channel.authenticate. A console is reached through its streams alone, so no request can be genuine."""
        raise BadSignature("The console takes no HTTP requests.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        return parse.events(raw)

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        return render.payloads(message, self.capabilities.text_limit)

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """See Channel.send. Raises Unreachable while nobody sits at that conversation's terminal."""
        terminal = self._terminal(payload)
        await terminal.show_once(idempotency_key, payload.body["text"], int(payload.body.get("handled_seq") or 0))
        return Receipt(provider_id=idempotency_key, at=self._clock.now())

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        shown = self._terminal(payload).has_shown(idempotency_key)
        return Receipt(provider_id=idempotency_key) if shown else None

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        raise Unsupported("There are no files on a console.")

    def _terminal(self, payload: WirePayload) -> Terminal:
        terminal = self._terminals.get(payload.conversation.thread)
        if terminal is None:
            raise Unreachable("Nobody is at this conversation's terminal.")
        return terminal


async def _quit_again(terminal: Terminal) -> bool:
    """Comes back with the next /quit. Other lines are not sent any more; the end of the input is no hurry."""
    while True:
        with contextlib.suppress(HubError):
            body = await terminal.line()
            if body is None:
                await asyncio.Event().wait()
            elif parse.read(body).command is Command.QUIT:
                return True
