"""The company's rules are read by place, within bounds, and what is wrong with them is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.agent_parts import agent_settings, settings_by_channel
from config.cli import main
from config.company_rules import MOST_TOKENS, read_rules
from config.settings import read_settings
from core.domain.errors import ConfigError


def put(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Rules for all, for a channel and for an account of it."""
    files = {"rules.md": "Say Sie.\n", "channels/slack.md": "Be brief.", "channels/slack/T1.txt": "Say du."}
    return put(tmp_path / "rules", files | {"channels/sms/+49170.5.md": "No links.", ".git/config": "x"})


def test_a_place_has_the_rules_of_all_that_it_is_part_of(rules: Path) -> None:
    assert read_rules(rules) == {
        "": "Say Sie.",
        "slack": "Say Sie.\n\nBe brief.",
        "slack:T1": "Say Sie.\n\nBe brief.\n\nSay du.",
        "sms:+49170.5": "Say Sie.\n\nNo links.",
    }
    assert read_rules(rules / "rules.md") == {"": "Say Sie."}
    assert read_rules(None) == {}


def test_they_go_together_with_overrides(rules: Path) -> None:
    overrides = {"slack": {"passages": 3}, "sms": {"passages": 2}, "slack:T2": {"temperature": 0.5}}
    settings = read_settings(agent_rules_path=rules, agent_overrides=overrides)
    assert agent_settings(settings).company_rules == "Say Sie."
    found = settings_by_channel(settings)
    assert {place: (one.passages, one.company_rules.splitlines()[-1]) for place, one in found.items()} == {
        "slack": (3, "Be brief."),
        "slack:T1": (3, "Say du."),
        "slack:T2": (3, "Be brief."),
        "sms": (2, "Say Sie."),
        "sms:+49170.5": (2, "No links."),
    }


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "holds no rules"),
        ({"README.md": "x"}, "README.md is not read"),
        ({"channels/fax.md": "x"}, "channels are console, email, slack"),
        ({"channels/slack.markdown": "x"}, "slack.markdown is not read"),
        ({"channels/slack.md": "x", "channels/slack.txt": "y"}, "names a place that another file names too"),
        ({"rules.md": "x\0y"}, "rules.md is no text"),
        ({"rules.md": "word " * 20_000}, "longer than 64 KiB"),
        ({"rules.md": "a" * 4_000, "channels/slack.md": "a" * 4_000}, "rules for slack are about 2287 tokens"),
        ({f"channels/slack/T{number}.md": "x" for number in range(201)}, "more than 200 files"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, files: dict[str, str], says: str) -> None:
    folder = put(tmp_path / "rules", files)
    folder.mkdir(exist_ok=True)
    with pytest.raises(ConfigError, match="AGENT_RULES_PATH") as caught:
        read_rules(folder)
    assert says in str(caught.value)


def test_a_file_that_is_no_text_or_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "picture.md").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ConfigError, match=r"picture\.md is no text in UTF-8"):
        read_rules(tmp_path / "picture.md")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_rules(tmp_path / "nothing.md")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rules.md")
    with pytest.raises(ConfigError, match="holds no rules"):
        read_rules(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_rules(tmp_path / "rules.md")


def test_rules_as_long_as_they_may_be(tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_text("a" * int(MOST_TOKENS * 3.5))
    assert len(read_rules(tmp_path)[""]) == 7_000


def prompts(rules: Path, *arguments: str, code: int = 0) -> str:
    """What the command shows."""
    environment = {"AGENT_RULES_PATH": str(rules), "COMPANY_NAME": "Tidepool"}
    ran = CliRunner().invoke(main, ["prompts", *arguments], env=environment)
    assert ran.exit_code == code, ran.output
    return ran.output


def test_the_command_shows_the_prompt_of_a_place(rules: Path) -> None:
    shown = prompts(rules)
    assert shown.startswith("You are the customer-support assistant of Tidepool.")
    assert shown.index("You may calculate") < shown.index("Tidepool has written the rules") < shown.index("Say Sie.")
    assert "Be brief." not in shown
    assert prompts(rules, "slack:T1").endswith("Be brief.\n\nSay du.\n")
    assert prompts(rules, "slack:T9").endswith("Say Sie.\n\nBe brief.\n")
    assert prompts(rules, "email").endswith("Say Sie.\n")
    assert "fax is no channel" in prompts(rules, "fax", code=2)


def test_the_command_shows_the_prompt_of_an_arm(rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = put(tmp_path / "other", {"rules.md": "Rhyme."})
    arms = f'{{"usual": {{}}, "rhymes": {{"rules_path": "{other}"}}}}'
    monkeypatch.setenv("EXPERIMENTS", f'{{"tone": {{"share": 0.5, "arms": {arms}}}}}')
    assert prompts(rules, "slack", "--arm", "tone:rhymes").endswith("Rhyme.\n")
    assert prompts(rules, "slack", "--arm", "tone:usual").endswith("Be brief.\n")
    assert "no arm tone:sings" in prompts(rules, "--arm", "tone:sings", code=2)


def test_doctor_says_what_is_wrong_with_rules(rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENT_RULES_PATH", str(rules))
    ran = CliRunner().invoke(main, ["doctor", "rules"])
    assert ran.exit_code == 0, ran.output
    assert f"AGENT_RULES_PATH: {rules} holds rules for all channels, " in ran.output
    assert all(place in ran.output for place in ("slack", "slack:T1", "sms:+49170.5"))
    put(rules, {"channels/fax.md": "x"})
    ran = CliRunner().invoke(main, ["doctor", "rules"])
    assert ran.exit_code == 1
    assert "fax.md is not read" in ran.output


@pytest.mark.parametrize("part", ["rules", "tools"])
def test_doctor_says_that_a_named_part_is_off(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(main, ["doctor", part])
    assert (ran.exit_code, ran.output.split()[:3]) == (0, [part, "off", "set"])
