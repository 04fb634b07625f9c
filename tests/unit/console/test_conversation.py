"""A conversation on a terminal, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from channels.console.adapter import ConsoleChannel
from core.clock import SystemClock
from core.domain.attachments import Attachment, AttachmentRef
from core.domain.conversation import OwnershipState
from core.domain.errors import BadSignature, Unreachable, Unsupported
from core.domain.keys import ConversationKey
from core.domain.messages import (
    Author,
    Citation,
    CustomerAction,
    InboundEvent,
    MessageKind,
    MessageReceived,
    OutboundMessage,
)
from core.ports.channel import WebhookRequest
from tests.contract.channels.contract import Sink
from tests.contract.channels.test_console import Paper


class Desk:
    """A terminal with somebody at it."""

    def __init__(self, linger: float = 10) -> None:
        self.channel = ConsoleChannel(SystemClock(), linger=linger)
        self.keyboard = asyncio.StreamReader(limit=1024)
        self.paper = Paper()
        self.sink = Sink()
        self.talk: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self.channel.start(self.sink)
        self.talk = asyncio.create_task(self.channel.serve(self.keyboard, self.paper, thread="t1"))
        await self.paper.grown(0)

    async def type(self, *lines: str) -> str:
        """Type lines and read everything until the console ended."""
        self.keyboard.feed_data("".join(f"{line}\n" for line in lines).encode())
        self.keyboard.feed_eof()
        assert self.talk is not None
        await self.talk
        return self.paper.text

    async def say(self, text: str, seq: int, **fields: object) -> None:
        """Deliver a message to this terminal."""
        message = OutboundMessage(
            f"m{seq}",
            ConversationKey("console", "default", "t1"),
            Author.AGENT,
            text,
            MessageKind.ANSWER,
            meta={"handled_seq": seq},
            **fields,  # type: ignore[arg-type]
        )
        (payload,) = self.channel.render(message)
        await self.channel.send(payload, idempotency_key=f"d{seq}:0")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    await desk.open()
    yield desk
    assert desk.talk is not None
    desk.keyboard.feed_eof()
    desk.talk.cancel()


def _texts(events: list[InboundEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, MessageReceived)]


async def test_a_question_from_a_pipe_waits_for_its_answer(desk: Desk) -> None:
    ended = asyncio.create_task(desk.type("How do I reset my password?"))
    while not desk.sink.events:  # noqa: ASYNC110 - the sink is the test's own
        await asyncio.sleep(0)
    assert not ended.done()
    await desk.say(
        "Click **Forgot** [1].",
        1,
        citations=(Citation("p", "Passwords", "c", "faq.json", 0.9, section="Login", page=2),),
    )
    shown = await ended
    assert "Agent: Click Forgot [1].\n  [1] Passwords, Login, page 2 (faq.json)\n" in shown
    assert _texts(desk.sink.events) == ["How do I reset my password?"]


async def test_commands(desk: Desk) -> None:
    shown = await desk.type("/help", "/nonsense", "", "   ", "//etc/hosts", "/human", "/quit", "/quit", "never read")
    assert shown.count("Write a question.") == 2
    assert "Unknown command" in shown
    assert _texts(desk.sink.events) == ["/etc/hosts", "I would like to talk to a person."]
    asked = desk.sink.events[1]
    assert isinstance(asked, MessageReceived)
    assert asked.action is CustomerAction.REQUEST_PERSON


async def test_quitting_waits_for_the_answer_that_is_due_and_says_so(desk: Desk) -> None:
    ended = asyncio.create_task(desk.type("How do I reset my password?", "/quit", "Never sent"))
    while "An answer is due" not in desk.paper.text:
        await desk.paper.grown(len(desk.paper.text))
    assert not ended.done()
    await desk.say("Click **Forgot**.", 1)
    assert (await ended).endswith("Agent: Click Forgot.\n")
    assert _texts(desk.sink.events) == ["How do I reset my password?"]


async def test_quitting_twice_leaves_at_once(desk: Desk) -> None:
    shown = await desk.type("How do I reset my password?", "/quit", "\xff", "/nonsense", "/QUIT")
    assert "/quit again, or Ctrl-C, leaves at once" in shown
    assert "No answer" not in shown


async def test_quitting_with_nothing_due_ends_at_once(desk: Desk) -> None:
    assert "due" not in await desk.type("/quit")


async def test_quitting_after_the_answer_ends_at_once(desk: Desk) -> None:
    desk.keyboard.feed_data(b"How?\n")
    while not desk.sink.events:  # noqa: ASYNC110 - the sink is the test's own
        await asyncio.sleep(0)
    await desk.say("So.", 1)
    assert "due" not in await desk.type("/quit")


async def test_an_answer_that_does_not_come_is_said_to_be_missing() -> None:
    desk = Desk(linger=0)
    await desk.open()
    assert (await desk.type("How?", "/quit")).endswith("No answer has come so far.\n")


async def test_nothing_is_waited_for_once_a_person_is_to_answer(desk: Desk) -> None:
    desk.sink.state = OwnershipState.QUEUED
    await desk.type("Is anybody there?")
    assert _texts(desk.sink.events) == ["Is anybody there?"]


async def test_bad_lines_are_answered_and_the_conversation_goes_on() -> None:
    desk = Desk(linger=0)
    await desk.open()
    desk.keyboard.feed_data(b"\xff\xfe\n" + b"x" * 9000 + b"\n" + b"fine\n")
    shown = await desk.type()
    assert "not UTF-8" in shown
    assert "too long" in shown
    assert _texts(desk.sink.events) == ["fine"]


async def test_what_was_not_stored_is_said() -> None:
    desk = Desk(linger=0)
    await desk.open()
    desk.sink.down = True
    assert "could not be stored" in await desk.type("Hello")
    assert desk.sink.events == []


async def test_escape_sequences_of_either_side_are_harmless(desk: Desk) -> None:
    await desk.say("\x1b]0;owned\x07 text", 1, author_name="E\x1b[31mve")
    assert "\x1b" not in desk.paper.text
    assert "E[31mve: ]0;owned text" in desk.paper.text


async def test_files_are_named(desk: Desk) -> None:
    await desk.say("Here", 1, attachments=(Attachment("f", "a.pdf", "application/pdf", 7, "h", "k"),))
    assert "(file) a.pdf, 7 bytes" in desk.paper.text


async def test_a_terminal_that_is_gone_takes_nothing(desk: Desk) -> None:
    await desk.type("/quit")
    with pytest.raises(Unreachable):
        await desk.say("Hello?", 1)


async def test_what_a_console_has_not() -> None:
    channel = ConsoleChannel(SystemClock())
    with pytest.raises(BadSignature):
        channel.authenticate(WebhookRequest("POST", "https://x.example", {}, b""))
    with pytest.raises(Unsupported):
        await channel.fetch(AttachmentRef("f", "a.txt"))
