"""An offer of a person is accepted by whom it was made to, in a Slack thread and in a copied mail."""

from __future__ import annotations

import pytest

from core.agent.settings import AgentSettings
from core.domain.conversation import OwnershipEvent
from core.llm.extractive import ExtractiveResponder
from core.ports.metrics import NoMetrics
from core.ports.store import Acceptable, TurnOutcome
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.waits.unstaffed_desk import UnstaffedDesk
from tests.contract.responders.world import Docs, SteppingClock
from tests.property.authors_mail import Person, Place
from tests.unit.core.responders import sorry


@pytest.mark.parametrize("channel", ["slack", "email"])
async def test_another_author_does_not_accept_the_offer(store: SqlStore, channel: str) -> None:
    ada, bob = people = [Person(1, 0, "Ada"), Person(1, 1, "Bob")]
    place = Place(channel, 1, people, store)
    turn = Turn(
        ExtractiveResponder(Docs(), AgentSettings(), SteppingClock()),
        UnstaffedDesk(),
        {},
        NoMetrics(),
        sorry,
    )

    async def says(who: Person, text: str) -> TurnOutcome:
        (result,) = await store.accept([Acceptable(await place.written(who, text, aside=False))])
        assert not isinstance(result, Exception), result
        (state,) = await store.claim(1, 60.0, history=60)
        outcome = await turn.run(state)
        await store.finish([outcome])
        return outcome

    offer = await says(ada, "What is the airspeed of an unladen swallow?")
    assert offer.messages[-1].text.endswith("Would you like to talk to a person?")
    assert (await says(bob, "yes")).transition is None
    accepted = (await says(ada, "yes")).transition
    assert accepted is not None
    assert accepted.event is OwnershipEvent.ESCALATE
