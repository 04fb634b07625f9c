"""Settings: where they come from, which one wins, and what is said about a wrong one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from config.groups import SettingsGroup
from config.settings import Settings, read_settings, secrets_of
from config.sound_settings import sound_settings
from core.domain.errors import ConfigError


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_nothing() -> None:
    settings = read_settings()
    assert settings.uses_sqlite
    assert not settings.has_model
    assert settings.knowledge_sources == ("sample",)


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "switchboard.toml").write_text('port = 1111\ncompany_name = "From the file"\n')
    (tmp_path / ".env").write_text("PORT=2222\nLOG_LEVEL=error\n")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    settings = read_settings()
    assert (settings.port, settings.company_name, settings.log_level) == (2222, "From the file", "debug")


def test_paths_are_of_the_folder_in_which_the_command_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", "./var")
    monkeypatch.setenv("KNOWLEDGE_LABELLED", "labelled")
    monkeypatch.setenv("EMBEDDING_MODEL", "models/small")
    (tmp_path / "models" / "small").mkdir(parents=True)
    settings = read_settings()
    assert settings.data_dir == tmp_path / "var"
    assert settings.knowledge_labelled == tmp_path / "labelled"
    assert settings.embedding_model == str(tmp_path / "models" / "small")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('knowledge_sorces = "docs"', "knowledge_sorces (did you mean knowledge_sources?)"),
        ("zzzzzz = 1", "zzzzzz"),
        ("port = = 1", "switchboard.toml cannot be read"),
        ("[knowledge_source]\npath = 'docs'", "two brackets"),
    ],
)
def test_slips_in_the_file_are_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "switchboard.toml").write_text(text)
    with pytest.raises(ConfigError, match=re.escape(told)):
        read_settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('port = "eighty"', "PORT: Input should be a valid integer, unable to parse string as an integer"),
        ("port = 80.5", "PORT: Input should be a valid integer, got a number with a fractional part"),
        ("port = [80]", "PORT: Input should be a valid integer"),
        ("port = true", "PORT: true and false are for settings that are on or off, and this is none"),
        ("lease_seconds = true", "LEASE_SECONDS: true and false are for settings that are on or off, and this is none"),
        ("lease_seconds = inf", "LEASE_SECONDS: Input should be a finite number"),
        ("company_name = 5", "COMPANY_NAME: Input should be a valid string"),
        ("company_name = true", "COMPANY_NAME: true and false are for settings that are on or off, and this is none"),
        ('openai_api_key = ["one", "two"]', "OPENAI_API_KEY: Input should be a valid string"),
        ("log_level = 5", "LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("feature_feedback = 2", "FEATURE_FEEDBACK: Input should be a valid boolean, unable to interpret input"),
        ("data_dir = 5", "DATA_DIR: Input should be a path between quotes"),
        ("widget_origins = 5", 'WIDGET_ORIGINS: Input should be a list, such as ["one", "two"]'),
        ("widget_origins = {a = 1}", 'WIDGET_ORIGINS: Input should be a list, such as ["one", "two"]'),
        ('knowledge_sources = ["a", 5]', "KNOWLEDGE_SOURCES.1: Input should be a valid string"),
        ('knowledge_source = "docs"', 'KNOWLEDGE_SOURCE: Input should be a list, such as ["one", "two"]'),
        ("knowledge_source = [5]", "KNOWLEDGE_SOURCE.0: Input should be a table with names and values"),
        (
            "[agent_overrides.sms]\npassages = 'x'",
            "AGENT_OVERRIDES.SMS.PASSAGES: Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            "[model_prices.'gpt*']\ninput = 'a'",
            "MODEL_PRICES.GPT*.INPUT: Input should be a valid number, unable to parse string as a number",
        ),
    ],
)
def test_a_value_of_a_wrong_type_in_the_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "switchboard.toml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_settings()
    assert refused.value.detail == f"These settings are wrong:\n  {told}"
    name, _, reason = told.partition(": ")
    assert sound_settings()[1] == [(name, reason)]


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "switchboard.toml").write_bytes(b'company_name = "\xff"')
    with pytest.raises(ConfigError, match="cannot be read"):
        read_settings()


def test_an_empty_variable_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert read_settings().uses_sqlite


@pytest.mark.parametrize(
    "name", [name for name, field in Settings.model_fields.items() if field.annotation == tuple[str, ...]]
)
def test_every_list_is_written_with_commas(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {
        "widget_origins": ("https://one.example", "https://two.example"),
        "trusted_proxies": ("10.0.0.0/8", "::1"),
        "desk_assign": ("on_call", "round_robin"),
        "desk_assign_to": ("U0ONE", "U0TWO"),
        "staff_domains": ("one.example", "two.example"),
        "staff_overrides": ("U0ONE=staff", "two@two.example=customer"),
        "slack_channel_modes": ("first", "C0HELP001=every"),
        "telegram_group_modes": ("mention", "-1001=every"),
    }
    one, two = kinds.get(name, ("S0ONE", "S0TWO"))
    monkeypatch.setenv(name.upper(), f"{one}, {two},")
    assert getattr(read_settings(), name) == (one, two)


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIDGET_ORIGINS", "https://a.example, https://b.example,")
    assert read_settings().widget_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Hello, who are you?; Where is my order?", ("Hello, who are you?", "Where is my order?")),
        ("Hello, who are you?;", ("Hello, who are you?",)),
        ("Hello, who are you?\nWhere; or when?\n", ("Hello, who are you?", "Where; or when?")),
        ("Opening hours, Prices", ("Opening hours", "Prices")),
    ],
)
def test_a_suggested_prompt_may_hold_a_comma(
    written: str, wanted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_SUGGESTED_PROMPTS", written)
    assert read_settings().slack_suggested_prompts == wanted


def test_suggested_prompts_are_a_list_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "switchboard.toml").write_text('slack_suggested_prompts = ["Hello, who are you?", "Prices"]\n')
    assert read_settings().slack_suggested_prompts == ("Hello, who are you?", "Prices")


def test_a_secret_may_be_a_list_while_it_is_rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = "n" * 32, "o" * 32
    monkeypatch.setenv("SECRET_KEY", f"{new}, {old}")
    assert secrets_of(read_settings().secret_key) == (new, old)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "eighty", "PORT"),
        ("PUBLIC_URL", "chat.example.com", "http"),
        ("SECRET_KEY", "short", "32 characters"),
        ("WIDGET_IDENTITY_SECRET", "short", "32 characters"),
        ("AZURE_OPENAI_ENDPOINT", "https://x.openai.azure.com", "AZURE_OPENAI_API_KEY"),
        ("LEASE_SECONDS", "0", "LEASE_SECONDS"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=said):
        read_settings()


def test_a_site_that_signs_customers_in_cannot_sign_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "k" * 32)
    monkeypatch.setenv("WIDGET_IDENTITY_SECRET", "k" * 32)
    with pytest.raises(ConfigError, match="must differ"):
        read_settings()


def test_secrets_are_not_shown() -> None:
    assert "k" * 32 not in repr(read_settings(secret_key="k" * 32))


def test_no_group_takes_the_check_of_another_away() -> None:
    """They are put together into one class, in which a name is there once."""
    found = Counter(
        name
        for group in Settings.__mro__
        if issubclass(group, SettingsGroup)
        for name, value in vars(group).items()
        if isinstance(value, classmethod) and name.startswith("_") and not name.startswith("__")
    )
    assert [name for name, times in found.items() if times > 1] == []


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("WARNING", "warning"),
        ("Info", "info"),
        ("DEBUG", "debug"),
        ("ERROR", "error"),
        ("warn", "warning"),
        ("CRITICAL", "error"),
        (" warning ", "warning"),
    ],
)
def test_a_log_level_is_taken_by_its_standard_name_in_any_case(
    monkeypatch: pytest.MonkeyPatch, given: str, level: str
) -> None:
    monkeypatch.setenv("LOG_LEVEL", given)
    assert read_settings().log_level == level


def test_a_log_level_that_nobody_knows_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(ConfigError, match="LOG_LEVEL"):
        read_settings()


@pytest.mark.parametrize(
    ("given", "name", "sender"),
    [
        ({}, "Tidepool", "Tidepool"),
        ({"KNOWLEDGE_SOURCES": "sample"}, "Tidepool", "Tidepool"),
        ({"KNOWLEDGE_SOURCES": "./docs"}, "", "Support"),
        ({"KNOWLEDGE_SOURCES": "sample,./docs"}, "", "Support"),
        ({"KNOWLEDGE_SOURCES": "none"}, "", "Support"),
        ({"KNOWLEDGE_SOURCES": "./docs", "COMPANY_NAME": "Acme"}, "Acme", "Acme"),
        ({"COMPANY_NAME": "Acme"}, "Acme", "Acme"),
    ],
)
def test_the_sample_name_is_of_the_sample_alone(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], name: str, sender: str
) -> None:
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    settings = read_settings()
    assert (settings.company_name, settings.sender_name) == (name, sender)


def test_described_sources_are_documents_of_a_companys_own(tmp_path: Path) -> None:
    (tmp_path / "switchboard.toml").write_text('[[knowledge_source]]\npath = "docs"\n')
    assert read_settings().company_name == ""
