"""Takes the pictures of the desk that the docs show, from a real hub.   python -m scripts.desk_pictures [FOLDER]

Customers write on the web and in Slack, staff work in the fake Slack of the tests; what the hub sent there is drawn as HTML
(scripts/slack_look.py) and photographed by Chromium.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import jwt
from PIL import Image
from playwright.async_api import Browser, async_playwright

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, BOT, DIRECT, GRACE, LINUS, PUBLIC, SECRET, STAFF, TEAM, TOKEN
from scripts import slack_look
from tests.e2e.desk.office import Json, Office, whole
from tests.e2e.knowledge_copy import started
from tests.e2e.visitor import Visitor, visiting
from tests.fixtures.browser import FLAGS
from tests.servers import programs
from tests.servers.hub import Hub

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "images"
NAMES: Final = ("desk-card.png", "desk-thread.png", "desk-home.png", "desk-forms.png")
LARGEST: Final = 120_000
"""Bytes: a page shows several."""
PATIENCE: Final = 120.0
COLOURS: Final = 64
IDENTITY: Final = "what-the-site-and-the-hub-share-0123456789"
PEOPLE: Final = {GRACE: "Grace", LINUS: "Linus", ANNA: "Anna", BOT: slack_look.APP}
SETTINGS: Final = {
    "SLACK_BOT_TOKEN": TOKEN,
    "SLACK_SIGNING_SECRET": SECRET,
    "SLACK_STAFF_CHANNEL": STAFF,
    "WIDGET_IDENTITY_SECRET": IDENTITY,
    "DESK_UNDO_SECONDS": "0.2",
    "DESK_OWNER_MINUTES": "0.5",
    "DESK_FIELDS": "Plan: Free, Team, Business; Order number",
    "DESK_TARGETS": "billing first 1 min",
    "DESK_CONTEXT_TOOL": "customer_record",
}
TEAMS: Final = "billing:\n  keywords: [invoice, francs]\naccounts:\n  keywords: [password, link]\n"
TOOL: Final = '''from core.agent.tools import ToolContext, tool


@tool(effect=False)
async def customer_record(context: ToolContext) -> dict[str, str]:
    """Say who a customer is."""
    return {"Company": "Analytical Engines", "Seats": "12"} if context.customer.verified else {}
'''


@dataclass
class Scene:
    """A hub with its office. ``taken``: the finished pages, by the name of their picture."""

    hub: Hub
    office: Office
    stack: AsyncExitStack
    taken: dict[str, str] = field(default_factory=dict)

    async def visitor(self, name: str = "") -> Visitor:
        """Somebody on the web; with a ``name``, signed in on the site."""
        visitor = await self.stack.enter_async_context(visiting(self.hub))
        if name:
            email = f"{name.split()[0].lower()}@example.com"
            claims = {"sub": email, "name": name, "email": email, "exp": int(time.time()) + 600}
            token = jwt.encode(claims, IDENTITY, algorithm="HS256")
            made = await visitor.call("POST", "/api/sessions", token=None, json={"user_token": token})
            visitor.session = made.body
        return visitor

    async def case(self, visitor: Visitor, *said: str) -> Json:
        """The card of the case that the last of these words opens."""
        before = len(self.office.cards)
        for number, text in enumerate(said):
            await visitor.say(text, client_id=f"said{number}")
        card = await self.office.card(before + 1)
        await self.office.sees(card, said[-1])
        return card

    async def becomes(self, card: Json, text: str) -> Json:
        """The card as it stands once it says that."""
        await self.office.slack.until(lambda: text in whole(card), PATIENCE)
        return deepcopy(card)

    async def reply(self, card: Json, text: str, user: str = GRACE) -> None:
        """Staff answer, and the customer has it."""
        await self.office.marked(await self.office.write(card, text, user), "white_check_mark")


async def cards_and_forms(scene: Scene) -> Json:
    """Ada's case: as it waits, its ticket's form, and as Grace has it."""
    ada = await scene.visitor("Ada Lovelace")
    link = "The link in the mail has expired twice. Can I talk to a person?"
    card = await scene.case(ada, "How do I reset my password?", link)
    await scene.becomes(card, "Queued <!date")
    form = await scene.office.form(card, "ticket", LINUS)
    given = {"ticket_priority": "high", "ticket_field:Plan": "Team", "ticket_field:Order number": "A-4711"}
    await scene.office.fill_in(form, given, LINUS)
    waiting = await scene.becomes(card, "A-4711")
    filled = await scene.office.form(card, "ticket", LINUS)
    await scene.office.press(card, "staff_claim")
    claimed = await scene.becomes(card, "With Grace")
    columns = [slack_look.messages([one], PEOPLE) for one in (waiting, claimed)]
    scene.taken["desk-card.png"] = slack_look.channel("# support", columns, 580)
    return filled


async def new_case(scene: Scene) -> Json:
    """Grace opens a case for what Anna wrote in a customer's channel: the form as it opens."""
    slack = scene.office.slack
    await scene.office.deliver(slack.say("Good morning!", channel=PUBLIC, user=ANNA))  # with it the hub learns her name
    event = slack.say("Since this morning our export to CSV stops halfway.", channel=PUBLIC, user=ANNA)
    await scene.office.deliver(event)
    payload = {
        "type": "message_action",
        "callback_id": "open_case",
        "trigger_id": slack.modals.trigger(slack.now()),
        "team": {"id": TEAM},
        "user": {"id": GRACE, "team_id": TEAM},
        "channel": {"id": PUBLIC, "name": "help"},
        "message": event["event"],
    }
    before = set(slack.modals.open)
    await slack.push(f"{scene.hub.url}/webhooks/slack", payload, form="payload")
    await slack.until(lambda: bool(set(slack.modals.open) - before), PATIENCE)
    form = next(view for name, view in slack.modals.open.items() if name not in before)
    cards = len(scene.office.cards)
    await scene.office.fill_in(form, {"ticket_priority": "high"})
    await scene.office.card(cards + 1)
    return form


