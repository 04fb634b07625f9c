"""A fact that the agent takes down stands on the message in which the customer wrote it, and on none without one."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from core.agent.memory_tools import memory_tools
from core.agent.tools import ToolContext
from core.domain.customer import Customer
from core.domain.errors import ToolError
from core.domain.memory import Fact
from core.domain.messages import Author
from core.ports.memories import Said
from core.ports.tickets import Holder
from tests.contract.responders.world import NOW, message


class Notes:
    """What a customer and others wrote, the newest first; and what is kept of it."""

    def __init__(self, *written: Said) -> None:
        self.written = written
        self.kept: list[Fact] = []

    async def history_of(self, holder: Holder, limit: int) -> Sequence[Said]:
        assert holder.customer_id == "cu1"
        return self.written[:limit]

    async def keep_fact(self, holder: Holder, fact: Fact) -> None:
        self.kept.append(fact)


HERE = message("x").conversation_id


def written(text: str, message_id: str, by: str = Author.CUSTOMER, where: str = HERE) -> Said:
    return Said(NOW, by, text, where, message_id)


async def remember(notes: Notes, newest: str, text: str, kind: str = "fact") -> None:
    tool = next(one for one in memory_tools(notes) if one.name == "remember")  # type: ignore[arg-type]
    context = ToolContext(HERE, Customer("cu1", "x"), "t", "c", said=message(newest, seq=9))
    await tool.run(tool.parse(json.dumps({"kind": kind, "text": text})), context)


@pytest.mark.parametrize(
    ("newest", "earlier", "text"),
    [
        ("Remember that", "My number is +49 151 2345678", "+49 151 2345678"),
        ("Merk dir das bitte", "Ich wohne in Porto", "Wohnt in Porto"),
        ("覚えてください", "私の名前は田中です", "田中"),
        ("Please remember my phone number", "It is 0151 2345678, my phone", "phone 0151 2345678"),
        ("> I live in Porto\nRemember that", "I live in Porto", "Lives in Porto"),
    ],
)
async def test_it_stands_on_the_message_that_holds_its_words(newest: str, earlier: str, text: str) -> None:
    notes = Notes(written(newest, "m9"), written("Hello", "m8"), written(earlier, "m7"), written("Hm", "m6"))
    await remember(notes, newest, text)
    assert [one.message_id for one in notes.kept] == ["m7"]


async def test_the_newest_of_two_messages_that_hold_it_counts() -> None:
    notes = Notes(written("I live in Porto, as I said", "m9"), written("I live in Porto", "m7"))
    await remember(notes, "I live in Porto, as I said", "Lives in Porto")
    assert [one.message_id for one in notes.kept] == ["m9"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        written("You live in Porto", "m7", Author.AGENT),
        written("I live in Porto", "m7", where="another"),
        written("> I live in Porto\nAn odd mail", "m7"),
        written("I live in Lisbon", "m7"),
    ],
)
async def test_what_no_message_of_theirs_holds_is_not_kept(elsewhere: Said) -> None:
    notes = Notes(elsewhere)
    with pytest.raises(ToolError, match="own words"):
        await remember(notes, "Remember that", "Stays at Porto")
    assert notes.kept == []


async def test_a_language_may_be_called_by_its_code() -> None:
    notes = Notes()
    await remember(notes, "Bitte auf Deutsch", "de", "language")
    assert [one.message_id for one in notes.kept] == ["m9"]
