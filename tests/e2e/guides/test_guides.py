"""Each guide is followed by its path alone, in an empty folder, as somebody would who has never seen the hub."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page

from config.settings import Settings
from tests.e2e.guides.guide import Guide
from tests.e2e.guides.places import PLACES, Place
from tests.e2e.knowledge_copy import copy_of, run_forked, started
from tests.servers.hub import Hub
from tests.servers.process import free_port

FIRST_LINES = 14
"""A path stands before everything that has to be scrolled to."""


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
async def test_the_path_leads_from_an_empty_folder_to_an_answer(
    name: str, knowledge_template: Path, tmp_path: Path, page: Page
) -> None:
    async with PLACES[name]() as place:
        port = int(place.loopback.get("PORT", free_port()))
        hub = Hub(tmp_path / "new", port=port, environment=place.loopback, bare=True)
        copy_of(knowledge_template, hub.home)
        written = "".join(f"{setting}={value}\n" for setting, value in place.env().items())
        (hub.home / ".env").write_text(written, encoding="utf-8")
        try:
            await _type_commands(place, hub)
            await place.speak(hub, page)
        finally:
            await asyncio.to_thread(hub.stop)
            print(f"--- {hub.log} ---\n{hub.log_tail()}")


async def _type_commands(place: Place, hub: Hub) -> None:
    """Of the last guide; what it names before is set up, not started."""
    commands = place.guides[-1].commands
    assert ["serve"] in commands, commands
    for command in commands:
        if command == ["serve"]:
            await asyncio.to_thread(started, hub)
            continue
        ran = await asyncio.to_thread(run_forked, hub.home / "var", *command, **place.loopback)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", PLACES)
def test_the_path_stands_at_the_beginning(name: str) -> None:
    guide = Guide(name)
    assert len(guide.path) == 5
    assert "## In five lines" in guide.text.splitlines()[:FIRST_LINES]


@pytest.mark.parametrize("name", PLACES)
def test_every_setting_that_is_shown_is_one(name: str) -> None:
    known = {field.upper() for field in Settings.model_fields}
    guide = Guide(name)
    assert {setting for setting, _ in guide.shown} | set(guide.settings) <= known
