"""Other workspaces: from the page that offers the app to an answer, to its removal, and back, against the hub as it is run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import CookieJar
from yarl import URL

from channels.slack.settings import SCOPES
from config.simulation.slack_fake import SlackFake, person
from config.simulation.slack_world import SECRET, TOKEN, Channel, Json, Workspace
from tests.e2e import stored
from tests.e2e.channels.customer import until
from tests.e2e.channels.slack_customer import DirectCustomer
from tests.e2e.knowledge_copy import copy_of, started
from tests.patience import PATIENCE
from tests.servers.hub import Hub
from tests.servers.process import free_port

pytestmark = pytest.mark.slow

OTHER, OTHER_BOT, BEN, THERE = "T0OTHER01", "U0BOT0002", "U0BEN0001", "D0BEN0001"
QUESTION = "How do I reset my password?"
ANSWER = "60 minutes"


@pytest.fixture
async def slack() -> AsyncIterator[SlackFake]:
    """Slack, with a workspace that does not have the app yet."""
    async with SlackFake() as fake:
        fake.users[BEN] = person(BEN, "Ben", "en-US")
        fake.channels[THERE] = Channel(team=OTHER)
        yield fake


@pytest.fixture
async def hub(slack: SlackFake, knowledge_template: Path, tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub whose app other workspaces can install."""
    port = free_port()
    environment = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": "k" * 40,
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_CLIENT_ID": "id.1",
        "SLACK_CLIENT_SECRET": "client-secret",
        "SLACK_API_BASE_URL": slack.api_url,
    }
    found = Hub(tmp_path / "hub", sources="sample", port=port, environment=environment)
    copy_of(knowledge_template, found.home)
    await asyncio.to_thread(started, found)
    yield found
    await asyncio.to_thread(found.stop)


async def test_installed_used_removed_and_installed_again(hub: Hub, slack: SlackFake) -> None:
    other = await install(hub, slack, "xoxb-other")
    assert "xoxb" not in str(stored.rows(hub, "SELECT value FROM channel_memory WHERE key LIKE 'install/%'"))
    await ask(hub, slack)
    await answers(slack, 1)

    other.revoked = True
    await ask(hub, slack)
    await ill(hub, OTHER)
    assert await push(hub, slack, {"type": "app_uninstalled"}) == 200
    anna = DirectCustomer(slack, 1, f"{hub.url}/webhooks/slack")
    await anna.write(QUESTION)
    await until(lambda: ANSWER in str(anna.read()), hub.log_tail)
    assert said(slack) == 1

    await install(hub, slack, "xoxb-again")
    await answers(slack, 2)
    await until(lambda: not due(hub), lambda: due(hub))
    assert said(slack) == 2


async def test_a_workspace_that_revokes_the_token_waits_too(hub: Hub, slack: SlackFake) -> None:
    other = await install(hub, slack, "xoxb-other")
    other.revoked = True
    assert await push(hub, slack, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [OTHER_BOT]}}) == 200
    await until(lambda: not installations(hub), hub.log_tail)
    await ask(hub, slack)
    await ill(hub, OTHER)
    await until(lambda: due(hub), hub.log_tail)  # its state may be refused before its turn has ended
    await install(hub, slack, "xoxb-again")
    await answers(slack, 1)


async def test_a_state_that_is_forged_or_used_is_refused(hub: Hub, slack: SlackFake) -> None:
    slack.agreed = grant("xoxb-other")
    async with aiohttp.ClientSession(cookie_jar=cookies_of(hub)) as browser:
        async with browser.get(f"{hub.url}/slack/install", allow_redirects=False) as answer:
            slacks_page = answer.headers["Location"]
        async with browser.get(slacks_page, allow_redirects=False) as answer:
            back = answer.headers["Location"]
        state = parse_qs(urlsplit(back).query)["state"][0]
        forged = back.replace(state, state[:-4] + "0000")
        later = state[:10] + ("A" if state[10] != "A" else "B") + state[11:]  # among the digits of its time
        longer = back.replace(state, later)
        for link in (forged, longer, back.replace(state, "")):
            assert await status(browser, link) == 403
        async with aiohttp.ClientSession() as somebody_else:
            assert await status(somebody_else, back) == 403
        assert slack.called("oauth.v2.access") == []
        cookies = {one.key: one.value for one in browser.cookie_jar}
        assert await status(browser, back) == 200
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=cookies_of(hub)) as replaying:
        assert await status(replaying, back) == 403
    assert len(slack.called("oauth.v2.access")) == 1


def cookies_of(hub: Hub) -> CookieJar:
    """As browsers keep them, for which the machine itself is a secure place."""
    return CookieJar(unsafe=True, treat_as_secure_origin=URL(hub.url))


async def install(hub: Hub, slack: SlackFake, token: str) -> Workspace:
    """Somebody over there follows the link, agrees on Slack's page, and is sent back."""
    slack.agreed = grant(token)
    slack.workspaces[token] = Workspace(team=OTHER, bot=OTHER_BOT)
    browser = aiohttp.ClientSession(cookie_jar=cookies_of(hub))
    async with browser, browser.get(f"{hub.url}/slack/install") as answer:
        page = await answer.text()
        assert (answer.status, answer.url.path) == (200, "/slack/oauth_redirect"), page
        assert "Other GmbH" in page
    return slack.workspaces[token]


def grant(token: str) -> Json:
    """What Slack gives for a code."""
    return {
        "access_token": token,
        "token_type": "bot",
        "scope": ",".join(SCOPES),
        "bot_user_id": OTHER_BOT,
        "app_id": "A0APP0001",
        "team": {"id": OTHER, "name": "Other GmbH"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


async def push(hub: Hub, slack: SlackFake, event: Json) -> int:
    """An event of that workspace."""
    whole = slack.event({**event, "event_ts": slack.ts()}, team=OTHER, bot=OTHER_BOT)
    return (await slack.push(f"{hub.url}/webhooks/slack", whole))[0]


async def ask(hub: Hub, slack: SlackFake) -> None:
    """Ben writes to the app in his workspace."""
    message = {"type": "message", "user": BEN, "text": QUESTION, "ts": slack.ts(), "team": OTHER}
    slack.channels[THERE].messages.append(message)
    assert await push(hub, slack, {**message, "channel": THERE, "channel_type": "im"}) == 200


def said(slack: SlackFake) -> int:
    """How often Ben was answered."""
    return sum(ANSWER in text for text in slack.shown(THERE))


async def answers(slack: SlackFake, number: int) -> None:
    """So often, in his workspace, which no other token reaches."""
    await until(lambda: said(slack) >= number, lambda: slack.shown(THERE))


async def ill(hub: Hub, team: str) -> None:
    """Whoever looks after the hub can see that a workspace waits."""
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession(headers=hub.operator) as http:
        while True:
            async with http.get(f"{hub.url}/health/channels") as answer:
                if team in await answer.text():
                    return
            await asyncio.sleep(0.1)


def due(hub: Hub) -> list[Json]:
    """What still has to be sent."""
    return stored.rows(hub, "SELECT last_error FROM outbox WHERE status IN ('due', 'sending')")


def installations(hub: Hub) -> list[Json]:
    """What is remembered of them."""
    return stored.rows(hub, "SELECT key FROM channel_memory WHERE key LIKE 'install/%'")


async def status(browser: aiohttp.ClientSession, link: str) -> int:
    """What the browser gets there."""
    async with browser.get(link) as answer:
        return answer.status
