"""Messages that are changed, taken away and marked in a chat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.telegram.outgoing import ChatPace
from config.simulation.telegram_fake import Trouble
from core.domain.alterations import Alteration, Altering
from core.domain.errors import Rejected, TooEarly, Unreachable
from core.domain.messages import Author, OutboundMessage, Receipt
from tests.integration.telegram_channel.conftest import CHAT, answer
from tests.integration.telegram_channel.world import World
from tests.unit.web.clock import HandClock


def altering(how: Altering, of: str, text: str = "", emoji: str = "", *, present: bool = True) -> OutboundMessage:
    meta = Alteration(how, (of,), emoji, present).meta()
    return answer(text, author=Author.STAFF, author_name="Anna", meta=meta)


async def test_an_edit_takes_the_old_words_place_and_may_come_twice(polling: World) -> None:
    (receipt,) = await polling.say(answer("It costs 10", author=Author.STAFF, author_name="Anna"))
    of = str(receipt.provider_id)
    for _ in range(2):
        assert await polling.say(altering(Altering.EDIT, of, "It costs *12*")) == [Receipt()]
    assert polling.fake.texts() == ["Anna\n\nIt costs 12"]


async def test_what_does_not_fit_follows(polling: World) -> None:
    (receipt,) = await polling.say(answer("Short"))
    await polling.say(altering(Altering.EDIT, str(receipt.provider_id), "\n\n".join(["A long line. " * 100] * 6)))
    texts = polling.fake.texts()
    assert len(texts) > 1
    assert "Short" not in texts


async def test_a_deletion_may_come_twice(polling: World) -> None:
    (receipt,) = await polling.say(answer("Wrong window"))
    for _ in range(2):
        await polling.say(altering(Altering.DELETE, str(receipt.provider_id)))
    assert polling.fake.texts() == []


async def test_a_deletion_after_two_days_is_refused_for_good(polling: World) -> None:
    (receipt,) = await polling.say(answer("Old"))
    polling.fake.next("deleteMessage", Trouble(400, "Bad Request: message can't be deleted for everyone"))
    with pytest.raises(Rejected, match="can't be deleted"):
        await polling.say(altering(Altering.DELETE, str(receipt.provider_id)))


async def test_an_emoji_is_put_on_and_taken_off(polling: World) -> None:
    await polling.say(altering(Altering.REACT, "m/4711/1", emoji="❤️"))
    assert polling.fake.reactions == {(4711, 1): ["❤"]}
    await polling.say(altering(Altering.REACT, "m/4711/1", emoji="❤️", present=False))
    assert polling.fake.reactions == {(4711, 1): []}
    with pytest.raises(Rejected, match=r"(?i)reaction_invalid"):
        await polling.say(altering(Altering.REACT, "m/4711/1", emoji="🪑"))


async def test_an_edit_that_must_wait_holds_up_no_message(polling: World) -> None:
    (receipt,) = await polling.say(answer("It costs 10"))
    edit = altering(Altering.EDIT, str(receipt.provider_id), "It costs 12")
    polling.fake.next("editMessageText", Trouble(429, "Too Many Requests: retry after 9", {"retry_after": 9}))
    for _ in range(3):
        with pytest.raises(Unreachable):
            await polling.say(edit)
    await polling.say(answer("Anything else?"))
    assert polling.fake.texts() == ["It costs 10", "Anything else?"]
    await polling.clock.move(9)
    await polling.say(edit)
    assert polling.fake.texts() == ["Anna\n\nIt costs 12", "Anything else?"]


async def test_a_group_that_must_wait_holds_up_no_other_chat(polling: World) -> None:
    """Its limit is its own (https://core.telegram.org/bots/faq); a pause of the whole bot would silence everybody."""
    polling.fake.chats[-4242] = {"id": -4242, "type": "group", "title": "Club"}
    in_group = answer("For all", replace(CHAT, thread="-4242"))
    polling.fake.next("sendMessage", Trouble(429, "Too Many Requests: retry after 25", {"retry_after": 25}))
    for _ in range(3):
        with pytest.raises(TooEarly) as caught:
            await polling.say(in_group)
        assert 0 < caught.value.seconds <= 25, "the lane tries this message again then, and rests for nobody"
    await polling.say(answer("For Anna"))
    assert polling.fake.texts() == ["For Anna"]
    await polling.clock.move(25)
    await polling.say(in_group)
    assert polling.fake.texts() == ["For Anna", "For all"]


def test_edits_in_a_group_leave_room_for_messages() -> None:
    pace = ChatPace(clock := HandClock())
    for _ in range(15):
        pace.take(-1, edit=True)
    with pytest.raises(Unreachable):
        pace.take(-1, edit=True)
    for _ in range(5):
        pace.take(-1)
    with pytest.raises(Unreachable):
        pace.take(-1)
    clock.seconds += 60
    pace.take(-1, edit=True)
