"""All platforms, and two hubs: one that the world can call, with every channel that it can have, and one behind a firewall."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import APP_TOKEN, SECRET
from config.simulation.slack_world import TOKEN as SLACK_TOKEN
from config.simulation.telegram_fake import TOKEN as TELEGRAM_TOKEN
from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import OURS, SID, TwilioFake
from config.simulation.twilio_fake import TOKEN as TWILIO_TOKEN
from core.attachments.file_store import FileStore
from core.clock import SystemClock
from core.domain.conversation import OwnershipEvent
from core.domain.messages import Author, MessageKind
from core.ports.store import NewMessage, Transition
from core.storage.store import SqlStore
from tests.contract.stores.sayings import change_owner
from tests.e2e import stored
from tests.e2e.channels.customer import Customer, Paper, until
from tests.e2e.channels.mail_customer import MailCustomer
from tests.e2e.channels.phone_customer import PhoneCustomer
from tests.e2e.channels.slack_customer import DirectCustomer, ThreadCustomer
from tests.e2e.channels.telegram_customer import TelegramCustomer
from tests.e2e.channels.telegram_group import TelegramGroup
from tests.e2e.knowledge_copy import copy_of, started
from tests.integration.email_channel.rig import PostOffice, post_office
from tests.patience import PATIENCE
from tests.servers.dovecot import PASSWORD
from tests.servers.hub import Hub
from tests.servers.process import free_port

SUPPORT = "support@example.com"
_READ = re.compile(r'"uid": (\d+),.*"email\.read"')
Scenario = Callable[[Customer, Hub], Coroutine[Any, Any, None]]
GroupScenario = Callable[[TelegramGroup, Hub], Coroutine[Any, Any, None]]
Anybody = TypeVar("Anybody")
Speaker = Customer | TelegramGroup


@dataclass
class Town:
    """``called``: the hub that has a public address. ``asking``: the one that opens all connections itself."""

    called: Hub
    asking: Hub
    slack: SlackFake
    socket_slack: SlackFake
    telegram: TelegramFake
    polled_telegram: TelegramFake
    twilio: TwilioFake
    office: PostOffice
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def customers(self) -> Mapping[str, tuple[Customer, Hub]]:
        """Somebody new on every platform and transport."""
        number = next(self.numbers)
        hook = f"{self.called.url}/webhooks/slack"
        return {
            "slack over HTTP": (DirectCustomer(self.slack, number, hook), self.called),
            "slack over HTTP in a thread": (ThreadCustomer(self.slack, next(self.numbers), hook), self.called),
            "slack over Socket Mode": (DirectCustomer(self.socket_slack, number, None), self.asking),
            "slack over Socket Mode in a thread": (
                ThreadCustomer(self.socket_slack, next(self.numbers), None),
                self.asking,
            ),
            "telegram by webhook": (TelegramCustomer(self.telegram, number, polled=False), self.called),
            "telegram by polling": (TelegramCustomer(self.polled_telegram, number, polled=True), self.asking),
            "sms": (PhoneCustomer(self.twilio, number, whatsapp=False), self.called),
            "whatsapp": (PhoneCustomer(self.twilio, number, whatsapp=True), self.called),
            "e-mail": (MailCustomer(self.office, number, SUPPORT, lambda: has_read(self.called)), self.called),
        }

    def groups(self, *, topics: bool) -> Mapping[str, tuple[TelegramGroup, Hub]]:
        """New groups in which the bot is."""
        number = next(self.numbers)
        return {
            "telegram by webhook": (TelegramGroup(self.telegram, number, topics=topics), self.called),
            "telegram by polling": (TelegramGroup(self.polled_telegram, number, topics=topics), self.asking),
        }

    async def everywhere(self, scenario: Scenario, *, kind: type = object) -> None:
        """Play it at once on every platform where customers are of that kind; every failure says where."""
        people = {name: (one, hub) for name, (one, hub) in self.customers().items() if isinstance(one, kind)}
        await _play(people, scenario)

    async def in_groups(self, scenario: GroupScenario, *, topics: bool = False) -> None:
        """Play it at once in a group on every transport."""
        await _play(self.groups(topics=topics), scenario)


async def _play(
    people: Mapping[str, tuple[Anybody, Hub]], scenario: Callable[[Anybody, Hub], Coroutine[Any, Any, None]]
) -> None:
    playing = {name: asyncio.create_task(scenario(one, hub)) for name, (one, hub) in people.items()}
    assert playing
    await asyncio.wait(playing.values())
    failed = [(name, error) for name, task in playing.items() if (error := task.exception()) is not None]
    for name, error in failed:
        error.add_note(f"This was on {name}.")
    if failed:
        raise BaseExceptionGroup(f"It failed on {', '.join(name for name, _ in failed)}", [one for _, one in failed])


def has_read(hub: Hub) -> int:
    """The last mail that the hub has dealt with; -1 before it has looked into its mailbox.

    It logs each at once, and writes its place in the folder seconds later.
    """
    logged = [int(uid) for uid in _READ.findall(hub.log.read_text())]
    found = stored.rows(hub, "SELECT value FROM channel_memory WHERE channel = 'email' AND key = 'place/INBOX'")
    return max([int(json.loads(one["value"])["uid"]) for one in found] + logged, default=-1)


async def settled(customer: Speaker, hub: Hub) -> None:
    """Everything that they wrote is answered, and what was to be sent is sent."""
    await until(lambda: _conversation(customer, hub) and not _open(customer, hub), lambda: _open(customer, hub))


def messages(customer: Speaker, hub: Hub) -> list[dict[str, Any]]:
    """What the hub keeps of their conversation, in its order."""
    kept = "SELECT * FROM message WHERE conversation_id = ? ORDER BY seq"
    return stored.rows(hub, kept, _conversation(customer, hub)["id"])


def attachments(customer: Speaker, hub: Hub) -> list[dict[str, Any]]:
    """The files in it that the hub has."""
    return stored.rows(hub, "SELECT * FROM attachment WHERE conversation_id = ?", _conversation(customer, hub)["id"])


def reactions(customer: Customer, hub: Hub) -> list[dict[str, Any]]:
    """The emoji on its messages, with the message's author."""
    kept = (
        "SELECT r.emoji, r.present, m.author FROM reaction AS r JOIN message AS m ON m.id = r.message_id "
        "WHERE r.conversation_id = ?"
    )
    return stored.rows(hub, kept, _conversation(customer, hub)["id"])


