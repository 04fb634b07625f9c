"""Which channels are on: those whose credentials are set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config import parts
from config.channels import CREDENTIALS, make_channels
from config.settings import read_settings
from core.attachments.file_store import FileStore
from core.attachments.object_store import ObjectStore
from core.clock import SystemClock
from core.domain.errors import ConfigError
from core.ports.channel import Channel, SupportsDiagnosis
from core.ports.metrics import NoMetrics
from tests.calls_here import CallsHere

TELEGRAM = {"telegram_bot_token": "123456:ABC-DEF_ghi"}
SMS = {"twilio_account_sid": "AC" + "0" * 32, "twilio_auth_token": "t", "twilio_from": "+15005550006"}
SLACK = {"slack_bot_token": "xoxb-1", "slack_signing_secret": "s"}
EMAIL = {
    "email_address": "support@example.com",
    "email_imap_url": "imaps://user:pass@imap.example.com:993",
    "email_smtp_url": "smtps://user:pass@smtp.example.com:465",
}
EVERY = {**TELEGRAM, **SMS, **SLACK, **EMAIL}


def test_the_settings_choose_where_files_go(tmp_path: Path) -> None:
    bucket = "s3://key:secret@bucket/files?endpoint=http://127.0.0.1:9"
    assert isinstance(parts.make_files(read_settings(data_dir=tmp_path)), FileStore)
    assert isinstance(parts.make_files(read_settings(data_dir=tmp_path, attachments_url=bucket)), ObjectStore)


def made(tmp_path: Path, **settings: Any) -> dict[str, Channel]:
    given = read_settings(data_dir=tmp_path, secret_key="k" * 32, **settings)
    clock = SystemClock()
    surroundings = parts.make_surroundings(
        given,
        store=parts.make_store(given, clock),
        files=parts.make_files(given),
        clock=clock,
        metrics=NoMetrics(),
        process="p1",
        confined=CallsHere(),
        keys=("k" * 32,),
    )
    return make_channels(given, surroundings, ("k" * 32,))


def test_without_credentials_there_are_none(tmp_path: Path) -> None:
    assert made(tmp_path) == {}


def test_each_is_on_with_its_own_and_can_be_examined(tmp_path: Path) -> None:
    channels = made(tmp_path, public_url="https://hub.example", **EVERY)
    assert set(channels) == set(CREDENTIALS)
    assert all(isinstance(channel, SupportsDiagnosis) for channel in channels.values())
    assert {name: channel.name for name, channel in channels.items()} == {name: name for name in CREDENTIALS}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"slack_bot_token": "xoxb-1"}, "SLACK_SIGNING_SECRET"),
        ({"email_address": "support@example.com"}, "EMAIL_IMAP_URL"),
        ({"telegram_bot_token": "wrong"}, "TELEGRAM_BOT_TOKEN"),
        ({**TELEGRAM, "telegram_mode": "webhook"}, "TELEGRAM_WEBHOOK_SECRET"),
        ({**SMS, "twilio_from": None}, "TWILIO_FROM"),
    ],
)
def test_half_of_what_is_needed_is_named(tmp_path: Path, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        made(tmp_path, **settings)


def test_links_need_a_public_address(tmp_path: Path) -> None:
    from core.domain.attachments import Attachment

    file = Attachment("f1", "a.txt", "text/plain", 1, "0" * 64, "ab/ab")
    for public, expected in ((None, None), ("https://hub.example", "https://hub.example/api/attachments/f1?sig=")):
        given = read_settings(data_dir=tmp_path, secret_key="k" * 32, public_url=public)
        clock = SystemClock()
        surroundings = parts.make_surroundings(
            given,
            store=parts.make_store(given, clock),
            files=parts.make_files(given),
            clock=clock,
            metrics=NoMetrics(),
            process="p1",
            confined=CallsHere(),
            keys=("k" * 32,),
        )
        link = surroundings.link(file)
        assert link == expected or (expected is not None and link is not None and link.startswith(expected))
