"""What staff approved is one source of a shared index, wherever its file lies, and goes only when somebody means it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.domain.knowledge import IndexReport
from knowledge.embed.embedder import TextRefused
from knowledge.index.order import IndexOrder, Origin
from knowledge.sources import Catalog
from knowledge.sources.options import LEARNED
from tests.integration.knowledge.index_bench import Bench

FAQ = "- question: How long do refunds take?\n  answer: Thirty days.\n"
MORE = "- question: Do you sell tea?\n  answer: Green tea alone.\n"
POISON = "- question: What is poison?\n  answer: This is poison.\n"


class Shared:
    """One index, and machines whose folders have names of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.docs = folder / "docs"
        self.docs.mkdir()
        (self.docs / "a.md").write_text("# Shipping\n\nParcels leave on Mondays.")
        self.bench = Bench(self.docs, folder / "chroma")

    def machine(self, name: str, faq: str | None = FAQ) -> Path:
        """Its file of what was approved; None: it has none."""
        (self.folder / name).mkdir(exist_ok=True)
        path = self.folder / name / "desk.faq.yaml"
        path.unlink(missing_ok=True)
        if faq is not None:
            path.write_text(faq)
        return path

    def run(self, name: str, *roots: str, only: Sequence[str] = ()) -> IndexReport:
        """A run of the worker of this machine over everything that it has configured."""
        self.bench.catalog = Catalog(learned=self.folder / name / "desk.faq.yaml")
        return self.bench.run(order=IndexOrder([str(self.docs), *roots], Origin.CONFIGURED, only=list(only)))

    def answered(self) -> set[str | None]:
        """The questions that staff have approved an answer to and that customers find now."""
        found = self.bench.found("How long do refunds take?", limit=20)
        return {passage.question for passage in found if passage.question}


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


def test_two_workers_whose_folders_have_other_names_have_one_copy_and_keep_it(shared: Shared) -> None:
    shared.machine("a")
    shared.machine("b")
    shared.run("a", LEARNED)
    shared.run("b", LEARNED)
    assert shared.bench.sources() == {"docs/a.md", "desk.faq.yaml"}
    for name in ("a", "b", "a"):
        shared.run(name, LEARNED, only=[str(shared.docs)])
        assert shared.answered() == {"How long do refunds take?"}


def test_a_command_on_a_machine_without_the_file_leaves_it(shared: Shared) -> None:
    shared.machine("worker")
    shared.machine("laptop", None)
    shared.run("worker", LEARNED)
    shared.run("laptop")
    assert shared.answered() == {"How long do refunds take?"}


def test_it_goes_where_it_is_known_that_nothing_is_approved(shared: Shared) -> None:
    shared.machine("worker")
    shared.machine("anew", None)
    shared.run("worker", LEARNED)
    report = shared.run("anew", LEARNED)
    assert report.failures == ()
    assert shared.answered() == set()


def test_it_goes_when_somebody_takes_it_out(shared: Shared) -> None:
    shared.machine("worker")
    shared.run("worker", LEARNED)
    shared.bench.made().forget([LEARNED])
    assert shared.answered() == set()


def test_one_answer_that_the_model_refuses_keeps_no_other_out(shared: Shared) -> None:
    whole = shared.bench.embed

    def embed(texts: Sequence[str]) -> object:
        if any("poison" in text for text in texts):
            raise TextRefused("the server refused a text")
        return whole(texts)

    shared.machine("worker")
    shared.run("worker", LEARNED)
    shared.machine("worker", FAQ + POISON + MORE)
    shared.bench.embed = embed  # type: ignore[method-assign, assignment]
    report = shared.run("worker", LEARNED)
    assert shared.answered() == {"How long do refunds take?", "Do you sell tea?"}
    assert report.failures == (("desk.faq.yaml", "What is poison?: the server refused a text"),)

    shared.bench.embed = whole  # type: ignore[method-assign]
    report = shared.run("worker", LEARNED)
    assert report.failures == ()
    assert shared.answered() == {"How long do refunds take?", "Do you sell tea?", "What is poison?"}
    assert "How long do refunds take?" not in " ".join(shared.bench.embedded), "what was taken is not embedded again"
    assert shared.run("worker", LEARNED).indexed == 0
