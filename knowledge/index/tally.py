"""What an index run has done so far, in all and for each source."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.knowledge import IndexReport, SourceReport
from knowledge.sources import identity_of

Reasons = Iterable[tuple[str, str]]


class Tally:
    """Counts documents. ``total``: how many there are to look at."""

    def __init__(self) -> None:
        self.total = 0
        self.settled = 0
        self.chunks = 0
        self.failures: list[tuple[str, str]] = []
        self._problems: list[tuple[str, str]] = []
        self._sources: dict[str, _Source] = {}

    def expect(self, roots: Iterable[str]) -> None:
        """These are reported about, also when nothing is found in them."""
        for root in roots:
            self._source_of(root)

    def indexed(self, root: str, chunks: int, problems: Reasons = ()) -> None:
        """A document is in the index now."""
        self.settled += 1
        self.chunks += chunks
        self._source_of(root).indexed += 1
        self.note(root, problems)

    def unchanged(self, root: str, problems: Reasons = ()) -> None:
        """A document was in the index already."""
        self.settled += 1
        self._source_of(root).unchanged += 1
        self.note(root, problems)

    def removed(self, root: str, count: int = 1) -> None:
        """Documents are in the index no more."""
        self._source_of(root).removed += count

    def failed(self, root: str, reasons: Reasons) -> None:
        """What was not read, or not taken out."""
        for reason in reasons:
            self.failures.append(reason)
            self._source_of(root).failures.append(reason)

    def note(self, root: str, problems: Reasons) -> None:
        """Parts of documents that were not read, while the rest of the document was; and what is no document at all."""
        for problem in problems:
            self._problems.append(problem)
            self._source_of(root).failures.append(problem)

    def report(self, seconds: float, *, left_out: bool) -> IndexReport:
        """For the people who keep the documents."""
        sources = self._sources.values()
        return IndexReport(
            sum(one.indexed for one in sources),
            sum(one.unchanged for one in sources),
            sum(one.removed for one in sources),
            self.chunks,
            tuple(dict.fromkeys((*self.failures, *self._problems))),
            seconds,
            sample_left_out=left_out,
            sources=tuple(one.report(root) for root, one in self._sources.items()),
        )

    def _source_of(self, root: str) -> _Source:
        return self._sources.setdefault(root, _Source())


class _Source:
    def __init__(self) -> None:
        self.indexed = 0
        self.unchanged = 0
        self.removed = 0
        self.failures: list[tuple[str, str]] = []

    def report(self, root: str) -> SourceReport:
        return SourceReport(identity_of(root), self.indexed, self.unchanged, self.removed, tuple(self.failures))
