"""The other end of each guide: a platform on loopback, what it gives a newcomer, and their first words to the hub."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from textwrap import indent
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import yaml
from aiohttp import web
from playwright.async_api import Page, expect

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import APP_TOKEN, SECRET, STAFF
from config.simulation.slack_world import TOKEN as SLACK_TOKEN
from config.simulation.telegram_fake import TOKEN as TELEGRAM_TOKEN
from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import OURS, SID, TwilioFake
from config.simulation.twilio_fake import TOKEN as TWILIO_TOKEN
from tests.e2e.channels.customer import PATIENCE, Customer, reads, until
from tests.e2e.channels.mail_customer import MailCustomer
from tests.e2e.channels.phone_customer import PhoneCustomer
from tests.e2e.channels.slack_customer import DirectCustomer
from tests.e2e.channels.telegram_customer import TelegramCustomer
from tests.e2e.channels.town import has_read
from tests.e2e.desk.mail_staff import text_of
from tests.e2e.desk.test_desk import CLAIM, Office, Scene
from tests.e2e.guides.guide import Guide
from tests.e2e.visitor import visiting
from tests.e2e.widget import Widget
from tests.integration.email_channel.rig import PostOffice, letter, post_office
from tests.servers.dovecot import PASSWORD
from tests.servers.hub import Hub
from tests.servers.process import free_port

QUESTION, ANSWER = "How do I reset my password?", "60 minutes"
SLACK, TELEGRAM, SMS, EMAIL, WEB, DESK = map(Guide, ("slack", "telegram", "sms", "email", "web", "desk"))
STAFF_BY_MAIL = Guide("desk/mail")


class Speak(Protocol):
    """Somebody says the first words, and waits until they are answered as the guide's last line says."""

    async def __call__(self, hub: Hub, page: Page) -> None: ...


@dataclass
class Place:
    """``given``: what the platform gives for the page's example of a setting, or for parts of it.

    ``loopback``: where the platform is in a test, which no guide can know. ``more``, ``less``: what another part of the page
    adds to the path's settings, and what it says is not needed then.
    """

    guides: tuple[Guide, ...]
    speak: Speak
    given: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    loopback: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)
    less: tuple[str, ...] = ()

    def env(self) -> dict[str, str]:
        """The lines of the newcomer's ``.env``: the page's, with their own tokens and addresses in place of its examples."""
        written = {name: value for guide in self.guides for name, value in guide.settings.items()} | dict(self.more)
        for name in self.less:
            del written[name]
        for name, own in self.given.items():
            assert name in written, f"{name} is not in the path of {self.guides[-1].name}.md"
            if isinstance(own, str):
                written[name] = own
                continue
            for example, value in own.items():
                assert example in written[name], (name, written[name])
                written[name] = written[name].replace(example, value)
        left = {name: value for name, value in written.items() if "…" in value}
        assert not left, f"a newcomer does not know what to write for {left}"
        return written


async def _is_answered(customer: Customer) -> None:
    await customer.write(QUESTION)
    await reads(customer, ANSWER)


def _from_manifest(slack: SlackFake) -> str:
    """Make the app as the page's manifest says; the path at which Slack then calls the hub."""
    manifest = yaml.safe_load(SLACK.block("yaml"))
    slack.workspaces[SLACK_TOKEN].scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    return urlsplit(str(manifest["settings"]["event_subscriptions"]["request_url"])).path


@asynccontextmanager
async def at_slack() -> AsyncIterator[Place]:
    """The app's direct messages."""
    async with SlackFake() as slack:
        path = _from_manifest(slack)

        async def speak(hub: Hub, page: Page) -> None:
            await _is_answered(DirectCustomer(slack, 1, hub.url + path))

        given = {"SLACK_BOT_TOKEN": SLACK_TOKEN, "SLACK_SIGNING_SECRET": SECRET}
        yield Place((SLACK,), speak, given, {"SLACK_API_BASE_URL": slack.api_url})


