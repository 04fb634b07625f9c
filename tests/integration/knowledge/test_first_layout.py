"""An index of the first layout, wholly in Chroma, is taken over: what somebody had named is indexed again, then it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.index.order import IndexOrder, Origin
from tests.integration.knowledge.index_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An index of the first layout, and what came right after it: ``docs`` is configured, ``more`` was named."""
    for name in ("docs", "more"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.md").write_text(f"Text of {name}.")
    made = Bench(tmp_path / "docs", tmp_path / "chroma")
    for kind in ("documents", "public", "staff"):
        collection = made.client.create_collection(f"switchboard-{kind}-0a1b-2", embedding_function=None)
        roots = {"d": (tmp_path / "docs", Origin.CONFIGURED), "m": (tmp_path / "more", Origin.NAMED)}
        for identity, (root, origin) in roots.items():
            collection.upsert(
                ids=[identity], embeddings=[[1.0, 0.0]], metadatas=[{"root": str(root), "origin": origin.value}]
            )
    made.client.create_collection("switchboard-vectors-model1-0", embedding_function=None)
    return made


def test_what_was_named_follows_and_the_old_collections_go(bench: Bench) -> None:
    report = bench.run(order=IndexOrder([str(bench.folder)], Origin.CONFIGURED))

    assert (report.indexed, report.failures) == (2, ())
    assert bench.sources() == {"docs/1.md", "more/1.md"}
    assert bench.collections() == {bench.collection()}
    folders = [path for path in bench.directory.iterdir() if path.is_dir()]
    assert len(folders) <= 1, "the files of what went are gone, too"


def test_what_is_taken_out_before_does_not_follow(bench: Bench, tmp_path: Path) -> None:
    assert bench.made().forget([str(tmp_path / "more")]).failures == ()
    assert bench.run(order=IndexOrder([str(bench.folder)], Origin.CONFIGURED)).indexed == 1
