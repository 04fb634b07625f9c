"""Where the language files have no texts, the model puts "I don't know" into the customer's language."""

from __future__ import annotations

import pytest

from core.agent.foreign_texts import ForeignTexts
from core.agent.texts import Texts
from core.agent.translating import ModelTranslator
from core.domain.errors import ModelError
from core.domain.messages import MessageKind
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from tests.contract.responders.world import ScriptedModel, SteppingClock, Watcher, say, turn_of

OURS = Texts("en", "Tidepool").say("unknown")
SWEDISH = "Det vet jag inte. Vill du prata med en människa?"


class Fixed:
    """A responder that gives one reply."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        return self.reply


def _over(*scripts: object, reply: Reply | None = None) -> tuple[ForeignTexts, ScriptedModel]:
    model = ScriptedModel(*scripts)  # type: ignore[arg-type]
    translator = ModelTranslator(model, SteppingClock(), "Tidepool")
    unknown = Reply(OURS, MessageKind.UNKNOWN, offers_person=True)
    return ForeignTexts(Fixed(reply or unknown), translator, "Tidepool"), model


async def _said(foreign: ForeignTexts, text: str) -> str:
    return (await foreign.respond(turn_of(text), "t1", Watcher())).text


async def test_it_is_translated_once_and_the_model_sees_no_customers_words() -> None:
    foreign, model = _over(say(SWEDISH))

    assert await _said(foreign, "Har ni något kontor i Stockholm?") == SWEDISH
    assert await _said(foreign, "Vad heter er verkställande direktör?") == SWEDISH
    (request,) = model.requests
    assert request.messages[-1].content == OURS
    assert "Stockholm" not in str(request.messages)


@pytest.mark.parametrize("text", ["Do you have an office in Rome?", "ok", "Habt ihr ein Büro in Rom?", "XK-12"])
async def test_languages_that_have_texts_and_unsure_ones_cost_nothing(text: str) -> None:
    foreign, model = _over()

    assert await _said(foreign, text) == OURS
    assert model.requests == []


async def test_a_model_that_fails_leaves_the_sentence_as_it_is() -> None:
    foreign, _ = _over(ModelError("away"))

    assert await _said(foreign, "Har ni något kontor i Stockholm?") == OURS


async def test_what_the_model_said_itself_is_left_alone() -> None:
    own = Reply("Det vet jag tyvärr inte.", MessageKind.UNKNOWN)
    foreign, model = _over(reply=own)

    assert await _said(foreign, "Har ni något kontor i Stockholm?") == own.text
    assert model.requests == []
