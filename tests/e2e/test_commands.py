"""The commands beside the server: a conversation in the terminal, and documents of one's own."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from config.cli import main
from tests.e2e.knowledge_copy import (
    DONE,
    LOADED_SECONDS,
    copy_of,
    run_between_files,
    run_command,
    run_on_terminal,
)
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

QUESTION = "How do I reset my password?\n"


def _report(output: str) -> dict[str, int]:
    """``7 indexed, 0 unchanged, ...`` as numbers."""
    return {name: int(number) for number, name in re.findall(r"(\d+) (indexed|unchanged|removed|passages)", output)}


def _has_footnote(output: str) -> bool:
    """An answer that cites, and below it where that stands."""
    return "[1]" in output and bool(
        re.search(r"^\s*\[?1\]?[.:]? .*reset my password", output, re.MULTILINE | re.IGNORECASE)
    )


def test_chat_through_the_running_server(shared_hub: Hub) -> None:
    ran = run_command(shared_hub.data_dir, "chat", typed=QUESTION + "Do you sell bicycles?\n/quit\n")
    assert ran.returncode == 0, ran.stderr
    assert "I found nothing in our documents" in ran.stdout, "what is due is waited for, both in one turn or not"
    ran = run_command(shared_hub.data_dir, "chat", typed=QUESTION)
    assert ran.returncode == 0, ran.stderr
    assert "60 minutes" in ran.stdout
    assert _has_footnote(ran.stdout), ran.stdout
    unknown = run_command(shared_hub.data_dir, "chat", typed="Do you sell bicycles?\n")
    assert "I don't know" in unknown.stdout


def test_chat_without_a_server(knowledge_template: Path, tmp_path: Path) -> None:
    home = copy_of(knowledge_template, tmp_path / "alone")
    ran = run_command(home / "var", "chat", typed=QUESTION, KNOWLEDGE_SOURCES="sample")
    assert ran.returncode == 0, ran.stderr
    assert "60 minutes" in ran.stdout
    assert _has_footnote(ran.stdout), ran.stdout


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Two documents of a company of one's own."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "bells.md").write_text("# Bells\n\nPolish a brass bell with lemon and salt, once a month.\n")
    (folder / "hours.md").write_text("# Opening hours\n\nThe shop in Harbour Lane is open from 9 to 17.\n")
    return folder


def test_index_without_a_server_and_with_one(documents: Path, make_hub: MakeHub, tmp_path: Path) -> None:
    hub = make_hub(start=False, sources=str(documents))
    first = run_command(hub.data_dir, "index", str(documents))
    assert first.returncode == 0, first.stderr
    assert _report(first.stdout) == {"indexed": 2, "unchanged": 0, "removed": 0, "passages": 2}

    hub.start()
    _until_it_has_looked(hub)  # its own run over the documents would else take the change before the command does
    (documents / "hours.md").write_text("# Opening hours\n\nThe shop in Harbour Lane is open from 10 to 16.\n")
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7 not really")
    second = run_command(hub.data_dir, "index", str(documents), COLUMNS="100")
    assert second.returncode == 1, "a document that could not be read is not a success"
    assert _report(second.stdout) == {"indexed": 1, "unchanged": 1, "removed": 0, "passages": 1}
    assert "broken.pdf" in second.stderr
    answer = run_command(hub.data_dir, "chat", typed="When is the shop in Harbour Lane open?\n")
    assert "10 to 16" in answer.stdout

    (documents / "broken.pdf").unlink()
    code, shown = run_on_terminal(hub.data_dir, "index", str(documents))
    assert code == 0
    assert _report(shown) == {"indexed": 0, "unchanged": 2, "removed": 0, "passages": 0}
    assert "━" in shown, "a bar"
    assert "2/2" in shown


def _until_it_has_looked(hub: Hub) -> None:
    deadline = time.monotonic() + LOADED_SECONDS
    while '"index.done"' not in hub.log.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, hub.log_tail()
        time.sleep(0.1)


def test_index_of_nothing_says_what_to_do(shared_hub: Hub, tmp_path: Path) -> None:
    ran = run_command(tmp_path / "var", "index", KNOWLEDGE_SOURCES="none")
    assert ran.returncode == 2
    assert "name files or folders" in ran.stderr
    assert "Traceback" not in ran.stderr
    missing = run_command(shared_hub.data_dir, "index", str(tmp_path / "not-there"))
    assert missing.returncode != 0
    assert "not-there" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_without_a_terminal_there_is_a_result_and_no_bar(knowledge_template: Path) -> None:
    """The template was made by ``switchboard index`` without a server."""
    told = (knowledge_template.parent / DONE).read_text(encoding="utf-8")
    report = _report(told)
    assert report["indexed"] == 7
    assert report["passages"] > 60
    assert "\x1b[" not in told


def test_the_command_and_the_health_page_count_alike(knowledge_template: Path, shared_hub: Hub) -> None:
    report = _report((knowledge_template.parent / DONE).read_text(encoding="utf-8"))
    asked = urllib.request.Request(f"{shared_hub.url}/health/vectors", headers=shared_hub.operator)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        detail = json.load(answer)["detail"]
    assert detail == f"{report['indexed']} documents, {report['passages']} passages"


def test_chat_reads_a_file_and_writes_to_one(knowledge_template: Path, tmp_path: Path) -> None:
    """Neither can be waited for as a terminal or a pipe can."""
    home = copy_of(knowledge_template, tmp_path / "files")
    questions, answers = home / "questions.txt", home / "answers.txt"
    questions.write_text(QUESTION)
    ran = run_between_files(home / "var", questions, answers, "chat", KNOWLEDGE_SOURCES="sample")
    assert ran.returncode == 0, ran.stderr
    written = answers.read_text()
    assert "Write a question" in written
    assert "60 minutes" in written


BAD_INPUT: dict[str, list[tuple[tuple[str, ...], dict[str, str]]]] = {
    "serve": [
        (("--role", "nobody"), {}),
        (("--port", "abc"), {}),
        (("--port", "99999"), {}),
        (("--host", "not.a.host.invalid"), {}),
        ((), {"PORT": "abc"}),
        ((), {"DATABASE_URL": "bogus"}),
        ((), {"DATA_DIR": "{file}"}),
    ],
    "index": [
        (("{folder}/not-there", "https://example.com/x", "\udcff\udcfe"), {}),
        (("--remove",), {}),
        (("--remove", "{folder}/not-there"), {}),
        (("{file}",), {"CHROMA_URL": "bogus"}),
        (("{file}",), {"EMBEDDING_MODEL": "{folder}/no-model"}),
    ],
    "blocked": [
        (("list",), {}),
    ],
    "case": [
        ((), {}),
        (("TKT-19990101-0001",), {}),
        (("\udcff\udcfe",), {}),
        (("",), {}),
        (("c.1",), {"DATABASE_URL": "bogus"}),
        (("c.1",), {"DATA_DIR": "{file}"}),
    ],
    "identities": [
        ((), {}),
        (("nothing",), {}),
    ],
    "customers": [((), {}), (("nonsense",), {})],
    "customers export": [
        ((), {}),
        (("nothing",), {}),
    ],
    "customers erase": [
        ((), {}),
        (("nothing", "--yes"), {}),
    ],
    "customers use": [
        (("extra",), {}),
        (("--by", "colour"), {}),
        (("--days", "0"), {}),
        ((), {"MODEL_PRICES": "{"}),
    ],
    "prompts": [
        (("nowhere",), {}),
        (("--arm", "nothing"), {}),
        (("--arm", "nothing:nobody"), {}),
        ((), {"AGENT_RULES_PATH": "{folder}/not-there"}),
    ],
    "experiments": [
        (("extra",), {}),
        ((), {"EXPERIMENTS": "{"}),
    ],
    "replay": [
        ((), {}),
        (("{folder}/not-there",), {}),
        (("{file}",), {}),
        (("{file}", "--runs", "0"), {}),
    ],
    "simulate": [(("extra",), {}), (("--port", "abc"), {}), (("--port", "99999"), {})],
    "doctor": [
        (("nonsense",), {}),
        ((), {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "TELEGRAM_BOT_TOKEN": "nonsense"}),
    ],
    "chat": [(("extra",), {}), ((), {"DATA_DIR": "{file}"})],
    "migrate": [
        (("extra",), {}),
        ((), {"DATABASE_URL": "bogus"}),
        ((), {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}),
        ((), {"DATABASE_URL": "sqlite:////dev/null/x.db"}),
        ((), {"DATA_DIR": "{file}"}),
    ],
    "evaluate": [
        (("extra", "more"), {}),
        (("{folder}/not-there",), {}),
        (("{file}",), {}),
        (("--split", "nonsense"), {}),
    ],
    "gaps": [
        (("extra",), {}),
        (("--since", "soon"), {}),
        (("--since", ""), {}),
        (("--limit", "0"), {}),
        (("--close", "nothing"), {}),
        (("--close", ""), {}),
        (("--close",), {}),
    ],
    "waiting": [
        (("extra",), {}),
        (("--limit", "0"), {}),
        (("--done", "nothing"), {}),
        (("--done", ""), {}),
    ],
    "init": [(("extra",), {}), (("--nonsense",), {})],
    "prepare": [(("extra",), {}), ((), {"EMBEDDING_MODEL": "{folder}/no-model"})],
    "learned": [((), {}), (("nonsense",), {})],
    "learned list": [(("extra",), {}), ((), {"DATABASE_URL": "bogus"})],
    "learned withdraw": [((), {}), (("nothing",), {}), (("",), {}), (("\udcff",), {})],
    "dead-letters": [((), {}), (("nonsense",), {})],
    "dead-letters list": [
        (("--limit", "x"), {}),
        (("--limit", "-1"), {}),
        (("--limit", "99999999999999999999"), {}),
        ((), {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}),
    ],
    "dead-letters retry": [((), {}), (("nothing",), {}), (("",), {}), (("\udcff",), {}), (("a", "b"), {})],
}


def _commands(group: click.Group, path: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        yield f"{path}{name}"
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path}{name} ")


def test_every_command_is_tried_with_bad_input() -> None:
    assert set(BAD_INPUT) == set(_commands(main))


@pytest.mark.parametrize(
    ("command", "arguments", "environment"),
    [(command, *bad) for command, cases in BAD_INPUT.items() for bad in cases],
)
def test_bad_input_gets_a_sentence_and_no_traceback(
    command: str, arguments: tuple[str, ...], environment: dict[str, str], tmp_path: Path, knowledge_template: Path
) -> None:
    file = tmp_path / "note.txt"
    file.write_text("A note.")
    if command == "index":
        copy_of(knowledge_template, tmp_path / "home")  # else it reads the sample, whatever it is told
    places = {"{file}": str(file), "{folder}": str(tmp_path)}

    def placed(text: str) -> str:
        for name, path in places.items():
            text = text.replace(name, path)
        return text

    given = {name: placed(value) for name, value in environment.items()}
    ran = run_command(tmp_path / "home" / "var", *command.split(), *map(placed, arguments), **given)
    assert ran.returncode in (1, 2), ran.stdout + ran.stderr
    assert ran.stderr.strip() or command == "doctor", "what doctor finds is its answer"
    assert "Traceback" not in ran.stdout + ran.stderr
    assert max(map(len, ran.stderr.splitlines()), default=0) < 400
