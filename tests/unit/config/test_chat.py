"""Lines between a terminal and the server, until either ends it."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from config.commands.chat import _relay


class Sheet:
    """Keeps what is written; as much of a StreamWriter as is used."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    async def drain(self) -> None:
        pass

    def write_eof(self) -> None:
        self.written += b"<end>"

    def close(self) -> None:
        pass


async def talk(typed: bytes, answered: bytes, *, keyboard_ends: bool = False) -> tuple[bytes, bytes]:
    """What the server read, and what the screen showed. The server ends it when everything was read."""
    keys, answers, screen, questions = asyncio.StreamReader(), asyncio.StreamReader(), Sheet(), Sheet()
    keys.feed_data(typed)
    if keyboard_ends:
        keys.feed_eof()

    expected = typed + (b"<end>" if keyboard_ends else b"")

    async def server() -> None:
        while questions.written != expected:  # noqa: ASYNC110 - the sheet is the test's own
            await asyncio.sleep(0)
        answers.feed_data(answered)
        answers.feed_eof()

    serving = asyncio.create_task(server())
    streams = (keys, cast("asyncio.StreamWriter", screen)), (answers, cast("asyncio.StreamWriter", questions))
    await _relay(*streams)
    await serving
    return questions.written, screen.written


@pytest.mark.parametrize("typed", [b"/quit\n", b"How?\n/quit\n", b"How?\r\n /QUIT \r\n"])
async def test_whoever_quits_is_not_told_that_the_server_ended_it(
    typed: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await talk(typed, b"So.\n") == (typed, b"So.\n")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("typed", [b"How?\n", b"I typed /quit\n", b"/quit\nHow?\n"])
async def test_whoever_does_not_is(typed: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    await talk(typed, b"So.\n")
    assert capsys.readouterr().err == "The server ended the conversation.\n"


async def test_the_end_of_the_input_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert await talk(b"How?\n", b"So.\n", keyboard_ends=True) == (b"How?\n<end>", b"So.\n")
    assert capsys.readouterr().err == ""
