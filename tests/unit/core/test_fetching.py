"""Files that customers sent over a platform: fetched once, before the turn that needs them, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.attachments.fetching import KEEP_TRYING, FetchService
from core.attachments.file_store import FileStore
from core.attachments.media_type import AttachmentPolicy
from core.budgets import BudgetLedger
from core.domain.attachments import AttachmentRef, ExtractionStatus
from core.domain.budget import Spender, daily_bytes, spending
from core.domain.delivery import DeliveryStatus
from core.domain.errors import AuthFailed, NotYet, RateLimited, Rejected, TooLarge, Unreachable
from core.ports.store import Settlement, TurnState
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, answered, claim_one, said

REFS = (AttachmentRef("remote-1", "plan.txt", "text/plain", 4), AttachmentRef("remote-2", "../bill.txt"))


class Stream:
    """A file on its way."""

    def __init__(self, name: str, content: bytes, failure: Exception | None) -> None:
        self.name = name
        self.media_type: str | None = "text/plain"
        self.closed = False
        self._content = content
        self._failure = failure

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._content
        if self._failure is not None:
            raise self._failure

    async def aclose(self) -> None:
        self.closed = True


class Provider:
    """A channel's provider: gives files, or what the test says instead, in that order."""

    name = "web"
    account = "main"

    def __init__(self, *failures: Exception) -> None:
        self.asked: list[str] = []
        self.streams: list[Stream] = []
        self.failures = list(failures)
        self.cut_off: Exception | None = None

    async def fetch(self, ref: AttachmentRef) -> Stream:
        self.asked.append(ref.id)
        if self.failures:
            raise self.failures.pop(0)
        cut_off, self.cut_off = self.cut_off, None
        self.streams.append(Stream(ref.name, f"of {ref.id}".encode(), cut_off))
        return self.streams[-1]


@pytest.fixture
async def files(tmp_path: Path) -> FileStore:
    found = FileStore(tmp_path / "files", AttachmentPolicy(max_bytes=1000))
    await found.start()
    return found


@pytest.fixture
async def turn(store: SqlStore) -> TurnState:
    await accept(store, said("e1", "Look at these", attachments=REFS), said("e2", "Well?"))
    return await claim_one(store)


def service(provider: Provider, store: SqlStore, files: FileStore, clock: ManualClock) -> FetchService:
    channels: Any = {"web": provider}
    return FetchService(channels, store, files, clock)


async def test_a_turn_gets_the_files_of_its_messages(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState
) -> None:
    provider = Provider()
    found = await service(provider, store, files, clock).ensure(turn)
    first, second = found.pending
    assert [(file.name, file.size, file.extraction) for file in first.attachments] == [
        ("plan.txt", 11, ExtractionStatus.PENDING),
        ("bill.txt", 11, ExtractionStatus.PENDING),
    ]
    assert second.attachments == ()
    assert found.files == first.attachments
    content = b"".join([chunk async for chunk in files.open(first.attachments[0])])
    assert content == b"of remote-1"
    (message, _) = await store.messages(turn.conversation.id)
    assert [file.id for file in message.attachments] == [file.id for file in first.attachments]
    assert all(stream.closed for stream in provider.streams)


async def test_a_turn_that_is_run_again_fetches_nothing_twice(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState
) -> None:
    provider = Provider()
    once = await service(provider, store, files, clock).ensure(turn)
    again = await service(provider, store, files, clock).ensure(turn)
    assert provider.asked == ["remote-1", "remote-2"]
    assert [file.id for file in again.files] == [file.id for file in once.files]


async def test_what_passes_is_tried_again(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState
) -> None:
    provider = Provider(Unreachable("502"), RateLimited("slow down", retry_after=7.0))
    provider.cut_off = Unreachable("broke off")
    found = await service(provider, store, files, clock).ensure(turn)
    assert [file.size for file in found.files] == [11, 11]
    assert clock.monotonic() >= 9.0


@pytest.mark.parametrize("failure", [Rejected("It is gone."), TooLarge("It is gone.")], ids=lambda one: one.code)
async def test_what_is_refused_for_good_is_named(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState, failure: Exception
) -> None:
    provider = Provider(failure)
    found = await service(provider, store, files, clock).ensure(turn)
    missing, there = found.pending[0].attachments
    assert (missing.name, missing.extraction, missing.error) == ("plan.txt", ExtractionStatus.FAILED, "It is gone.")
    assert there.size == 11
    await service(provider, store, files, clock).ensure(turn)
    assert provider.asked == ["remote-1", "remote-2"], "nobody asks for it again"


