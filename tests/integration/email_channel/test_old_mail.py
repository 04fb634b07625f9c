"""Old mail that comes into the folder anew: it is kept, and nobody gets an answer to what they asked last year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.integration.email_channel.rig import Rig, letter

_LAST_YEAR = datetime.now(UTC) - timedelta(days=300)


async def _moved(rig: Rig, came: datetime, **headers: str) -> None:
    await rig.put(letter("Where is my parcel?", Subject="", **headers), came)
    await rig.write("The end", Subject="")


async def _answered(rig: Rig) -> list[tuple[str, bool]]:
    return [(event.text, not event.for_record) for event in await rig.sink.messages(2)]


async def test_what_somebody_moves_into_the_folder_is_kept_and_not_answered(rig: Rig) -> None:
    await _moved(rig, _LAST_YEAR)
    assert await _answered(rig) == [("Where is my parcel?", False), ("The end", True)]


async def test_what_a_program_puts_there_anew_is_known_by_what_our_server_wrote_into_it(rig: Rig) -> None:
    came = f"from a.example by mx.example.com; {format_datetime(_LAST_YEAR)}"
    await _moved(rig, datetime.now(UTC), Received=came, Date=format_datetime(_LAST_YEAR))
    assert await _answered(rig) == [("Where is my parcel?", False), ("The end", True)]


async def test_a_customer_whose_clock_is_wrong_is_answered(rig: Rig) -> None:
    came = f"from a.example by mx.example.com; {format_datetime(datetime.now(UTC))}"
    await _moved(rig, datetime.now(UTC), Received=came, Date=format_datetime(_LAST_YEAR))
    assert await _answered(rig) == [("Where is my parcel?", True), ("The end", True)]


@pytest.mark.parametrize(("days", "answered"), [(2.0, False), (0.0, True), (14.0, True)])
async def test_how_old_mail_may_be_is_set(rig: Rig, days: float, answered: bool) -> None:
    await rig.stop()
    key = ("email", rig.address, "place/INBOX")
    place = await rig.store.recall(*key)
    assert place is not None
    begun = (datetime.now(UTC) - timedelta(days=30)).isoformat()  # the hub has known this mailbox for a month
    await rig.store.remember(*key, place[: place.index('"begun"')] + f'"begun": "{begun}", "seen": "{begun}"}}')
    await rig.start(answer_days=days)
    await _moved(rig, datetime.now(UTC) - timedelta(days=9))
    assert await _answered(rig) == [("Where is my parcel?", answered), ("The end", True)]


async def test_who_answers_in_an_old_thread_is_heard_in_it(rig: Rig) -> None:
    old = letter("Where is my parcel?", Subject="A parcel")
    await rig.put(old, _LAST_YEAR)
    await rig.write("It never came", Subject="Re: A parcel", In_Reply_To=old["Message-ID"])
    first, second = await rig.sink.messages(2)
    assert (first.for_record, second.for_record) == (True, False)
    assert first.conversation == second.conversation
