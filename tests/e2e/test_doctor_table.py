"""A table of wrong settings, each alone: ``switchboard doctor`` names the variable and says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from config.cli import main
from tests.integration.email_channel.rig import PostOffice, post_office
from tests.servers.dovecot import PASSWORD
from tests.servers.model_fake import DEPLOYMENT, KEY, LIMITED, MODEL, ModelFake
from tests.servers.process import free_port
from tests.servers.slack_fake import SlackFake
from tests.servers.slack_world import APP_TOKEN, SECRET, STAFF
from tests.servers.slack_world import TOKEN as SLACK_TOKEN
from tests.servers.telegram_fake import TOKEN as TELEGRAM_TOKEN
from tests.servers.telegram_fake import TelegramFake
from tests.servers.twilio_fake import OURS, SID, TwilioFake
from tests.servers.twilio_fake import TOKEN as TWILIO_TOKEN

pytestmark = pytest.mark.slow

PUBLIC = "https://hub.example"
Environment = dict[str, str]


class World(dict[str, Environment]):
    """By name, what an operator has set for one part, all of it right; and the fake of the model."""

    model: ModelFake


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
        model = await stack.enter_async_context(ModelFake())
        twilio = TwilioFake(lambda: datetime.now(UTC))
        stack.push_async_callback(twilio.stop)
        await twilio.start()
        login, dovecot = f"{quote('support@example.com')}:{quote(PASSWORD, safe='')}@localhost", office.dovecot
        bot = {"SLACK_BOT_TOKEN": SLACK_TOKEN, "SLACK_API_BASE_URL": slack.api_url}
        made = World(
            nothing={},
            slack={**bot, "PUBLIC_URL": PUBLIC, "SLACK_SIGNING_SECRET": SECRET},
            socket={**bot, "SLACK_APP_TOKEN": APP_TOKEN},
            telegram={"TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN, "TELEGRAM_API_BASE_URL": telegram.url},
            sms={
                "TWILIO_ACCOUNT_SID": SID,
                "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
                "TWILIO_FROM": OURS,
                "TWILIO_API_BASE_URL": twilio.url,
                "PUBLIC_URL": PUBLIC,
            },
            email={
                "EMAIL_ADDRESS": "support@example.com",
                "EMAIL_IMAP_URL": f"imap+starttls://{login}:{dovecot.imap_port}",
                "EMAIL_SMTP_URL": f"smtp+starttls://{login}:{dovecot.submission_port}",
                "EMAIL_CA_FILE": str(dovecot.authority),
            },
            model={"OPENAI_BASE_URL": f"{model.origin}/v1", "OPENAI_API_KEY": KEY, "OPENAI_MODEL": MODEL},
            azure={
                "AZURE_OPENAI_ENDPOINT": model.origin,
                "AZURE_OPENAI_API_KEY": KEY,
                "AZURE_OPENAI_DEPLOYMENT": DEPLOYMENT,
            },
        )
        made.model = model
        yield made
        assert model.tokens == 0, "looking costs nothing"


@dataclass(frozen=True)
class Wrong:
    """What is changed on a part that works, and the words of the line that is ``WRONG`` and of its advice.

    ``{port}`` is one at which nobody listens, ``{model}`` the model's origin. ``never``: what would lead astray.
    """

    part: str
    changes: Environment
    words: tuple[str, ...]
    never: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.part} {' '.join(f'{name}={value}' for name, value in self.changes.items())}"[:70]


CLOSED = "http://127.0.0.1:{port}"
TABLE = [
    # Values that cannot be
    Wrong("nothing", {"PORT": "eighty"}, ("PORT", "integer", "Port to listen on")),
    Wrong("nothing", {"LOG_LEVEL": "loud"}, ("LOG_LEVEL", "'debug', 'info', 'warning' or 'error'")),
    Wrong("nothing", {"SECRET_KEY": "short"}, ("SECRET_KEY", "openssl rand -hex 32")),
    Wrong("nothing", {"PUBLIC_URL": "hub.example"}, ("PUBLIC_URL", "must start with http:// or https://")),
    Wrong("nothing", {"WIDGET_IDENTITY_SECRET": "short"}, ("WIDGET_IDENTITY_SECRET", "openssl rand -hex 32")),
    Wrong("nothing", {"DESK_HOURS": "whenever"}, ("DESK_HOURS", "Mon-Fri 09:00-17:30")),
    Wrong("nothing", {"DESK_TIME_ZONE": "Berlin"}, ("DESK_TIME_ZONE", "Europe/Berlin")),
    Wrong("nothing", {"KNOWLEDGE_REINDEX_CRON": "at noon"}, ("KNOWLEDGE_REINDEX_CRON", "five fields")),
    Wrong("nothing", {"KNOWLEDGE_SOURCES": "/nowhere/docs"}, ("/nowhere/docs", "KNOWLEDGE_SOURCES")),
    Wrong("nothing", {"KNOWLEDGE_WEBHOOK_SECRET": "short"}, ("KNOWLEDGE_WEBHOOK_SECRET", "openssl rand -hex 32")),
    Wrong("nothing", {"DISK_RESERVE_BYTES": "9" * 18}, ("DISK_RESERVE_BYTES", "Make room")),
    Wrong("nothing", {"SLACK_STAFF_CHANNEL": "#support"}, ("SLACK_STAFF_CHANNEL", "copy the id")),
    Wrong("nothing", {"ATTACHMENTS_URL": "/srv/files"}, ("ATTACHMENTS_URL", "s3://bucket/prefix")),
    # Names that are not quite
    Wrong("nothing", {"SLACK_BOT_TOKN": SLACK_TOKEN}, ("SLACK_BOT_TOKN", "mean SLACK_BOT_TOKEN?")),
    Wrong("nothing", {"TELEGRAM_BOTTOKEN": TELEGRAM_TOKEN}, ("mean TELEGRAM_BOT_TOKEN?",)),
    Wrong("nothing", {"TWILLIO_ACCOUNT_SID": SID}, ("mean TWILIO_ACCOUNT_SID?",)),
    Wrong("nothing", {"EMAIL_ADRESS": "a@b.example"}, ("mean EMAIL_ADDRESS?",)),
    Wrong("nothing", {"OPENAI_APIKEY": KEY}, ("mean OPENAI_API_KEY?",)),
    Wrong("nothing", {"KNOWLEGDE_SOURCES": "docs"}, ("mean KNOWLEDGE_SOURCES?",)),
    # Halves
    Wrong("nothing", {"SLACK_APP_TOKEN": APP_TOKEN}, ("Set SLACK_BOT_TOKEN",)),
    Wrong("nothing", {"TELEGRAM_WEBHOOK_SECRET": "s1"}, ("Set TELEGRAM_BOT_TOKEN",)),
    Wrong("nothing", {"TWILIO_FROM": OURS}, ("Set TWILIO_ACCOUNT_SID",)),
    Wrong("nothing", {"EMAIL_IMAP_URL": "imaps://u:p@mail.example"}, ("Set EMAIL_ADDRESS",)),
    # Slack
    Wrong(
        "slack", {"SLACK_BOT_TOKEN": "xoxb-wrong"}, ("SLACK_BOT_TOKEN", "Install the app again"), ("SLACK_APP_TOKEN",)
    ),
    Wrong("slack", {"SLACK_BOT_TOKEN": APP_TOKEN}, ("SLACK_BOT_TOKEN", "app-level token", "OAuth & Permissions")),
    Wrong("socket", {"SLACK_APP_TOKEN": "xapp-wrong"}, ("SLACK_APP_TOKEN", "connections:write"), ("SLACK_BOT_TOKEN",)),
    Wrong("socket", {"SLACK_APP_TOKEN": SLACK_TOKEN}, ("SLACK_APP_TOKEN", "is a bot token", "Basic Information")),
    Wrong("slack", {"SLACK_SIGNING_SECRET": ""}, ("SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN (Socket Mode)")),
    Wrong("slack", {"PUBLIC_URL": ""}, ("Set PUBLIC_URL", "SLACK_APP_TOKEN")),
    Wrong("slack", {"PUBLIC_URL": "http://hub.example"}, ("PUBLIC_URL", "https", "Event Subscriptions")),
    Wrong("slack", {"SLACK_STAFF_CHANNEL": "C0NOWHERE"}, ("SLACK_STAFF_CHANNEL", "/invite @")),
    Wrong("slack", {"SLACK_API_BASE_URL": f"{CLOSED}/api/"}, ("SLACK_API_BASE_URL", "firewall")),
    Wrong("slack", {"SLACK_CLIENT_ID": "1.2"}, ("Set SLACK_CLIENT_ID, SLACK_CLIENT_SECRET",)),
    Wrong("slack", {"SLACK_STAFF_CHANNEL": STAFF, "SLACK_DESK_BOT_TOKEN": "xoxb-1"}, ("SLACK_DESK_SIGNING_SECRET",)),
    # Telegram
    Wrong("telegram", {"TELEGRAM_BOT_TOKEN": "nonsense"}, ("TELEGRAM_BOT_TOKEN", "@BotFather")),
    Wrong("telegram", {"TELEGRAM_BOT_TOKEN": "123456789:WRONG-token_of_a_bot"}, ("TELEGRAM_BOT_TOKEN", "/mybots")),
    Wrong("telegram", {"TELEGRAM_MODE": "webhooks"}, ("TELEGRAM_MODE", "'polling' or 'webhook'")),
    Wrong("telegram", {"TELEGRAM_MODE": "webhook"}, ("TELEGRAM_WEBHOOK_SECRET", "any long random word")),
    Wrong(
        "telegram",
        {"TELEGRAM_MODE": "webhook", "TELEGRAM_WEBHOOK_SECRET": "s1"},
        ("Set PUBLIC_URL, or TELEGRAM_MODE=polling",),
    ),
    Wrong("telegram", {"TELEGRAM_API_BASE_URL": CLOSED}, ("TELEGRAM_API_BASE_URL", "firewall")),
    # SMS
    Wrong("sms", {"TWILIO_ACCOUNT_SID": "nonsense"}, ("TWILIO_ACCOUNT_SID begins with AC",)),
    Wrong("sms", {"TWILIO_AUTH_TOKEN": "b" * 32}, ("TWILIO_AUTH_TOKEN", "console.twilio.com")),
    Wrong("sms", {"TWILIO_FROM": ""}, ("Set TWILIO_FROM",)),
    Wrong("sms", {"TWILIO_FROM": "+15557654321"}, ("Set TWILIO_FROM to a number from", "Active numbers")),
    Wrong("sms", {"PUBLIC_URL": ""}, ("Set PUBLIC_URL", "https")),
    Wrong("sms", {"TWILIO_API_BASE_URL": CLOSED}, ("TWILIO_API_BASE_URL",)),
    # E-mail
    Wrong("email", {"EMAIL_IMAP_URL": ""}, ("needs EMAIL_IMAP_URL",)),
    Wrong("email", {"EMAIL_SMTP_URL": "mail.example"}, ("EMAIL_SMTP_URL begins",)),
    Wrong("email", {"EMAIL_IMAP_URL": "imaps://u:p@127.0.0.1:{port}"}, ("EMAIL_IMAP_URL", "firewall")),
    Wrong("email", {"EMAIL_CA_FILE": ""}, ("EMAIL_CA_FILE", "authority")),
    Wrong("email", {"EMAIL_CA_FILE": "/nowhere.pem"}, ("EMAIL_CA_FILE", "PEM")),
    # The model
    Wrong("model", {"OPENAI_API_KEY": "sk-wrong"}, ("OPENAI_API_KEY", "refuses the key", "Copy a key of 127.0.0.1")),
    Wrong("model", {"OPENAI_API_KEY": ""}, ("Set OPENAI_API_KEY", "asks for a key")),
    Wrong("model", {"OPENAI_API_KEY": LIMITED}, ("OPENAI_API_KEY", "quota")),
    Wrong("model", {"OPENAI_MODEL": "gpt-6"}, ("Set OPENAI_MODEL to one that is there: large:latest, small-1",)),
    Wrong("model", {"OPENAI_BASE_URL": "{model}"}, ("Set OPENAI_BASE_URL to {model}/v1.",)),
    Wrong("model", {"OPENAI_BASE_URL": "{model}/v1/chat/completions"}, ("Set OPENAI_BASE_URL to {model}/v1.",)),
    Wrong("model", {"OPENAI_BASE_URL": "{model}/v2"}, ("OPENAI_BASE_URL", "usually ends in /v1")),
    Wrong("model", {"OPENAI_BASE_URL": "{model}/site"}, ("OPENAI_BASE_URL", "no model's API")),
    Wrong("model", {"OPENAI_BASE_URL": f"{CLOSED}/v1"}, ("OPENAI_BASE_URL", "Start the server", "container")),
    Wrong(
        "model",
        {"OPENAI_BASE_URL": "https://nobody.invalid/v1"},
        ("OPENAI_BASE_URL", "let this machine reach nobody.invalid"),
    ),
    Wrong("azure", {"AZURE_OPENAI_API_KEY": "wrong"}, ("AZURE_OPENAI_API_KEY", "Keys and Endpoint")),
    Wrong("azure", {"AZURE_OPENAI_DEPLOYMENT": "other"}, ("Set AZURE_OPENAI_DEPLOYMENT", "list of deployments")),
    Wrong("azure", {"AZURE_OPENAI_ENDPOINT": "{model}/v1"}, ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_VERSION")),
    Wrong("azure", {"AZURE_OPENAI_API_KEY": ""}, ("also needs AZURE_OPENAI_API_KEY",)),
    # Servers of the hub's own
    Wrong("nothing", {"EMBEDDING_BASE_URL": f"{CLOSED}/v1"}, ("EMBEDDING_BASE_URL", "Start the server")),
    Wrong("nothing", {"DATABASE_URL": "postgresql://u:p@127.0.0.1:{port}/hub"}, ("DATABASE_URL", "user, password")),
    Wrong("nothing", {"DATABASE_URL": "mysql://u:p@127.0.0.1/hub"}, ("DATABASE_URL",)),
    Wrong("nothing", {"REDIS_URL": "redis://127.0.0.1:{port}/0"}, ("REDIS_URL", "or leave it out")),
    Wrong("nothing", {"CHROMA_URL": CLOSED}, ("CHROMA_URL", "Chroma server that runs")),
]


async def doctor(folder: Path, environment: Environment) -> tuple[int, str]:
    """The command, called in this process: exit code and output."""
    given: dict[str, str | None] = {**environment, "DATA_DIR": str(folder / "var")}
    ran = await asyncio.to_thread(CliRunner().invoke, main, ["doctor"], env=given)
    assert isinstance(ran.exception, SystemExit | None), ran.output
    return ran.exit_code, ran.output


@pytest.mark.parametrize("wrong", TABLE, ids=str)
async def test_the_variable_is_named_with_what_to_do(
    world: World, wrong: Wrong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"port": free_port(), "model": world.model.origin}
    changes = {name: value.format(**places) for name, value in wrong.changes.items()}
    code, shown = await doctor(tmp_path, {**world[wrong.part], **changes})
    assert code == 1, shown
    advice = _advice(shown)
    assert all(word.format(**places) in advice for word in wrong.words), shown
    assert not any(word in advice for word in wrong.never), shown


def _advice(shown: str) -> str:
    """Lines of what is wrong, with what mends it."""
    return "\n".join(line for line in shown.splitlines() if " WRONG " in line or line.startswith(" " * 18))


def test_the_table_is_long_enough() -> None:
    assert len({str(wrong) for wrong in TABLE}) >= 40


@pytest.mark.parametrize("part", ["nothing", "slack", "socket", "telegram", "email", "model", "azure"])
async def test_nothing_is_wrong_where_nothing_is(
    world: World, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown = await doctor(tmp_path, world[part])
    assert code == 0, shown


async def test_a_server_that_lists_no_models_is_no_fault_and_its_key_is_looked_at(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world.model.lists = False
    code, shown = await doctor(tmp_path, world["model"])
    assert code == 0, shown
    code, shown = await doctor(tmp_path, {**world["model"], "OPENAI_API_KEY": "sk-wrong"})
    assert code == 1
    assert "OPENAI_API_KEY" in _advice(shown)


async def test_a_slip_in_our_own_file_is_found_and_names_of_other_programs_are_not_ours(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    foreign = (
        "SLACK_API_TOKEN",
        "SLACK_WEBHOOK_URL",
        "TWILIO_API_KEY",
        "OPENAI_ORG_ID",
        "EMAIL_HOST",
        "SECRET_KEY_BASE",
    )
    code, shown = await doctor(tmp_path, dict.fromkeys((*foreign, "POSTGRES_PASSWORD", "KNOWLEDGE_DIR"), "x"))
    assert code == 0, shown
    (tmp_path / ".env").write_text("PUBLIC_ULR=https://hub.example\nKNOWLEDGE_DIR=/srv/knowledge\n")
    code, shown = await doctor(tmp_path, {})
    assert code == 1
    assert "PUBLIC_ULR: is no setting" in _advice(shown)
    assert "mean PUBLIC_URL?" in _advice(shown)
    assert "KNOWLEDGE_DIR" not in shown


async def test_what_to_paste_at_slack_is_said(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, shown = await doctor(tmp_path, world["slack"])
    assert f"paste {PUBLIC}/webhooks/slack in Event Subscriptions, in Interactivity" in shown


async def test_what_waits_for_others_waits_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers nobody before all three have asked; asked one after the other, each would be given up."""
    monkeypatch.chdir(tmp_path)
    arrived = asyncio.Barrier(3)

    async def answer(_request: web.Request) -> web.Response:
        await arrived.wait()
        return web.json_response({"data": [{"id": MODEL}]})

    app = web.Application()
    for path in ("/v1/models", "/embed/models", "/api/v2/heartbeat"):
        app.router.add_get(path, answer)
    async with TestServer(app, host="127.0.0.1") as server:
        origin = str(server.make_url("")).rstrip("/")
        asked = {"OPENAI_BASE_URL": f"{origin}/v1", "OPENAI_MODEL": MODEL, "EMBEDDING_BASE_URL": f"{origin}/embed"}
        code, shown = await doctor(tmp_path, {**asked, "CHROMA_URL": origin})
    assert code == 0, shown


async def test_lines_that_set_nothing_are_told_by_number_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "# fine\nCOMPANY_NAME=Acme\nSLACK_BOT_TOKEN xoxb-secret\nOPENAI_API_KEY\n\nPORT=8080\n"
    )
    code, shown = await doctor(tmp_path, {})
    assert code == 1
    assert "line 3 sets nothing" in _advice(shown)
    assert "line 4 sets nothing" in _advice(shown)
    assert "Write NAME=value" in _advice(shown)
    assert "xoxb-secret" not in shown


async def test_a_file_that_is_no_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"COMPANY_NAME=\xff\xfe\n")
    code, shown = await doctor(tmp_path, {})
    assert code == 2
    assert ".env is no text in UTF-8" in shown
    assert "Traceback" not in shown
