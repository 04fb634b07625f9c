"""OpenAPI documents at an address: what is sent there, and how much is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.company_tools import check_tools
from config.settings import read_settings
from tests.integration.tools.world import TOKEN, Service, given, running


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with running(Service()) as one:
        yield one


async def test_secret_headers_go_to_the_server_of_the_calls_alone(service: Service, tmp_path: Path) -> None:
    async def sent(base_url: str) -> str | None:
        changes = {"document": f"{service.url}/openapi.json", "base_url": base_url}
        told = await check_tools(read_settings(openapi_tools=given(service, tmp_path, **changes)))
        assert told[1].detail
        return service.document_headers.get("Authorization")

    assert await sent(f"{service.url}/v1") == TOKEN
    for base_url in ("https://api.example.com", "http://127.0.0.1:1", service.url.replace("http:", "https:")):
        assert await sent(base_url) is None


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
async def test_a_document_without_end_is_refused(service: Service, tmp_path: Path, kind: str) -> None:
    service.document, service.document_kind = "#" * 5_000_000, kind
    settings = read_settings(openapi_tools=given(service, tmp_path, document=f"{service.url}/openapi.json"))
    told = await check_tools(settings)
    assert (told[1].ok, "larger than 4096 KB" in told[1].detail) == (False, True)