@pytest.mark.parametrize(
    "failure",
    [AuthFailed("401"), Unreachable("502"), RateLimited("slow down", retry_after=60.0)],
    ids=lambda one: one.code,
)
async def test_a_file_that_may_still_come_is_waited_for(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState, failure: Exception
) -> None:
    """A restart of the provider, or a token that is being renewed, costs nobody a file: the turn is tried again later."""
    provider = Provider(*[failure] * 1000)
    fetching = service(provider, store, files, clock)
    with pytest.raises(NotYet):
        await fetching.ensure(turn)
    assert clock.monotonic() <= 31.0, "no turn is held for longer"
    provider.failures.clear()
    clock.move(60.0)
    found = await fetching.ensure(turn)
    assert [file.size for file in found.files] == [11, 11]


@pytest.mark.parametrize("failure", [AuthFailed("refused"), Unreachable("refused")], ids=lambda one: one.code)
async def test_a_file_that_stays_away_is_named_as_missing(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState, failure: Exception
) -> None:
    provider = Provider(*[failure] * 1000)
    clock.move(KEEP_TRYING)
    found = await service(provider, store, files, clock).ensure(turn)
    assert [(file.extraction, file.error) for file in found.files] == [(ExtractionStatus.FAILED, "refused")] * 2


async def test_while_the_account_is_refused_no_file_is_given_up(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState
) -> None:
    provider = Provider(*[AuthFailed("token revoked")] * 1000)
    fetching = service(provider, store, files, clock)
    await answered(store, "An answer", where="elsewhere", event="e9")
    for _ in range(3):
        clock.move(KEEP_TRYING * 10)
        (delivery,) = await store.claim_deliveries("web", "main", 1, 5.0)
        tried = {"retry_after": 0.0, "error": "token revoked", "authorised": False}
        await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.DUE, **tried)])  # type: ignore[arg-type]
        with pytest.raises(NotYet):
            await fetching.ensure(turn)
    provider.failures.clear()
    found = await fetching.ensure(turn)
    assert [file.size for file in found.files] == [11, 11]


async def test_a_file_that_came_is_not_lost_to_a_late_failure(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState
) -> None:
    """Two processes may fetch the same file: whichever brings it counts, in either order."""
    there = (await service(Provider(), store, files, clock).ensure(turn)).files[0]
    gone = replace(there, storage_key="", size=0, sha256="", extraction=ExtractionStatus.FAILED, error="too late")
    home, message_id = turn.conversation.id, turn.pending[0].id
    assert not await store.attach(home, message_id, gone)
    found = await store.attachment(there.id)
    assert found is not None
    assert (found[1].storage_key, found[1].error) == (there.storage_key, None)
    assert await store.attach(home, message_id, replace(gone, id="late"))
    assert await store.attach(home, message_id, replace(there, id="late"))
    found = await store.attachment("late")
    assert found is not None
    assert (found[1].storage_key, found[1].error) == (there.storage_key, None)


async def test_a_file_over_the_limit_is_not_kept(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState
) -> None:
    provider = Provider()
    small = FileStore(files._folder, AttachmentPolicy(max_bytes=5))
    found = await service(provider, store, small, clock).ensure(turn)
    assert {file.error for file in found.files} != {None}
    assert all(file.storage_key == "" for file in found.files)


async def test_a_turn_without_files_asks_nobody(store: SqlStore, files: FileStore, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    provider = Provider()
    assert await service(provider, store, files, clock).ensure(state) is state
    assert provider.asked == []


async def test_beyond_the_bytes_of_a_day_a_file_is_named_as_missing_and_the_text_is_taken(
    store: SqlStore, files: FileStore, clock: ManualClock, turn: TurnState
) -> None:
    channels: Any = {"web": Provider()}
    ledger = BudgetLedger(clock)
    limited = FetchService(channels, store, files, clock, budgets=ledger, daily=daily_bytes(1024, 0))
    with spending(Spender("customer:ada")):
        found = await limited.ensure(turn)
    first, second = found.pending[0].attachments
    assert (first.size, second.size, second.extraction) == (11, 0, ExtractionStatus.FAILED)
    assert second.error == "No more files of this customer are stored today."
    assert second.refused is None
    clock.move(86_400)
    assert ledger.wait(daily_bytes(1024, 0), Spender("customer:ada")) == 0
