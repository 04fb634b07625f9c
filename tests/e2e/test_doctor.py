"""``switchboard doctor`` beside every platform: its exit code, and that it names what to change and where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from channels.telegram.wire import WANTED
from config.cli import main
from tests.e2e.knowledge_copy import run_command, run_forked
from tests.integration.email_channel.rig import PostOffice, post_office
from tests.servers.dovecot import PASSWORD
from tests.servers.process import free_port
from tests.servers.slack_fake import SlackFake
from tests.servers.slack_world import APP_TOKEN, SECRET, STAFF, Fault
from tests.servers.slack_world import TOKEN as SLACK_TOKEN
from tests.servers.telegram_fake import TOKEN as TELEGRAM_TOKEN
from tests.servers.telegram_fake import TelegramFake
from tests.servers.twilio_fake import OURS, SID, TwilioFake
from tests.servers.twilio_fake import TOKEN as TWILIO_TOKEN

pytestmark = pytest.mark.slow

PUBLIC = "https://hub.example"
SUPPORT = "support@example.com"
ELSEWHERE = "https://other.example/hook/with-a-secret"
SECRETS = (
    SLACK_TOKEN,
    APP_TOKEN,
    SECRET,
    TELEGRAM_TOKEN,
    TWILIO_TOKEN,
    PASSWORD,
    quote(PASSWORD, safe=""),
    "with-a-secret",
)
Environment = dict[str, str]


@dataclass
class World:
    """The platforms."""

    slack: SlackFake
    telegram: TelegramFake
    twilio: TwilioFake
    office: PostOffice

    def environment(self, way: str) -> Environment:
        """What an operator has set for one channel, all of it right."""
        slack = {"SLACK_BOT_TOKEN": SLACK_TOKEN, "SLACK_API_BASE_URL": self.slack.api_url}
        telegram = {"TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN, "TELEGRAM_API_BASE_URL": self.telegram.url}
        public = {"PUBLIC_URL": PUBLIC}
        numbers = {"TWILIO_FROM": OURS, "TWILIO_WHATSAPP_FROM": OURS}
        ways: dict[str, Environment] = {
            "slack over HTTP": {**slack, **public, "SLACK_SIGNING_SECRET": SECRET},
            "slack over Socket Mode": {**slack, "SLACK_APP_TOKEN": APP_TOKEN},
            "telegram by polling": {**telegram, "TELEGRAM_MODE": "polling"},
            "telegram by webhook": {**telegram, **public, "TELEGRAM_MODE": "webhook", "TELEGRAM_WEBHOOK_SECRET": "s1"},
            "sms": {
                **public,
                **numbers,
                "TWILIO_ACCOUNT_SID": SID,
                "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
                "TWILIO_API_BASE_URL": self.twilio.url,
            },
            "email": {**self.mailbox(PASSWORD), "EMAIL_CA_FILE": str(self.office.dovecot.authority)},
        }
        return ways[way]

    def mailbox(self, password: str) -> Environment:
        """Both logins."""
        login, dovecot = f"{quote(SUPPORT)}:{quote(password, safe='')}@localhost", self.office.dovecot
        return {
            "EMAIL_ADDRESS": SUPPORT,
            "EMAIL_IMAP_URL": f"imap+starttls://{login}:{dovecot.imap_port}",
            "EMAIL_SMTP_URL": f"smtp+starttls://{login}:{dovecot.submission_port}",
        }


@dataclass(frozen=True)
class Fix:
    """What is wrong on a way to a channel, and the ``words`` without which the advice would be useless."""

    way: str
    wrong: str
    words: tuple[str, ...]
    changes: Environment = field(default_factory=dict)
    trouble: Callable[[World], object] | None = None


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    """A mail server with all its doors."""
    with post_office() as servers:
        yield servers


@pytest.fixture
async def world(office: PostOffice) -> AsyncIterator[World]:
    """Everything as it should be."""
    async with AsyncExitStack() as stack:
        slack, telegram = await stack.enter_async_context(SlackFake()), await stack.enter_async_context(TelegramFake())
        twilio = TwilioFake(lambda: datetime.now(UTC))
        stack.push_async_callback(twilio.stop)
        await twilio.start()
        yield World(slack, telegram, twilio, office)
        assert telegram.problems == []
        assert office.postman.taken == []
        assert {method for method, _ in twilio.journal} <= {"GET"}


def nowhere(name: str, address: str = "http://127.0.0.1:{port}") -> Environment:
    """An address at which nobody answers."""
    return {name: address.format(port=free_port())}


def told_elsewhere(world: World, url: str = ELSEWHERE) -> None:
    """Telegram sends the bot's messages there."""
    world.telegram.webhook |= {"url": url, "allowed_updates": sorted(WANTED)}


