"""What answers become: what is switched off is off, and leaves nothing behind that doctor would call half a channel."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from config.channels import half_set
from config.commands.init_questions import ask_all
from config.commands.prompts import Answers
from config.settings import Settings

_CHANNELS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_STAFF_CHANNEL": "C0123456789",
    "TELEGRAM_BOT_TOKEN": "1:a",
    "TELEGRAM_WEBHOOK_SECRET": "secret",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM": "+15551234567",
    "EMAIL_ADDRESS": "support@example.com",
    "EMAIL_IMAP_URL": "imaps://u:p@mail.example.com",
    "EMAIL_SMTP_URL": "smtps://u:p@mail.example.com",
}
_AZURE = {
    "AZURE_OPENAI_ENDPOINT": "https://acme.openai.azure.com",
    "AZURE_OPENAI_API_KEY": "key",
    "AZURE_OPENAI_DEPLOYMENT": "small",
}


def _settings(monkeypatch: pytest.MonkeyPatch, former: dict[str, str], *lines: str) -> Settings:
    """As the file sets them after these answers; empty lines keep what was set."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    for name, value in {**former, **ask_all(Answers(former, silent=False))}.items():
        monkeypatch.setenv(name, value)
    return Settings(_env_file=None)


def test_a_channel_that_is_switched_off_leaves_no_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(monkeypatch, _CHANNELS, "Acme", "sample", "none", "none", "none")
    assert half_set(settings) == {}
    assert (settings.slack_staff_channel, settings.email_address) == (None, None)


def test_staff_who_stay_in_slack_keep_its_app(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(monkeypatch, _CHANNELS, "Acme", "sample", "none", "none", "", "", "")
    assert settings.slack_staff_channel == "C0123456789"
    assert settings.slack_app_token is not None
    assert half_set(settings) == {}


@pytest.mark.parametrize(
    ("answers", "url"), [(("none",), None), (("https://llm.example/v1", "k"), "https://llm.example/v1")]
)
def test_azure_gives_way_to_another_model(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], url: str | None
) -> None:
    settings = _settings(monkeypatch, _AZURE, "Acme", "sample", *answers, "", "none", "none")
    assert (settings.azure_openai_endpoint, settings.openai_base_url) == (None, url)
    assert settings.has_model is (url is not None)


def test_all_of_several_folders_are_kept_and_what_compose_mounts_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("guides", "faq"):
        (tmp_path / name).mkdir()
    folders = f"{tmp_path / 'guides'},{tmp_path / 'faq'}"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"Acme\n{folders}\nnone\nnone\nnone\n"))
    found = ask_all(Answers({}, silent=False))
    assert found["KNOWLEDGE_SOURCES"] == folders
    assert found["KNOWLEDGE_DIR"] == str(tmp_path / "guides")
    said = capsys.readouterr().err
    assert "KNOWLEDGE_DIR" in said
    assert str(tmp_path / "faq") in said


def test_azure_stays_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(monkeypatch, _AZURE, "Acme", "sample", "", "none", "none")
    assert settings.azure_openai_endpoint == "https://acme.openai.azure.com"
