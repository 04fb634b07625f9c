"""Sources that others wrote: found by entry point, run in the process that fetches, kept in a mirror like every other one.

The protocol is described in docs/reference/sources.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import PurePosixPath
from typing import Protocol

from knowledge.sources.files import READABLE
from knowledge.sources.mirror import MORE, Draft, Page, State
from knowledge.sources.options import SourceOptions

GROUP = "switchboard.sources"
"""The entry points' group; the name of one is the kind of its sources, and the scheme of their addresses."""


@dataclass(frozen=True, slots=True)
class Item:
    """One document. ``key`` is its lasting name in the source; ``name`` what customers see of its place, ending like a file's.

    ``content`` None: the same as when ``version`` was given the last time. ``url``: where people read it.
    """

    key: str
    name: str
    content: bytes | None
    version: str | None = None
    url: str | None = None


class Source(Protocol):
    """What an entry point leads to: a callable, such as a function or a class with ``__call__``."""

    def __call__(self, address: str, options: Mapping[str, str], known: Mapping[str, str]) -> Iterable[Item]:
        """Every document that the source holds now. ``known``: versions by key of what is in the mirror.

        Raise any exception when the source cannot be read whole: nothing is removed then.
        """
        ...


class SourceFailed(Exception):
    """Why a third-party source could not be read, for people."""


def kinds() -> tuple[str, ...]:
    """The names of those that are installed."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(kind: str) -> Source:
    """The source of this kind. Raises SourceFailed."""
    for point in entry_points(group=GROUP):
        if point.name == kind:
            try:
                found: Source = point.load()
            except Exception as error:
                raise SourceFailed(f"the source {kind} cannot be loaded: {type(error).__name__}: {error}") from error
            return found
    raise SourceFailed(f"there is no source of the kind {kind}; is its package installed?")


def fetch(options: SourceOptions, draft: Draft, tell: Callable[[int, int, str], None]) -> State:
    """The state that the mirror should have from now on. Raises SourceFailed."""
    source = load(options.its_kind)
    before = draft.before.visited
    known = {key: page.etag for key, page in before.items() if page.etag is not None}
    visited: dict[str, Page] = {}
    problems: tuple[tuple[str, str], ...] = ()
    try:
        for item in source(options.address, dict(options.extra), known):
            place = item.name.strip("/")
            if not options.wants(place):
                continue
            if len(visited) >= options.most_pages and item.key not in visited:
                problems = ((options.address, MORE.format(most=options.most_pages, noun="documents")),)
                break
            tell(len(visited), max(len(before), len(visited) + 1), place)
            visited[item.key] = _kept(item, place, before.get(item.key), draft)
            draft.note(item.key, visited[item.key])
    except SourceFailed:
        raise
    except Exception as error:
        raise SourceFailed(f"{type(error).__name__}: {error}"[:300]) from error
    return State(visited, problems, failure=None if visited else "the source holds no documents")


def _kept(item: Item, place: str, before: Page | None, draft: Draft) -> Page:
    if item.content is None:
        if before is None:
            raise SourceFailed(f"{item.key} is said to be unchanged, but was never seen")
        return replace(before, name=place, place=place, url=item.url)
    name = PurePosixPath(place).name
    if PurePosixPath(name).suffix.lower() not in READABLE:
        raise SourceFailed(f"{item.name}: the name must end like that of a document, such as .md or .html")
    return Page(draft.keep(item.content, name), place, place, item.url, etag=item.version)