def ratings(customer: Customer, hub: Hub) -> list[str]:
    """What they think of the answers, as the widget's customers say it too."""
    kept = "SELECT rating FROM feedback WHERE conversation_id = ? ORDER BY created_at"
    return [str(row["rating"]) for row in stored.rows(hub, kept, _conversation(customer, hub)["id"])]


async def hand_over(customer: Customer, hub: Hub, text: str, paper: Paper) -> None:
    """A member of staff takes the conversation over and sends a file, by the way through the store that a desk has."""
    conversation = str(_conversation(customer, hub)["id"])
    store = SqlStore(f"sqlite:///{hub.data_dir / 'switchboard.db'}", SystemClock())
    files = FileStore(hub.data_dir / "attachments")
    await store.open()
    try:
        file = await files.put(_in_one(paper.content), name=paper.name, declared_type=paper.media_type)
        await store.add_attachment(conversation, file)
        said = NewMessage(Author.STAFF, text, MessageKind.ANSWER, author_name="Grace", attachments=(file,))
        await change_owner(store, conversation, Transition(OwnershipEvent.CLAIM, owner="Grace"), [said])
    finally:
        await store.close()


async def _in_one(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _conversation(customer: Speaker, hub: Hub) -> dict[str, Any]:
    kept = "SELECT * FROM conversation WHERE channel = ? AND external_id = ?"
    found = stored.rows(hub, kept, customer.channel, customer.who)
    assert len(found) <= 1, found
    return found[0] if found else {}


def _open(customer: Speaker, hub: Hub) -> list[dict[str, Any]]:
    key = _conversation(customer, hub)["id"]
    return [
        *stored.rows(hub, "SELECT last_seq, done_seq FROM conversation WHERE id = ? AND done_seq < last_seq", key),
        *stored.rows(hub, "SELECT status, last_error FROM outbox WHERE conversation_id = ? AND status <> 'sent'", key),
    ]


@asynccontextmanager
async def town(knowledge: Path, folder: Path) -> AsyncIterator[Town]:
    """Everything runs and is at hand."""
    twilio = TwilioFake(lambda: datetime.now(UTC), own_cdn=False)
    await twilio.start()
    try:
        async with (
            SlackFake() as slack,
            SlackFake() as socket_slack,
            TelegramFake() as called,
            TelegramFake() as polled,
        ):
            with post_office() as office:
                hubs = _called(folder, slack, called, twilio, office), _asking(folder, socket_slack, polled)
                built = Town(*hubs, slack, socket_slack, called, polled, twilio, office)
                twilio.hub = twilio.public = built.called.url
                try:
                    await asyncio.gather(*(asyncio.to_thread(_start, hub, knowledge) for hub in hubs))
                    await _at_hand(built)
                    yield built
                finally:
                    for hub in hubs:
                        await asyncio.to_thread(hub.stop)
                        print(f"--- {hub.log} ---\n{hub.log_tail()}")
    finally:
        await twilio.stop()


def _start(hub: Hub, knowledge: Path) -> None:
    copy_of(knowledge, hub.home)
    started(hub)


async def _at_hand(town: Town) -> None:
    await until(lambda: has_read(town.called) >= 0, lambda: town.called.log_tail())
    await town.telegram.until(lambda: bool(town.telegram.webhook["url"]))
    await town.polled_telegram.until(lambda: bool(town.polled_telegram.named("getUpdates")))
    async with asyncio.timeout(PATIENCE):
        await town.socket_slack.connected.wait()


def _called(folder: Path, slack: SlackFake, telegram: TelegramFake, twilio: TwilioFake, office: PostOffice) -> Hub:
    port = free_port()
    login = f"{quote(SUPPORT)}:{quote(PASSWORD, safe='')}"
    environment = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SLACK_BOT_TOKEN": SLACK_TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_BASE_URL": slack.api_url,
        "TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN,
        "TELEGRAM_API_BASE_URL": telegram.url,
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_SECRET": "secret-of-the-webhook",
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_FROM": OURS,
        "TWILIO_WHATSAPP_FROM": OURS,
        "TWILIO_API_BASE_URL": twilio.url,
        "EMAIL_ADDRESS": SUPPORT,
        "EMAIL_IMAP_URL": f"imap+starttls://{login}@localhost:{office.dovecot.imap_port}",
        "EMAIL_SMTP_URL": f"smtp+starttls://{login}@localhost:{office.dovecot.submission_port}",
        "EMAIL_CA_FILE": str(office.dovecot.authority),
        "EMAIL_ANSWERS_PER_DOMAIN": "1000000",  # everybody here has the same one
    }
    return Hub(folder / "called", sources="sample", port=port, environment=environment)


def _asking(folder: Path, slack: SlackFake, telegram: TelegramFake) -> Hub:
    port = free_port()
    environment = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",  # nobody calls it; files that a platform refuses are fetched from there
        "SLACK_BOT_TOKEN": SLACK_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_BASE_URL": slack.api_url,
        "TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN,
        "TELEGRAM_API_BASE_URL": telegram.url,
        "TELEGRAM_MODE": "polling",
    }
    return Hub(folder / "asking", sources="sample", port=port, environment=environment)
