"""What one address can use up on a running hub, and that others are served meanwhile."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.fixtures.hub import MakeHub
from tests.integration.budgets.visitor import PROXIED, Answer, visitors

MB = 1024 * 1024
STRANGER, OTHER = "198.51.100.7", "203.0.113.9"


def _stored(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "attachments").rglob("*") if path.is_file())


def _is_refusal(answer: Answer) -> bool:
    """A problem document that says when to come back, and what to do."""
    if answer.status in (200, 202):
        return False
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert (answer.status, answer.body["status"], answer.body["code"]) == (429, 429, "rate_limited")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.body["detail"]
    return True


async def test_sixty_sessions_with_uploads_store_no_more_than_a_share(make_hub: MakeHub, sqlite_url: str) -> None:
    share = 3 * MB
    environment = {**PROXIED, "UNSENT_BYTES_PER_ADDRESS": str(share), "UNSENT_BYTES_IN_ALL": str(9 * MB)}
    hub = make_hub(database_url=sqlite_url, environment=environment)
    async with visitors(hub.url, STRANGER, OTHER) as (stranger, other):
        answers = [await stranger.upload(await stranger.session(), MB // 2) for _ in range(60)]
        refused = [answer for answer in answers if _is_refusal(answer)]
        assert len(refused) > 50
        assert _stored(hub.data_dir) <= share
        session = await other.session()
        uploaded = await other.upload(session, MB // 2)
        assert uploaded.status == 200
        sent = await other.say(session, "Here it is", attachments=[uploaded.body["id"]])
        assert sent.status in (200, 202)


async def test_what_was_sent_makes_room_again(make_hub: MakeHub, sqlite_url: str) -> None:
    environment = {**PROXIED, "UNSENT_BYTES_PER_ADDRESS": str(MB)}
    hub = make_hub(database_url=sqlite_url, environment=environment)
    async with visitors(hub.url, STRANGER) as (visitor,):
        session = await visitor.session()
        for number in range(4):
            uploaded = await visitor.upload(session, MB * 3 // 4)
            assert uploaded.status == 200, number
            assert _is_refusal(await visitor.upload(session, MB * 3 // 4))
            sent = await visitor.say(session, "Look", attachments=[uploaded.body["id"]])
            assert sent.status in (200, 202)


async def test_files_that_are_sent_are_limited_by_the_day(make_hub: MakeHub, sqlite_url: str) -> None:
    hub = make_hub(database_url=sqlite_url, environment={**PROXIED, "FILE_BYTES_PER_ADDRESS": str(3 * MB)})
    async with visitors(hub.url, STRANGER, OTHER) as (stranger, other):
        statuses = []
        for _ in range(6):
            session = await stranger.session()
            uploaded = await stranger.upload(session, MB - 4096)
            statuses.append(uploaded.status)
            if not _is_refusal(uploaded):
                await stranger.say(session, "Look", attachments=[uploaded.body["id"]])
        assert statuses == [200, 200, 200, 429, 429, 429]
        hub.stop()
        hub.start()
        assert _is_refusal(await stranger.upload(await stranger.session(), MB))
        assert (await other.upload(await other.session(), MB)).status == 200
        assert _stored(hub.data_dir) <= 5 * MB


async def test_a_restart_does_not_forget_unsent_files(make_hub: MakeHub, sqlite_url: str) -> None:
    environment = {**PROXIED, "UNSENT_BYTES_IN_ALL": str(2 * MB)}
    hub = make_hub(database_url=sqlite_url, environment=environment)
    async with visitors(hub.url, STRANGER, OTHER) as (stranger, other):
        assert (await stranger.upload(await stranger.session(), MB)).status == 200
        hub.restart()
        assert _is_refusal(await other.upload(await other.session(), MB))


async def test_messages_and_sessions_of_an_address_are_limited_over_all_its_sessions(
    make_hub: MakeHub, sqlite_url: str
) -> None:
    environment = {**PROXIED, "MESSAGES_PER_ADDRESS": "3", "SESSIONS_PER_ADDRESS": "4"}
    hub = make_hub(database_url=sqlite_url, environment=environment)
    async with visitors(hub.url, STRANGER, OTHER) as (stranger, other):
        sessions = await _granted(4, 60 / 4, lambda _: stranger.call("POST", "/api/sessions"))
        await _granted(3, 60 / 3, lambda number: stranger.say(sessions[number % len(sessions)].body, "Hello"))
        assert (await other.say(await other.session(), "Hello")).status == 202


async def test_the_addresses_of_one_ipv6_network_are_limited_together(make_hub: MakeHub, sqlite_url: str) -> None:
    hub = make_hub(database_url=sqlite_url, environment={**PROXIED, "SESSIONS_PER_ADDRESS": "1"})
    addresses = [f"2001:db8:1:{number:x}::1" for number in range(200)]
    async with visitors(hub.url, *addresses, "2001:db8:2::1") as (*many, other):
        await _granted(10, 60 / 10, lambda number: many[number].call("POST", "/api/sessions"))
        assert (await other.call("POST", "/api/sessions")).status == 200


async def _granted(share: int, refill: float, ask: Callable[[int], Awaitable[Answer]]) -> list[Answer]:
    """Ask until a request is refused: the answers before. One more than the share is granted in each ``refill`` seconds."""
    began, granted = time.monotonic(), list[Answer]()
    while not _is_refusal(answer := await ask(len(granted))):
        granted.append(answer)
    assert share <= len(granted) <= share + (time.monotonic() - began) / refill
    return granted
