"""Messages that are changed, taken away and marked in a chat."""

from __future__ import annotations

import pytest

from core.domain.alterations import Alteration, Altering
from core.domain.errors import Rejected
from core.domain.messages import Author, OutboundMessage, Receipt
from tests.integration.telegram_channel.conftest import answer
from tests.integration.telegram_channel.world import World
from tests.servers.telegram_fake import Trouble


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
    with pytest.raises(Rejected, match="REACTION_INVALID"):
        await polling.say(altering(Altering.REACT, "m/4711/1", emoji="🪑"))
