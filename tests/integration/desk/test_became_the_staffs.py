"""A thread in which customers wrote, in a channel that has become the staff's: from then on nobody is a customer there."""

from __future__ import annotations

import pytest

from core.domain.conversation import Conversation, OwnershipState
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, Author, Message, MessageReceived
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.slack_desk import SlackDesk
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import Agent, OfficeHours
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, sorry

THREAD = ConversationKey("slack", "main", "T1/C1/1.1")


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    return OfficeHours(store, clock, SETTINGS)


async def writes(office: OfficeHours, event: str, text: str, audience: Audience) -> None:
    who = Identity("slack", "main", "grace", verified=True)
    key = EventKey("slack", "main", event)
    received = MessageReceived(key, THREAD, who, text, office.clock.now(), audience=audience)
    (result,) = await office.store.accept([Acceptable(received)])
    assert not isinstance(result, Exception), result
    await office.works()


async def found(office: OfficeHours) -> tuple[Conversation, list[Message]]:
    conversation = await office.store.conversation(THREAD.conversation_id)
    assert conversation is not None
    return conversation, list(await office.store.messages(THREAD.conversation_id))


async def test_the_agent_answers_no_colleague_there(office: OfficeHours) -> None:
    desk = SlackDesk(office.parts(office.store), SETTINGS)
    office.turn = Turn(Echo(), desk, {}, CountedMetrics(), sorry)
    await writes(office, "e1", "Hello", Audience.CUSTOMER)
    office.turn = Turn(Agent(), desk, {}, CountedMetrics(), sorry)
    await writes(office, "e2", "this customer again...", Audience.STAFF)
    await writes(office, "e3", "I want to talk to a person", Audience.STAFF)
    conversation, said = await found(office)
    assert [one.author for one in said] == [Author.CUSTOMER, Author.AGENT, Author.STAFF, Author.STAFF]
    assert (conversation.audience, conversation.state) == (Audience.STAFF, OwnershipState.BOT)
    assert not await office.store.claim(1, 5.0, history=10)


async def test_what_was_resolved_is_not_opened_again_by_staff(office: OfficeHours) -> None:
    desk = SlackDesk(office.parts(office.store), SETTINGS)
    office.turn = Turn(Echo(), desk, {}, CountedMetrics(), sorry)
    await writes(office, "e1", "Hello", Audience.CUSTOMER)
    await office.store.database.write(
        lambda connection: connection.exec_driver_sql("UPDATE conversation SET state = 'resolved'")
    )
    await writes(office, "e2", "Back to this one", Audience.STAFF)
    conversation, said = await found(office)
    assert conversation.state is OwnershipState.RESOLVED
    assert len(said) == 3