def without_sms(world: World) -> None:
    world.twilio.numbers = [world.twilio.number(OURS, sms=False)]


def number_elsewhere(world: World) -> None:
    world.twilio.numbers = [world.twilio.number(OURS, url=ELSEWHERE)]


def all_well(world: World) -> None:
    """Only Telegram keeps a webhook of ours between two runs."""
    told_elsewhere(world, f"{PUBLIC}/webhooks/telegram")


WAYS = ("slack over HTTP", "slack over Socket Mode", "telegram by polling", "telegram by webhook", "sms", "email")
OWN_HOOK = f"{PUBLIC}/webhooks/telegram"
FIXES = [
    Fix(WAYS[0], "token", ("Install the app again", "SLACK_BOT_TOKEN"), {"SLACK_BOT_TOKEN": "xoxb-wrong"}),
    Fix(
        WAYS[0],
        "scope",
        ("missing: files:read", "Add files:read", "OAuth & Permissions"),
        trouble=lambda world: world.slack.workspaces[SLACK_TOKEN].scopes.discard("files:read"),
    ),
    Fix(WAYS[0], "host", ("SLACK_API_BASE_URL",), nowhere("SLACK_API_BASE_URL", "http://127.0.0.1:{port}/api/")),
    Fix(WAYS[0], "webhook", ("https addresses only", "PUBLIC_URL"), {"PUBLIC_URL": "http://hub.example"}),
    Fix(
        WAYS[0],
        "staff channel unknown",
        ("SLACK_STAFF_CHANNEL", "/invite @"),
        {"SLACK_STAFF_CHANNEL": "C0NOWHERE"},
    ),
    Fix(
        WAYS[0],
        "not in the staff channel",
        ("SLACK_STAFF_CHANNEL", "no member", "/invite @"),
        {"SLACK_STAFF_CHANNEL": STAFF},
        lambda world: setattr(world.slack.channels[STAFF], "member", False),
    ),
    Fix(
        WAYS[0],
        "staff channel archived",
        ("SLACK_STAFF_CHANNEL", "archived"),
        {"SLACK_STAFF_CHANNEL": STAFF},
        lambda world: setattr(world.slack.channels[STAFF], "archived", True),
    ),
    Fix(WAYS[1], "token", ("SLACK_APP_TOKEN", "xapp-"), {"SLACK_APP_TOKEN": "xapp-wrong"}),
    Fix(
        WAYS[1],
        "scope",
        ("connections:write", "SLACK_APP_TOKEN"),
        trouble=lambda world: world.slack.fail("apps.connections.open", Fault(error="missing_scope")),
    ),
    Fix(WAYS[1], "host", ("SLACK_API_BASE_URL",), nowhere("SLACK_API_BASE_URL", "http://127.0.0.1:{port}/api/")),
    Fix(
        WAYS[2], "token", ("@BotFather", "TELEGRAM_BOT_TOKEN"), {"TELEGRAM_BOT_TOKEN": "123456789:WRONG-token_of_a_bot"}
    ),
    Fix(WAYS[2], "host", ("TELEGRAM_API_BASE_URL",), nowhere("TELEGRAM_API_BASE_URL")),
    Fix(WAYS[2], "webhook", ("other.example", "TELEGRAM_MODE=webhook"), trouble=told_elsewhere),
    Fix(
        WAYS[3], "token", ("@BotFather", "TELEGRAM_BOT_TOKEN"), {"TELEGRAM_BOT_TOKEN": "123456789:WRONG-token_of_a_bot"}
    ),
    Fix(WAYS[3], "host", ("TELEGRAM_API_BASE_URL",), nowhere("TELEGRAM_API_BASE_URL")),
    Fix(WAYS[3], "webhook", ("other.example", "Stop the program that set it"), trouble=told_elsewhere),
    Fix(
        WAYS[3],
        "rights",
        ("Not all kinds", "Restart the server"),
        trouble=lambda world: world.telegram.webhook.update(url=OWN_HOOK, allowed_updates=["message"]),
    ),
    Fix(WAYS[4], "token", ("TWILIO_AUTH_TOKEN", "console.twilio.com"), {"TWILIO_AUTH_TOKEN": "b" * 32}),
    Fix(WAYS[4], "rights", ("Buy a number with SMS", "TWILIO_FROM"), trouble=without_sms),
    Fix(WAYS[4], "host", ("TWILIO_API_BASE_URL",), nowhere("TWILIO_API_BASE_URL")),
    Fix(
        WAYS[4],
        "webhook",
        ("go to other.example.", "A message comes in", f"{PUBLIC}/webhooks/twilio"),
        trouble=number_elsewhere,
    ),
    Fix(WAYS[5], "imap host", ("EMAIL_IMAP_URL",), nowhere("EMAIL_IMAP_URL", "imaps://u:p@127.0.0.1:{port}")),
    Fix(WAYS[5], "smtp host", ("EMAIL_SMTP_URL",), nowhere("EMAIL_SMTP_URL", "smtps://u:p@127.0.0.1:{port}")),
    Fix(WAYS[5], "authority", ("EMAIL_CA_FILE",), {"EMAIL_CA_FILE": ""}),
]


