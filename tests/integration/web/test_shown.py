"""By every way in which a page reads, what staff wrote is noted as seen; by nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

from channels.web.tokens import ACCOUNT, CHANNEL
from core.domain.conversation import OwnershipEvent
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind
from core.ports.store import NewMessage, Transition
from tests.contract.stores.sayings import change_owner
from tests.integration.web.rig import Rig
from tests.patience import PATIENCE


def _home(session: dict[str, Any]) -> str:
    return ConversationKey(CHANNEL, ACCOUNT, session["session_id"]).conversation_id


async def _with_staff(rig: Rig) -> dict[str, Any]:
    """Somebody asked for a person, and Grace has written."""
    session = await rig.session()
    await rig.say(session, "A person, please", "c1", query="?wait=0")
    home = _home(session)
    while (found := await rig.store.conversation(home)) is None or found.state != "queued":  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    said = NewMessage(Author.STAFF, "I am Grace", MessageKind.ANSWER, author_name="Grace")
    await change_owner(rig.store, home, Transition(OwnershipEvent.CLAIM, owner="U1"), [said])
    while not await _unseen(rig, session):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return session


async def _unseen(rig: Rig, session: dict[str, Any]) -> list[str]:
    seen = await rig.store.unseen(_home(session))
    return [message.text for message, _ in seen.messages if message.author is Author.STAFF]


async def _is_seen(rig: Rig, session: dict[str, Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await _unseen(rig, session):  # noqa: ASYNC110 - it is noted behind the answer
            await asyncio.sleep(0.01)


async def test_a_page_that_is_opened_shows_all_of_it(rig: Rig) -> None:
    session = await _with_staff(rig)
    await rig.call("GET", f"/api/sessions/{session['session_id']}", session["token"])
    assert await _unseen(rig, session) == ["I am Grace"], "that somebody looks is not yet that they read"
    await rig.call("GET", f"/api/sessions/{session['session_id']}/history", session["token"])
    await _is_seen(rig, session)


async def test_a_poll_says_what_it_has(rig: Rig) -> None:
    session = await _with_staff(rig)
    path = f"/api/sessions/{session['session_id']}/events"
    _, polled, _ = await rig.call("GET", f"{path}?after=0&wait=0", session["token"])
    assert await _unseen(rig, session) == ["I am Grace"], "the answer may have been lost on its way"
    await rig.call("GET", f"{path}?after={polled['cursor']}&wait=0", session["token"])
    await _is_seen(rig, session)


async def test_a_socket_that_answers_has_it(rig: Rig) -> None:
    session = await _with_staff(rig)
    async with rig.socket(session) as socket:
        await socket.send(type="resume", after=0)
        await socket.until("resumed")
        await socket.send(type="ping")
        await socket.until("pong")
        await _is_seen(rig, session)


async def test_a_client_that_comes_back_says_what_it_had(rig: Rig) -> None:
    session = await _with_staff(rig)
    head = await rig.store.head(_home(session))
    async with rig.socket(session) as socket:
        await socket.send(type="resume", after=head)
        await socket.until("resumed")
        await _is_seen(rig, session)
