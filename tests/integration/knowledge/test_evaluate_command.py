"""``switchboard evaluate`` as an operator runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.cli import main
from tests.servers.models import MODELS

pytestmark = pytest.mark.slow

_FOODS = {"otters": "crayfish", "foxes": "field mice", "bees": "nectar", "whales": "krill", "pandas": "bamboo"}


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("EMBEDDING_CACHE", str(MODELS))
    monkeypatch.delenv("CORPUS_DIR", raising=False)
    return CliRunner()


def _set(folder: Path) -> Path:
    folder.mkdir()
    docs = [{"id": name, "title": name.title(), "text": f"Most {name} eat {food}."} for name, food in _FOODS.items()]
    queries = [{"id": name, "text": f"what do {name} live on", "relevant": [name]} for name in _FOODS]
    oos = [{"id": "o", "text": "tell me a joke", "kind": "chat"}]
    for name, rows in {"docs": docs, "queries": queries, "oos": oos}.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_folder_is_evaluated_and_compared_with_the_last_time(runner: CliRunner, tmp_path: Path) -> None:
    animals = _set(tmp_path / "animals")

    first = runner.invoke(main, ["evaluate", str(animals)])
    second = runner.invoke(main, ["evaluate", str(animals)])

    assert first.exit_code == 0, first.output
    assert "animals: 5 questions to 5 documents" in first.stdout
    assert "hit@1 1.000" in first.stdout
    assert "since the last run" not in first.stdout
    assert "since the last run: nothing changed" in second.stdout
    kept = sorted(path.suffix for path in (tmp_path / "data" / "evaluations").iterdir())
    assert kept[0] == ".json"
    assert ".svg" in kept


def test_corpus_dir_is_asked_when_no_folder_is_named(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORPUS_DIR", str(_set(tmp_path / "animals").parent))

    result = runner.invoke(main, ["evaluate"])

    assert "animals: 5 questions" in result.stdout


def test_a_set_without_documents_asks_the_companys_own(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    animals, docs = _set(tmp_path / "animals"), tmp_path / "docs"
    (animals / "docs.jsonl").unlink()
    docs.mkdir()
    for name, food in _FOODS.items():
        (docs / f"{name}.md").write_text(f"# {name.title()}\n\nMost {name} eat {food}.\n")
    rows = [{"text": f"what do {name} live on", "relevant": [f"{name}.md"]} for name in _FOODS]
    (animals / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setenv("KNOWLEDGE_SOURCES", str(docs))

    own = runner.invoke(main, ["evaluate", str(animals)])
    monkeypatch.setenv("KNOWLEDGE_SOURCES", "sample")
    sample = runner.invoke(main, ["evaluate", str(animals)])

    assert own.exit_code == 0, own.output
    assert "animals: 5 questions to 5 documents" in own.stdout
    assert "hit@1 1.000" in own.stdout
    assert sample.exit_code == 2, "the sample has none of these documents"
    assert "none of the documents" in sample.output


@pytest.mark.parametrize("named", ["nowhere", "."])
def test_a_folder_without_a_set_is_named(runner: CliRunner, named: str) -> None:
    result = runner.invoke(main, ["evaluate", named])

    assert result.exit_code == 2
    assert named.strip(".") in result.output
    assert "folder" in result.output