@asynccontextmanager
async def over_socket_mode() -> AsyncIterator[Place]:
    """The same through a connection that the hub opens."""
    async with SlackFake() as slack:
        _from_manifest(slack)
        part = SLACK.part("Without a public address: Socket Mode\n")

        async def speak(hub: Hub, page: Page) -> None:
            async with asyncio.timeout(PATIENCE):
                await slack.connected.wait()
            await _is_answered(DirectCustomer(slack, 1, None))

        given = {"SLACK_BOT_TOKEN": SLACK_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
        more = {"SLACK_APP_TOKEN": part["SLACK_APP_TOKEN"]}
        less = ("PUBLIC_URL", "SLACK_SIGNING_SECRET")
        yield Place((SLACK,), speak, given, {"SLACK_API_BASE_URL": slack.api_url}, more, less)


@asynccontextmanager
async def at_telegram() -> AsyncIterator[Place]:
    """A private chat with the bot."""
    async with TelegramFake() as telegram:

        async def speak(hub: Hub, page: Page) -> None:
            await _is_answered(TelegramCustomer(telegram, 1, polled=True))

        given = {"TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN}
        yield Place((TELEGRAM,), speak, given, {"TELEGRAM_API_BASE_URL": telegram.url})


@asynccontextmanager
async def by_webhook() -> AsyncIterator[Place]:
    """The same with a webhook, which the hub sets."""
    async with TelegramFake() as telegram:
        port = free_port()

        async def speak(hub: Hub, page: Page) -> None:
            await telegram.until(lambda: bool(telegram.webhook["url"]), PATIENCE)
            await _is_answered(TelegramCustomer(telegram, 1, polled=False))

        given = {"TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
        loopback = {"TELEGRAM_API_BASE_URL": telegram.url, "PORT": str(port)}
        part = TELEGRAM.part("For a webhook, in `.env`:")
        more = {name: part[name] for name in ("TELEGRAM_MODE", "TELEGRAM_WEBHOOK_SECRET", "PUBLIC_URL")}
        yield Place((TELEGRAM,), speak, given, loopback, more)


@asynccontextmanager
async def at_twilio(*, whatsapp: bool = False) -> AsyncIterator[Place]:
    """A number whose webhook is set to what stands in the path."""
    twilio = TwilioFake(lambda: datetime.now(UTC), own_cdn=False)
    await twilio.start()
    try:
        (hook,) = {
            word for line in SMS.path for word in line.split("`") if word.startswith("https://") and "/" in word[8:]
        }
        twilio.numbers = [twilio.number(OURS, url=hook)]

        async def speak(hub: Hub, page: Page) -> None:
            twilio.hub, twilio.public = hub.url, hook.removesuffix(urlsplit(hook).path)
            await _is_answered(PhoneCustomer(twilio, 1, whatsapp=whatsapp))

        given = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TWILIO_TOKEN, "TWILIO_FROM": OURS}
        more = {"TWILIO_WHATSAPP_FROM": SMS.part("### WhatsApp\n")["TWILIO_WHATSAPP_FROM"]} if whatsapp else {}
        given |= dict.fromkeys(more, OURS)
        yield Place((SMS,), speak, given, {"TWILIO_API_BASE_URL": twilio.url}, more)
    finally:
        await twilio.stop()


@asynccontextmanager
async def at_the_mailbox() -> AsyncIterator[Place]:
    """A mail server in front of which a customer has a mail program."""
    with post_office() as office:
        address = EMAIL.settings["EMAIL_ADDRESS"]

        async def speak(hub: Hub, page: Page) -> None:
            await reads_mailbox(hub)
            await _is_answered(MailCustomer(office, 1, address, lambda: has_read(hub)))

        yield Place((EMAIL,), speak, _mailbox_of(office), {"EMAIL_CA_FILE": str(office.dovecot.authority)})


@asynccontextmanager
async def at_the_desk_by_mail() -> AsyncIterator[Place]:
    """The same server; a colleague has the mail program, and the customer is on the web."""
    with post_office() as office:
        address, team = EMAIL.settings["EMAIL_ADDRESS"], STAFF_BY_MAIL.settings["STAFF_EMAIL"]

        async def speak(hub: Hub, page: Page) -> None:
            await reads_mailbox(hub)
            async with visiting(hub) as visitor:
                await visitor.say("I want to talk to a person")
                mail = await _mail_to(office, team)
                reply = f"Hello, this is Grace\n\n{indent(text_of(mail), '> ')}"
                headers = {"In-Reply-To": str(mail["Message-ID"]), "References": str(mail["Message-ID"])}
                headers |= {"From": f"Grace <{team}>", "To": address, "Subject": f"Re: {mail['Subject']}"}
                await office.deliver(letter(reply, **headers), address)
                async with visitor.socket() as line:
                    while "Hello, this is Grace" not in str((await line.next()).get("content")):
                        pass

        yield Place(
            (EMAIL, STAFF_BY_MAIL), speak, _mailbox_of(office), {"EMAIL_CA_FILE": str(office.dovecot.authority)}
        )


async def _mail_to(office: PostOffice, address: str) -> EmailMessage:
    found: list[EmailMessage] = []

    def came() -> bool:
        found[:] = [mail for mail in office.postman.letters if address in str(mail["To"])]
        return bool(found)

    await until(came, lambda: [str(mail["To"]) for mail in office.postman.letters])
    return found[0]


def _mailbox_of(office: PostOffice) -> dict[str, dict[str, str]]:
    """The newcomer's password and servers, in place of the page's."""
    server, password = office.dovecot, quote(PASSWORD, safe="")
    return {
        "EMAIL_IMAP_URL": {"app-password": password, "imap.example.com": f"localhost:{server.imaps_port}"},
        "EMAIL_SMTP_URL": {"app-password": password, "smtp.example.com": f"localhost:{server.submission_port}"},
    }


async def reads_mailbox(hub: Hub) -> None:
    """Mail that was there before the hub first looked is not answered."""
    await until(lambda: has_read(hub) >= 0, hub.log_tail)


@asynccontextmanager
async def at_the_site() -> AsyncIterator[Place]:
    """The company's site, with the page's script tag in front of ``</body>``."""
    hub_port, site_port = free_port(), free_port()
    hub_url, origin = f"http://127.0.0.1:{hub_port}", f"http://127.0.0.1:{site_port}"
    tag = WEB.block("html").replace(WEB.settings["PUBLIC_URL"], hub_url)
    assert hub_url in tag

    async def shop(request: web.Request) -> web.Response:
        html = f"<!doctype html><html lang=en><title>Shop</title><body><h1>Shop</h1>{tag}</body></html>"
        return web.Response(text=html, content_type="text/html")

    async def speak(hub: Hub, page: Page) -> None:
        widget = Widget(page)
        await widget.visit(origin)
        await widget.open()
        await expect(await widget.ask(QUESTION)).to_contain_text(ANSWER)

    app = web.Application()
    app.router.add_get("/", shop)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", site_port).start()
    try:
        yield Place((WEB,), speak, {"PUBLIC_URL": hub_url, "WIDGET_ORIGINS": origin}, {"PORT": str(hub_port)})
    finally:
        await runner.cleanup()


@asynccontextmanager
async def at_the_desk() -> AsyncIterator[Place]:
    """A channel of staff in the fake Slack, and a customer on the web."""
    async with SlackFake() as slack:
        _from_manifest(slack)

        async def speak(hub: Hub, page: Page) -> None:
            async with visiting(hub) as visitor:
                scene = Scene(hub, visitor, Office(slack, hub))
                card = await scene.escalate()
                await scene.office.press(card, CLAIM)
                await scene.reads("has joined")
                await scene.office.write(card, "Hello, this is Grace")
                await scene.reads("Hello, this is Grace")

        given = {"SLACK_BOT_TOKEN": SLACK_TOKEN, "SLACK_SIGNING_SECRET": SECRET, "SLACK_STAFF_CHANNEL": STAFF}
        yield Place((SLACK, DESK), speak, given, {"SLACK_API_BASE_URL": slack.api_url})


PLACES: dict[str, Any] = {
    "slack": at_slack,
    "telegram": at_telegram,
    "sms": at_twilio,
    "email": at_the_mailbox,
    "web": at_the_site,
    "desk": at_the_desk,
    "desk/mail": at_the_desk_by_mail,
}
OTHER_WAYS: dict[str, Any] = {
    "slack over Socket Mode": over_socket_mode,
    "telegram by webhook": by_webhook,
    "whatsapp": functools.partial(at_twilio, whatsapp=True),
}
