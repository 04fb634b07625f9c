"""Which tool may say what a company knows of a customer, and what becomes of its answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.desk import customer_context as context
from config.settings import Settings, read_settings
from core.agent.tools import ToolContext, make_tool
from core.domain.conversation import Conversation, OwnershipState
from core.domain.customer import Customer
from core.domain.errors import ConfigError
from core.domain.keys import ConversationKey
from core.ports.store import Claim, TurnState


def crm(whom: ToolContext) -> dict[str, object]:
    """What is known of the customer."""
    return {"Company": "Acme", "Known as": whom.customer.display_name}


async def remark(whom: ToolContext) -> str:
    """A sentence."""
    return "Pays late."


def by_order(number: str) -> str:
    """What was ordered."""
    return number


def upgrade(whom: ToolContext) -> str:
    """Give them the larger plan."""
    return "Done."


ALL = (crm, remark, by_order, upgrade)
CONVERSATION = Conversation(
    "c1",
    ConversationKey("web", "main", "t1"),
    "ada",
    OwnershipState.BOT,
    None,
    1,
    0,
    1,
    0,
    0,
    datetime(2026, 11, 23, tzinfo=UTC),
)
TURN = TurnState(Claim("c1", 1), CONVERSATION, Customer("ada", "ada", "Ada"), (), ())


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a package of the company's would bring them."""
    monkeypatch.setattr(
        "config.company_tools.installed_tools", lambda: [make_tool(one, effect=one is upgrade) for one in ALL]
    )


def _settings(name: str | None) -> Settings:
    return read_settings(desk_context_tool=name)


def test_nothing_is_asked_where_no_tool_is_named() -> None:
    assert context.customer_context(_settings(None)) is None


async def test_the_tool_knows_whom_it_is_about() -> None:
    ask = context.customer_context(_settings("crm"))
    assert ask is not None
    assert await ask(TURN) == {"Company": "Acme", "Known as": "Ada"}


async def test_a_sentence_stands_under_the_tools_name() -> None:
    ask = context.customer_context(_settings("remark"))
    assert ask is not None
    assert await ask(TURN) == {"remark": "Pays late."}


@pytest.mark.parametrize(
    ("name", "says"), [("crn", "there is no tool crn. Tools: crm"), ("by_order", "arguments"), ("upgrade", "read only")]
)
def test_a_tool_that_cannot_be_asked_is_said_at_the_start(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        context.customer_context(_settings(name))