async def doctor(folder: Path, way: str, environment: Environment) -> tuple[int, str]:
    """The command, called in this process: exit code and output."""
    given = {**environment, "DATA_DIR": str(folder / "var")}
    runner = CliRunner()
    ran = await asyncio.to_thread(runner.invoke, main, ["doctor", *way.split()[:1]], env=given)
    shown = safe(ran.output)
    assert isinstance(ran.exception, SystemExit | None), shown
    return ran.exit_code, shown


def safe(output: str) -> str:
    """No secret is shown."""
    assert not any(secret in output for secret in SECRETS), output
    return output


@pytest.mark.parametrize("fix", FIXES, ids=lambda fix: f"{fix.way}: {fix.wrong}")
async def test_what_is_wrong_is_named_with_what_to_change(
    world: World, fix: Fix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {**world.environment(fix.way), **fix.changes}
    if fix.trouble is not None:
        fix.trouble(world)
    code, shown = await doctor(tmp_path, fix.way, environment)
    assert code == 1, shown
    assert "WRONG" in shown
    advice = shown[shown.index("WRONG") :]
    assert "to mend it: " in advice
    assert all(word in advice for word in fix.words), shown


async def test_a_wrong_password_and_a_sender_that_is_not_ours(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    right = world.environment("email")
    code, shown = await doctor(tmp_path, "email", {**right, **world.mailbox("wrong")})
    assert code == 1
    assert "EMAIL_IMAP_URL" in shown
    assert "EMAIL_SMTP_URL" in shown
    world.office.postman.refusals.mail.append("553 5.7.1 Sender address rejected: not owned by user")
    straight = {"EMAIL_SMTP_URL": f"smtp://127.0.0.1:{world.office.postman.port}"}
    code, shown = await doctor(tmp_path, "email", {**right, **straight})
    assert code == 1
    assert "EMAIL_ADDRESS" in shown


@pytest.mark.parametrize("way", WAYS)
async def test_all_is_well(world: World, tmp_path: Path, way: str) -> None:
    """As a process of its own, with nothing in its environment but what is needed."""
    if way == "telegram by webhook":
        all_well(world)
    name = way.partition(" ")[0]
    ran = await asyncio.to_thread(run_forked, tmp_path / "var", "doctor", name, **world.environment(way))
    shown = safe(ran.stdout + ran.stderr)
    assert ran.returncode == 0, shown
    assert f"{name:<10} ok" in shown
    assert "WRONG" not in shown


async def test_all_channels_at_once_and_one_of_them_is_ill(world: World, tmp_path: Path) -> None:
    ways = ("slack over HTTP", "telegram by polling", "sms")
    environment = {name: value for way in ways for name, value in world.environment(way).items()}
    environment["TWILIO_AUTH_TOKEN"] = "b" * 32
    ran = await asyncio.to_thread(run_command, tmp_path / "var", "doctor", **environment)
    shown = safe(ran.stdout + ran.stderr)
    assert ran.returncode == 1, shown
    lines = shown.splitlines()
    assert {line.split()[0] for line in lines if " WRONG " in line} == {"sms"}
    assert {line.split()[0] for line in lines if " ok " in line} >= {"slack", "telegram"}
    assert any(line.split()[:2] == ["email", "off"] and "EMAIL_ADDRESS" in line for line in lines)


HALVES: list[tuple[str, str, Environment]] = [
    ("slack", "SLACK_BOT_TOKEN", {"SLACK_STAFF_CHANNEL": STAFF}),
    ("sms", "TWILIO_ACCOUNT_SID", {"TWILIO_AUTH_TOKEN": TWILIO_TOKEN, "TWILIO_FROM": OURS}),
    ("email", "EMAIL_ADDRESS", {"EMAIL_IMAP_URL": "imaps://u:p@127.0.0.1:993"}),
    ("telegram", "TELEGRAM_BOT_TOKEN", {"TELEGRAM_WEBHOOK_SECRET": "s1"}),
]


@pytest.mark.parametrize(("name", "missing", "environment"), HALVES, ids=lambda value: str(value)[:12])
async def test_half_of_a_channel_is_not_taken_for_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, missing: str, environment: Environment
) -> None:
    monkeypatch.chdir(tmp_path)
    for chosen in (name, ""):
        code, shown = await doctor(tmp_path, chosen, environment)
        assert code == 1, shown
        [line] = [line for line in shown.splitlines() if line.startswith(name)]
        assert line.split()[1:3] == ["WRONG", f"{missing}:"]
        assert all(given in line for given in environment)
    code, shown = await doctor(tmp_path, "email" if name != "email" else "sms", environment)
    assert code == 0, shown


MALFORMED: list[tuple[str, str, Environment]] = [
    ("settings", "PORT: ", {"PORT": "eighty"}),
    ("settings", "LEASE_SECONDS: ", {"LEASE_SECONDS": "0"}),
    ("settings", "SECRET_KEY must have at least 32 characters", {"SECRET_KEY": "short"}),
    ("settings", "SECRET_KEY must have at least 32 characters", {"SECRET_KEY": "short", "PORT": "eighty"}),
    ("settings", "DESK_HOURS: ", {"DESK_HOURS": "whenever"}),
    ("settings", "GAPS_POST: ", {"GAPS_POST": "Mon 25:00"}),
    ("telegram", "TELEGRAM_BOT_TOKEN", {"TELEGRAM_BOT_TOKEN": "nonsense"}),
    ("sms", "begins with AC", {"TWILIO_ACCOUNT_SID": "nonsense"}),
    ("email", "EMAIL_IMAP_URL", {"EMAIL_ADDRESS": SUPPORT}),
    ("email", "EMAIL_IMAP_URL begins", {"EMAIL_ADDRESS": SUPPORT, "EMAIL_IMAP_URL": "?", "EMAIL_SMTP_URL": "?"}),
    ("slack-desk", "SLACK_DESK_SIGNING_SECRET", {"SLACK_STAFF_CHANNEL": STAFF, "SLACK_DESK_BOT_TOKEN": "xoxb-1"}),
]


@pytest.mark.parametrize(("name", "said", "environment"), MALFORMED, ids=lambda value: str(value)[:24])
async def test_one_malformed_setting_hides_nothing_else(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str, environment: Environment
) -> None:
    monkeypatch.chdir(tmp_path)
    right = world.environment("slack over Socket Mode")
    code, shown = await doctor(tmp_path, "", {**right, **environment})
    assert code == 1, shown
    lines = shown.splitlines()
    assert {line.split()[0] for line in lines if " WRONG " in line} == {name}, shown
    assert any(said in line for line in lines), shown
    assert any(line.startswith("slack ") and " ok " in line for line in lines), shown


async def test_a_staff_channel_without_its_id_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown = await doctor(tmp_path, "slack", {"SLACK_STAFF_CHANNEL": "#support"})
    assert code != 0
    assert "SLACK_STAFF_CHANNEL: '#support' is no channel's id" in shown


async def test_the_staff_channel_is_looked_at(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {**world.environment("slack over HTTP"), "SLACK_STAFF_CHANNEL": STAFF}
    code, shown = await doctor(tmp_path, "slack", environment)
    assert code == 0, shown
    assert "cases are shown in #help-desk" in shown
