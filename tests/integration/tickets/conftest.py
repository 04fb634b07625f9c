"""Tickets in a real store, and turns of customers of whom it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.agent.tools import ToolContext
from core.domain.customer import ContactDetails, Customer
from core.ports.store import TurnState
from core.storage.store import SqlStore
from tests.contract.responders.world import turn_of
from tests.contract.stores.manual_clock import ManualClock

ADA = Customer("ada", "user:ada", "Ada", verified=True, contact=ContactDetails(email="ada@example.com"), locale="en")
BOB = Customer("bob", "user:bob", "Bob", verified=True)
STRANGER = Customer("s1", "anon:s1")


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[SqlStore]:
    """Empty."""
    opened = SqlStore(sqlite_url, ManualClock())
    await opened.open()
    yield opened
    await opened.close()


def context(customer: Customer = ADA, call: str = "call", conversation: str = "c1") -> ToolContext:
    """A call in a turn of this customer."""
    return ToolContext(conversation, customer, "t1", call, "en")


def turn(text: str, customer: Customer = ADA, conversation: str = "c1", locale: str | None = None) -> TurnState:
    """They say something."""
    state = turn_of(text, locale=locale)
    return replace(state, customer=customer, conversation=replace(state.conversation, id=conversation))
