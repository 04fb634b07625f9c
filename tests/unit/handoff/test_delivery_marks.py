"""What staff are shown of a message's outcome, and a loop that outlives whatever goes wrong in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from core.domain.errors import StoreUnavailable
from core.ports.delivery_outcomes import Arrived, DeliveryOutcome, OutcomeStatus, Wording
from core.ports.wake import OUTBOX
from core.storage.wake_local import LocalWake
from handoff.thread.delivery_marks import DeliveryMarks, marks
from tests.patience import PATIENCE

S = OutcomeStatus


def outcome(
    status: OutcomeStatus, shown: OutcomeStatus = S.WAITING, *, text: str = "Hello", reason: str | None = None
) -> DeliveryOutcome:
    return DeliveryOutcome("c.1", text, "m/C1/2.2", shown, status, reason)


def test_who_did_not_get_it_is_named_below_a_sign_that_stays() -> None:
    sign, remark = marks(outcome(S.PARTLY, reason="bob@b.example: 550"), "en")
    assert sign.meta["sign"] == "sent"
    assert remark.text == "“Hello” did not reach everybody; the others have it: bob@b.example: 550"
    (remark,) = marks(outcome(S.PARTLY, S.SENT, reason="bob@b.example: 550"), "de")
    assert remark.text.startswith("„Hello“ hat nicht alle erreicht")


@pytest.mark.parametrize(
    ("shown", "status", "sign", "before"),
    [
        (S.WAITING, S.SENT, "sent", None),
        (S.SENT, S.READ, "read", "sent"),
        (S.WAITING, S.READ, "read", None),
        (S.FAILED, S.SENT, "sent", "failed"),
    ],
)
def test_a_sign_takes_the_place_of_the_one_before(
    shown: OutcomeStatus, status: OutcomeStatus, sign: str, before: str | None
) -> None:
    (mark,) = marks(outcome(status, shown), "en")
    assert (mark.meta["on"], mark.meta["sign"], mark.meta["instead_of"]) == ("m/C1/2.2", sign, before)


def test_what_is_sent_again_keeps_its_sign_until_it_is_sent() -> None:
    assert marks(outcome(S.WAITING, S.FAILED), "en") == []


def test_a_failure_says_which_message_and_why() -> None:
    mark, remark = marks(outcome(S.FAILED, text="One\n two", reason="The customer has blocked the bot."), "en")
    assert (mark.meta["sign"], mark.meta["instead_of"]) == ("failed", None)
    assert remark.text == "“One two” did not reach the customer: The customer has blocked the bot."
    (*_, long) = marks(outcome(S.FAILED, text="x" * 500, reason="{odd}"), "de")
    assert long.text == f"„{'x' * 80}…“ hat den Kunden nicht erreicht: {{odd}}"


@pytest.mark.parametrize(
    ("arrived", "words"),
    [
        (Arrived.NOTHING, "“Hello” did not reach the customer: It was refused."),
        (Arrived.PART, "Only a part of “Hello” reached the customer: It was refused."),
        (Arrived.UNKNOWN, "Nobody can tell whether “Hello” reached the customer: It was refused."),
    ],
)
def test_what_is_not_known_is_not_said_to_have_failed(arrived: Arrived, words: str) -> None:
    (*_, remark) = marks(replace(outcome(S.FAILED, reason="It was refused."), arrived=arrived), "en")
    assert remark.text == words


@pytest.mark.parametrize(
    ("arrived", "words"),
    [
        (Arrived.NOTHING, "The customer did not get this answer of the agent’s: “Hello”"),
        (Arrived.PART, "Of this answer of the agent’s only a part reached the customer: “Hello”"),
        (Arrived.UNKNOWN, "Nobody can tell whether the customer got this answer of the agent’s: “Hello”"),
    ],
)
def test_what_became_of_an_answer_that_a_person_cut_short(arrived: Arrived, words: str) -> None:
    (*_, remark) = marks(replace(outcome(S.FAILED), by_agent=True, withheld=True, arrived=arrived), "en")
    assert remark.text.startswith(words)


class Told:
    """Implements core.ports.delivery_outcomes.DeliveryOutcomes."""

    def __init__(self) -> None:
        self.waiting: list[DeliveryOutcome] = []
        self.said: list[str] = []
        self.trouble: list[Exception] = []
        self.asked = 0

    async def report_outcomes(self, account: str, wording: Wording, limit: int = 100) -> int:
        """What waits, worded."""
        self.asked += 1
        if self.trouble:
            raise self.trouble.pop()
        found, self.waiting = self.waiting, []
        self.said += [f"{account}:{message.meta.get('sign')}" for one in found for message in wording(one)]
        return len(found)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - it is the loop under test that acts
            await asyncio.sleep(0.005)


async def elected(_name: str, _seconds: float) -> bool:
    return True


async def test_the_loop_goes_on_after_trouble_and_wakes_the_outbox() -> None:
    told, wake = Told(), LocalWake()
    told.trouble = [RuntimeError("odd"), StoreUnavailable("away")]
    told.waiting = [outcome(S.SENT)]
    sending = wake.subscribe(OUTBOX)
    loop = DeliveryMarks(told, wake, "main", "en", elected, poll=0.01, rest=0.0)
    loop.start()
    await until(lambda: told.said)
    assert told.said == ["main:sent"]
    assert await sending.wait(30)
    told.waiting = [outcome(S.READ, S.SENT)]
    await until(lambda: len(told.said) == 2)
    await loop.stop()
    await loop.stop()


async def test_a_wake_is_enough() -> None:
    told, wake = Told(), LocalWake()
    loop = DeliveryMarks(told, wake, "main", "en", elected, poll=3600.0, rest=0.0)
    loop.start()
    await until(lambda: told.asked == 1)
    told.waiting = [outcome(S.SENT)]
    wake.notify(OUTBOX)
    await until(lambda: told.said)
    await loop.stop()


async def test_who_is_not_elected_does_nothing() -> None:
    told, asked = Told(), 0

    async def lost(_name: str, _seconds: float) -> bool:
        nonlocal asked
        asked += 1
        return False

    loop = DeliveryMarks(told, LocalWake(), "main", "en", lost, poll=0.001, rest=0.0)
    loop.start()
    await until(lambda: asked > 3)
    await loop.stop()
    assert told.asked == 0
