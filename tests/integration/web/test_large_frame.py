"""A client that sends more than is taken hears why, also while it is still sending (RFC 6455, sections 5.5.1 and 7.1.1)."""

from __future__ import annotations

import asyncio
import os

import pytest

from channels.web import socket
from tests.integration.web.bare_socket import closing_code, head, opened
from tests.integration.web.rig import Rig

_MB = 1024 * 1024


@pytest.mark.parametrize(
    ("first", "code"), [(0x81, 1009), (0x82, 1009), (0xC1, 1002), (0x83, 1002)], ids=["text", "binary", "rsv", "opcode"]
)
async def test_a_frame_that_is_not_taken_is_answered_by_its_code(rig: Rig, first: int, code: int) -> None:
    async with opened(rig.url) as (reader, writer):
        writer.write(head(first, 5 * _MB) + os.urandom(5 * _MB))
        await writer.drain()
        assert await closing_code(reader) == code


async def test_it_is_answered_before_all_of_it_has_come(rig: Rig) -> None:
    async with opened(rig.url) as (reader, writer):
        writer.write(head(0x81, 5 * _MB))
        assert await closing_code(reader) == 1009


async def test_fragments_count_together(rig: Rig) -> None:
    async with opened(rig.url) as (reader, writer):
        writer.write(head(0x01, _MB // 2) + bytes(_MB // 2))
        for _ in range(10):
            writer.write(head(0x00, _MB // 2) + bytes(_MB // 2))
        await writer.drain()
        assert await closing_code(reader) == 1009


async def test_a_client_that_never_ends_is_cut_off(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "_LINGER_SECONDS", 0.0)

    async def send_for_ever(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(bytes(_MB))
            await writer.drain()

    async with opened(rig.url) as (_, writer):
        writer.write(head(0x81, 5 * _MB))
        with pytest.raises(ConnectionError):
            await send_for_ever(writer)
