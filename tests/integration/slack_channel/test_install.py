"""Installation in a further workspace."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from channels.slack.adapter import SlackChannel
from channels.slack.settings import SCOPES
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.servers.slack_fake import SlackFake
from tests.servers.slack_world import BOT, Channel, Workspace

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
    assert await hub.around.memory.recall("slack", "default", f"install/{OTHER}")
    gone = {"type": "app_uninstalled", "event_ts": hub.fake.ts()}
    await hub.push(hub.fake.event(gone, team=OTHER))
    assert await hub.around.memory.recall("slack", "default", f"install/{OTHER}") is None


@pytest.mark.parametrize("change", ["state", "cookie", "none", "shape"])
async def test_only_the_browser_that_began_can_end_it(hub: Hub, change: str) -> None:
    hub.fake.codes["code-1"] = dict(GRANT)
    async with aiohttp.ClientSession() as http:
        state = (await begin(hub, http))["state"]
        if change == "cookie":
            http.headers["Cookie"] = "switchboard_slack_install=another"
        state = {"state": state[:-1] + ("0" if state[-1] != "0" else "1"), "none": "", "shape": "a.b"}.get(
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
