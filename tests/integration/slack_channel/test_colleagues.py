"""People of the company write in channels that they share with customers: they are colleagues, and no customers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from channels.slack.adapter import SlackChannel
from channels.staff_rule import StaffRule
from config.simulation.slack_fake import SlackFake, person
from config.simulation.slack_world import (
    ANNA,
    BOT,
    DESK_TEAM,
    DESK_TOKEN,
    GRACE,
    LINUS,
    PUBLIC,
    TEAM,
    TOKEN,
    Fault,
    Workspace,
)
from core.domain.messages import Author
from core.storage.store import SqlStore
from tests.integration.slack_channel.test_receive import StoreSink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings

PAT, PARTNER = "U0PART001", "T0PART001"
DOMAIN = StaffRule(frozenset({"acme.example"}))


class Shared:
    """The hub in a channel that a partner is in too."""

    def __init__(self, fake: SlackFake, store: SqlStore, folder: Path) -> None:
        self.fake, self.store, self.folder = fake, store, folder
        self.sink = StoreSink(store)
        self.rule, self.more = StaffRule(), dict[str, Any]()
        fake.users[PAT] = person(PAT, "Pat", "en-US") | {"team_id": PARTNER}
        fake.channels[PUBLIC].outside = True

    def hub(self) -> Any:
        around = surroundings(self.store, self.folder)
        chosen = settings(self.fake, staff_rule=self.rule, **self.more)
        return serving(Hub(SlackChannel(chosen, around), around, self.sink, self.fake))

    def mail(self, **addresses: str) -> None:
        for user, address in addresses.items():
            self.fake.users[user]["profile"]["email"] = address

    def says(self, text: str, user: str, thread: str | None = None) -> dict[str, Any]:
        team = str(self.fake.users[user].get("team_id", TEAM))
        more = {} if thread is None else {"thread_ts": thread}
        return self.fake.say(text, channel=PUBLIC, user=user, team=team, user_team=team, source_team=team, **more)

    async def authors(self) -> list[tuple[Author, str]]:
        found = {one.conversation_id for one in self.sink.accepted}
        return [(one.author, one.text) for each in sorted(found) for one in await self.store.messages(each)]


@pytest.fixture
async def shared(fake: SlackFake, store: SqlStore, tmp_path: Path) -> AsyncIterator[Shared]:
    return Shared(fake, store, tmp_path)


async def begun(hub: Hub, shared: Shared) -> str:
    mention = shared.says(f"<@{BOT}> it is broken", PAT)
    assert await hub.push(mention) == 200
    return str(mention["event"]["ts"])


async def test_whoever_belongs_to_the_staff_s_workspace_is_a_colleague_there(shared: Shared) -> None:
    async with shared.hub() as hub:
        thread = await begun(hub, shared)
        assert await hub.push(shared.says("Which browser is it?", GRACE, thread)) == 200
        assert await hub.push(shared.says("Firefox", PAT, thread)) == 200
    customer, staff = Author.CUSTOMER, Author.STAFF
    told = [(customer, "it is broken"), (staff, "Which browser is it?"), (customer, "Firefox")]
    assert await shared.authors() == told
    (thread_id,) = {one.conversation_id for one in shared.sink.accepted}
    assert [one.author_name for one in await shared.store.messages(thread_id)] == ["Pat", "Grace", "Pat"]
    assert len(shared.fake.called("auth.test")) <= 2


async def test_in_the_company_s_own_channels_its_people_are_customers(shared: Shared) -> None:
    shared.fake.channels[PUBLIC].outside = False
    async with shared.hub() as hub:
        thread = await begun(hub, shared)
        await hub.push(shared.says("Same here", GRACE, thread))
    assert [author for author, _ in await shared.authors()] == [Author.CUSTOMER, Author.CUSTOMER]


async def test_a_colleague_begins_nothing_in_somebody_else_s_thread(shared: Shared) -> None:
    async with shared.hub() as hub:
        root = shared.says("It is broken", PAT)
        await hub.push(root)
        await hub.push(shared.says(f"<@{BOT}> can you help?", GRACE, root["event"]["ts"]))
        assert shared.sink.accepted == []
        own = shared.says(f"<@{BOT}> what do you know?", GRACE)
        await hub.push(own)
        await hub.push(shared.says("And more?", GRACE, own["event"]["ts"]))
    assert [author for author, _ in await shared.authors()] == [Author.CUSTOMER, Author.CUSTOMER]


async def test_domains_decide_wherever_somebody_belongs(shared: Shared) -> None:
    shared.rule = DOMAIN
    shared.mail(**{GRACE: "Grace@Acme.example", LINUS: "linus@contractor.example", PAT: "pat@partner.example"})
    shared.fake.channels[PUBLIC].outside = False
    # Another process reads the channel's history, which would meet her in the same moment.
    assert await shared.store.hold("slack:default:catch-up", "elsewhere", 600.0)
    async with shared.hub() as hub:
        thread = await begun(hub, shared)
        await hub.push(shared.says("I am looking", GRACE, thread))
        await hub.push(shared.says("I have it too", LINUS, thread))
        await hub.push(shared.says("Still looking", GRACE, thread))
    assert [author for author, _ in await shared.authors()] == [
        Author.CUSTOMER,
        Author.STAFF,
        Author.CUSTOMER,
        Author.STAFF,
    ]
    assert [one["user"] for one in shared.fake.called("users.info")].count(GRACE) == 1


@pytest.mark.parametrize("named", ["id", "address"])
async def test_single_people_may_be_set(shared: Shared, named: str) -> None:
    who = {"id": (GRACE, PAT), "address": ("grace@acme.example", "pat@partner.example")}[named]
    shared.rule = StaffRule(DOMAIN.domains, {who[0]: False, who[1]: True})
    shared.mail(**{GRACE: "grace@acme.example", PAT: "pat@partner.example", ANNA: "anna@customer.example"})
    async with shared.hub() as hub:
        mention = shared.says(f"<@{BOT}> hello", ANNA)
        await hub.push(mention)
        thread = mention["event"]["ts"]
        await hub.push(shared.says("I am a tester", GRACE, thread))
        await hub.push(shared.says("I am an agency", PAT, thread))
    assert [author for author, _ in await shared.authors()] == [Author.CUSTOMER, Author.CUSTOMER, Author.STAFF]


async def test_without_the_scope_the_workspace_decides(shared: Shared) -> None:
    shared.rule = DOMAIN
    shared.fake.workspaces[TOKEN].scopes.discard("users:read.email")
    shared.mail(**{GRACE: "grace@acme.example"})
    async with shared.hub() as hub:
        thread = await begun(hub, shared)
        await hub.push(shared.says("I am looking", GRACE, thread))
        (scopes,) = [one for one in await hub.channel.diagnose() if one.check == "scopes"]
    assert [author for author, _ in await shared.authors()] == [Author.CUSTOMER, Author.STAFF]
    assert (scopes.ok, scopes.detail) == (False, "missing: users:read.email")


async def test_a_slack_that_is_down_keeps_no_message(shared: Shared) -> None:
    shared.rule = DOMAIN
    async with shared.hub() as hub:
        shared.fake.fail("users.info", *[Fault(status=500)] * 9)
        thread = await begun(hub, shared)
        assert await hub.push(shared.says("I am looking", GRACE, thread)) == 200
    assert len(await shared.authors()) == 2


async def test_where_staff_have_a_workspace_of_their_own_it_counts(shared: Shared) -> None:
    shared.fake.workspaces[DESK_TOKEN] = Workspace(DESK_TEAM)
    shared.fake.users[LINUS]["team_id"] = DESK_TEAM
    shared.more = {"staff_tokens": (DESK_TOKEN,)}
    async with shared.hub() as hub:
        thread = await begun(hub, shared)
        await hub.push(shared.says("I am looking", LINUS, thread))
        await hub.push(shared.says("I have it too", GRACE, thread))
    assert [author for author, _ in await shared.authors()] == [Author.CUSTOMER, Author.STAFF, Author.CUSTOMER]


async def test_what_a_colleague_wrote_during_an_outage_is_theirs_as_well(shared: Shared) -> None:
    async with shared.hub() as hub:
        thread = await begun(hub, shared)
    shared.says("Which browser is it?", GRACE, thread)
    shared.says("Firefox", PAT, thread)
    shared.says(f"<@{BOT}> Hello?", GRACE, shared.says("Lunch?", PAT)["event"]["ts"])
    async with shared.hub() as hub:
        await hub.channel.catch_up(shared.sink)
    told = [text for author, text in await shared.authors() if author is Author.STAFF]
    assert told == ["Which browser is it?"]
    assert len(await shared.authors()) == 3


async def test_somebody_whom_the_app_may_not_see_is_asked_for_once(shared: Shared) -> None:
    async with shared.hub() as hub:
        del shared.fake.users[PAT]
        root = shared.fake.say(f"<@{BOT}> hello", channel=PUBLIC, user=PAT, user_team=PARTNER)
        await hub.push(root)
        await hub.push(
            shared.fake.say("And?", channel=PUBLIC, user=PAT, user_team=PARTNER, thread_ts=root["event"]["ts"])
        )
    assert [one["user"] for one in shared.fake.called("users.info")].count(PAT) == 1
    assert [author for author, _ in await shared.authors()] == [Author.CUSTOMER, Author.CUSTOMER]
