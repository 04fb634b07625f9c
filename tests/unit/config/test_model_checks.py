"""What doctor says of a model's address is copied into reports of faults: a password in it is not said."""

from __future__ import annotations

import pytest

from config.model_checks import check_model
from config.settings import Settings
from tests.servers.model_fake import ModelFake


@pytest.mark.parametrize("path", ["", "/site", "/v2", "/v1/chat/completions"])
async def test_a_wrong_address_is_told_without_its_login(path: str) -> None:
    async with ModelFake() as model:
        address = model.origin + path
        url = address.replace("://", "://user:hidden@")
        (told,) = await check_model(Settings(_env_file=None, openai_base_url=url))
    assert (told.check, told.ok) == ("OPENAI_BASE_URL", False)
    assert f"{address}: " in told.detail
    assert "hidden" not in f"{told.detail} {told.fix}"
