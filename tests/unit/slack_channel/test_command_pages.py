"""The slash command is the one that the manifest makes, wherever it is printed, and what is printed behind it is understood."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from channels.slack.parse import Reader
from channels.slack.staff_channels import StaffCommands
from channels.slack.words import staff_words
from core.domain.messages import MessageReceived
from core.ports.channel import WebhookReply
from handoff.texts import languages
from tests.e2e.desk.staff_room import COMMAND
from tests.unit.slack_channel.fixture import NoNames, load, raw

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("channels/slack/*.py")])
GIVEN = re.compile(r"(?<![\w/.)])(/[a-z0-9_-]+) (name|human|new|help)\b(?: +([^\n`.,]+))?")
"""A command as it is printed: its name, what it is to do, and the rest."""


def commands() -> list[dict[str, Any]]:
    """Of the manifest that people copy."""
    page = (ROOT / "docs" / "howto" / "slack.md").read_text("utf-8")
    (whole,) = [
        found
        for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
        if "slash_commands" in (found := yaml.safe_load(text)).get("features", {})
    ]
    return list(whole["features"]["slash_commands"])


def printed() -> Iterator[tuple[str, str, str, str]]:
    """Page, command, verb and rest."""
    for page in PAGES:
        for name, verb, rest in GIVEN.findall(page.read_text("utf-8")):
            yield str(page.relative_to(ROOT)), name, verb, rest.strip()


class Memory:
    """Implements ChannelMemory, as far as a command needs it."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def remember(self, channel: str, account: str, key: str, value: str) -> None:
        """See ChannelMemory."""
        self.kept[key] = value

    async def recall(self, channel: str, account: str, key: str) -> str | None:
        """See ChannelMemory."""
        return self.kept.get(key)

    async def forget(self, channel: str, account: str, key: str) -> None:
        """See ChannelMemory."""
        self.kept.pop(key, None)


def test_every_page_gives_the_command_of_the_manifest() -> None:
    (command,) = commands()
    found = list(printed())
    assert {page for page, *_ in found} >= {"docs/howto/slack.md", "docs/howto/desk/places.md"}
    assert [one for one in found if one[1] != command["command"]] == []


@pytest.mark.parametrize("name", ["slash_command", "slash_command_human"])
def test_so_do_those_who_play_slack(name: str) -> None:
    assert {load(name)["command"], COMMAND} == {one["command"] for one in commands()}


def test_what_the_hint_and_the_pages_offer_is_understood() -> None:
    (command,) = commands()
    offered = set(re.findall(r"\| (\w+)", command["usage_hint"]))
    offered |= {verb for _, _, verb, _ in printed()} - {"name"}
    assert offered == {"human", "new", "help"}
    for word in offered:
        (event,) = _events({**load("slash_command"), "text": word})
        assert isinstance(event, MessageReceived)
        assert event.action is not None, word


async def test_what_staff_are_told_to_give_is_understood() -> None:
    memory = Memory()
    staff = StaffCommands(memory, "default", "en")  # type: ignore[arg-type]
    for rest, kept in (("Anna", ["Anna"]), ("off", [])):
        assert ("name", rest) in {(verb, rest) for _, _, verb, rest in printed()}, rest
        reply = await staff.answer({"command": COMMAND, "user_id": "U0GRACE01", "text": f"name {rest}"})
        assert list(memory.kept.values()) == kept
        assert COMMAND not in json.loads(reply.body)["text"], "it was understood, so nobody is told how to give it"


@pytest.mark.parametrize("language", sorted(languages()))
def test_what_is_printed_names_the_command_as_it_was_given(language: str) -> None:
    usage = staff_words(language).usage
    assert re.findall(r"`(\S+) name", usage) == ["{command}", "{command}"]


def _events(payload: dict[str, Any]) -> list[Any]:
    found = Reader("default", NoNames()).events(raw(payload))
    assert not isinstance(found, WebhookReply)
    return list(found)
