"""Documents that somebody indexed with the command stay, and the sample does not come back between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.knowledge_copy import copy_of, run_between_files, run_command, started
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow

BELL = "How do I polish a brass bell?\n"
PASSWORD = "How do I reset my password?\n"


def test_a_start_of_the_hub_keeps_what_was_indexed_by_name(
    knowledge_template: Path, make_hub: MakeHub, tmp_path: Path
) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "bells.md").write_text("# Bells\n\nPolish a brass bell with lemon and salt, once a month.\n")
    hub = make_hub(start=False, sources="sample")
    copy_of(knowledge_template, hub.home)

    indexed = run_command(hub.data_dir, "index", str(documents))
    assert indexed.returncode == 0, indexed.stderr
    assert "The sample documents are not in the index" in indexed.stdout

    started(hub)
    assert "lemon and salt" in run_command(hub.data_dir, "chat", typed=BELL).stdout
    assert "60 minutes" not in run_command(hub.data_dir, "chat", typed=PASSWORD).stdout

    removed = run_command(hub.data_dir, "index", "--remove", str(documents))
    assert removed.returncode == 0, removed.stderr
    assert "1 removed" in removed.stdout
    assert "lemon and salt" not in run_command(hub.data_dir, "chat", typed=BELL).stdout
    assert "60 minutes" in run_command(hub.data_dir, "chat", typed=PASSWORD).stdout, "the sample is back"


def test_documents_of_ones_own_are_waited_for_and_the_sample_says_nothing_meanwhile(
    knowledge_template: Path, make_hub: MakeHub, tmp_path: Path
) -> None:
    """After a look at the demo in the same folder: what is asked first waits until what was configured since is read."""
    documents = tmp_path / "documents"
    documents.mkdir()
    for number in range(4):
        parts = "".join(
            f"## Part {number}.{part}\n\n" + f"Valve {number * part} turns left. " * 30 for part in range(8)
        )
        (documents / f"{number:02}.md").write_text(f"# Valves {number}\n\n{parts}")
    (documents / "last.md").write_text("# Bells\n\nPolish a brass bell with lemon and salt, once a month.\n")
    hub = make_hub(start=False, sources=str(documents))
    copy_of(knowledge_template, hub.home)
    hub.start()
    questions = tmp_path / "questions.txt"
    questions.write_text(PASSWORD + BELL)
    answered = run_between_files(hub.data_dir, questions, tmp_path / "answers.txt", "chat").stdout
    assert "lemon and salt" in answered
    assert "60 minutes" not in answered
