"""A turn that fails or runs out of time behind an effect says that it may have happened, and never "ask again"."""

from __future__ import annotations

import asyncio

import pytest

from core.agent.tools import Tool, tool
from core.domain.errors import ModelError, OutcomeUnknown, ToolError
from core.domain.messages import MessageKind
from tests.contract.responders.world import call, say
from tests.unit.agent.test_loop import QUESTION, Bench

REFUND = call("refund", '{"order": 7}')
ASKED = "Refund order 7"
SAFE_TO_ASK = "You can ask again"
NOT_SAFE = "I cannot tell whether what you asked for was done"
SECONDS = 10_000.0


def _hanging(share: float, *, effect: bool = True) -> Tool:
    """Never answers; as soon as it runs, this share of the turn's time is over."""

    @tool(name="refund", effect=effect, timeout=2 * SECONDS)
    async def refund(order: int) -> str:
        """Pay back an order."""
        loop = asyncio.get_running_loop()
        real = loop.time
        loop.time = lambda: real() + share * SECONDS  # type: ignore[method-assign]
        await asyncio.Event().wait()
        return ""

    return refund


def _ending(end: Exception | str, *, effect: bool = True) -> Tool:
    @tool(name="refund", effect=effect)
    async def refund(order: int) -> str:
        """Pay back an order."""
        if isinstance(end, Exception):
            raise end
        return end

    return refund


async def test_a_call_ends_before_its_turn_so_that_its_outcome_is_recorded_and_told() -> None:
    bench = Bench(REFUND, say("I cannot tell whether it happened."), turn_seconds=SECONDS, tools=(_hanging(0.95),))
    await bench.ask(ASKED)
    assert "outcome of this call is unknown" in bench.model.requests[1].messages[-1].content
    assert [row.status for row in bench.journal.rows.values() if row.name == "refund"] == ["unknown"]


async def test_an_effect_for_which_no_time_is_left_is_not_begun() -> None:
    began: list[int] = []

    @tool(effect=True)
    async def refund(order: int) -> str:
        """Pay back an order."""
        began.append(order)
        return "Paid back."

    @tool(effect=False, timeout=2 * SECONDS, retries=0)
    async def wait() -> str:
        """Wait until nearly all the time of the turn is over."""
        loop = asyncio.get_running_loop()
        real = loop.time
        loop.time = lambda: real() + 0.95 * SECONDS  # type: ignore[method-assign]
        return "waited"

    bench = Bench(call("wait"), REFUND, say("No."), turn_seconds=SECONDS, tools=(wait, refund))
    await bench.ask(ASKED)
    assert began == []
    assert "Not run: there is no time left" in bench.model.requests[2].messages[-1].content


async def test_a_turn_out_of_time_during_an_effect_says_that_it_may_have_happened() -> None:
    bench = Bench(REFUND, turn_seconds=SECONDS, tools=(_hanging(2.0),))
    reply = await bench.ask(ASKED)
    assert (reply.kind, reply.offers_person) == (MessageKind.FAILURE, True)
    assert NOT_SAFE in reply.text
    assert SAFE_TO_ASK not in reply.text


async def test_a_turn_out_of_time_while_it_only_read_may_be_asked_again() -> None:
    bench = Bench(REFUND, turn_seconds=SECONDS, tools=(_hanging(2.0, effect=False),))
    assert SAFE_TO_ASK in (await bench.ask(ASKED)).text


@pytest.mark.parametrize(
    ("end", "effect", "says"),
    [
        ("Paid back.", True, NOT_SAFE),
        (OutcomeUnknown("gone"), True, NOT_SAFE),
        (RuntimeError("odd"), True, NOT_SAFE),
        (ToolError("The period is over."), True, SAFE_TO_ASK),
        ("Paid back last week.", False, SAFE_TO_ASK),
    ],
)
async def test_a_model_that_fails_behind_a_call(end: Exception | str, effect: bool, says: str) -> None:
    bench = Bench(REFUND, [ModelError("gone")], tools=(_ending(end, effect=effect),))
    assert says in (await bench.ask(ASKED)).text


async def test_it_is_said_in_the_customers_language() -> None:
    bench = Bench(REFUND, [ModelError("gone")], tools=(_ending("Paid back."),))
    reply = await bench.ask("Bitte refund order 7, ich will mein Geld zurück haben", locale="de")
    assert "ob ausgeführt wurde, worum Sie gebeten haben" in reply.text


async def test_a_turn_that_called_nothing_may_be_asked_again() -> None:
    assert SAFE_TO_ASK in (await Bench([ModelError("gone")]).ask(QUESTION)).text