async def thread(scene: Scene, card: Json) -> None:
    """Ben's case, of which staff have been warned: Grace asks the agent, answers, and is asked whether it may learn from that."""
    office = scene.office
    await office.sees(card, "should have an answer")
    await office.press(card, "staff_claim")
    await office.sees(card, "What Grace writes here goes")
    await office.marked(await office.write(card, "// Same as the Keller case in May.", LINUS), "lock")
    await office.write(card, f"<@{BOT}> which payment methods do we accept?")
    await office.sees(card, "Visa, Mastercard")
    await scene.reply(card, "Yes: from the next invoice on we can bill you in Swiss francs, payable by bank transfer.")
    await office.press(card, "staff_resolve")
    await office.sees(card, "Shall it answer others with it?")
    said = slack_look.messages(office.thread(card), PEOPLE)
    scene.taken["desk-thread.png"] = slack_look.channel("Thread  # support", [said], 640)


async def queue(scene: Scene, silent: Json) -> None:
    """The home tab of Grace, while Linus does not answer in the case that he has."""
    slack = scene.office.slack
    await scene.office.sees(silent, "waiting for Linus")
    event = {"type": "app_home_opened", "user": GRACE, "channel": DIRECT, "tab": "home", "event_ts": slack.ts()}
    await scene.office.deliver(slack.event(event))
    await slack.until(lambda: "Unclaimed" in str(slack.homes.get(GRACE)), PATIENCE)
    scene.taken["desk-home.png"] = slack_look.home(slack.homes[GRACE])


async def play(scene: Scene) -> None:
    """One morning of the desk."""
    ben, marta, carl = [await scene.visitor(name) for name in ("Ben Okafor", "Marta Vogel", "")]
    billed = await scene.case(ben, "Can you bill us in Swiss francs?", "Then I want to talk to a person, please.")
    silent = await scene.case(marta, "I want to talk to a person about our invoice of May.")
    await scene.office.press(silent, "staff_claim", LINUS)
    forms = [await cards_and_forms(scene), await new_case(scene)]
    scene.taken["desk-forms.png"] = slack_look.desktop(forms)
    await scene.case(carl, "I want to talk to a person about moving to another plan.")
    await thread(scene, billed)
    await queue(scene, silent)


async def shoot(browser: Browser, html: str, picture: Path) -> None:
    """With two pixels for each of the page, in few colours, which keeps it small."""
    window = await browser.new_page(
        device_scale_factor=2, color_scheme="light", viewport={"width": 1200, "height": 400}
    )
    await window.set_content(slack_look.page(html, PEOPLE), wait_until="load")
    taken = await window.locator("body").screenshot()
    await window.close()
    few = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    few.save(picture, optimize=True)


def prepare(home: Path) -> dict[str, str]:
    """The files that the settings name, and an installed package with the company's tool; the settings."""
    (home / "teams.yaml").write_text(TEAMS, encoding="utf-8")
    packages = home / "packages"
    about = packages / "customer_record-1.0.dist-info"
    about.mkdir(parents=True)
    (packages / "customer_record.py").write_text(TOOL, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: customer-record\nVersion: 1.0\n", encoding="utf-8")
    entry = "[switchboard.tools]\nrecord = customer_record:customer_record\n"
    (about / "entry_points.txt").write_text(entry, encoding="utf-8")
    paths = {"DESK_TEAMS_FILE": str(home / "teams.yaml"), "PYTHONPATH": f"{programs.ROOT}:{packages}"}
    return {**SETTINGS, **paths}


async def run(folder: Path, home: Path) -> None:
    """With a browser, a hub in ``home`` and a Slack of its own."""
    async with SlackFake() as slack, async_playwright() as playwright, AsyncExitStack() as stack:
        hub = Hub(
            home, sources="sample", fresh=True, environment={**prepare(home), "SLACK_API_BASE_URL": slack.api_url}
        )
        stack.callback(hub.kill)
        await asyncio.to_thread(started, hub)
        scene = Scene(hub, Office(slack, hub), stack)
        await play(scene)
        browser = await playwright.chromium.launch(executable_path=str(programs.chromium()), args=FLAGS)
        for name, html in scene.taken.items():
            await shoot(browser, html, folder / name)
        await browser.close()


def main(arguments: list[str]) -> None:
    """Writes all, and says how large they are."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(run(folder, Path(home)))
    for name in NAMES:
        size = (folder / name).stat().st_size
        print(f"{name}: {size // 1000} kB")
        if size > LARGEST:
            raise SystemExit(f"That is more than {LARGEST // 1000} kB.")


if __name__ == "__main__":
    main(sys.argv[1:])
