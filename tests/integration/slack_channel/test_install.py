"""Installation in a further workspace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from channels.slack.adapter import SlackChannel
from channels.slack.client import open_transport
from channels.slack.settings import SCOPES
from channels.slack.workspaces import Installed, Workspaces
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import BOT, Channel, Workspace
from core.domain.errors import Unreachable
from core.ports.channel_memory import ChannelMemory
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.patience import PATIENCE
from tests.unit.web.clock import HandClock

OTHER = "T0OTHER01"
GRANT = {
    "access_token": "xoxb-other",
    "token_type": "bot",
    "scope": ",".join(SCOPES),
    "bot_user_id": BOT,
    "app_id": "A0APP0001",
    "team": {"id": OTHER, "name": "Other <GmbH>"},
    "enterprise": None,
    "is_enterprise_install": False,
}


async def begin(hub: Hub, http: aiohttp.ClientSession) -> dict[str, str]:
    """The query that Slack gets."""
    url = hub.hook.replace("/webhooks/slack", "/slack/install")
    async with http.get(url, allow_redirects=False) as answer:
        assert answer.status == HTTPStatus.FOUND
        place = urlsplit(answer.headers["Location"])
        assert place.path == "/oauth/v2/authorize"
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        assert "Secure" in answer.headers["Set-Cookie"]
        nonce = answer.cookies["switchboard_slack_install"].value
    query = {name: values[0] for name, values in parse_qs(place.query).items()}
    http.headers["Cookie"] = f"switchboard_slack_install={nonce}"
    return query


async def end(hub: Hub, http: aiohttp.ClientSession, **query: str) -> tuple[int, str]:
    """Slack sends the browser back."""
    url = hub.hook.replace("/webhooks/slack", "/slack/oauth_redirect")
    async with http.get(url, params=query) as answer:
        return answer.status, await answer.text()


async def installed(hub: Hub) -> None:
    """The other workspace has the app."""
    hub.fake.codes["code-1"] = dict(GRANT)
    async with aiohttp.ClientSession() as http:
        query = await begin(hub, http)
        assert (await end(hub, http, code="code-1", state=query["state"]))[0] == 200


async def kept(hub: Hub) -> str | None:
    """What is remembered of it."""
    return await hub.around.memory.recall("slack", "default", f"install/{OTHER}")


async def changed(hub: Hub, before: str | None) -> str | None:
    """What is remembered once it is not that any more."""
    async with asyncio.timeout(PATIENCE):
        while (now := await kept(hub)) == before:  # noqa: ASYNC110 - it happens in the background
            await asyncio.sleep(0.02)
    return now


async def test_a_workspace_installs_the_app_and_is_answered(hub: Hub) -> None:
    hub.fake.codes["code-1"] = dict(GRANT)
    hub.fake.workspaces["xoxb-other"] = Workspace(team=OTHER)
    hub.fake.channels["C0OTHER01"] = Channel()
    async with aiohttp.ClientSession() as http:
        query = await begin(hub, http)
        assert set(query["scope"].split(",")) == set(SCOPES)
        assert query["redirect_uri"] == "https://hub.example/slack/oauth_redirect"
        status, page = await end(hub, http, code="code-1", state=query["state"])
    assert (status, "Other &lt;GmbH&gt;" in page) == (200, True)
    (exchange,) = hub.fake.called("oauth.v2.access")
    assert exchange["redirect_uri"] == "https://hub.example/slack/oauth_redirect"
    await hub.answer("Hello there", f"{OTHER}/C0OTHER01")
    assert hub.fake.shown("C0OTHER01") == ["Hello there"]


async def test_a_workspace_that_removes_the_app_is_forgotten(hub: Hub) -> None:
    hub.fake.codes["code-1"] = dict(GRANT)
    async with aiohttp.ClientSession() as http:
        query = await begin(hub, http)
        await end(hub, http, code="code-1", state=query["state"])
    assert await kept(hub)
    hub.fake.workspaces["xoxb-other"].revoked = True
    gone = {"type": "app_uninstalled", "event_ts": hub.fake.ts()}
    await hub.push(hub.fake.event(gone, team=OTHER))
    assert await kept(hub) is None


async def test_an_old_word_of_a_removal_does_not_take_away_a_new_installation(hub: Hub) -> None:
    """Slack repeats for an hour what was not acknowledged; by then somebody may have installed the app again."""
    hub.fake.workspaces["xoxb-other"] = Workspace(team=OTHER)
    await installed(hub)
    gone = {"type": "app_uninstalled", "event_ts": hub.fake.ts()}
    await hub.push(hub.fake.event(gone, team=OTHER), retry=2)
    assert await kept(hub)


class Overtaken:
    """A memory in which somebody else is faster, just before something is forgotten."""

    def __init__(self, store: SqlStore, faster: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._faster = faster

    async def forget(self, *what: Any, **only: Any) -> None:
        """See ChannelMemory.forget."""
        await self._faster()
        await self._store.forget(*what, **only)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_who_installs_again_while_the_old_token_is_asked_stays(fake: SlackFake, store: SqlStore) -> None:
    """Slack answers that the old token is gone; by then the new one may be stored."""
    old = Installed(OTHER, "Other", "xoxb-old", BOT, "chat:write")

    transport = open_transport(1.0)
    try:
        other = Workspaces(settings(fake), store, transport)
        await other.installed(old)

        async def again() -> None:
            await other.installed(replace(old, token="xoxb-new"))

        asked = Workspaces(settings(fake), cast("ChannelMemory", Overtaken(store, again)), transport)
        await asked.removed(OTHER)
        kept = await other.installation(OTHER)
        assert kept is not None
        assert kept.token == "xoxb-new"
    finally:
        await transport.close()


async def test_the_token_is_sealed_where_it_is_kept(hub: Hub) -> None:
    await installed(hub)
    value = await kept(hub)
    assert value is not None
    assert "xoxb-other" not in value


async def test_tokens_in_clear_and_of_a_former_key_are_sealed_anew_at_the_start(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path
) -> None:
    around = surroundings(store, tmp_path)
    clear = {"team": OTHER, "team_name": "Other", "token": "xoxb-other", "bot_user": BOT, "scopes": "chat:write"}
    await store.remember("slack", "default", f"install/{OTHER}", json.dumps(clear))
    fake.workspaces["xoxb-other"] = Workspace(team=OTHER)
    fake.channels["C0OTHER01"] = Channel()
    before: str | None = json.dumps(clear)
    for keys in (("o" * 32,), ("n" * 32, "o" * 32), ("n" * 32,)):
        channel = SlackChannel(settings(fake, state_secrets=keys), around)
        async with serving(Hub(channel, around, sink, fake)) as hub:
            if len(keys) == 2 or before == json.dumps(clear):
                before = await changed(hub, before)
            await hub.answer("Hello", f"{OTHER}/C0OTHER01")
    assert "xoxb" not in str(before)
    assert fake.shown("C0OTHER01") == ["Hello"] * 3


async def test_a_workspace_whose_token_no_key_opens_waits_alone_and_the_doctor_says_why(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path
) -> None:
    around = surroundings(store, tmp_path)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        await installed(hub)
    another = SlackChannel(settings(fake, state_secrets=("another" * 5,)), around)
    async with serving(Hub(another, around, sink, fake)) as hub:
        with pytest.raises(Unreachable, match="SECRET_KEY"):
            await hub.answer("Hello", f"{OTHER}/C0OTHER01")
        assert another.alarm == f"the app has to be installed again in {OTHER}; what is for it waits"
        await hub.answer("Hello")
        (found,) = [one for one in await another.diagnose() if one.check == f"workspace {OTHER}"]
        assert not found.ok
        assert "behind a comma after SECRET_KEY" in (found.fix or "")


async def test_the_doctor_looks_at_each_workspace_and_at_the_key(hub: Hub) -> None:
    hub.fake.workspaces["xoxb-other"] = other = Workspace(team=OTHER)
    await installed(hub)
    found = {one.check: one for one in await hub.channel.diagnose()}
    assert found[f"workspace {OTHER}"].ok
    assert found["SECRET_KEY"].ok
    other.revoked = True
    again = {one.check: one for one in await hub.channel.diagnose()}[f"workspace {OTHER}"]
    assert (again.ok, "https://hub.example/slack/install" in (again.fix or "")) == (False, True)
    own = SlackChannel(settings(hub.fake, own_key=True), hub.around)
    key = {one.check: one for one in await own.diagnose()}["SECRET_KEY"]
    assert (key.ok, "openssl rand -hex 32" in (key.fix or "")) == (False, True)


async def test_a_state_serves_once(hub: Hub) -> None:
    hub.fake.codes |= {"code-1": dict(GRANT), "code-2": dict(GRANT)}
    async with aiohttp.ClientSession() as http:
        query = await begin(hub, http)
        assert (await end(hub, http, code="code-1", state=query["state"]))[0] == 200
        status, page = await end(hub, http, code="code-2", state=query["state"])
    assert (status, "used before" in page) == (403, True)
    assert len(hub.fake.called("oauth.v2.access")) == 1


async def test_a_state_serves_for_ten_minutes(fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path) -> None:
    clock = HandClock()
    around = surroundings(store, tmp_path, clock=clock)
    fake.codes["code-1"] = dict(GRANT)
    async with (
        serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub,
        aiohttp.ClientSession() as http,
    ):
        query = await begin(hub, http)
        clock.seconds += 601
        assert (await end(hub, http, code="code-1", state=query["state"]))[0] == 403
    assert fake.called("oauth.v2.access") == []


@pytest.mark.parametrize("change", ["state", "cookie", "none", "shape"])
async def test_only_the_browser_that_began_can_end_it(hub: Hub, change: str) -> None:
    hub.fake.codes["code-1"] = dict(GRANT)
    async with aiohttp.ClientSession() as http:
        state = (await begin(hub, http))["state"]
        if change == "cookie":
            http.headers["Cookie"] = "switchboard_slack_install=another"
        state = {"state": state[:-1] + ("0" if state[-1] != "0" else "1"), "none": "", "shape": "ä.b"}.get(
            change, state
        )
        status, _ = await end(hub, http, code="code-1", state=state)
    assert status == 403
    assert hub.fake.called("oauth.v2.access") == []


async def test_a_no_and_a_wrong_code_are_told(hub: Hub) -> None:
    async with aiohttp.ClientSession() as http:
        query = await begin(hub, http)
        assert (await end(hub, http, error="access_denied", state=query["state"]))[0] == 400
        assert (await end(hub, http, code="wrong", state=query["state"]))[0] == 502


async def test_without_the_settings_there_is_no_installation(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path
) -> None:
    around = surroundings(store, tmp_path)
    channel = SlackChannel(settings(fake, client_id=None), around)
    async with serving(Hub(channel, around, sink, fake)) as hub, aiohttp.ClientSession() as http:
        for path in ("/slack/install", "/slack/oauth_redirect"):
            async with http.get(hub.hook.replace("/webhooks/slack", path), allow_redirects=False) as answer:
                assert answer.status == 404
