"""Doctor names the options that a model refuses, with what to do."""

from __future__ import annotations

from aiohttp import web

from config.model_option_checks import check_model_options
from config.settings import Settings, read_settings
from tests.integration.llm.wire_server import Behaviour, serving

EXPERIMENT = {"tone": {"share": 0.5, "arms": {"usual": {}, "hot": {"model": "other", "temperature": 1.5}}}}


async def _judge(request: web.Request) -> web.StreamResponse:
    """One model takes no reasoning effort but low, the other no temperature."""
    asked = await request.json()
    refused = asked.get("reasoning_effort") not in (None, "low") or (
        asked["model"] == "other" and "temperature" in asked
    )
    return web.json_response({"error": {"message": "no"}} if refused else {}, status=400 if refused else 200)


async def _answer_401(_: web.Request) -> web.StreamResponse:
    return web.json_response({}, status=401)


async def _found(behaviour: Behaviour, **given: object) -> tuple[list[str], list[dict[str, object]]]:
    async with serving(behaviour) as server:
        settings: Settings = read_settings(openai_base_url=server.url, openai_model="m", **given)
        found = await check_model_options(settings)
    assert not any(one.ok for one in found)
    return [f"{one.check}: {one.detail}. {one.fix}" for one in found], server.requests


async def test_a_refused_value_is_named() -> None:
    [told], requests = await _found(_judge, agent_reasoning_effort="high", agent_temperature=0.3)
    assert told.startswith("AGENT_REASONING_EFFORT: the model m refuses reasoning_effort high; it is asked without it.")
    assert len(requests) == 3
    assert {request["max_tokens"] for request in requests} == {16}


async def test_values_of_channels_and_arms_are_tried_with_their_models() -> None:
    overrides = {"sms": {"reasoning_effort": "max"}}
    told, _ = await _found(_judge, agent_reasoning_effort="low", agent_overrides=overrides, experiments=EXPERIMENT)
    assert [one.partition(";")[0] for one in told] == [
        "AGENT_REASONING_EFFORT: the model m refuses reasoning_effort max",
        "AGENT_TEMPERATURE: the model other refuses temperature 1.5",
        "AGENT_REASONING_EFFORT: the model other refuses reasoning_effort max",
    ]


async def test_without_options_no_token_is_spent() -> None:
    assert await _found(_judge) == ([], [])


async def test_a_model_that_cannot_be_asked_at_all_is_left_to_other_checks() -> None:
    told, requests = await _found(_answer_401, agent_temperature=0.3)
    assert (told, len(requests)) == ([], 1)
