"""Each guide is followed by its path alone, in an empty folder, as somebody would who has never seen the hub."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page

from config.cli import main
from config.settings import Settings
from tests.e2e.guides.guide import Guide
from tests.e2e.guides.places import OTHER_WAYS, PLACES, Place
from tests.e2e.knowledge_copy import copy_of, run_command, started
from tests.servers.compose_file import variables
from tests.servers.hub import Hub
from tests.servers.process import free_port
from tests.servers.programs import ROOT

FIRST_LINES = 14
"""A path stands before everything that has to be scrolled to."""


HOWTO = ROOT / "docs" / "howto"
GUIDES = sorted(path.relative_to(HOWTO).with_suffix("").as_posix() for path in HOWTO.rglob("*.md"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [*PLACES, *(pytest.param(one, marks=pytest.mark.soak(small=False)) for one in OTHER_WAYS)]
)
async def test_the_path_leads_from_an_empty_folder_to_an_answer(
    name: str, knowledge_template: Path, tmp_path: Path, page: Page
) -> None:
    async with (PLACES | OTHER_WAYS)[name]() as place:
        port = int(place.loopback.get("PORT", free_port()))
        hub = Hub(tmp_path / "new", port=port, environment=place.loopback, bare=True)
        copy_of(knowledge_template, hub.home)
        written = "".join(f"{setting}={value}\n" for setting, value in place.env().items())
        (hub.home / ".env").write_text(written, encoding="utf-8")
        try:
            await _follow(place, hub, page)
        finally:
            await asyncio.to_thread(hub.stop)
            print(f"--- {hub.log} ---\n{hub.log_tail()}")


async def _follow(place: Place, hub: Hub, page: Page) -> None:
    """The commands of the last guide, in its order; what it names before is set up, not started. Who reads on writes first."""
    commands = place.guides[-1].commands
    assert ["serve"] in commands, commands
    for command in commands:
        if command == ["serve"]:
            await asyncio.to_thread(started, hub)
            await place.speak(hub, page)
            continue
        ran = await asyncio.to_thread(run_command, hub.home / "var", *command, **place.loopback)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", GUIDES)
def test_the_path_stands_at_the_beginning(name: str) -> None:
    guide = Guide(name)
    assert len(guide.path) == 5
    assert "## In five lines" in guide.text.splitlines()[:FIRST_LINES]
    beginning = "##".join(guide.text.split("\n##")[:2])
    assert beginning.count("\n1. ") == 1, "there is one path, not two"


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_of_the_path_is_one(name: str) -> None:
    for command, *words in Guide(name).commands:
        known = main.commands[command]
        options = {option for parameter in known.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options


@pytest.mark.parametrize("name", GUIDES)
def test_every_setting_that_is_shown_is_one(name: str) -> None:
    known = {field.upper() for field in Settings.model_fields} | set(variables())
    guide = Guide(name)
    assert {setting for setting, _ in guide.shown} | set(guide.settings) <= known
