"""No setting that is a secret reaches a log, an error or a traceback, by whatever way it is written there."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from urllib.parse import quote

import click
import pytest
import structlog
from click.testing import CliRunner
from pydantic import SecretStr, ValidationError

from api.logging import LogSettings, configure_logging
from config.cli import main
from config.secret_values import all_secrets
from config.settings import Settings
from core.domain.errors import ConfigError

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_NO_ADDRESS = {"public_url", "slack_api_base_url", "telegram_api_base_url", "twilio_api_base_url"}
"""Addresses that the world may know, or of a provider; a user in them is hidden all the same."""
_ODD = "pä+ss/w'or\"d\\&=%41"

SECRETS = sorted(
    name
    for name, field in Settings.model_fields.items()
    if SecretStr in {field.annotation, *get_args(field.annotation)}
)
ADDRESSES = sorted(
    name for name in Settings.model_fields if re.search(r"(url|endpoint|sources)$", name) and name not in SECRETS
)


def _value(name: str) -> str:
    """Of its own, long enough, and with all that is written differently in an address, in JSON and by Python."""
    return f"{name}-0123456789-0123456789-{_ODD}"


def _address(name: str) -> str:
    return f"https://ada:{quote(_value(name), safe='')}@host.example/path"


def _settings(folder: Path) -> Settings:
    given = {name: _address(name) for name in ADDRESSES} | {name: _value(name) for name in SECRETS}
    given |= {name: _address(name) for name in SECRETS if name.endswith("url")}
    sources = [{"url": f"https://{quote(_value('table'), safe='')}@git.example/docs.git"}]
    more = {"azure_openai_deployment": "d", "knowledge_source": sources, "data_dir": folder}
    return Settings.model_validate({**given, **more, "_env_file": None})


@pytest.fixture
def out(tmp_path: Path) -> Iterator[io.StringIO]:
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    stream = io.StringIO()
    configure_logging(LogSettings("debug", "json"), secrets=all_secrets(_settings(tmp_path)), stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_what_is_called_a_secret_is_one() -> None:
    named = {name for name in Settings.model_fields if _SECRET_NAME.search(name)}
    assert named <= set(SECRETS)
    assert {"embedding_api_key", "secret_key", "reranker_api_key"} <= named
    assert {"database_url", "redis_url", "attachments_url", "knowledge_sources"} <= set(ADDRESSES)


@pytest.mark.parametrize("name", [*SECRETS, *ADDRESSES, "table"])
def test_it_is_hidden_however_it_is_logged(name: str, out: io.StringIO) -> None:
    value, log = _value(name), structlog.get_logger("test")
    for secret in (
        value,
        quote(value),
        quote(value, safe=""),
        f"Bearer {value}",
        f"https://u:{quote(value, safe='')}@host/x?key={quote(value)}",
    ):
        log.warning("plain", text=secret, nested=[{"at": (secret, {secret: secret})}], raw=secret.encode())
        log.warning("within %s a sentence", secret)
        logging.getLogger("httpx").error("request to %s with %r failed", secret, {"header": secret})
        logging.getLogger("library").error("body %s", json.dumps({"sent": secret}))
        try:
            raise RuntimeError(f"cannot use {secret}") from ValueError(secret, secret.encode())
        except RuntimeError as error:
            log.exception("failed", error=str(error), cause=error.__cause__)
    shown = out.getvalue()
    assert len(shown.splitlines()) == 25
    assert f"{name}-0123456789" not in shown, shown[:3000]


@pytest.mark.parametrize("name", [*SECRETS, *ADDRESSES, "table"])
def test_it_is_hidden_where_settings_are_shown(name: str, tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    assert f"{name}-0123456789" not in f"{settings} {settings!r}"


def test_a_wrong_setting_is_named_without_its_value() -> None:
    wrong = {"port": "https://u:a-password-here@x"}
    with pytest.raises(ValidationError, match="port") as refused:
        Settings.model_validate(wrong)
    assert "a-password-here" not in str(refused.value)


@pytest.mark.parametrize("error", [RuntimeError, ConfigError, OSError])
def test_a_command_that_fails_hides_it(error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMBEDDING_API_KEY", _value("embedding_api_key"))

    @click.group(cls=type(main))
    def group() -> None: ...

    @group.command()
    def fail() -> None:
        raise error(f"refused with {_value('embedding_api_key')}")

    ran = CliRunner().invoke(group, ["fail"])
    assert ran.exit_code in (1, 2)
    assert "refused with [hidden]" in ran.output
    assert "0123456789" not in ran.output


def test_names_of_users_and_short_words_stay() -> None:
    settings = Settings.model_validate({"database_url": "postgresql://switchboard@db/switchboard", "_env_file": None})
    assert all_secrets(settings) == ()
