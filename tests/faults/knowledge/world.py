"""Documents that say of which version they are, so that an answer made of two epochs gives itself away."""

from __future__ import annotations

import re
from pathlib import Path

from core.domain.knowledge import KnowledgeAudience
from knowledge.index.snapshot import Snapshot
from knowledge.search.corpus import Filters
from knowledge.search.engine import search
from tests.integration.knowledge.index_bench import vector

DOCUMENTS = 60
_VERSION = re.compile(r"version (\d+)")
_OURS = re.compile(r"(?:Fact|More on|Number) \d")


def write_aside(folder: Path, number: int) -> None:
    """Another source, of which nobody counts anything: it gives runs of other orders something to write."""
    folder.mkdir(exist_ok=True)
    (folder / "note.md").write_text(f"# Aside\n\nA note, written for the {number}th time.\n")


def write_version(folder: Path, version: int, documents: int = DOCUMENTS) -> None:
    """Three of four documents are there in each version. Each says its version in two places, and in one always the same."""
    for number in range(documents):
        path = folder / f"{number}.md"
        if (number + version) % 4 == 0:
            path.unlink(missing_ok=True)
        else:
            path.write_text(
                f"# Document {number}\n\n## One\n\nFact {number} of version {version}.\n\n"
                f"## Two\n\nMore on {number} in version {version}.\n\n## Always\n\nNumber {number}, as ever.\n"
            )


def version_of(snapshot: Snapshot, documents: int = DOCUMENTS) -> int:
    """The version that an epoch is of, 0 for an empty one. Raises AssertionError where it is of more than one, or not whole."""
    contents = [text.content for text in snapshot.texts() if _OURS.match(text.content)]
    versions = {int(found) for content in contents for found in _VERSION.findall(content)}
    if not contents:
        return 0
    assert len(versions) == 1, f"an epoch of the versions {sorted(versions)}"
    version = versions.pop()
    there = {number for number in range(documents) if (number + version) % 4}
    assert len(contents) == 3 * len(there), f"{len(contents)} passages of version {version}"
    return version


def ask(snapshot: Snapshot, number: int) -> None:
    """A question as customers ask it. Raises AssertionError for an answer of two epochs."""
    filters = Filters(KnowledgeAudience.PUBLIC)
    found = search(snapshot, None, "", vector(f"question {number}"), filters, 10)
    versions = {version for passage in found for version in _VERSION.findall(passage.content)}
    assert len(versions) <= 1, f"an answer of the versions {versions}"
