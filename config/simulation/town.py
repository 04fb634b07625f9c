"""A hub with every channel, and the platforms that play here for it, all on loopback."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from config.groups.agent import AgentGroup
from config.groups.answers import AnswersGroup
from config.groups.features import FeaturesGroup
from config.groups.knowledge import KnowledgeGroup
from config.groups.reranking import RerankingGroup
from config.groups.tools import ToolsGroup
from config.hub import Hub
from config.sample_company.process import SAMPLE, sample_company, with_sample_company
from config.settings import Settings, read_settings
from config.simulation.clock import MovedClock
from config.simulation.loopback import PATIENCE, free_port
from config.simulation.mail_fake import OURS as MAILBOX
from config.simulation.mail_fake import SERVER as MAIL_SERVER
from config.simulation.mail_fake import MailFake
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import SECRET, STAFF
from config.simulation.slack_world import TOKEN as SLACK_TOKEN
from config.simulation.telegram_fake import TOKEN as TELEGRAM_TOKEN
from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import OURS, SID, TwilioFake
from config.simulation.twilio_fake import TOKEN as TWILIO_TOKEN

_KEPT = (AgentGroup, AnswersGroup, FeaturesGroup, KnowledgeGroup, RerankingGroup)
"""Settings that are taken as they are: how the hub answers, and from what. No account, database, tool or person among them:
a tool would change something real at the word of a customer who is played."""
_LOOK_SECONDS = 0.05
_REACHES = ("_api_key", "_webhook_secret", "_url", "_endpoint")
"""Ends of the names of settings by which a key of the owner could get to another server."""
SETTABLE = frozenset(
    name for group in (*_KEPT, ToolsGroup) for name in group.model_fields if not name.endswith(_REACHES)
) | {"desk_hours", "desk_time_zone"}
"""What a file of conversations may set: nothing by which the hub reaches a real account, a database or a model elsewhere."""
_UNLIMITED = (
    "sessions_per_address",
    "sessions_in_all",
    "messages_in_all",
    "uploads_in_all",
    "messages_per_address",
    "uploads_per_address",
    "unsent_bytes_per_address",
    "file_bytes_per_address",
    "file_bytes_in_all",
    "escalations_per_customer",
    "escalations_in_all",
    "disk_reserve_bytes",
)
"""All customers here have one address."""


@dataclass(frozen=True)
class Town:
    """Everything runs."""

    hub: Hub
    slack: SlackFake
    telegram: TelegramFake
    twilio: TwilioFake
    mail: MailFake
    clock: MovedClock

    @property
    def url(self) -> str:
        """The hub's, without a slash at the end."""
        return f"http://127.0.0.1:{self.hub.port}"

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """The result of a SELECT on the hub's database."""
        uri = f"file:{self.hub.settings.data_dir / 'switchboard.db'}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement, values)]


@asynccontextmanager
async def town(
    folder: Path, changes: Mapping[str, Any], *, port: int | None = None, begin: datetime | None = None
) -> AsyncIterator[Town]:
    """It begins when the documents are at hand. ``folder`` holds the hub's data; ``changes``: settings that differ.

    ``begin``: what time it is then, if not the real one.
    """
    clock = MovedClock(begin)
    twilio = TwilioFake(clock.now, own_cdn=False)
    async with AsyncExitStack() as stack:
        await twilio.start()
        stack.push_async_callback(twilio.stop)
        slack = await stack.enter_async_context(SlackFake())
        telegram = await stack.enter_async_context(TelegramFake(group_limit=1_000_000))
        mail = await stack.enter_async_context(MailFake())
        mail.now = clock.now
        slack.now = telegram.now = lambda: clock.now().timestamp()
        port = port or free_port()
        if SAMPLE in (changes.get("openapi_tools"), changes.get("mcp_servers")):
            changes = with_sample_company(changes, await stack.enter_async_context(sample_company()))
        hub = Hub(settings_of_town(folder, port, slack, telegram, twilio, mail, changes), clock=clock)
        for channel in hub.channels.values():  # nobody here minds how fast messages come
            channel.capabilities = replace(channel.capabilities, pace=None)
        built = Town(hub, slack, telegram, twilio, mail, clock)
        twilio.hub = twilio.public = built.url
        stack.push_async_callback(hub.stop)
        await hub.start()
        if hub.settings.knowledge_sources and not hub.indexing.idle_without_sources:
            await hub.knowledge.warm()
            await hub.indexing.first_run()
        await telegram.until(lambda: bool(telegram.webhook["url"]))
        await _until_tools(hub)
        if "email_imap_url" not in changes:
            await mail.until_read()
        yield built


async def _until_tools(hub: Hub) -> None:
    """Until each MCP server has said which tools it has; without a model nothing asks it."""
    servers = hub.settings.mcp_servers if hub.settings.has_model else ()
    async with asyncio.timeout(PATIENCE):
        while not all(  # noqa: ASYNC110 - the hub tells nobody
            hub.metrics.registry.get_sample_value("switchboard_tool_server_tools", {"server": name}) for name in servers
        ):
            await asyncio.sleep(_LOOK_SECONDS)


def settings_of_town(
    folder: Path,
    port: int,
    slack: SlackFake,
    telegram: TelegramFake,
    twilio: TwilioFake,
    mail: MailFake,
    changes: Mapping[str, Any],
) -> Settings:
    """As configured where it concerns answers; every account is of a platform here, and nothing real is in reach."""
    given = read_settings()
    defaults = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in Settings.model_fields.items()
        if not field.is_required()
    }
    kept = {name for group in _KEPT for name in group.model_fields} | {"embedding_cache"}
    played = {
        "host": "127.0.0.1",
        "port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "data_dir": folder,
        "log_level": given.log_level,
        "slack_bot_token": SLACK_TOKEN,
        "slack_signing_secret": SECRET,
        "slack_api_base_url": slack.api_url,
        "slack_staff_channel": STAFF,
        "desk_undo_seconds": 0,
        "telegram_bot_token": TELEGRAM_TOKEN,
        "telegram_api_base_url": telegram.url,
        "telegram_mode": "webhook",
        "telegram_webhook_secret": "secret-of-the-webhook",
        "twilio_account_sid": SID,
        "twilio_auth_token": TWILIO_TOKEN,
        "twilio_from": OURS,
        "twilio_whatsapp_from": OURS,
        "twilio_api_base_url": twilio.url,
        "email_address": MAILBOX,
        "email_imap_url": mail.imap_url,
        "email_smtp_url": mail.smtp_url,
        "email_authserv_id": MAIL_SERVER,
        "email_answers_per_domain": 1_000_000,
    }
    kept_values = {name: getattr(given, name) for name in kept if name in Settings.model_fields}
    return read_settings(**{**defaults, **kept_values, **dict.fromkeys(_UNLIMITED, 0), **played, **changes})
