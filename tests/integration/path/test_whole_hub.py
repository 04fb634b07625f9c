"""A hub with a model, knowledge and staff: what runs for a message, and what a reply of staff costs of Slack's calls.

Of ``config``, which puts the hub together, nothing runs for a message: what it made is called, not itself.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from types import FrameType
from typing import Any, cast

import pytest
import pytest_asyncio

from config.simulation.staff import StaffDesk
from config.simulation.town import Town
from tests.faults.channels.door import Door
from tests.integration.path.answering import Answering, answering
from tests.patience import PATIENCE
from tests.servers.hub import Hub as Process
from tests.servers.programs import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="module")

_CONFIG = f"{ROOT / 'config'}/"
_ELSEWHERE = ("simulation/", "processes/election.py")
"""The platforms that are played in the test's process, and whether this process leads, which loops ask from time to time."""
_QUESTION = "How do I reset my password?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Answering]:
    async with AsyncExitStack() as stack:
        yield await answering(stack, tmp_path_factory.mktemp("answering"))


@contextmanager
def _run_of_config() -> Iterator[set[str]]:
    """The functions of ``config`` that this thread calls meanwhile. Its own loops run whether anybody writes or not."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        name = _in_config(frame)
        if event == "call" and name and _in_config(_first_of_task(frame)) is None:
            found.add(f"{name}:{frame.f_code.co_name}")

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


def _in_config(frame: FrameType) -> str | None:
    name = frame.f_code.co_filename.removeprefix(_CONFIG)
    return None if name == frame.f_code.co_filename or name.startswith(_ELSEWHERE) else name


def _first_of_task(frame: FrameType) -> FrameType:
    """What the event loop called."""
    while frame.f_back is not None and frame.f_back.f_code.co_filename != asyncio.events.__file__:
        frame = frame.f_back
    return frame


async def _answered(door: Door, tag: str) -> None:
    before = len(door.read(tag))
    await door.write(tag, _QUESTION)
    await _until_answered(door, tag, before)


async def _until_answered(door: Door, tag: str, before: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while "Forgot password" not in "".join(door.read(tag)[before:]):  # noqa: ASYNC110 - not every fake can tell
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("channel", ["slack", "web"])
async def test_nothing_of_config_runs_for_a_message(hub: Answering, channel: str) -> None:
    """The second one: for a first message more is done, once."""
    door, tag = hub.doors[channel], f"{channel}-1"
    await _answered(door, tag)
    with _run_of_config() as found:
        await _answered(door, tag)
    assert found == set()


@pytest.mark.parametrize("channel", ["slack", "web"])
async def test_what_is_added_does_not_wait_for_a_slow_model(hub: Answering, channel: str) -> None:
    """The call that knows half of what was asked is cut off, and one that knows all of it is made."""
    door, tag = hub.doors[channel], f"{channel}-2"  # who writes in private
    await door.admit(cast(Process, hub), [tag])
    held = hub.model.held = asyncio.Event()
    await door.write(tag, "How do I change my password?")
    async with asyncio.timeout(PATIENCE):
        while hub.model.held is not None:  # noqa: ASYNC110 - the model cannot tell
            await asyncio.sleep(0.02)
    await door.write(tag, "I mean the one of my account.")
    await _until_answered(door, tag, 0)
    held.set()
    await asyncio.sleep(0.5)
    assert len(door.read(tag)) == 1, "one answer to both"


async def test_a_reply_to_a_customer_on_slack_costs_two_calls(hub: Answering) -> None:
    """Counted until the hub has stopped, so this one is the last here."""
    slack, door, desk = hub.slack, hub.doors["slack"], StaffDesk(cast(Town, hub))
    await door.write("slack-1", "I want to talk to a person")
    await slack.until(lambda: bool(desk.cards))
    card = desk.cards[0]
    await desk.press(card, "staff_claim")
    await slack.until(lambda: "Grace" in " ".join(desk.thread(card)))
    await desk.write(card, "Good morning!")  # the first one makes the staff's name known
    await slack.until(lambda: "reactions.add" in _names(hub))
    before = len(slack.calls)
    await desk.write(card, "How can I help?")
    await slack.until(lambda: "reactions.add" in _names(hub)[before:])
    assert "How can I help?" in " ".join(door.read("slack-1"))
    await hub.hub.stop()
    assert _names(hub)[before:] == ["chat.postMessage", "reactions.add"]


def _names(hub: Answering) -> list[str]:
    return [name for name, _ in hub.slack.calls]
