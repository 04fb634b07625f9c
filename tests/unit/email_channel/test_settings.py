"""What an operator may write, and what is said when it is wrong."""

from __future__ import annotations

import pytest

from channels.email.settings import MailServer, Security
from core.domain.errors import ConfigError
from tests.unit.email_channel.fixture import with_settings


@pytest.mark.parametrize(
    ("url", "protocol", "server"),
    [
        ("imaps://u:p@h.example", "imap", MailServer("h.example", 993, Security.TLS, "u", "p")),
        ("imap+starttls://u:p@h.example", "imap", MailServer("h.example", 143, Security.STARTTLS, "u", "p")),
        ("imap://a%40b:p%3A%2F@h:1143", "imap", MailServer("h", 1143, Security.NONE, "a@b", "p:/")),
        ("smtps://u:p@h.example", "smtp", MailServer("h.example", 465, Security.TLS, "u", "p")),
        ("smtp+starttls://u:p@h.example", "smtp", MailServer("h.example", 587, Security.STARTTLS, "u", "p")),
        ("smtp://127.0.0.1", "smtp", MailServer("127.0.0.1", 25, Security.NONE, "", "")),
    ],
)
def test_urls(url: str, protocol: str, server: MailServer) -> None:
    assert MailServer.from_url(url, protocol, "EMAIL_IMAP_URL") == server


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"address": "support"}, "EMAIL_ADDRESS"),
        ({"address": "Support <support@example.com>"}, "EMAIL_ADDRESS"),
        ({"imap_url": "pop3://u:secret@h"}, "EMAIL_IMAP_URL"),
        ({"imap_url": "imaps://h"}, "EMAIL_IMAP_URL"),
        ({"imap_url": "imaps://u:secret@h:port"}, "EMAIL_IMAP_URL"),
        ({"smtp_url": "http://u:secret@h"}, "EMAIL_SMTP_URL"),
        ({"smtp_url": "smtp://:secret@h"}, "EMAIL_SMTP_URL"),
        ({"secret_keys": ()}, "SECRET_KEY"),
        ({"folders": ()}, "folder"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(changes: dict[str, object], setting: str) -> None:
    with pytest.raises(ConfigError, match=setting) as caught:
        with_settings(**changes)
    assert "secret" not in caught.value.detail


def test_no_secret_is_in_a_repr() -> None:
    settings = with_settings(imap_url="imaps://u:hidden@h", smtp_url="smtps://u:hidden@h", secret_keys=("hidden",))
    assert "hidden" not in f"{settings!r} {settings.imap!r} {settings.smtp!r}"
