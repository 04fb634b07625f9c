"""Thumbs on an answer are ratings of it, as the widget's are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.customer import Identity
from core.domain.keys import EventKey
from core.domain.messages import ReactionChanged
from core.ports.channel import Accepted
from core.storage.store import SqlStore
from core.storage.tables import feedback
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import SENT_AT, accept, customer, event_key, item, said, thread
from tests.contract.stores.test_reports import rows, sent


def thumb(
    event: str, emoji: str, *, at: int, present: bool = True, by: Identity | None = None, on: EventKey | None = None
) -> ReactionChanged:
    when = SENT_AT + timedelta(seconds=at)
    return ReactionChanged(event_key(event), thread(), on or event_key("SM1"), by or customer(), emoji, present, when)


async def rating(store: SqlStore) -> str | None:
    """Of the only answer."""
    found = await rows(store, feedback)
    assert len(found) <= 1
    return found[0]["rating"] if found else None


@pytest.mark.parametrize(
    ("emoji", "wanted"), [("👍", "up"), ("👎", "down"), ("👍🏿", "up"), ("🎉", None), (":shipit:", None)]
)
async def test_a_thumb_on_an_answer_is_its_rating(store: SqlStore, emoji: str, wanted: str | None) -> None:
    delivery = await sent(store, "SM1")
    (accepted,) = await accept(store, thumb("r1", emoji, at=1))
    assert (await rating(store), accepted.rating) == (wanted, wanted)
    if wanted:
        (kept,) = await rows(store, feedback)
        assert kept["message_id"] == delivery.message.message_id


@BOTH_DATABASES
async def test_it_is_changed_and_taken_back(store: SqlStore) -> None:
    await sent(store, "SM1")
    await accept(store, thumb("r1", "👍", at=1))
    await accept(store, thumb("r2", "👎", at=2), thumb("r3", "👍", at=2, present=False))
    assert await rating(store) == "down"
    (accepted,) = await accept(store, thumb("r4", "👎", at=3, present=False))
    assert (await rating(store), accepted.rating) == (None, None)


async def test_two_emoji_of_one_person_count_by_the_newest_that_is_left(store: SqlStore) -> None:
    await sent(store, "SM1")
    await accept(store, thumb("r1", "👍", at=1), thumb("r2", "👎", at=2))
    assert await rating(store) == "down"
    await accept(store, thumb("r3", "👎", at=3, present=False))
    assert await rating(store) == "up"


async def test_events_in_the_wrong_order_end_in_the_same(store: SqlStore) -> None:
    await sent(store, "SM1")
    await accept(store, thumb("r2", "👍", at=2, present=False))
    await accept(store, thumb("r1", "👍", at=1))
    assert await rating(store) is None


async def test_of_several_people_the_last_word_counts_and_what_is_left_of_it(store: SqlStore) -> None:
    await sent(store, "SM1")
    other = replace(customer(), external_id="somebody-else")
    await accept(store, thumb("r1", "👍", at=1), thumb("r2", "👎", at=2, by=other))
    assert await rating(store) == "down"
    await accept(store, thumb("r3", "👎", at=3, present=False, by=other))
    assert await rating(store) == "up"


async def test_who_takes_a_thumb_back_takes_only_their_own(store: SqlStore) -> None:
    await sent(store, "SM1")
    other = replace(customer(), external_id="somebody-else")
    await accept(store, thumb("r1", "👍", at=1), thumb("r2", "👍", at=2, by=other))
    await accept(store, thumb("r3", "👍", at=3, present=False, by=other))
    assert await rating(store) == "up"
    await accept(store, thumb("r4", "👍", at=4, present=False))
    assert await rating(store) is None


async def test_a_rating_is_news_once(store: SqlStore) -> None:
    await sent(store, "SM1")
    (first,) = await accept(store, thumb("r1", "👍", at=1))
    again, pressed = await accept(store, thumb("r1", "👍", at=1), thumb("r2", "👍", at=2))
    assert [one.rating for one in (first, again, pressed)] == ["up", None, None]


async def test_a_comment_stays_with_a_rating_that_changes(store: SqlStore) -> None:
    delivery = await sent(store, "SM1")
    about = thread().conversation_id, delivery.message.message_id
    assert await store.record_feedback(*about, "down", "Too long")
    await accept(store, thumb("r1", "👍", at=1))
    (kept,) = await rows(store, feedback)
    assert (kept["rating"], kept["comment"]) == ("up", "Too long")


async def test_a_thumb_on_what_the_customer_wrote_rates_nothing(store: SqlStore) -> None:
    await accept(store, said("e1"))
    (accepted,) = await accept(store, thumb("r1", "👍", at=1, on=event_key("e1")))
    assert (await rating(store), accepted.rating) == (None, None)


async def test_where_ratings_are_switched_off_a_thumb_is_only_an_emoji(store: SqlStore) -> None:
    await sent(store, "SM1")
    (accepted,) = await store.accept([replace(item(thumb("r1", "👍", at=1)), rates=False)])
    assert isinstance(accepted, Accepted)
    assert (await rating(store), accepted.rating) == (None, None)
