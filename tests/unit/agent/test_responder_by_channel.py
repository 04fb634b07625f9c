"""A conversation is answered by the responder of its account, else of its channel, else by the usual one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.agent.chosen_responder import ResponderByChannel
from core.agent.lookup import Lookup
from core.agent.settings import AgentSettings
from core.domain.keys import ConversationKey
from core.domain.messages import MessageKind
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from tests.contract.responders.world import Docs, SteppingClock, Watcher, turn_of


class Named:
    """A responder that says its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        return Reply(self._name, MessageKind.ANSWER)


@pytest.mark.parametrize(
    ("channel", "account", "answers"),
    [("slack", "T1", "team"), ("slack", "T2", "slack"), ("sms", "T1", "usual"), ("web", "default", "usual")],
)
async def test_the_most_special_one_answers(channel: str, account: str, answers: str) -> None:
    responder = ResponderByChannel(Named("usual"), {"slack:T1": Named("team"), "slack": Named("slack")})
    turn = turn_of("Hi")
    conversation = replace(turn.conversation, key=ConversationKey(channel, account, "x"))
    reply = await responder.respond(replace(turn, conversation=conversation), "t1", Watcher())
    assert reply.text == answers


@pytest.mark.parametrize(("threshold", "supported"), [(None, 1), (0.9, 0), (0.1, 2)])
async def test_a_threshold_of_its_own_decides_what_may_be_quoted(threshold: float | None, supported: int) -> None:
    lookup = Lookup(Docs(), SteppingClock(), AgentSettings(threshold=threshold))
    assert len((await lookup.find("the password")).supported) == supported
