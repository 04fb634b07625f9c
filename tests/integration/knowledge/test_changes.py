"""Documents change, vanish and break while customers ask."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from core.domain.errors import InvalidInput
from core.domain.knowledge import IndexReport, KnowledgeAudience
from knowledge.index.database import open_database
from knowledge.index.kept_bounds import KeptBounds
from knowledge.index.manifest_file import manifest_file
from knowledge.index.order import Origin
from knowledge.open import Knowledge

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "otters.md").write_text(
        "# Otters\n\n## Food\n\nOtters eat fish and crabs.\n\n## Sleep\n\nOtters sleep on the water."
    )
    (folder / "foxes.md").write_text("# Foxes\n\nFoxes hunt mice at night.")
    (folder / "faq.json").write_text('[{"question": "Do bats see?", "answer": "Yes, and they hear even better."}]')
    return folder


async def best_source(knowledge: Knowledge, question: str) -> str:
    return (await knowledge.retriever.retrieve(question)).passages[0].source


async def index(knowledge: Knowledge, folder: Path) -> IndexReport:
    return await configured(knowledge, folder)


async def configured(knowledge: Knowledge, *paths: Path) -> IndexReport:
    """As at the start of a hub that has exactly these sources."""
    return await knowledge.writer.index([str(path) for path in paths], origin=Origin.CONFIGURED)


async def test_only_the_changed_passage_of_a_changed_document_is_embedded(knowledge: Knowledge, docs: Path) -> None:
    await index(knowledge, docs)
    path = docs / "otters.md"
    path.write_text(path.read_text().replace("fish and crabs", "mostly sea urchins"))

    report = await index(knowledge, docs)

    assert (report.indexed, report.unchanged, report.removed) == (1, 2, 0)
    assert knowledge.writer.embeddings == 1
    passages = (await knowledge.retriever.retrieve("What do otters eat?", limit=50)).passages
    assert passages[0].content == "Otters eat mostly sea urchins."
    assert not any("crabs" in passage.content for passage in passages)


async def test_a_document_that_vanished_is_forgotten(knowledge: Knowledge, docs: Path) -> None:
    await index(knowledge, docs)
    (docs / "foxes.md").unlink()

    report = await index(knowledge, docs)

    assert (report.indexed, report.unchanged, report.removed) == (0, 2, 1)
    sources = {
        passage.source for passage in (await knowledge.retriever.retrieve("What do foxes hunt?", limit=50)).passages
    }
    assert sources == {"docs/otters.md", "docs/faq.json"}
    assert knowledge.health().documents == 2


async def test_a_broken_document_stops_nothing_and_keeps_its_last_version(knowledge: Knowledge, docs: Path) -> None:
    await index(knowledge, docs)
    (docs / "faq.json").write_text('[{"question": "Do bats see?"')
    (docs / "new.pdf").write_bytes(b"not a PDF")
    (docs / "wolves.md").write_text("Wolves live in packs.")

    report = await index(knowledge, docs)

    assert report.indexed == 1
    failures = dict(report.failures)
    assert failures.keys() == {"docs/faq.json", "docs/new.pdf"}
    assert failures["docs/faq.json"].startswith("line 1")
    assert "its last readable version stays" in failures["docs/faq.json"]
    assert "last readable" not in failures["docs/new.pdf"]
    assert await best_source(knowledge, "Do bats see?") == "docs/faq.json"
    assert await best_source(knowledge, "Where do wolves live?") == "docs/wolves.md"


async def test_a_source_that_is_away_is_not_forgotten(knowledge: Knowledge, docs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("Herons stand still for hours.")
    await configured(knowledge, docs, other)
    shutil.move(docs, tmp_path / "unmounted")

    report = await configured(knowledge, docs, other)

    assert report.removed == 0
    assert report.failures == ((str(docs), "there is no such file or folder"),)
    assert await best_source(knowledge, "What do foxes hunt?") == "docs/foxes.md"
    await asyncio.to_thread(docs.mkdir)
    assert (await configured(knowledge, docs, other)).removed == 0


async def test_a_source_that_is_no_longer_configured_is_forgotten(knowledge: Knowledge, docs: Path) -> None:
    await index(knowledge, docs)

    report = await configured(knowledge, docs / "foxes.md")

    assert report.removed == 2
    with pytest.raises(InvalidInput):
        await knowledge.writer.index([" "])


async def test_staff_passages_never_reach_customers(knowledge: Knowledge, docs: Path) -> None:
    (docs / "rates.md").write_text("---\naudience: staff\n---\nThe secret discount for badgers is 90 %.")
    (docs / "faq.json").write_text(
        '[{"question": "Discount for badgers?", "answer": "None.", "audience": "public"},'
        ' {"question": "Real discount for badgers?", "answer": "90 %", "audience": "staff"}]'
    )
    await index(knowledge, docs)
    question = "What is the secret discount for badgers?"

    public = (await knowledge.retriever.retrieve(question, limit=50)).passages
    staff = (await knowledge.retriever.retrieve(question, limit=50, audience=KnowledgeAudience.STAFF)).passages

    assert {passage.audience for passage in public} == {KnowledgeAudience.PUBLIC}
    assert not any("90" in passage.content for passage in public)
    assert any(passage.content.startswith("The secret discount") for passage in staff)
    assert {passage.audience for passage in staff} == set(KnowledgeAudience)

    (docs / "rates.md").write_text("The secret discount for badgers is 90 %.")
    await index(knowledge, docs)
    public = (await knowledge.retriever.retrieve(question, limit=50)).passages
    assert "docs/rates.md" in {passage.source for passage in public}


async def test_a_killed_process_is_replaced_under_the_next_question(knowledge: Knowledge, docs: Path) -> None:
    await index(knowledge, docs)
    pid = knowledge.health().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    assert await best_source(knowledge, "What do foxes hunt?") == "docs/foxes.md"
    assert knowledge.health().restarts >= 1
    assert knowledge.health().pid not in {pid, None}


async def test_an_index_run_survives_its_process(knowledge: Knowledge, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nAnimal number {number} lives in valley {number}.")
    killed: list[int] = []

    def kill_once(progress: object) -> None:
        pid = knowledge.health().pid
        if not killed and pid is not None and getattr(progress, "done", 0) >= 5:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    report = await knowledge.writer.index([str(folder)], progress=kill_once, origin=Origin.CONFIGURED)

    assert killed
    assert report.indexed + report.unchanged == 40
    assert report.unchanged >= 5
    assert (await index(knowledge, folder)).unchanged == 40
    assert knowledge.health().passages == 40


async def test_the_event_loop_stays_responsive_and_questions_are_answered_while_indexing(
    knowledge: Knowledge, tmp_path: Path
) -> None:
    await knowledge.warm()
    folder = tmp_path / "large"
    folder.mkdir()
    for number in range(8):
        lines = [f"Rule {number}.{line} concerns matter {line * 7} in department {number}." for line in range(25)]
        (folder / f"{number}.md").write_text(f"# Rules {number}\n\n" + " ".join(lines))
    loop = asyncio.get_running_loop()
    lags: list[float] = []
    busy: list[float] = []

    async def watch() -> None:
        while True:
            before, worked = loop.time(), time.thread_time()
            await asyncio.sleep(0.01)
            lags.append(loop.time() - before - 0.01)
            busy.append(time.thread_time() - worked)

    async def ask() -> int:
        answered = 0
        while not indexing.done():
            await knowledge.retriever.retrieve(f"Which rule concerns matter {answered}?")
            answered += 1
        return answered

    watching = asyncio.create_task(watch())
    indexing = asyncio.create_task(index(knowledge, folder))
    answered = await ask()
    report = await indexing
    watching.cancel()

    lags.sort()
    usual = lags[int(len(lags) * 0.99)]
    print(f"\nindexed {report.chunks} chunks in {report.seconds} s, {answered} questions meanwhile")
    print(
        f"loop lag: 99 of 100 under {usual * 1000:.0f} ms, longest {lags[-1] * 1000:.0f} ms, work {max(busy) * 1000:.0f} ms"
    )
    assert report.indexed == 8
    assert answered > 1
    assert max(busy) < 0.1, "the work of this process alone, without waiting for a busy machine"


async def test_what_models_of_before_have_left_on_the_disk_goes_with_a_run(knowledge: Knowledge, docs: Path) -> None:
    await index(knowledge, docs)
    kept = knowledge._process.settings.directory.parent / "knowledge"
    [words] = (kept / "words").iterdir()
    bounds = KeptBounds(open_database(manifest_file(knowledge._process.settings.directory), None))
    bounds.write("a model of before", "{}")
    (kept / "words" / "0123456789ab").mkdir()

    await index(knowledge, docs)

    assert list((kept / "words").iterdir()) == [words]
    assert bounds.read("a model of before") is None
    assert list(words.iterdir()), "what is searched stays"
