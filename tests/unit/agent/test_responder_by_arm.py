"""Customers of an experiment are answered in their arm, always the same, and the arm is noted."""

from __future__ import annotations

from collections import Counter

import pytest

from core.agent.chosen_responder import ResponderByArm
from core.domain.conversation import Escalation
from core.domain.experiments import EXPERIMENT_META, Experiment, arm_for, arm_noted
from core.domain.messages import MessageKind
from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState
from tests.contract.responders.world import Watcher, turn_of

TONE = Experiment("tone", 0.5, ("usual", "brief"))
MODEL = Experiment("model", 1.0, ("small", "large", "huge"))
CUSTOMERS = [f"cu{number}" for number in range(20_000)]


class Named:
    """A responder that says its name."""

    def __init__(self, name: str, **reply: object) -> None:
        self.reply = Reply(name, MessageKind.ANSWER, meta={"ticket": "T-1"}, **reply)  # type: ignore[arg-type]

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        return self.reply


def test_shares_and_arms_are_as_large_as_they_should_be() -> None:
    found = Counter(TONE.arm_for(one) for one in CUSTOMERS)
    shares = {arm: count / len(CUSTOMERS) for arm, count in found.items()}
    assert shares == pytest.approx({None: 0.5, "usual": 0.25, "brief": 0.25}, abs=0.01)


def test_an_arm_is_the_same_in_every_process() -> None:
    """By the bytes of SHA-256, not by Python's own hash, which differs from process to process."""
    found = {one: TONE.arm_for(one) for one in ("cu1", "cu2", "cu3", "cu4", "cu5", "cu6")}
    assert found == {"cu1": "usual", "cu2": "brief", "cu3": None, "cu4": "usual", "cu5": None, "cu6": None}


def test_experiments_do_not_depend_on_each_other() -> None:
    """Whoever takes part in the first takes part in no other; the arms of the second are even all the same."""
    found = Counter(arm_for([TONE, MODEL], one) for one in CUSTOMERS)
    names = Counter({name: sum(n for key, n in found.items() if key and key[0] == name) for name in ("tone", "model")})
    assert names["tone"] / len(CUSTOMERS) == pytest.approx(0.5, abs=0.01)
    assert names.total() == len(CUSTOMERS)
    for arm in MODEL.arms:
        assert found["model", arm] / names["model"] == pytest.approx(1 / 3, abs=0.02)
    other = Experiment("other", 1.0, TONE.arms)
    both = Counter(other.arm_for(one) for one in CUSTOMERS if TONE.arm_for(one) == "brief")
    assert both["brief"] / both.total() == pytest.approx(0.5, abs=0.02)


async def test_the_customer_s_arm_answers_and_is_noted() -> None:
    arms: dict[tuple[str, str], Responder] = {("model", arm): Named(arm) for arm in MODEL.arms}
    turn = turn_of("Hello")
    arm = MODEL.arm_for(turn.customer.id)
    assert arm is not None
    reply = await ResponderByArm(Named("usual"), [MODEL], arms).respond(turn, "t1", Watcher())
    assert reply.text == arm
    assert reply.meta == {"ticket": "T-1", EXPERIMENT_META: {"name": "model", "arm": arm}}
    assert arm_noted(reply.meta) == {EXPERIMENT_META: {"name": "model", "arm": arm}}


async def test_who_takes_no_part_is_answered_as_usual_and_nothing_is_noted() -> None:
    nobody = Experiment("tone", 1e-9, ("usual", "brief"))
    reply = await ResponderByArm(Named("usual"), [nobody], {}).respond(turn_of("Hello"), "t1", Watcher())
    assert (reply.text, arm_noted(reply.meta)) == ("usual", {})


async def test_what_is_answered_besides_is_noted_too() -> None:
    besides = Reply("also", MessageKind.ANSWER)
    arms: dict[tuple[str, str], Responder] = {
        ("model", arm): Named(arm, escalation=Escalation("asked"), besides=besides) for arm in MODEL.arms
    }
    reply = await ResponderByArm(Named("usual"), [MODEL], arms).respond(turn_of("Hello"), "t1", Watcher())
    assert reply.besides is not None
    assert arm_noted(reply.besides.meta) == arm_noted(reply.meta) != {}
