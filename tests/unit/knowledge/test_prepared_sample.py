"""An empty data folder starts with the sample's prepared index, and no other folder does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.process.prepared_sample import prepared_folder, start_with_sample
from knowledge.settings import KnowledgeSettings

_INDEX = {"knowledge.db": "manifest", "chroma/chroma.sqlite3": "vectors", "knowledge/words/model/about.json": "words"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tmp_path / "models" / "0123-fp32"


@pytest.fixture
def settings(tmp_path: Path, model: Path) -> KnowledgeSettings:
    """Of an empty data folder and a sample of one document, whose index was prepared."""
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "faq.md").write_text("# A question")
    settings = KnowledgeSettings(directory=tmp_path / "var" / "chroma", sample=tmp_path / "sample")
    prepared = prepared_folder(settings, model)
    assert prepared is not None
    for name, content in _INDEX.items():
        (prepared / name).parent.mkdir(parents=True, exist_ok=True)
        (prepared / name).write_text(content)
    return settings


def _held(settings: KnowledgeSettings) -> dict[str, str]:
    data = settings.directory.parent
    return {path.relative_to(data).as_posix(): path.read_text() for path in data.rglob("*") if path.is_file()}


def test_an_empty_folder_gets_all_of_it(settings: KnowledgeSettings, model: Path) -> None:
    (settings.directory.parent / ".sample-part" / "chroma").mkdir(parents=True)  # left by a process that was killed
    assert start_with_sample(settings, model)
    assert _held(settings) == _INDEX
    assert not start_with_sample(settings, model), "once"


def test_a_folder_with_an_index_keeps_its_own(settings: KnowledgeSettings, model: Path) -> None:
    own = settings.directory.with_name("knowledge.db")
    own.parent.mkdir()
    own.write_text("own")
    assert not start_with_sample(settings, model)
    assert _held(settings) == {"knowledge.db": "own"}


def test_an_index_without_a_manifest_is_replaced(settings: KnowledgeSettings, model: Path) -> None:
    settings.directory.mkdir(parents=True)
    (settings.directory / "left.bin").write_text("of a process that was killed")
    assert start_with_sample(settings, model)
    assert _held(settings) == _INDEX


@pytest.mark.parametrize("other", [{"sample": None}, {"chroma_url": "http://chroma:8000"}, {"chunk_tokens": 64}])
def test_where_another_index_is_wanted_it_stays_empty(
    settings: KnowledgeSettings, model: Path, other: dict[str, object]
) -> None:
    assert not start_with_sample(replace(settings, **other), model)  # type: ignore[arg-type]
    assert not settings.directory.parent.exists()


def test_a_sample_that_was_changed_since_is_read_anew(settings: KnowledgeSettings, model: Path) -> None:
    assert settings.sample is not None
    (settings.sample / "faq.md").write_text("# Another question")
    assert not start_with_sample(settings, model)


def test_what_cannot_be_copied_is_left_to_the_first_run(settings: KnowledgeSettings, model: Path) -> None:
    settings.directory.parent.write_text("a file where the folder should be")
    assert not start_with_sample(settings, model)
