"""How the agent answers can be set for all channels, for one, and for one account of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.agent_parts import agent_settings, chat_settings, settings_by_channel
from config.settings import read_settings
from core.domain.errors import ConfigError

OVERRIDES = '{"slack": {"passages": 3, "temperature": 0.5}, "slack:T1": {"passages": 8}, "sms": {"threshold": 0.6}}'


def test_left_out_they_are_the_defaults() -> None:
    settings = read_settings()
    bounds = agent_settings(settings)
    assert (bounds.passages, bounds.temperature, bounds.answer_tokens, bounds.threshold) == (5, None, 4_000, None)
    assert settings_by_channel(settings) == {}
    assert chat_settings(settings).answer_format == "auto"


def test_the_answers_limit_goes_by_the_name_the_endpoint_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chat_settings(read_settings()).limit_field == "max_completion_tokens"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://x/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    compatible = chat_settings(read_settings(), "other")
    assert (compatible.name, compatible.limit_field) == ("other", "max_tokens")
    assert compatible.headers == {"authorization": "Bearer secret"}
    assert "secret" not in repr(compatible)
    for name, value in {"ENDPOINT": "https://x/", "API_KEY": "other", "DEPLOYMENT": "d"}.items():
        monkeypatch.setenv(f"AZURE_OPENAI_{name}", value)
    azure = chat_settings(read_settings())
    assert (azure.name, azure.limit_field, azure.headers) == ("azure:d", "max_completion_tokens", {"api-key": "other"})


def test_what_is_set_holds_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"PASSAGES": "7", "TEMPERATURE": "0.2", "ANSWER_TOKENS": "600", "ANSWER_FORMAT": "parts"}
    for name, value in named.items():
        monkeypatch.setenv(f"AGENT_{name}", value)
    bounds = agent_settings(read_settings())
    assert (bounds.passages, bounds.temperature, bounds.answer_tokens) == (7, 0.2, 600)
    assert chat_settings(read_settings()).answer_format == "parts"


def test_an_account_has_what_its_channel_has_unless_it_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_PASSAGES", "6")
    monkeypatch.setenv("AGENT_OVERRIDES", OVERRIDES)
    found = settings_by_channel(read_settings())
    assert {place: (one.passages, one.temperature, one.threshold) for place, one in found.items()} == {
        "slack": (3, 0.5, None),
        "slack:T1": (8, 0.5, None),
        "sms": (6, None, 0.6),
    }


def test_tables_in_the_file_say_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("switchboard.toml").write_text(
        '[agent_overrides.sms]\npassages = 2\n[agent_overrides."slack:T1"]\npassages = 4\n'
    )
    found = settings_by_channel(read_settings())
    assert {place: one.passages for place, one in found.items()} == {"sms": 2, "slack:T1": 4}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[1]", "dictionary"),
        ('{"fax": {"passages": 3}}', "'fax' is neither a channel"),
        ('{"slack:": {"passages": 3}}', "'slack:' is neither"),
        ('{"slack": {"pasages": 3}}', "AGENT_OVERRIDES.SLACK.PASAGES"),
        ('{"slack": {"passages": 0}}', "AGENT_OVERRIDES.SLACK.PASSAGES"),
        ('{"slack": {"strictness": "lax"}}', "quote"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, value: str, says: str) -> None:
    monkeypatch.setenv("AGENT_OVERRIDES", value)
    with pytest.raises(ConfigError, match="AGENT_OVERRIDES") as caught:
        read_settings()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("PASSAGES", "0"), ("TEMPERATURE", "3"), ("ANSWER_TOKENS", "1"), ("ANSWER_FORMAT", "xml")]
)
def test_what_is_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AGENT_{name}", value)
    with pytest.raises(ConfigError, match=f"AGENT_{name}"):
        read_settings()
