"""A company's server that is slow, failing or flapping: nobody waits for it, and customers hear what is true."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.sample_company.books import Books
from tests.integration.sample_company.conftest import DELIVERED, PAID, Agent, Office
from tests.patience import PATIENCE
from tests.servers.unreliable_proxy import Trouble

pytestmark = pytest.mark.slow

QUESTION = "Where is my order 1001?"
REFUND = ("Please refund 10 EUR of my order 1001.", "yes")
TO_STAFF = "passed this on to our team"


@asynccontextmanager
async def patience() -> AsyncIterator[None]:
    async with asyncio.timeout(PATIENCE):
        yield


async def _fails(office: Office) -> None:
    """Ask until the server is left alone."""
    async with patience():
        while office.is_up:
            assert TO_STAFF in await office.ask(QUESTION)


async def _works(office: Office) -> None:
    """Ask until the server is asked again."""
    async with patience():
        while DELIVERED not in (said := await office.ask(QUESTION)):
            assert TO_STAFF in said
    assert office.is_up


@pytest.mark.parametrize(
    ("interface", "trouble"),
    [
        ("openapi", Trouble.LATE_ANSWER),
        ("openapi", Trouble.GARBLED_AFTER),
        ("mcp", Trouble.FAILS_BEFORE),
        ("mcp", Trouble.BREAKS_AFTER),
    ],
)
async def test_a_server_that_does_not_work_is_left_alone_and_comes_back(office: Office, trouble: Trouble) -> None:
    assert DELIVERED in await office.ask(QUESTION)
    office.trouble = trouble
    await _fails(office)
    assert TO_STAFF in await office.ask(QUESTION)
    office.trouble = Trouble.NONE
    await _works(office)


@pytest.mark.parametrize(("interface", "pause"), [("mcp", 600.0)])
async def test_no_call_reaches_a_server_that_is_left_alone(office: Office) -> None:
    office.trouble = Trouble.FAILS_BEFORE
    await _fails(office)
    calls = office.calls
    for texts in ([QUESTION], REFUND):
        assert TO_STAFF in await office.ask(*texts)
    assert office.calls == calls


async def test_a_server_that_refuses_connections_is_away_until_it_takes_them(office: Office) -> None:
    assert DELIVERED in await office.ask(QUESTION)
    await office.proxy.refuse()
    for _ in range(3):
        assert TO_STAFF in await office.ask(QUESTION)
    await office.proxy.listen()
    await _works(office)


@pytest.mark.parametrize("interface", ["openapi"])
async def test_a_server_that_fails_every_second_time_answers_everybody(office: Office) -> None:
    turns = itertools.cycle((Trouble.FAILS_BEFORE, Trouble.NONE))
    office.next_trouble = lambda: next(turns)
    for _ in range(6):
        assert DELIVERED in await office.ask(QUESTION)
        assert office.is_up


async def test_a_refund_whose_answer_is_lost_is_checked_and_told(
    office: Office, interface: str, tmp_path: Path
) -> None:
    for trouble in (Trouble.FAILS_AFTER, Trouble.LATE_ANSWER, Trouble.BREAKS_AFTER):
        office.write_trouble = trouble
        said = await office.ask(*REFUND)
        is_session_lost = interface == "mcp" and trouble is Trouble.BREAKS_AFTER
        assert (TO_STAFF if is_session_lost else PAID) in said, trouble
    made = [one["customer"] for one in Books(tmp_path / "refunds.db").list_refunds()]
    assert made == ["C0001", "C0002", "C0003"]


@pytest.mark.parametrize(("interface", "lies"), [("openapi", ""), ("mcp", PAID)])
async def test_a_refund_that_cannot_be_checked_is_not_called_made(
    office: Office, agent: Agent, tmp_path: Path, lies: str
) -> None:
    agent.lies = lies
    office.check_trouble = Trouble.FAILS_BEFORE
    for trouble in (Trouble.FAILS_AFTER, Trouble.BREAKS_BEFORE):
        office.write_trouble = trouble
        said = await office.ask(*REFUND)
        assert "paid back" not in said
        assert TO_STAFF in said
    assert len(Books(tmp_path / "refunds.db").list_refunds()) == 1


@pytest.mark.parametrize("interface", ["openapi"])
async def test_what_a_model_invents_about_a_server_that_is_away_is_not_told(office: Office, agent: Agent) -> None:
    agent.lies = "Order 1001 was delivered on 3 May."
    office.trouble = Trouble.FAILS_BEFORE
    said = await office.ask(QUESTION)
    assert "3 May" not in said
    assert TO_STAFF in said
