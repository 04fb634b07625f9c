"""Ours: the knowledge base as the hub opens it, reading the documents from files, with every process that belongs to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bench.beside.contract import PASSAGES, Task, Text, run
from knowledge.open import open_knowledge
from knowledge.settings import KnowledgeSettings
from tests.servers.models import MODELS


class Switchboard:
    """See bench.beside.contract.Subject."""

    def __init__(self, task: Task) -> None:
        self._documents = task.folder / "documents"
        self._ids: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._knowledge = open_knowledge(KnowledgeSettings(directory=task.folder / "chroma", models=MODELS))
        self._loop.run_until_complete(self._open())
        self.passages = 0

    async def _open(self) -> None:
        await self._knowledge.start()
        await self._knowledge.warm()

    def index(self, documents: Sequence[Text]) -> None:
        """See Subject.index."""
        self._documents.mkdir(parents=True)
        for number, document in enumerate(documents):
            name = f"{number:05}.md"
            self._ids[name] = document.id
            heading = f"# {document.title}\n\n" if document.title else ""
            (self._documents / name).write_text(f"{heading}{document.text}", encoding="utf-8")
        report = self._loop.run_until_complete(self._knowledge.writer.index([str(self._documents)]))
        if report.failures:
            raise RuntimeError(report.failures[0])
        self.passages = report.chunks

    def ask(self, question: str) -> Sequence[str]:
        """See Subject.ask."""
        found = self._loop.run_until_complete(self._knowledge.retriever.retrieve(question, limit=PASSAGES))
        return [self._ids[Path(passage.source).name] for passage in found.passages]


if __name__ == "__main__":
    run(Switchboard)
