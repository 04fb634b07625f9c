"""Where staff are: channels that are deleted, archived and replaced, teams, another workspace, and who is not there any more."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import (
    APP_TOKEN,
    DESK_APP_TOKEN,
    DESK_BOT,
    DESK_SECRET,
    DESK_TEAM,
    DESK_TOKEN,
    DIRECT,
    GRACE,
    PUBLIC,
    STAFF,
    TEAM,
    TOKEN,
    Channel,
    Workspace,
    kind,
)
from tests.e2e.desk.staff_room import StaffRoom
from tests.e2e.desk.test_desk import CLAIM, Scene, scene
from tests.e2e.knowledge_copy import run_command
from tests.fixtures.hub import MakeHub
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow
BILLING, SECOND = "C0BILLING", "C0STAFF02"


class Looked(dict[str, bytes]):
    """Slack's files; ``at``: those that somebody fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[str] = []

    def __getitem__(self, file_id: str) -> bytes:
        self.at.append(file_id)
        return super().__getitem__(file_id)


def room(world: Scene, channel: str = STAFF) -> StaffRoom:
    return StaffRoom(world.office.slack, world.hub, channel)


async def test_a_card_that_was_deleted_is_there_again_with_what_was_said(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        staff, card = room(world), await world.escalate()
        await staff.press(card, CLAIM)
        await staff.sees(card, "With Grace")
        await world.visitor.say("Where is my parcel?", client_id="p1")
        await staff.sees(card, "Where is my parcel?")
        await staff.delete_card(card)
        anew = await staff.card(1)
        assert anew["ts"] != card["ts"]
        await staff.sees(anew, "With Grace")
        await staff.sees(anew, "Where is my parcel?")
        await world.visitor.say("Hello?", client_id="p2")
        await staff.sees(anew, "Hello?")
        await staff.write(anew, "It comes tomorrow")
        await world.reads("It comes tomorrow")
        assert len(staff.cards) == 1


async def health_of_channels(world: Scene) -> str:
    """As operators see it."""
    return str((await world.visitor.call("GET", "/health/channels", headers=world.hub.operator)).body)


async def test_nothing_is_lost_while_the_staff_channel_is_archived(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        staff, card = room(world), await world.escalate()
        world.office.slack.channels[STAFF].archived = True
        await world.visitor.say("Said while it was archived", client_id="a1")
        async with asyncio.timeout(PATIENCE):
            while "is_archived" not in await health_of_channels(world):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)
        world.office.slack.channels[STAFF].archived = False
        await staff.slack.until(lambda: any("while it was archived" in one for one in staff.shown(card)))


async def test_open_cases_go_on_in_the_channel_that_is_set_instead(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        world.office.slack.channels[SECOND] = Channel()
        staff, card = room(world), await world.escalate()
        await staff.press(card, CLAIM)
        await staff.sees(card, "With Grace")
        world.hub.environment["SLACK_STAFF_CHANNEL"] = SECOND
        await asyncio.to_thread(world.hub.restart)
        await world.visitor.say("Are you still there?", client_id="r1")
        new = room(world, SECOND)
        moved = await new.card()
        await new.sees(moved, "I want to talk to a person")
        await new.sees(moved, "Are you still there?")
        await new.sees(moved, "archives/" + STAFF)
        await staff.sees(card, "goes on in another thread")
        await new.write(moved, "Yes, here")
        await world.reads("Yes, here")
        await staff.write(card, "Said in the old thread")
        await world.reads("Said in the old thread")
        assert len(new.cards) == 1


async def test_the_staff_channel_is_never_a_customers(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        staff = room(world)
        assert b"name Anna" in await staff.command("help")
        said = staff.slack.say("<@U0BOT0001> I want to talk to a person", channel=STAFF, user=GRACE)
        await staff.deliver(said)
        card = await world.escalate()
        await staff.sees(card, "I want to talk to a person")
        assert len(staff.slack.shown(STAFF)) == 1 + len(staff.shown(card))
        assert len(staff.cards) == 1


async def test_customers_read_the_name_that_staff_chose(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        staff, card = room(world), await world.escalate()
        answer = json.loads(await staff.command("name Anna from Support"))
        assert answer["response_type"] == "ephemeral"
        assert "“Anna from Support”" in answer["text"]
        await staff.press(card, CLAIM)
        await world.reads("Anna from Support has joined")
        await staff.write(card, "How can I help?")
        await world.reads("How can I help?")
        (said,) = [one for one in await world.history() if one["content"] == "How can I help?"]
        assert said["name"] == "Anna from Support"
        assert b"Slack profile" in await staff.command("name off")
        await staff.press(card, "staff_release")
        await staff.sees(card, "Waiting")
        await staff.press(card, CLAIM)
        await world.reads("Grace has joined")


async def test_a_teams_cases_are_shown_where_it_is(make_hub: MakeHub, tmp_path: Path) -> None:
    teams = tmp_path / "teams.yaml"
    teams.write_text(
        f"billing:\n  channel: {BILLING}\n  keywords: [invoice, refund]\n  on_call: [S0BILLING]\n", "utf-8"
    )
    async with scene(make_hub, DESK_TEAMS_FILE=str(teams), DESK_REMIND_MINUTES="0.02") as world:
        world.office.slack.channels[BILLING] = Channel()
        await world.visitor.say("My invoice is wrong", client_id="m0")
        await world.visitor.say("I want to talk to a person", client_id="m1")
        billing = room(world, BILLING)
        card = await billing.card()
        await billing.sees(card, "billing")
        await billing.sees(card, "<!subteam^S0BILLING>")
        await billing.press(card, CLAIM)
        await world.reads("has joined")
        assert room(world).cards == []
        world.office.slack.channels[BILLING].archived = True
        await world.visitor.say("Still wrong", client_id="m2")
        moved = await room(world).card()
        await room(world).sees(moved, "Still wrong")


async def test_what_somebody_had_who_is_gone_waits_for_somebody_else(make_hub: MakeHub) -> None:
    async with scene(make_hub, DESK_ON_CALL="S0NCALL") as world:
        staff, card = room(world), await world.escalate()
        await staff.press(card, CLAIM)
        await world.reads("has joined")
        world.office.slack.users[GRACE]["deleted"] = True
        await world.visitor.say("Hello, Grace?", client_id="g1")
        await staff.sees(card, "is not in Slack any more")
        await staff.sees(card, "<!subteam^S0NCALL>")
        await staff.sees(card, "Waiting")
        await staff.press(card, CLAIM, user="U0LINUS01")
        await world.reads("Linus has joined")


async def test_files_in_threads_of_no_case_stay_where_they_are(make_hub: MakeHub) -> None:
    """The staff's channel is also theirs to talk in."""
    async with scene(make_hub) as world:
        staff, card = room(world), await world.escalate()
        await staff.press(card, CLAIM)
        await world.reads("Grace has joined")
        slack, files = staff.slack, Looked()
        slack.bytes = files
        lunch = slack.say("Who is in on Monday?", channel=STAFF, user=GRACE)["event"]
        private, public = slack.file("salaries.txt", b"private"), slack.file("map.txt", b"north")
        await staff.write(lunch, "See the list", files=[private], subtype="file_share")
        await staff.write(card, "Here is the way", files=[public], subtype="file_share")
        await world.reads("Here is the way")
        assert files.at == [public["id"]]


async def test_staff_in_a_workspace_of_their_own(make_hub: MakeHub) -> None:
    own = {"SLACK_DESK_BOT_TOKEN": DESK_TOKEN, "SLACK_DESK_SIGNING_SECRET": DESK_SECRET}
    async with scene(make_hub, **own) as world:
        slack = world.office.slack
        slack.workspaces[DESK_TOKEN] = Workspace(DESK_TEAM, DESK_BOT)
        slack.channels[STAFF] = Channel(team=DESK_TEAM)
        staff = StaffRoom(slack, world.hub, STAFF, DESK_TEAM, DESK_BOT, secret=DESK_SECRET, hook="/webhooks/slack/desk")
        customers = StaffRoom(slack, world.hub, PUBLIC)
        await world.visitor.say("I want to talk to a person", client_id="w1")
        card = await staff.card()
        await staff.press(card, CLAIM)
        await world.reads("Grace has joined")
        file = slack.file("map.txt", b"north")
        await staff.write(card, "Here is the way", files=[file], subtype="file_share")
        await world.reads("Here is the way")
        assert [one["name"] for said in await world.history() for one in said.get("attachments", ())] == ["map.txt"]

        asked = slack.say("<@U0BOT0001> Do you sell bicycles?", channel=PUBLIC)
        await customers.deliver({**asked, "event": {**asked["event"], "type": "app_mention"}})
        await slack.until(lambda: any(one.get("bot_id") for one in slack.channels[PUBLIC].messages))
        for hook, secret in (("/webhooks/slack", DESK_SECRET), ("/webhooks/slack/desk", staff.secret[::-1])):
            status, _ = await slack.push(world.hub.url + hook, asked, secret=secret)
            assert status == 401
        heard = slack.say("Not for the desk's app", channel="D0ANNA001")
        await staff.deliver(heard)
        await customers.deliver(slack.say("Heard by the wrong app", channel=STAFF, thread_ts=card["ts"], user=GRACE))
        await staff.write(card, "The end")
        await world.reads("The end")
        assert not any("wrong app" in text for text in await world.texts())
        assert kind("D0ANNA001") == "im"
        assert not slack.shown("D0ANNA001")


async def test_a_customer_on_slack_sees_edits_deletions_and_emoji(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        slack, staff = world.office.slack, room(world)
        asked = slack.say("I want to talk to a person", channel=DIRECT)
        await staff.deliver(asked)
        card = await staff.card()
        await staff.press(card, CLAIM)
        await slack.until(lambda: any("has joined" in one for one in slack.shown()))
        said = await staff.write(card, "It costs 10 euros")
        await slack.until(lambda: any("10 euros" in one for one in slack.shown()))
        before = len(slack.shown())
        await world.office.edit(said, "It costs 12 euros")
        await slack.until(lambda: any("12 euros" in one for one in slack.shown()))
        assert len(slack.shown()) == before
        assert not any("10 euros" in one for one in slack.shown())
        await world.office.delete(said)
        await slack.until(lambda: not any("euros" in one for one in slack.shown()))

        thanks = slack.say("Thank you", channel=DIRECT)
        await staff.deliver(thanks)
        await staff.sees(card, "Thank you")
        (copy,) = [one for one in slack.channels[STAFF].messages if "Thank you" in str(one.get("text"))]
        await staff.react(copy["ts"], "tada")
        (own,) = [one for one in slack.channels[DIRECT].messages if one["ts"] == thanks["event"]["ts"]]
        await slack.until(lambda: own.get("reactions") == ["tada"])
        await staff.react(copy["ts"], "tada", present=False)
        await slack.until(lambda: own.get("reactions") == [])


async def test_the_doctor_looks_at_the_staffs_own_app(tmp_path: Path) -> None:
    async with SlackFake() as slack:
        slack.workspaces[DESK_TOKEN] = Workspace(DESK_TEAM, DESK_BOT)
        slack.channels[STAFF] = Channel(team=DESK_TEAM)
        environment = {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_STAFF_CHANNEL": STAFF,
            "SLACK_DESK_BOT_TOKEN": DESK_TOKEN,
            "SLACK_DESK_APP_TOKEN": "xapp-wrong",
            "SLACK_API_BASE_URL": slack.api_url,
        }
        finished = await asyncio.to_thread(run_command, tmp_path / "var", "doctor", **environment)
        assert finished.returncode == 1, finished.stdout + finished.stderr
        lines = [" ".join(line.split()) for line in finished.stdout.splitlines()]

        def said(beginning: str) -> str:
            (found,) = [line for line in lines if line.startswith(beginning)]
            return found

        assert TEAM in said("slack ok SLACK_BOT_TOKEN:")
        assert DESK_TEAM in said("slack-desk ok SLACK_DESK_BOT_TOKEN:")
        assert "cases are shown in #help-desk" in said("slack-desk ok SLACK_STAFF_CHANNEL:")
        assert said("slack-desk WRONG SLACK_DESK_APP_TOKEN:")
        assert not any(line.startswith("slack ") and "SLACK_STAFF_CHANNEL" in line for line in lines)


async def test_staff_are_heard_over_a_socket_of_their_own(make_hub: MakeHub) -> None:
    own = {"SLACK_DESK_BOT_TOKEN": DESK_TOKEN, "SLACK_DESK_APP_TOKEN": DESK_APP_TOKEN}
    async with scene(make_hub, **own) as world:
        slack = world.office.slack
        slack.workspaces[DESK_TOKEN] = Workspace(DESK_TEAM, DESK_BOT)
        slack.channels[STAFF] = Channel(team=DESK_TEAM)
        slack.socket_tokens = {DESK_APP_TOKEN}
        await world.visitor.say("I want to talk to a person", client_id="w1")
        staff = StaffRoom(slack, world.hub, STAFF, DESK_TEAM, DESK_BOT, socket=True)
        card = await staff.card()
        assert "“Ada”" in json.loads(await staff.command("name Ada"))["text"]
        await staff.press(card, CLAIM)
        await world.reads("Ada has joined")
        await staff.write(card, "Over the socket")
        await world.reads("Over the socket")


async def test_a_new_token_goes_on_with_what_waited(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        slack, staff, card = world.office.slack, room(world), await world.escalate()
        await staff.press(card, CLAIM)
        await world.reads("has joined")
        slack.workspaces[TOKEN].revoked = True
        for number in range(3):
            await world.visitor.say(f"Waits {number}", client_id=f"t{number}")
        async with asyncio.timeout(PATIENCE):
            while "degraded" not in str((await world.visitor.call("GET", "/health/channels")).body):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)
        slack.workspaces["xoxb-anew"] = Workspace()
        world.hub.environment["SLACK_BOT_TOKEN"] = f"xoxb-anew,{TOKEN}"
        await asyncio.to_thread(world.hub.restart)
        await staff.sees(card, "Waits 2")
        said = [one.split("\n")[-1] for one in staff.shown(card) if "Waits" in one]
        assert said == ["Waits 0", "Waits 1", "Waits 2"]
        await staff.write(card, "Here again")
        await world.reads("Here again")
