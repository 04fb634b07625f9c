"""What is old goes, and nobody who asks can tell: neither customers, nor the desk, nor the next turn."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from channels.web.settings import WebSettings
from config.processes.sweep import LONGEST_SESSION, kept_for, remove_expired
from core.domain.conversation import OwnershipEvent
from core.domain.delivery import DeliveryStatus
from core.domain.errors import StoreUnavailable
from core.domain.messages import Author, RawEvent
from core.ports.event_log import LogFrame
from core.ports.journal import JournalEntry
from core.ports.retention import Expiring, Page, Place
from core.ports.store import Acceptable, Delivery, TurnState
from core.storage.store import SqlStore
from core.storage.tables import inbound_event, outbox, quarantine, tool_journal, widget_event
from core.turn_messages import turn_id
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import ACCOUNT, CHANNEL, accept, answer, claim_one, edited, event_key, finish, said
from tests.contract.stores.sayings import thread as key_of
from tests.contract.stores.test_outbox import deliveries, settle

_DAY = 86_400.0
_KEPT = kept_for(30)
_TALKS = ("answered", "dead", "withheld", "waiting", "unfinished")
_PIECES = ("text", "tool_call", "discard")
_NONE = dict.fromkeys(("roads", "contacted", "follow_ups", "gaps", "gap_clusters", "model_use"), 0)


def _id(where: str) -> str:
    return key_of(where).conversation_id


async def _asked(store: SqlStore, event: str, where: str, text: str = "Hello") -> TurnState:
    raw = RawEvent(CHANNEL, ACCOUNT, b"as it came")
    await store.accept([Acceptable(said(event, text, where=where), raw=raw, in_log=True)])
    return await claim_one(store)


async def _worked(store: SqlStore, state: TurnState) -> None:
    """What a turn writes before it is done."""
    frames = [LogFrame(kind, {"x": kind}, turn_id=turn_id(state)) for kind in ("text", "tool_call")]
    await store.append_provisional(state.claim, frames)
    await store.record(state.claim, turn_id(state), JournalEntry("c1", 1, "look_up", "{}", "done", "found"))


async def _answered(store: SqlStore, event: str, where: str, text: str) -> None:
    state = await _asked(store, event, where)
    await _worked(store, state)
    assert await finish(store, state, answer(text, turn_id=turn_id(state)))


async def _arrived(store: SqlStore, delivery: Delivery) -> None:
    """As the web channel has it: the message in the log, then the delivery is settled."""
    message = delivery.message
    frame = LogFrame("complete", turn_id=message.turn_id, message_id=message.message_id, dedupe=f"{delivery.id}:0")
    await store.append(delivery.conversation_id, [frame, LogFrame("status", {"status": "bot"})])
    await settle(store, delivery)


async def _taken_back(store: SqlStore) -> None:
    """Shown while it was written, and withheld because a later turn brought a person in before it went out."""
    await _answered(store, "e3", "withheld", "Not said.")
    state = await _asked(store, "e4", "withheld", "A person, please.")
    notice = answer("A person will answer.", author=Author.SYSTEM)
    assert await finish(store, state, notice, event=OwnershipEvent.ESCALATE)
    (delivery,) = await deliveries(store)
    await _arrived(store, delivery)


@pytest.fixture
async def old(store: SqlStore, clock: ManualClock) -> SqlStore:
    """A store with a conversation of each kind, an event that nobody understood, and forty days since."""
    await _answered(store, "e1", "answered", "An answer.")
    (delivery,) = await deliveries(store)
    await _arrived(store, delivery)
    assert await store.record_feedback(_id("answered"), delivery.message.message_id, "up", "thanks")
    await _answered(store, "e2", "dead", "Never came.")
    (delivery,) = await deliveries(store)
    await settle(store, delivery, DeliveryStatus.DEAD, error="blocked")
    await _taken_back(store)
    await _answered(store, "e5", "waiting", "Still to come.")
    await _worked(store, await _asked(store, "e6", "unfinished"))
    await store.quarantine(RawEvent(CHANNEL, ACCOUNT, b"what is this?"), "cannot be read")
    clock.move(40 * _DAY)
    return store


async def _sweep(store: SqlStore, days: int = 30, rows: int = 3) -> dict[str, int]:
    ages = kept_for(days)
    return {what.value: await remove_expired(store, what, age, rows=rows) for what, age in ages.items()}


async def _to_be_seen(store: SqlStore) -> dict[str, Any]:
    """All that customers, operators and the desk can ask for."""
    found: dict[str, Any] = {"letters": await store.dead_letters(), "counts": await store.counts()}
    for where in _TALKS:
        frames = (await store.read({_id(where): 0})).get(_id(where), ())
        found[where] = (
            [frame for frame in frames if where == "unfinished" or frame.kind not in _PIECES],
            await store.history(_id(where), after=0, limit=100),
            await store.head(_id(where)),
            await store.messages(_id(where)),
            await store.customer_messages(CHANNEL, ACCOUNT, f"of {where}", 100),
            await store.conversation(_id(where)),
        )
    for number in range(1, 7):
        found[f"e{number}"] = [await store.find(_id(where), str(event_key(f"e{number}"))) for where in _TALKS]
    return found


async def _rows(store: SqlStore) -> dict[str, int]:
    """What is in the tables."""
    pieces = widget_event.c.kind.in_(_PIECES)
    questions = {
        "keys": select(func.count()).select_from(inbound_event),
        "raw": select(func.count(inbound_event.c.raw)),
        "pieces": select(func.count()).select_from(widget_event).where(pieces),
        "calls": select(func.count()).select_from(tool_journal),
        "quarantined": select(func.count(quarantine.c.body)),
    } | {
        status.value: select(func.count()).select_from(outbox).where(outbox.c.status == status)
        for status in DeliveryStatus
    }

    def work(connection: Connection) -> dict[str, int]:
        return {name: connection.scalar(question) or 0 for name, question in questions.items()}

    return await store.database.read(work)


async def test_what_is_old_goes(old: SqlStore) -> None:
    before = await _rows(old)
    assert before == {"keys": 6, "raw": 6, "pieces": 7, "calls": 5, "quarantined": 1} | {
        "due": 1, "sending": 0, "sent": 2, "dead": 1, "withheld": 1
    }  # fmt: skip
    removed = await _sweep(old)
    assert removed == {"raw_events": 6, "frames": 5, "tool_calls": 4, "deliveries": 2, "lessons": 0} | _NONE
    assert await _rows(old) == {"keys": 6, "raw": 0, "pieces": 2, "calls": 1, "quarantined": 1} | {
        "due": 1, "sending": 0, "sent": 0, "dead": 1, "withheld": 1
    }  # fmt: skip
    assert set((await _sweep(old)).values()) == {0}


async def test_nobody_can_tell(old: SqlStore) -> None:
    before = await _to_be_seen(old)
    await _sweep(old)
    assert await _to_be_seen(old) == before
    (told,) = [frame for frame in before["answered"][1] if frame.kind == "complete"]
    assert told.feedback == "up"
    assert await old.record_feedback(_id("answered"), told.message.id, "down", None)


async def test_what_comes_twice_is_still_known(old: SqlStore) -> None:
    first = await accept(old, said("e1", where="answered"), in_log=True)
    await _sweep(old)
    again = await accept(old, said("e1", where="answered"), in_log=True)
    assert again == first
    assert again[0].duplicate
    await accept(old, edited("e9", "e1", "Hello again", where="answered"))
    assert (await old.messages(_id("answered")))[0].text == "Hello again"


async def test_what_is_not_done_goes_on_as_if_nothing_had_happened(old: SqlStore) -> None:
    await _sweep(old)
    state = await claim_one(old)
    assert state.conversation.key == key_of("unfinished")
    assert [entry.result for entry in await old.entries(turn_id(state))] == ["found"]
    assert await finish(old, state, answer("After all.", turn_id=turn_id(state)))
    (letter,) = await old.dead_letters()
    assert await old.revive(letter.id)
    came = []
    while found := await deliveries(old):
        for delivery in found:
            came.append(delivery.message.text)
            await _arrived(old, delivery)
    assert sorted(came) == ["After all.", "Never came.", "Still to come."]


async def test_a_turn_does_not_remember_what_nobody_heard(old: SqlStore) -> None:
    await _sweep(old)
    await old.release([(await claim_one(old)).claim])
    await accept(old, said("e8", where="withheld"))
    states = {state.conversation.key: state for state in await old.claim(10, 5.0, history=20)}
    remembered = [message.text for message in states[key_of("withheld")].history]
    assert remembered == ["Hello", "A person, please.", "A person will answer."]


async def test_what_is_young_stays(store: SqlStore, clock: ManualClock) -> None:
    await _answered(store, "e1", "answered", "An answer.")
    (delivery,) = await deliveries(store)
    await settle(store, delivery)
    before = await _rows(store)
    clock.move(30 * _DAY - 1)
    assert set((await _sweep(store)).values()) == {0}
    assert await _rows(store) == before


async def test_pieces_stay_as_long_as_somebody_may_come_back_who_saw_them(old: SqlStore) -> None:
    assert WebSettings(secret_keys=("k" * 32,)).session_life.total_seconds() <= LONGEST_SESSION
    assert kept_for(1)[Expiring.FRAMES] > LONGEST_SESSION
    assert kept_for(90)[Expiring.FRAMES] == kept_for(90)[Expiring.TOOL_CALLS] == 90 * _DAY
    assert kept_for(0) == {}
    assert await _sweep(old, days=0) == {}


class _Dying:
    """A store whose process ends after ``pages`` pages."""

    def __init__(self, store: SqlStore, pages: int) -> None:
        self._store = store
        self._pages = pages

    async def remove_expired(self, what: Expiring, older_than: float, *, after: Place | None, limit: int) -> Page:
        if not self._pages:
            raise StoreUnavailable("killed")
        self._pages -= 1
        return await self._store.remove_expired(what, older_than, after=after, limit=limit)


@BOTH_DATABASES
async def test_an_end_in_the_middle_leaves_the_rest_to_the_next_run(old: SqlStore, open_store: OpenStore) -> None:
    before = await _to_be_seen(old)
    for what, age in _KEPT.items():
        if what.value in {"lessons", *_NONE}:
            continue  # there are none
        with pytest.raises(StoreUnavailable):
            await remove_expired(_Dying(old, 1), what, age, rows=2)  # type: ignore[arg-type]
    other = await open_store()
    half = await _rows(other)
    assert 0 < half["raw"] < 6, "some pages were committed, and the others were not begun"
    assert await _to_be_seen(other) == before
    await _sweep(other)
    assert (await _rows(other))["raw"] == 0
    assert await _to_be_seen(other) == before


@BOTH_DATABASES
async def test_several_workers_at_once(old: SqlStore, open_store: OpenStore) -> None:
    before = await _to_be_seen(old)
    stores = [old, await open_store(), await open_store()]
    sweeps = await asyncio.gather(*(_sweep(store, rows=2) for store in stores))
    total = {name: sum(sweep[name] for sweep in sweeps) for name in sweeps[0]}
    assert total == {"raw_events": 6, "frames": 5, "tool_calls": 4, "deliveries": 2, "lessons": 0} | _NONE, (
        "each row counted once"
    )
    assert await _to_be_seen(old) == before


@pytest.mark.parametrize("rows", [1, 2, 5, 100])
async def test_every_page_is_looked_at(old: SqlStore, rows: int) -> None:
    assert sum((await _sweep(old, rows=rows)).values()) == 17
