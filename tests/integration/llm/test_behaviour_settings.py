"""Each setting of how the agent behaves is seen in the request that reaches the model's endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from config.agent_parts import make_briefing, make_colleague, make_responder, make_translator
from config.settings import read_settings
from core.domain.experiments import EXPERIMENT_META, Experiment
from core.domain.keys import ConversationKey
from core.domain.knowledge import Passage
from core.domain.messages import Author
from core.ports.budgets import NoBudgets
from core.ports.metrics import NoMetrics
from core.ports.responder import Reply
from core.ports.store import TurnState
from tests.contract.responders.world import (
    PASSWORD,
    PRICE,
    REFUNDS,
    Docs,
    MemoryJournal,
    SteppingClock,
    Watcher,
    message,
    turn_of,
)
from tests.integration.llm.wire_server import DONE, Behaviour, chunk, refuse, serving, stream

QUESTION = "How do I reset my password?"
SAID = "Click “Forgot password?” on the sign-in page [1]."
PASSAGES = {"password": PASSWORD, "reset": PRICE, "how": REFUNDS}
OVERRIDES = {"slack": {"reasoning_effort": "low", "history_tokens": 0, "passages": 1, "answer_tokens": 99}}


class _Store(MemoryJournal):
    """What the agent keeps; this customer has no tickets."""

    async def identities(self, _holder: object) -> Sequence[object]:
        return ()


def _says(text: str) -> Any:
    return stream(chunk(text), chunk(finish="stop"), DONE)


async def _answered(
    turn: TurnState,
    *texts: str,
    first: Behaviour | None = None,
    colleague: bool = False,
    passages: Mapping[str, Passage] = PASSAGES,
    **given: Any,
) -> tuple[Reply, list[dict[str, Any]]]:
    """The reply of an agent with these settings, and what its endpoint was sent."""
    make = make_colleague if colleague else make_responder
    behaviours = [*([] if first is None else [first]), *map(_says, texts or (SAID,))]
    async with serving(*behaviours) as server, AsyncExitStack() as closing:
        settings = read_settings(openai_base_url=server.url, openai_model="main", **given)
        agent = make(
            settings,
            Docs(passages),
            cast(Any, _Store()),
            SteppingClock(),
            NoMetrics(),
            closing,
            NoBudgets(),
        )
        reply = await agent.respond(turn, "t1", Watcher())
    return reply, server.requests


def _on(channel: str, turn: TurnState, account: str = "a") -> TurnState:
    key = ConversationKey(channel, account, "t")
    return replace(turn, conversation=replace(turn.conversation, key=key))


def _sources(request: dict[str, Any]) -> int:
    """How many the model is shown."""
    return str(request["messages"][1:]).count("<source number=")


def _prompt(request: dict[str, Any]) -> str:
    return json.dumps(request["messages"], ensure_ascii=False)


@pytest.mark.parametrize(
    ("given", "field", "wanted"),
    [
        ({}, "temperature", None),
        ({"agent_temperature": 0.3}, "temperature", 0.3),
        ({}, "reasoning_effort", None),
        ({"agent_reasoning_effort": "minimal"}, "reasoning_effort", "minimal"),
        ({}, "max_tokens", 4_000),
        ({"agent_answer_tokens": 700}, "max_tokens", 700),
        ({}, "model", "main"),
    ],
)
async def test_parameters_of_the_request(given: dict[str, Any], field: str, wanted: object) -> None:
    _, [request, *_] = await _answered(turn_of(QUESTION), **given)
    assert request.get(field) == wanted


async def test_passages() -> None:
    counts = []
    for passages in (1, 3):
        _, [request, *_] = await _answered(turn_of(QUESTION), agent_passages=passages)
        counts.append(_sources(request))
    assert counts == [1, 3]


async def test_threshold_of_confidence() -> None:
    """Of passages that reach it, the model is shown the section that they stand in."""
    section = f"{PRICE.content}\n\nThis is the whole section about plans."
    shown = []
    for threshold in (0.7, 0.9):
        overrides = {"web": {"threshold": threshold}}
        passages = {"password": replace(PRICE, parent=section)}
        _, [request, *_] = await _answered(turn_of(QUESTION), passages=passages, agent_overrides=overrides)
        shown.append("whole section" in _prompt(request))
    assert shown == [True, False]


async def test_tokens_of_history() -> None:
    authors = (Author.CUSTOMER, Author.AGENT)
    said = [message(f"Earlier message number {n}.", seq=n, author=authors[n % 2 - 1]) for n in range(1, 31)]
    counts = []
    for tokens in (0, 100, 3_000):
        turn = turn_of(QUESTION, history=said)
        _, [request, *_] = await _answered(turn, agent_history_tokens=tokens)
        counts.append(_prompt(request).count("Earlier message number"))
    assert counts[0] == 0 < counts[1] < counts[2] == 30


async def test_a_channel_has_what_its_overrides_say() -> None:
    turn = turn_of(QUESTION, history=[message("Earlier.", seq=1)])
    given = {"agent_overrides": OVERRIDES, "agent_reasoning_effort": "high"}
    _, [slack, *_] = await _answered(_on("slack", turn), **given)
    _, [web, *_] = await _answered(turn, **given)
    assert (slack["reasoning_effort"], slack["max_tokens"], _sources(slack)) == ("low", 99, 1)
    assert (web["reasoning_effort"], web["max_tokens"]) == ("high", 4_000)
    assert ("Earlier." in _prompt(slack), "Earlier." in _prompt(web)) == (False, True)


async def test_company_rules_by_place(tmp_path: Path) -> None:
    (tmp_path / "channels/slack").mkdir(parents=True)
    (tmp_path / "rules.md").write_text("Say Sie.")
    (tmp_path / "channels/slack.md").write_text("Be brief.")
    (tmp_path / "channels/slack/T1.md").write_text("Say du.")
    given = {"agent_rules_path": tmp_path}
    for turn, wanted in (
        (turn_of(QUESTION), "Say Sie."),
        (_on("slack", turn_of(QUESTION)), "Say Sie.\n\nBe brief."),
        (_on("slack", turn_of(QUESTION), "T1"), "Say Sie.\n\nBe brief.\n\nSay du."),
    ):
        _, [request, *_] = await _answered(turn, **given)
        assert request["messages"][0]["role"] == "system"
        assert f"the rules above hold.\n{wanted}\n\n" in request["messages"][0]["content"]
    _, [inside, *_] = await _answered(turn_of(QUESTION), colleague=True, **given)
    assert "Say Sie." in inside["messages"][0]["content"]


async def test_rules_are_for_answers_and_not_for_those_who_check_them(tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_text("Everything is borne out.")
    _, [asked, checked, *_] = await _answered(
        turn_of(QUESTION),
        "You will find the way to a new password on the page for signing in [1].",
        agent_rules_path=tmp_path,
        agent_verify_model="checker",
        agent_reasoning_effort="high",
    )
    assert (asked["model"], checked["model"]) == ("main", "checker")
    assert "Everything is borne out." in _prompt(asked)
    assert "Everything is borne out." not in _prompt(checked)
    assert "reasoning_effort" not in checked


async def test_the_model_that_sums_up() -> None:
    for given, wanted in ({}, "main"), ({"agent_summary_model": "small"}, "small"):
        async with serving(_says("asked [1] A password")) as server, AsyncExitStack() as closing:
            settings = read_settings(openai_base_url=server.url, openai_model="main", **given)
            clock = SteppingClock()
            briefing = make_briefing(settings, Docs(), clock, NoMetrics(), closing, NoBudgets(), staffed=True)
            assert briefing.summarizer is not None
            assert await briefing.summarizer.summarize([message("I need a new password")], "en")
        assert [request["model"] for request in server.requests] == [wanted]


async def test_the_model_that_translates_for_staff() -> None:
    for given, wanted in ({}, "main"), ({"agent_translation_model": "polyglot"}, "polyglot"):
        async with serving(_says("Guten Tag")) as server, AsyncExitStack() as closing:
            settings = read_settings(openai_base_url=server.url, openai_model="main", desk_translate=True, **given)
            translator = make_translator(settings, SteppingClock(), NoMetrics(), closing, NoBudgets())
            assert translator is not None
            assert (await translator.translate("Good day to you", "de")).text == "Guten Tag"
        assert [request["model"] for request in server.requests] == [wanted]


async def test_the_model_that_translates_fixed_sentences() -> None:
    turn = turn_of("Hyvää päivää, mistä löydän uuden salasanan tilaukseeni, kiitos?")
    _, requests = await _answered(turn, "I do not know.", "fi", agent_translation_model="polyglot")
    assert requests[0]["model"] == "main"
    assert "polyglot" in [request["model"] for request in requests]


async def test_the_arm_of_an_experiment_has_its_own_model_and_rules(tmp_path: Path) -> None:
    (tmp_path / "brief").mkdir()
    (tmp_path / "brief/rules.md").write_text("Be brief.")
    (tmp_path / "rules.md").write_text("Be kind.")
    arms = {
        "usual": {},
        "brief": {"model": "other", "rules_path": tmp_path / "brief", "temperature": 0.7, "reasoning_effort": "low"},
    }
    given = {
        "experiments": {"tone": {"share": 1.0, "arms": arms}},
        "agent_rules_path": tmp_path / "rules.md",
        "agent_overrides": {"web": {"temperature": 0.1, "passages": 1}},
    }
    found = {}
    for number in range(6):
        turn = turn_of(QUESTION)
        turn = replace(turn, customer=replace(turn.customer, id=f"cu{number}"))
        reply, [request, *_] = await _answered(turn, **given)
        arm = Experiment("tone", 1.0, ("usual", "brief")).arm_for(turn.customer.id)
        assert reply.meta[EXPERIMENT_META] == {"name": "tone", "arm": arm}
        rules = [rule for rule in ("Be kind.", "Be brief.") if rule in request["messages"][0]["content"]]
        passages = _sources(request)
        found[arm] = (request["model"], request.get("temperature"), request.get("reasoning_effort"), rules, passages)
    assert found == {
        "usual": ("main", 0.1, None, ["Be kind."], 1),
        "brief": ("other", 0.7, "low", ["Be brief."], 1),
    }


async def test_without_a_model_arms_differ_in_what_holds_without_one() -> None:
    arms = {"usual": {}, "strict": {"threshold": 0.99}}
    settings = read_settings(experiments={"bar": {"share": 1.0, "arms": arms}})
    found = {}
    async with AsyncExitStack() as closing:
        agent = make_responder(
            settings, Docs(), cast(Any, _Store()), SteppingClock(), NoMetrics(), closing, NoBudgets()
        )
        for number in range(8):
            turn = turn_of(QUESTION)
            turn = replace(turn, customer=replace(turn.customer, id=f"cu{number}"))
            reply = await agent.respond(turn, "t1", Watcher())
            found[reply.meta[EXPERIMENT_META]["arm"]] = "Forgot password" in reply.text
    assert found == {"usual": True, "strict": False}


async def test_an_endpoint_that_refuses_an_option_answers_all_the_same() -> None:
    refused = refuse(400, message="Unknown parameter: reasoning_effort")
    reply, requests = await _answered(turn_of(QUESTION), SAID, first=refused, agent_reasoning_effort="max")
    assert "Forgot password" in reply.text
    assert [request.get("reasoning_effort") for request in requests] == ["max", None]
