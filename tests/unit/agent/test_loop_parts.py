"""The loop over structured answers: without any verifier, no figure, link, address or deed is shown that was not given."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from core.agent.answer_parts import parts_format
from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.tools import tool
from core.domain.messages import MessageKind
from core.ports.responder import Reply
from tests.contract.responders.world import (
    PASSWORD,
    PRICE,
    Docs,
    MemoryJournal,
    ScriptedModel,
    SteppingClock,
    Watcher,
    call,
    say,
    turn_of,
)

QUESTION = "How do I reset my password, and what does the Team plan cost? Please send my invoice INV-2077 again."
PRESS = {
    "kind": "fact",
    "rests_on": [{"source": 1, "quote": "Click “Forgot password?” on the sign-in page."}],
    "text": "You can press “Forgot password?” on the page where you sign in.",
}
COSTS = {
    "kind": "fact",
    "rests_on": [{"source": 2, "quote": "The Team plan costs 9 euros per person and month."}],
    "text": "The Team plan is 9 euros a month for each person.",
}


@tool(effect=True)
def send_invoice(invoice: str) -> str:
    """Send an invoice of this customer again."""
    return f"Invoice {invoice} was sent."


class World:
    """A loop without a verifier."""

    def __init__(self, *scripts: object) -> None:
        self.model = ScriptedModel(*scripts)  # type: ignore[arg-type]
        self.shown = Watcher()

    async def ask(self, *said: str) -> Reply:
        settings = AgentSettings(company_name="Tidepool")
        loop = AgentLoop(self.model, Docs(), MemoryJournal(), settings, SteppingClock(), [send_invoice, find_invoice])
        return await loop.respond(turn_of(*(said or (QUESTION,))), "t1", self.shown)


def _parts(*parts: object, reason: str = "stop", cut: int | None = None) -> Sequence[object]:
    return say(json.dumps({"parts": parts})[:cut], reason=reason)


async def test_parts_with_their_quotes_are_shown_with_their_sources() -> None:
    world = World(_parts(PRESS, COSTS))
    reply = await world.ask()
    assert reply.text == (
        "You can press “Forgot password?” on the page where you sign in [1]. The Team plan is 9 euros a month for each "
        "person [2]."
    )
    assert [citation.id for citation in reply.citations] == [PASSWORD.id, PRICE.id]
    assert world.shown.text_shown == reply.text
    assert world.model.requests[0].answer_format == parts_format()


async def test_a_part_is_shown_while_the_model_writes_the_next() -> None:
    seen: list[str] = []
    world = World([])
    written = json.dumps({"parts": [PRESS, COSTS]})
    first = written.index('}, {"kind"') + 3
    world.model.scripts = [[*say(written[:first])[:-1], *say(written[first:])]]
    original = world.shown.text

    async def text(sentence: str) -> None:
        seen.append(sentence)
        await original(sentence)

    world.shown.text = text  # type: ignore[method-assign]
    await world.ask()
    assert len(seen) == 2


@pytest.mark.parametrize(
    "part",
    [
        {**COSTS, "text": "For each person the Team plan is 7 euros a month."},
        {
            **COSTS,
            "rests_on": [{"source": 2, "quote": "The Team plan costs 7 euros per person."}],
            "text": "It is 7 euros.",
        },
        {**PRESS, "text": "Reset it at https://evil.example/reset."},
        {"kind": "chat", "rests_on": [], "text": "Call us at +49 900 5550199."},
        {"kind": "chat", "rests_on": [], "text": "Write to boss@evil.example."},
        {"kind": "question", "rests_on": [], "text": "Shall I take the 30 % off?"},
        {"kind": "unknown", "rests_on": [], "text": "I do not know, but it is 99 euros."},
        {"kind": "done", "rests_on": [], "text": "I have sent invoice INV-2077 again."},
        {"kind": "done", "rests_on": [], "text": "I have refunded you."},
        {"kind": "tool", "rests_on": [], "text": "Invoice INV-2077 was sent."},
        {"kind": "chat", "rests_on": [], "text": "I have sent it to you again."},
        {"kind": "unknown", "rests_on": [], "text": "I have cancelled your plan."},
    ],
)
async def test_what_nobody_gave_is_left_out(part: dict[str, object]) -> None:
    reply = await World(_parts(PRESS, part)).ask()
    assert "Forgot password" in reply.text
    assert str(part["text"])[-20:-1] not in reply.text


async def test_a_deed_of_this_turn_may_be_told() -> None:
    done = {"kind": "done", "rests_on": [], "text": "I have sent invoice INV-2077 again."}
    other = {"kind": "done", "rests_on": [], "text": "I have sent invoice INV-2078 again."}
    world = World(call("send_invoice", '{"invoice": "INV-2077"}'), _parts(done, other))
    reply = await world.ask("Send invoice INV-2077 please.")
    assert reply.text == "I have sent invoice INV-2077 again."
    assert reply.kind is MessageKind.ANSWER


@tool(effect=False)
def find_invoice(invoice: str) -> dict[str, object]:
    """An invoice of this customer."""
    return {"invoice": invoice, "status": "open", "total": 30}


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Invoice INV-2077 is open.", True), ("Invoice INV-2077 was refunded.", False), ("The total is 31.", False)],
)
async def test_a_result_may_be_told_and_no_deed_beside_it(text: str, shown: bool) -> None:
    part = {"kind": "tool", "rests_on": [], "text": text}
    world = World(call("find_invoice", '{"invoice": "INV-2077"}'), _parts(part))
    assert ((await world.ask("What about my invoice INV-2077?")).text == text) is shown


async def test_a_question_back_needs_no_evidence() -> None:
    back = {"kind": "question", "rests_on": [], "text": "Which plan do you have?"}
    assert (await World(_parts(PRESS, back)).ask()).text.endswith("[1]. Which plan do you have?")


async def test_an_endpoint_that_writes_text_is_read_as_text() -> None:
    reply = await World(say("Click “Forgot password?” on the sign-in page [1].")).ask()
    assert reply.text == "Click “Forgot password?” on the sign-in page [1]."


async def test_parts_that_were_complete_before_the_cut_are_kept() -> None:
    reply = await World(_parts(PRESS, COSTS, reason="length", cut=-30)).ask()
    assert reply.text == "You can press “Forgot password?” on the page where you sign in [1]."
    assert (await World(_parts(PRESS, reason="length", cut=-30)).ask()).kind is MessageKind.FAILURE
