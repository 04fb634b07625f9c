"""What doctor says of a model's address is copied into reports of faults: a password in it is not said."""

from __future__ import annotations

import pytest

from config.model_checks import check_model
from config.settings import Settings, read_settings
from tests.servers.model_fake import KEY, MODEL, ModelFake


@pytest.mark.parametrize("path", ["", "/site", "/v2", "/v1/chat/completions"])
async def test_a_wrong_address_is_told_without_its_login(path: str) -> None:
    async with ModelFake() as model:
        address = model.origin + path
        url = address.replace("://", "://user:hidden@")
        (told,) = await check_model(Settings(_env_file=None, openai_base_url=url))
    assert (told.check, told.ok) == ("OPENAI_BASE_URL", False)
    assert f"{address}: " in told.detail
    assert "hidden" not in f"{told.detail} {told.fix}"


async def test_the_models_of_tasks_and_arms_are_looked_for_too() -> None:
    async with ModelFake() as model:
        told = await check_model(
            read_settings(
                openai_base_url=f"{model.origin}/v1",
                openai_api_key=KEY,
                openai_model=MODEL,
                agent_summary_model="large",
                agent_memory_model="nothing",
                experiments={"size": {"share": 1.0, "arms": {"usual": {}, "big": {"model": "huge"}}}},
            )
        )
    assert {one.check: one.ok for one in told} == {
        "OPENAI_MODEL": True,
        "AGENT_SUMMARY_MODEL": True,
        "AGENT_MEMORY_MODEL": False,
        "EXPERIMENTS.size.big": False,
    }
    assert "has no model huge" in told[-1].detail
