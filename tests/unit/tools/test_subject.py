"""Whose id a call to a company's server carries: one that is proven, of the first kind that the setting names."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.agent.tool_rules import Subject
from core.agent.tools import ToolContext
from core.domain.customer import Customer, Evidence, KnownIdentity
from core.domain.errors import ToolError
from core.tools.subject import bound_values


def _context(*known: KnownIdentity, private: bool = True) -> ToolContext:
    async def identities() -> Sequence[KnownIdentity]:
        return known

    return ToolContext("call", Customer("1", "whatsapp:+12025550007"), "c", "k", private=private, identities=identities)


def _known(channel: str, address: str, evidence: Evidence = Evidence.PROVEN) -> KnownIdentity:
    return KnownIdentity(channel, address, evidence)


PHONE, MAIL = _known("sms", "whatsapp:+12025550007"), _known("email", "ada@example.com")
OTHER_MAIL = _known("email", "bob@example.com")
USER = _known("web", "user:7")


@pytest.mark.parametrize(
    ("known", "subjects", "value"),
    [
        ([PHONE], ["phone"], "+12025550007"),
        ([PHONE, MAIL], ["user_id", "email", "phone"], "ada@example.com"),
        ([PHONE, MAIL, USER], ["user_id", "email", "phone"], "7"),
    ],
)
async def test_the_first_kind_that_is_proven_is_taken(
    known: list[KnownIdentity], subjects: list[Subject], value: str
) -> None:
    assert await bound_values(_context(*known), {"customer": subjects}) == {"customer": value}


@pytest.mark.parametrize(
    ("known", "subjects"),
    [
        ([], ["phone"]),
        ([MAIL], ["phone", "user_id"]),
        ([_known("sms", "+12025550007", Evidence.CLAIMED)], ["phone"]),
        ([_known("web", "anon:5")], ["user_id"]),
        ([MAIL, OTHER_MAIL, PHONE], ["email", "phone"]),
    ],
)
async def test_nothing_is_guessed(known: list[KnownIdentity], subjects: list[Subject]) -> None:
    """Not what is only claimed, and no second kind where two identities of the first leave a choice."""
    with pytest.raises(ToolError, match="Not run: it needs the customer's proven"):
        await bound_values(_context(*known), {"customer": subjects})


async def test_where_others_read_the_answer_nothing_is_bound() -> None:
    with pytest.raises(ToolError):
        await bound_values(_context(PHONE, private=False), {"customer": ["phone"]})
