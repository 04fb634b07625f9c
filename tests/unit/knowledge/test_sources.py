"""Paths, folders and patterns name files; a root that cannot be read is a failure, never an empty one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from knowledge.sources import resolve, scan


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    for name in ("guide.md", "billing/terms.pdf", "billing/deep/faq.yaml", "logo.png", ".hidden.md", ".git/x.md"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return folder


def test_a_folder_gives_its_readable_files_with_categories(docs: Path) -> None:
    found = scan([str(docs)])

    assert [(file.source, file.category) for file in found.files] == [
        ("docs/guide.md", None),
        ("docs/billing/terms.pdf", "Billing"),
        ("docs/billing/deep/faq.yaml", "Billing"),
    ]
    assert not found.failures


def test_a_file_is_known_by_its_name_alone(docs: Path) -> None:
    [file] = scan([str(docs / "billing" / "terms.pdf")]).files

    assert (file.source, file.category) == ("terms.pdf", None)


def test_patterns(docs: Path) -> None:
    assert [file.source for file in scan([str(docs / "**" / "*.yaml")]).files] == ["docs/billing/deep/faq.yaml"]


def test_the_same_file_by_two_roots_is_one_document(docs: Path) -> None:
    assert len(scan([str(docs), str(docs / "guide.md"), str(docs / "*.md")]).files) == 3


def test_ids_do_not_depend_on_the_root(docs: Path) -> None:
    by_folder = {file.path: file.id for file in scan([str(docs)]).files}

    assert {file.path: file.id for file in scan([str(docs / "guide.md")]).files}.items() <= by_folder.items()


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ("https://example.com/help", "web addresses cannot be indexed"),
        ("{docs}/missing", "there is no such file or folder"),
        ("{docs}/*.xyz", "nothing that can be read matches"),
        ("{docs}/.git", "the folder holds no document"),
    ],
)
def test_roots_that_cannot_be_read(docs: Path, root: str, reason: str) -> None:
    if root.endswith(".git"):
        (docs / ".git" / "x.md").unlink()
    address = root.format(docs=docs)

    found = scan([address, str(docs / "guide.md")])

    assert [(name, reason in why) for name, why in found.failures] == [(address, True)]
    assert found.failed(address)
    assert len(found.files) == 1


def test_relative_paths_are_resolved_here_and_addresses_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert resolve(["docs/", "http://x.example"]) == [str(tmp_path / "docs"), "http://x.example"]


def test_pipes_are_skipped_and_named(docs: Path) -> None:
    os.mkfifo(docs / "pipe.md")

    for root in (docs, docs / "*.md"):
        found = scan([str(root)])
        assert "docs/pipe.md" not in {file.source for file in found.files}
        assert [(place, "no regular file" in why) for place, why in found.skipped] == [("docs/pipe.md", True)]
        assert not found.failures
    [(_, why)] = scan([str(docs / "pipe.md")]).failures
    assert "no regular file" in why


def test_links_that_lead_out_are_skipped_and_named(docs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (docs / "leak.md").symlink_to(outside / "secret.md")
    (docs / "leaks").symlink_to(outside)

    found = scan([str(docs)])

    assert {file.source for file in found.files} == {
        "docs/guide.md",
        "docs/billing/terms.pdf",
        "docs/billing/deep/faq.yaml",
    }
    assert {place for place, why in found.skipped if "leads out" in why} == {"docs/leak.md", "docs/leaks"}
    by_pattern = scan([str(docs / "**" / "*.md")])
    assert {file.source for file in by_pattern.files} == {"docs/guide.md"}
    assert {place for place, _ in by_pattern.skipped} == {"docs/leak.md", "docs/leaks/secret.md"}
    assert [file.source for file in scan([str(docs / "leak.md")]).files] == ["leak.md"], "whoever names a link means it"


def test_links_inside_are_followed_once_and_loops_end(docs: Path) -> None:
    (docs / "..data").mkdir()
    (docs / "..data" / "mounted.md").write_text("x")
    (docs / "mounted").symlink_to("..data")
    (docs / "again").symlink_to("billing")
    (docs / "billing" / "up").symlink_to("..")
    (docs / "loop.md").symlink_to("loop.md")
    (docs / "copy.md").symlink_to("guide.md")

    found = scan([str(docs)])

    assert sorted(file.source for file in found.files) == [
        "docs/billing/deep/faq.yaml",
        "docs/billing/terms.pdf",
        "docs/guide.md",
        "docs/loop.md",
        "docs/mounted/mounted.md",
    ]
    assert not found.skipped
