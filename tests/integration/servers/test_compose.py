"""The compose file with an operator's .env: every setting arrives, and its services run as it starts them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from config.settings import Settings
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import APP_TOKEN, STAFF
from config.simulation.slack_world import TOKEN as SLACK_TOKEN
from config.simulation.telegram_fake import TOKEN as TELEGRAM_TOKEN
from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import OURS, SID
from config.simulation.twilio_fake import TOKEN as TWILIO_TOKEN
from tests.fixtures.hub import MakeHub
from tests.patience import PATIENCE
from tests.servers.compose_file import KEYS, MissingVariable, rendered
from tests.servers.process import free_port
from tests.servers.programs import ROOT
from tests.servers.redis import RedisServer

FIXED = {"HOST", "PORT", "DATA_DIR", "DATA_DIR_SHARED", "DATABASE_URL", "REDIS_URL", "CHROMA_URL"}
"""What is right inside the containers only."""
HUBS = ("web", "worker")
SETTINGS = sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("service", HUBS)
def test_every_setting_of_the_env_reaches_the_containers(service: str) -> None:
    given = {name: f"value of {name}" for name in SETTINGS}
    env = KEYS + "".join(f"{name}={value}\n" for name, value in given.items())
    arrived = rendered(env)[service]["environment"]
    lost = {name for name in SETTINGS if arrived.get(name) != given[name]}
    assert lost == FIXED
    assert len(SETTINGS) > 100


@pytest.mark.parametrize("service", HUBS)
def test_a_setting_that_is_not_in_the_env_has_its_default_in_the_containers(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    defaults = Settings()
    for name, value in rendered(KEYS)[service]["environment"].items():
        monkeypatch.setenv(name, value)
    inside = Settings()
    changed = {name.upper() for name in Settings.model_fields if getattr(inside, name) != getattr(defaults, name)}
    assert changed <= FIXED | {"SECRET_KEY", "PUBLIC_URL", "TRUSTED_PROXIES"}


def test_values_of_every_kind_arrive_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the example, each uncommented, and one with the signs that files of this kind give a meaning."""
    monkeypatch.chdir(tmp_path)
    text = re.sub(r"^#([A-Z_]+=.+)$", r"\1", (ROOT / ".env.example").read_text("utf-8"), flags=re.MULTILINE)
    env = text.replace("AZURE_OPENAI_ENDPOINT=", "#") + KEYS + "TWILIO_AUTH_TOKEN='a$b # c'\n"
    for name, value in rendered(env)["web"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.twilio_auth_token is not None
    assert settings.twilio_auth_token.get_secret_value() == "a$b # c"
    assert (settings.company_name, settings.knowledge_sources) == ("Example Ltd", ("/srv/knowledge",))
    assert settings.email_imap_url == SecretStr("imaps://user:password@imap.example.com:993")


@pytest.mark.parametrize("missing", ["SECRET_KEY", "POSTGRES_PASSWORD", "GRAFANA_PASSWORD"])
def test_what_has_no_default_is_asked_for(missing: str) -> None:
    with pytest.raises(MissingVariable, match=missing):
        rendered(KEYS.replace(missing, "OTHER"))


def test_the_documents_are_at_the_same_place_inside_and_outside() -> None:
    worker = rendered(f"{KEYS}KNOWLEDGE_DIR=/srv/knowledge\n")["worker"]
    assert "/srv/knowledge:/srv/knowledge:ro" in worker["volumes"]


def test_tls_ends_at_the_proxy_that_knows_the_public_address() -> None:
    services = rendered(f"{KEYS}PUBLIC_URL=https://chat.example.com\n")
    proxy, caddy = services["proxy"], (ROOT / "deploy/Caddyfile").read_text("utf-8")
    assert proxy["environment"] == {"PUBLIC_URL": "https://chat.example.com"}
    assert proxy["ports"][:2] == ["80:80", "443:443"]
    assert re.search(r"^\{\$PUBLIC_URL\} \{$", caddy, re.MULTILINE)
    assert re.search(r"dynamic a \{\s+name web\s+port 8080\s", caddy)
    assert caddy.count("{") == caddy.count("}")
    assert services["web"]["environment"]["PUBLIC_URL"] == "https://chat.example.com"


async def test_every_channel_is_on_in_the_services_that_compose_starts(
    postgres_url: str, redis_server: RedisServer, make_hub: MakeHub, tmp_path: Path
) -> None:
    """The commands of the file, with its environment, as processes; only the places of its servers are others."""
    async with SlackFake() as slack, TelegramFake() as telegram:
        env = f"""{KEYS}
COMPANY_NAME=Example Ltd
LOG_LEVEL=WARNING
KNOWLEDGE_SOURCES=none
SLACK_BOT_TOKEN={SLACK_TOKEN}
SLACK_APP_TOKEN={APP_TOKEN}
SLACK_API_BASE_URL={slack.api_url}
SLACK_STAFF_CHANNEL={STAFF}
TELEGRAM_BOT_TOKEN={TELEGRAM_TOKEN}
TELEGRAM_API_BASE_URL={telegram.url}
TWILIO_ACCOUNT_SID={SID}
TWILIO_AUTH_TOKEN={TWILIO_TOKEN}
TWILIO_FROM={OURS}
TWILIO_API_BASE_URL=http://127.0.0.1:{free_port()}
EMAIL_ADDRESS=support@example.com
EMAIL_IMAP_URL=imap://user:pw@127.0.0.1:{free_port()}
EMAIL_SMTP_URL=smtp://user:pw@127.0.0.1:{free_port()}
"""
        services = rendered(env)
        places = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_server.url, "HOST": "127.0.0.1"}
        places |= {"CHROMA_URL": f"http://127.0.0.1:{free_port()}", "DATA_DIR": str(tmp_path / "data")}
        found: dict[str, Any] = {}
        for role in HUBS:
            assert services[role]["command"] == ["switchboard", "serve", "--role", role]
            port = free_port()
            environment = services[role]["environment"] | places | {"PORT": str(port)}
            hub = await asyncio.to_thread(make_hub, role=role, port=port, environment=environment)
            found[role] = await _channels(hub.url, tmp_path / "data")
        for role in HUBS:
            assert {"web", "slack", "telegram", "sms", "email"} <= set(found[role]), found


async def _channels(url: str, data_dir: Path) -> dict[str, str]:
    """As an operator, for whom each part is named; asked again where a busy machine let the check's time pass."""
    operator = {"Authorization": f"Bearer {(data_dir / 'operator_token').read_text().strip()}"}
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession(headers=operator) as http:
        while True:
            async with http.get(f"{url}/health/channels") as answer:
                health: dict[str, Any] = await answer.json()
            if health.get("parts"):
                return dict(health["parts"])
