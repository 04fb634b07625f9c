"""What a crawl has met, and what that means for the mirror: what is new, what stays, what is gone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from knowledge.sources.address import Scope, host_of, shown
from knowledge.sources.mirror import Page, State

_HANDFUL = 5
"""So many pages may say the same at once, whatever their share of the site is."""
_STAYS = "its last good version stays"
_WALLED = (
    "{hidden} of its {had} pages say the same now, as they would during maintenance; what they said before stays, "
    "also if this is meant: then say switchboard index --remove {root}, and index it again"
)
CIRCLE = "leads in a circle"
_REFUSED = "from now on its last version is for staff; next time it is gone"


@dataclass(slots=True)
class Tally:
    """What a crawl has met so far. ``missed`` are pages that could not be had now; ``gone`` those that their server disowns.
    ``closed`` were never ours to read. ``moved``: of the gone those that lead to another page of the source, and to which.

    ``refused`` are those of the missed that are not for everybody any more, ``refusals`` how often that was said in a row.
    ``truncated``: why something was left out that might have been read. ``listed``: what its sitemaps name; ``all_listed`` while
    each of them could be read; ``followed`` are those of it that were asked only for where they lead.
    """

    visited: dict[str, Page] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    refusals: int = 0
    listed: set[str] = field(default_factory=set)
    all_listed: bool = True
    closed: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    followed: set[str] = field(default_factory=set)
    in_a_row: int = 0
    truncated: str | None = None

    def look_after_moved(self) -> None:
        """A page that moved is not gone before it was seen at its new place: until then it is one of the missed."""
        met = self.visited.keys() | self.gone | self.closed | self.refused
        for address in self.moved:
            end = self._end_of(address)
            if end not in met:
                self.gone.discard(address)
                self.missed.add(address)
            if end is None:
                self.problems.setdefault(shown(address), CIRCLE)

    def _end_of(self, address: str) -> str | None:
        """Where it leads in the end; None where that is nowhere."""
        seen = {address}
        while (target := self.moved.get(address)) is not None:
            if target in seen:
                return None
            seen.add(target)
            address = target
        return address


def settled(scope: Scope, before: State, tally: Tally, failure: str | None = None) -> State:
    """The new state. With a ``failure`` nothing goes, and neither does it when the crawl brought nothing at all."""
    walls, hidden = _walls(before, tally)
    if walls:
        tally = replace(tally, visited={key: page for key, page in tally.visited.items() if _text(page) not in walls})
        failure = failure or _WALLED.format(hidden=hidden, had=len(before.pages), root=scope.options.root)
    if failure is None and before.pages and not any(page.file for page in tally.visited.values()):
        failure = "the crawl brought nothing that can be read"
    kept = _kept(scope, before, tally, failure)
    most = scope.options.most_pages  # or a site without end would fill the disk bit by bit
    if failure is None:
        kept = dict(list(kept.items())[: max(0, most - len(tally.visited))])
    visited = _without_doubles(scope, dict(list({**kept, **tally.visited}.items())[:most]))
    problems = dict(_named(reason, before, address, tally) for address, reason in _missed(tally).items())
    problems |= {place: reason for place, reason in tally.problems.items() if place not in problems}
    if tally.truncated:
        problems[scope.start] = tally.truncated
    if not visited and failure is None:
        failure = "the crawl brought nothing that can be read"
    return State(visited, tuple(sorted(problems.items())), failure)


def _walls(before: State, tally: Tally) -> tuple[set[str], int]:
    """What most pages of the site say now that said different things before, and how many these are.

    A site under maintenance answers every address with 200, so that this looks like pages that have changed.
    """
    changed: dict[str, list[str]] = {}
    for address, page in tally.visited.items():
        known = before.visited.get(address)
        if page.file and known is not None and known.file and _text(known) != _text(page):
            changed.setdefault(_text(page), []).append(_text(known))
    walls = {text: said for text, said in changed.items() if len(said) > _HANDFUL and len(set(said)) > 1}
    hidden = sum(map(len, walls.values()))
    return (set(walls), hidden) if hidden * 2 > len(before.pages) else (set(), 0)


def _text(page: Page) -> str:
    """Stands for what a page says: the folder of its file, which is named by its content."""
    return (page.file or "").rpartition("/")[0]


def _missed(tally: Tally) -> dict[str, str]:
    return {address: tally.problems[shown(address)] for address in tally.missed if shown(address) in tally.problems}


def _named(reason: str, before: State, address: str, tally: Tally) -> tuple[str, str]:
    known = before.visited.get(address)
    stays = _REFUSED if address in tally.refused else _STAYS
    return shown(address), f"{reason} ({stays})" if known is not None and known.file else reason


def _kept(scope: Scope, before: State, tally: Tally, failure: str | None) -> dict[str, Page]:
    """What was known and was not brought now. It goes when it is disowned, not wanted, or was not met by a whole crawl."""
    whole = failure is None and not tally.missed and not tally.truncated
    kept = {}
    for address, page in before.visited.items():
        wanted = scope.wants(address)
        disowned = address in tally.gone and failure is None
        if wanted and not disowned and (not whole or address in tally.missed):
            kept[address] = replace(page, refused=True) if failure is None and address in tally.refused else page
    return kept


def _without_doubles(scope: Scope, visited: dict[str, Page]) -> dict[str, Page]:
    """One page of each that say of themselves that they are the same.

    Not where the page that they name is the start: there are sites on which every page claims to be that one.
    """
    found = {}
    for address, page in visited.items():
        main = visited.get(page.canonical) if page.canonical and page.canonical != address else None
        if main is None or main.file is None or page.canonical is None:
            found[address] = page
            continue
        same_path = host_of(address) == host_of(page.canonical) and _path(address) == _path(page.canonical)
        if not same_path and page.canonical == scope.start and main.file != page.file:
            found[address] = page
    return found


def _path(address: str) -> str:
    return urlsplit(address).path.rstrip("/").removesuffix("/index.html")
