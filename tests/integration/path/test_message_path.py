"""What a message costs on each channel and both databases: transactions, statements, and calls of the platform.

What is counted is printed, by transaction, when a test fails.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
import pytest_asyncio

from tests.integration.path.ledger import Ledger, Transaction, written_down
from tests.integration.path.limits import BUILT, BURST, CROWD, LONE, NAMED_LATER, STREAMED, Limits
from tests.integration.path.town import Town, town
from tests.servers.dovecot import DovecotServer, dovecot
from tests.servers.postgres import PostgresServer
from tests.servers.postman import Postman

pytestmark = pytest.mark.asyncio(loop_scope="module")

_QUIET = 0.5
"""Seconds; longer than what is written behind waits."""
_BACKGROUND = frozenset(
    (
        "personal_scope.due_erasures",
        "channel_memory.hold",  # leases of mailboxes and the like, renewed as time goes by
        "event_log.heads",  # live connections look now and then whether they missed a wake
        "gaps.unsorted_gaps",
        "jobs.jobs",
        "turns.extend",
    )
)
"""What the hub does by the clock, whether anybody writes or not."""


@pytest.fixture(scope="module")
def mail_servers() -> Iterator[tuple[DovecotServer, Postman]]:
    postman = Postman()
    postman.start()
    try:
        with dovecot(postman.port) as server:
            yield server, postman
    finally:
        postman.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def built(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    mail_servers: tuple[DovecotServer, Postman],
) -> AsyncIterator[tuple[Town, Ledger]]:
    folder = tmp_path_factory.mktemp("path")
    url = f"sqlite:///{folder / 'switchboard.db'}"
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(await server.create_database())
    with written_down() as ledger:
        async with town(url, folder / "var", *mail_servers) as found:
            yield found, ledger


async def _counted(built: tuple[Town, Ledger], channel: str, people: Sequence[str], text: str) -> list[Transaction]:
    """The transactions of these people's messages, which they write at once."""
    town, ledger = built
    ledger.clear()
    await town.ask(channel, people, text)
    seen = -1
    while seen != (now := len(ledger.transactions_of(_BACKGROUND))) or ledger.waiting:
        seen = now
        await asyncio.sleep(_QUIET)
    return ledger.transactions_of(_BACKGROUND)


async def _known(built: tuple[Town, Ledger], channel: str, *names: str) -> list[str]:
    """Customers who have written before, and whose names are known: a first message costs more, once."""
    people = [f"{channel}-{name}" for name in names]
    await built[0].admit(channel, people)
    await _counted(built, channel, people, "hello")
    if channel in NAMED_LATER:
        await _counted(built, channel, people, "what does it cost?")
    return people


def _check(found: Sequence[Transaction], calls: Sequence[str], limits: Limits) -> None:
    counted = Limits(len(found), sum(len(one.statements) for one in found), len(calls))
    print("", *found, f"calls: {list(calls)}", f"{counted}", sep="\n")
    assert counted.transactions <= limits.transactions
    assert counted.statements <= limits.statements
    assert counted.calls <= limits.calls


@pytest.mark.parametrize("channel", LONE)
async def test_a_lone_message(built: tuple[Town, Ledger], channel: str) -> None:
    people = await _known(built, channel, "1")
    before = len(built[0].calls(channel))
    found = await _counted(built, channel, people, "when do you open?")
    _check(found, built[0].calls(channel)[before:], LONE[channel])


@pytest.mark.parametrize("channel", NAMED_LATER)
async def test_a_message_with_a_new_name(built: tuple[Town, Ledger], channel: str) -> None:
    town, _ = built
    await town.admit(channel, people := [f"{channel}-8"])
    await _counted(built, channel, people, "hello")
    before = len(town.calls(channel))
    found = await _counted(built, channel, people, "when do you open?")
    _check(found, town.calls(channel)[before:], NAMED_LATER[channel])
    assert [text for one in found for text in one.statements if text.startswith("UPDATE customer ")]


@pytest.mark.parametrize("channel", BUILT)
async def test_statements_are_built_once(built: tuple[Town, Ledger], channel: str) -> None:
    people = await _known(built, channel, "5")
    await _counted(built, channel, people, "when do you open?")
    found = await _counted(built, channel, people, "when do you close?")
    anew = [statement for one in found for statement in one.built]
    print("", *anew, sep="\n")
    assert len(anew) <= BUILT[channel]


@pytest.mark.parametrize("channel", STREAMED)
async def test_a_streamed_answer(built: tuple[Town, Ledger], channel: str) -> None:
    people = await _known(built, channel, "3")
    before = len(built[0].calls(channel))
    found = await _counted(built, channel, people, "what does it cost? slowly please")
    _check(found, built[0].calls(channel)[before:], STREAMED[channel])


@pytest.mark.parametrize("channel", BURST)
async def test_many_at_once(built: tuple[Town, Ledger], channel: str) -> None:
    """On average; how many share a transaction is up to the machine."""
    people = await _known(built, channel, *(str(100 + number) for number in range(CROWD.get(channel, 64))))
    found = await _counted(built, channel, people, "where are you?")
    print("", *(f"{count} x {name}" for name, count in Counter(one.name for one in found).items()), sep="\n")
    assert len(found) / len(people) <= BURST[channel]
