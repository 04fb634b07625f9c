"""``switchboard init`` at a real terminal, from a program, and interrupted: ``.env`` is whole or as it was."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from config.env_file import read_env_file
from tests.servers.process import free_port
from tests.servers.programs import ROOT
from tests.servers.pty_terminal import CTRL_C, CTRL_D, Terminal, terminal

COMMAND = (sys.executable, "-m", "config.cli", "init")
QUESTIONS = ("1. Your company", "2. Your documents", "3. Language model", "4. Channels", "5. Where do staff")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Nothing that would set anything."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}


def answer(screen: Terminal, question: str, text: str) -> None:
    screen.wait_for(question)
    screen.wait_for(": ")
    screen.type(f"{text}\r")


def from_lines(
    tmp_path: Path, env: dict[str, str], lines: Sequence[str], *options: str
) -> subprocess.CompletedProcess[str]:
    text = "".join(f"{line}\n" for line in lines)
    return subprocess.run([*COMMAND, *options], cwd=tmp_path, env=env, input=text, capture_output=True, text=True)


def test_five_questions_at_a_terminal_write_the_file_and_end_in_doctor(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Returns\n\nWithin thirty days.\n")
    model, telegram = f"http://127.0.0.1:{free_port()}/v1", f"http://127.0.0.1:{free_port()}"
    with terminal(COMMAND, cwd=tmp_path, env=env | {"TELEGRAM_API_BASE_URL": telegram}) as screen:
        answer(screen, QUESTIONS[0], "Muster & Söhne")
        answer(screen, QUESTIONS[1], "nowhere")
        screen.wait_for("There is no nowhere.")
        answer(screen, QUESTIONS[1], "docs")
        answer(screen, QUESTIONS[2], model)
        answer(screen, "Its key", "sk-hidden$key")
        answer(screen, "model's name", "small")
        answer(screen, QUESTIONS[3], "telegram")
        answer(screen, "@BotFather", "123456789:AAHhidden-token_of_a_bot_0123456")
        answer(screen, QUESTIONS[4], "C0123456789")
        answer(screen, "bot's token", "")
        answer(screen, "app-level token", "")
        answer(screen, "signing secret", "")
        screen.wait_for(".env is written")
        assert screen.end() == 1  # the model is not there
    assert "hidden" not in screen.screen
    assert "model      WRONG  OPENAI_BASE_URL" in screen.screen
    written = tmp_path / ".env"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    found = read_env_file(written)
    made = {name: len(found.pop(name)) for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "GRAFANA_PASSWORD")}
    assert set(made.values()) == {64}
    assert {name: value for name, value in found.items() if value} == {
        "COMPANY_NAME": "Muster & Söhne",
        "KNOWLEDGE_SOURCES": str(tmp_path / "docs"),
        "KNOWLEDGE_DIR": str(tmp_path / "docs"),
        "OPENAI_BASE_URL": model,
        "OPENAI_API_KEY": "sk-hidden$key",
        "OPENAI_MODEL": "small",
        "TELEGRAM_BOT_TOKEN": "123456789:AAHhidden-token_of_a_bot_0123456",
        "SLACK_STAFF_CHANNEL": "C0123456789",
    }


@pytest.mark.parametrize(("asked", "key"), [(0, CTRL_D), (len(QUESTIONS) - 1, CTRL_C)])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, env: dict[str, str], asked: int, key: str) -> None:
    with terminal(COMMAND, cwd=tmp_path, env=env) as screen:
        for question in QUESTIONS[:asked]:
            answer(screen, question, "")
        screen.wait_for(QUESTIONS[asked])
        screen.wait_for(": ")
        assert screen.press(key, until="Nothing was written.") == 1
    assert "Nothing was written." in screen.screen
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("said", "changed"), [("n", False), ("", False), ("y", True)])
def test_a_file_that_is_there_is_changed_only_when_that_is_said(
    tmp_path: Path, env: dict[str, str], said: str, changed: bool
) -> None:
    former = "# ours\nexport COMPANY_NAME='Old'\n\nFOREIGN=\"two\nlines\"\nSECRET_KEY=" + "k" * 40 + "\n# the end"
    (tmp_path / ".env").write_text(former)
    with terminal(COMMAND, cwd=tmp_path, env=env) as screen:
        answer(screen, "is there already", said)
        if changed:
            answer(screen, "1. Your company's name [Old]", "New")
            for question in QUESTIONS[1:]:
                answer(screen, question, "")
        screen.end()
    text = (tmp_path / ".env").read_text()
    if not changed:
        assert text == former
        return
    assert text.startswith('# ours\nCOMPANY_NAME=New\n\nFOREIGN="two\nlines"\nSECRET_KEY=' + "k" * 40 + "\n# the end\n")
    assert read_env_file(tmp_path / ".env")["KNOWLEDGE_SOURCES"] == "sample"


def test_a_program_answers_by_lines_and_what_is_missing_is_the_default(tmp_path: Path, env: dict[str, str]) -> None:
    ran = from_lines(tmp_path, env, ["Acme", "", "none", "none", "none"])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "sandbox" in ran.stdout
    assert read_env_file(tmp_path / ".env")["COMPANY_NAME"] == "Acme"
    again = from_lines(tmp_path, env, ["y", "Other"])
    assert again.returncode == 0, again.stdout + again.stderr
    found = read_env_file(tmp_path / ".env")
    assert (found["COMPANY_NAME"], found["KNOWLEDGE_SOURCES"]) == ("Other", "sample")
    refused = from_lines(tmp_path, env, ["Third"])
    assert refused.returncode == 1
    assert read_env_file(tmp_path / ".env") == found


def test_yes_asks_nothing_and_keeps_what_is_set(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / ".env").write_text("COMPANY_NAME=Acme\nMESSAGES_PER_ADDRESS=7\n")
    ran = from_lines(tmp_path, env, [], "--yes")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = read_env_file(tmp_path / ".env")
    assert (found["COMPANY_NAME"], found["MESSAGES_PER_ADDRESS"]) == ("Acme", "7")
    assert found["KNOWLEDGE_SOURCES"] == "sample"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Acme", "nowhere"], "There is no nowhere."),
        (["Acme", "", "gpt"], "Write openai, none, or an address"),
        (["Acme", "", "none", "pigeon"], "There is no pigeon."),
        (["Acme", "", "none", "none", "#support"], "neither a channel's id"),
        (["Ac\x07me"], "no text"),
    ],
)
def test_a_wrong_line_writes_nothing(tmp_path: Path, env: dict[str, str], lines: list[str], said: str) -> None:
    ran = from_lines(tmp_path, env, lines)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert not (tmp_path / ".env").exists()


def test_the_key_that_a_hub_made_goes_on(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    (tmp_path / "var" / "secret_key").write_text("m" * 64 + "\n")
    assert from_lines(tmp_path, env, []).returncode == 0
    assert read_env_file(tmp_path / ".env")["SECRET_KEY"] == "m" * 64


def test_mail_to_staff_asks_for_the_mailbox_that_it_goes_out_from(tmp_path: Path, env: dict[str, str]) -> None:
    mailbox = ["support@example.com", "imap://u:p@127.0.0.1:1", "smtp://u:p@127.0.0.1:1"]
    from_lines(tmp_path, env, ["", "", "none", "none", "team@example.com", *mailbox])
    found = read_env_file(tmp_path / ".env")
    assert (found["STAFF_EMAIL"], found["EMAIL_ADDRESS"]) == ("team@example.com", "support@example.com")
    assert found["EMAIL_SMTP_URL"] == "smtp://u:p@127.0.0.1:1"
