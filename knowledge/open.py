"""The knowledge base as the rest of the hub gets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from knowledge.gaps.likeness import ProcessLikeness
from knowledge.process.child import KnowledgeProcess, State
from knowledge.regression import ProcessRegression
from knowledge.retriever import ProcessRetriever
from knowledge.settings import KnowledgeSettings
from knowledge.sources import Catalog
from knowledge.sources.options import SAMPLE_ROOT
from knowledge.sources.refresh import Refresh
from knowledge.writer import ProcessWriter

SAMPLE = Path(SAMPLE_ROOT)
"""Documents of our own writing for a fictional company, for the demo and the tests."""


@dataclass(frozen=True, slots=True)
class KnowledgeHealth:
    """For health pages. ``detail`` says why it is not ready; counts are those of the last run or start.

    ``measured``: whether the threshold was (or is set), for what is in the index; until then another one stands in.
    """

    state: State
    detail: str
    model: str
    documents: int
    passages: int
    restarts: int
    pid: int | None
    measured: bool = True

    @property
    def ready(self) -> bool:
        """Whether a search would be answered now."""
        return self.state is State.READY

    @property
    def summary(self) -> str:
        """In a line."""
        if not self.ready:
            return self.state.value
        waits = "" if self.measured else "; the threshold could not be measured yet, and is tried again"
        return f"{self.documents} documents, {self.passages} passages{waits}"


class Knowledge:
    """Open it once per process. ``start`` returns at once while the model loads in a process of its own."""

    def __init__(self, settings: KnowledgeSettings) -> None:
        self._process = KnowledgeProcess(settings)
        self.retriever = ProcessRetriever(self._process, settings)
        self.writer = ProcessWriter(self._process)
        self.likeness = ProcessLikeness(self._process)
        self.regression = ProcessRegression(self._process)
        self.refresh = Refresh(
            Catalog(settings.sources, settings.mirrors, settings.learned), environment=settings.environment
        )

    async def start(self) -> None:
        """Begins to load the model and to open the index."""
        self._process.start()

    async def warm(self, timeout: float = 300.0) -> None:
        """Returns when a search would be answered at once. Raises KnowledgeUnavailable after ``timeout`` seconds.

        Making a model ready, the first time it is used, takes half a minute on two cores that do nothing else.

        Waits also for a Chroma server that is not up yet; not for a model that does not exist.
        """
        await self._process.wait_ready(timeout, patient=True)

    async def close(self) -> None:
        """Ends the process behind it. Searches that still wait get KnowledgeUnavailable."""
        await self._process.close()

    def health(self) -> KnowledgeHealth:
        """Where the knowledge base stands, without asking it."""
        status = self._process.status
        return KnowledgeHealth(
            state=status.state,
            detail=status.detail,
            model=status.model,
            documents=status.documents,
            passages=status.passages,
            restarts=max(0, status.starts - 1),
            pid=status.pid,
            measured=status.measured or self._process.settings.threshold is not None,
        )


def open_knowledge(settings: KnowledgeSettings) -> Knowledge:
    """The knowledge base in ``settings``, not yet started. The caller holds the lock on an embedded directory."""
    return Knowledge(settings)
