"""Files that change in a folder have its source read again, and nothing else does."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from config.knowledge.source_jobs import ScheduledSource
from config.knowledge.watching import Watcher
from knowledge.sources import SourceOptions
from tests.unit.core.eventually import eventually


class Asked:
    """Who was asked for, and that nobody is to be."""

    def __init__(self) -> None:
        self.roots: list[str] = []

    async def ask(self, root: str) -> None:
        self.roots.append(root)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").write_text("A.")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.md").write_text("X.")
    (tmp_path / "faq.yaml").write_text("[]")
    return folder


@pytest.fixture
async def asked(docs: Path) -> AsyncIterator[Asked]:
    """Three sources on this machine and one that is not."""
    named = [str(docs), str(docs.parent / "other"), str(docs.parent / "faq.yaml"), "https://help.example.com/"]
    sources = [ScheduledSource(SourceOptions(name), name) for name in named]
    asked = Asked()
    watcher = Watcher(sources, asked.ask)
    watcher.start()
    await watcher.watching.wait()
    yield asked
    await watcher.stop()


def told(asked: Asked, place: Path) -> Callable[[], bool]:
    """Whether it was asked for from now on. One change may be told twice on a slow machine."""
    seen = len(asked.roots)
    return lambda: str(place) in asked.roots[seen:]


async def test_changed_added_and_removed_files_are_told(asked: Asked, docs: Path) -> None:
    for change in (
        lambda: (docs / "a.md").write_text("Changed."),
        lambda: (docs / "deep" / "b.md").write_text("New."),
        lambda: (docs / "a.md").unlink(),
        lambda: (docs / "deep").rename(docs / "deeper"),
    ):
        waited_for = told(asked, docs)
        change()
        await eventually(waited_for)
    assert set(asked.roots) == {str(docs)}
    (docs.parent / "faq.yaml").write_text("- question: Q\n  answer: A\n")
    await eventually(told(asked, docs.parent / "faq.yaml"))


async def test_what_editors_and_repositories_keep_is_passed_by(asked: Asked, docs: Path) -> None:
    (docs / ".git").mkdir()
    for name in (".git/index", ".a.md.swp", "~$a.docx", "picture.png"):
        (docs / name).write_text("x")
    (docs.parent / "unrelated.md").write_text("x")
    (docs.parent / "other" / "b.md").write_text("the last of all, so that the others were seen")
    await eventually(lambda: bool(asked.roots))
    assert set(asked.roots) == {str(docs.parent / "other")}


async def test_a_folder_that_is_replaced_is_looked_at_and_watched_on(asked: Asked, docs: Path) -> None:
    gone = told(asked, docs)
    shutil.rmtree(docs)
    await eventually(gone)
    back = told(asked, docs)
    shutil.copytree(docs.parent / "other", docs)
    await eventually(back)
    changed = told(asked, docs)
    (docs / "c.md").write_text("C.")
    await eventually(changed)
