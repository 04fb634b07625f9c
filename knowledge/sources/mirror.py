"""What was fetched from a source, on this machine: the documents as files, and what is known about each.

A page is written before it is noted in the journal, and the journal becomes the state when a run is over: a run that was killed
goes on where it was, and whoever reads meanwhile finds the last good version of each page. Files are named by their content, and
one that is no longer wanted stays for one run more, for those who are just reading it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self

_FORMAT = 2
_STATE, _JOURNAL, LOCK, _FILES = "state.json", "journal.jsonl", "lock", "files"
_LINKS = "links.json"
"""Beside the state, since only whoever fetches follows them: they outweigh all the rest, and a reader has the state in memory."""
_FAILURE = "failure.json"
"""Beside the state as well, since a process that answers customers writes it, and the state may have many megabytes."""
_LINKS_LINE = '{"links":'
_RESUMED_WITHIN = 86_400.0
"""Seconds. What a run that was cut off has brought is taken for fresh no longer than this."""
_NEW = ".new-"
"""What is being written is called by this, until it takes the place of what was there."""
_LEFT_AFTER = 3600.0
"""Seconds after which whoever wrote it was killed."""
_LONGEST_NAME = 240
MORE = "has more than the {most} {noun} of most_pages; the others are left out"
"""What is said of a source that is larger than it may be."""
_UNFIT = re.compile(r"[^\w.-]+")


class Busy(Exception):
    """Another process is fetching this source at the moment."""


@dataclass(frozen=True, slots=True)
class Page:
    """A place that was visited. ``file`` is below the mirror; None for one that is not to be indexed and only leads on.

    ``name`` is what customers may see of it, ``place`` its path below the source. ``etag`` and ``modified`` are given back to the
    server, which then need not send it again; ``links`` are where it leads, since a page that did not change is not read.
    ``refused``: it was public, and the server asked for a login when it was visited last.
    """

    file: str | None
    name: str
    place: str
    url: str | None = None
    etag: str | None = None
    modified: str | None = None
    links: tuple[str, ...] = ()
    canonical: str | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """``failure`` says why the last run as a whole failed; ``problems`` are single places. ``version`` is the whole source's.

    ``finished_at``: when it was last fetched without a failure. ``listed``: of a sitemap for staff, every page that it lists,
    whether it could be had or not, and what these lead to; None while that is not known. ``moved``: of these, what each leads to
    that leads elsewhere. ``unasked``: of how many that is not known. ``changed_at``: when a run that brought other documents than
    were there had ended, as seconds since 1970. ``run``: which one wrote it, so that a journal of that run says nothing new.
    """

    visited: Mapping[str, Page] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()
    failure: str | None = None
    version: str | None = None
    finished_at: str | None = None
    listed: tuple[str, ...] | None = None
    moved: Mapping[str, str] = field(default_factory=dict)
    unasked: int = 0
    changed_at: float = 0.0
    run: str | None = None

    @property
    def fetched_at(self) -> float:
        """``finished_at`` as seconds since 1970; 0 for what was never fetched whole."""
        return datetime.fromisoformat(self.finished_at).timestamp() if self.finished_at else 0.0

    @property
    def pages(self) -> dict[str, Page]:
        """What there is to read."""
        return {key: page for key, page in self.visited.items() if page.file is not None}


class Mirror:
    """One source's folder. Any number may read it; one at a time writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, mirrors: Path, root: str) -> Self:
        """The mirror of the source that is known by this name."""
        return cls(mirrors / hashlib.sha256(root.encode("utf-8", "surrogatepass")).hexdigest()[:24])

    def path_of(self, page: Page) -> Path:
        """Where its content lies. Only for pages that have one."""
        assert page.file is not None
        return self.folder / page.file

    def read(self) -> State:
        """The last state with what an unfinished run has brought since, without links. An empty one where nothing was fetched."""
        state = self._state(links=False)
        journal = _Journal.since(state, self.folder, links=False)
        whole = replace(state, visited={**state.visited, **journal.visited})
        return replace(whole, changed_at=journal.written_at) if journal.visited and _differ(whole, state) else whole

    @contextlib.contextmanager
    def fetching(self) -> Iterator[Draft]:
        """A run that fetches. Raises Busy while another one is under way."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            _sweep(self.folder)
            before = self._state()
            earlier = _Journal.since(before, self.folder)
            if earlier.begun_at is not None and time.time() - earlier.begun_at > _RESUMED_WITHIN:
                before = replace(before, visited={**before.visited, **earlier.visited}, run=earlier.run)
                self.write(before)
                earlier = _Journal()
            if earlier.begun_at is None:
                (self.folder / _JOURNAL).unlink(missing_ok=True)
            with (self.folder / _JOURNAL).open("a", encoding="utf-8") as journal:
                journal.write("\n")  # ends a line that a killed run left half written
                if earlier.begun_at is None:
                    earlier.run = secrets.token_hex(8)
                    journal.write(f'{{"at":{time.time()},"run":"{earlier.run}"}}\n')
                yield Draft(self, before, earlier, journal)

    def remove(self) -> None:
        """Nothing of the source is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def fail(self, reason: str) -> None:
        """Whoever fetched is gone without a word of its own: say why. What was fetched stays, and is gone on with."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / _FAILURE, _json({"reason": reason}))

    def _state(self, *, links: bool = True) -> State:
        state = self._written(links=links)
        try:
            return replace(state, failure=json.loads((self.folder / _FAILURE).read_text("utf-8"))["reason"])
        except (OSError, ValueError):
            return state

    def _written(self, *, links: bool) -> State:
        try:
            raw = json.loads((self.folder / _STATE).read_text("utf-8"))
        except (OSError, ValueError):
            return State()
        if raw.get("format") != _FORMAT:
            return State()
        led = self._links() if links else {}
        visited = {key: _page(page, led.get(key, ())) for key, page in raw["visited"].items()}
        problems = tuple((place, reason) for place, reason in raw["problems"])
        listed = raw.get("listed")
        known = None if listed is None else tuple(listed)
        moved, unasked = raw.get("moved", {}), raw.get("unasked", 0)
        at, run = raw.get("changed_at", 0.0), raw.get("run")
        return State(
            visited, problems, raw["failure"], raw["version"], raw["finished_at"], known, moved, unasked, at, run
        )

    def _links(self) -> dict[str, tuple[str, ...]]:
        try:
            raw = json.loads((self.folder / _LINKS).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {key: tuple(links) for key, links in raw.items()}

    def write(self, state: State) -> None:
        """Puts a new state in the place of the old one, of what was said of that since, and of the journal."""
        (self.folder / _FAILURE).unlink(missing_ok=True)
        self._save(state)
        (self.folder / _JOURNAL).unlink(missing_ok=True)

    def _save(self, state: State) -> None:
        """The links first: those of pages that the state does not name are of no account."""
        links = {key: page.links for key, page in state.visited.items() if page.links}
        _write(self.folder / _LINKS, _json(links))
        visited = {key: _noted(page) for key, page in state.visited.items()}
        rest = asdict(replace(state, visited={}))
        _write(self.folder / _STATE, _json({"format": _FORMAT, **rest, "visited": visited}))


class Draft:
    """A run that is under way. What an earlier one that was killed had done already is in ``done``."""

    def __init__(self, mirror: Mirror, before: State, earlier: _Journal, journal: IO[str]) -> None:
        self._mirror = mirror
        self._journal = journal
        self._run = earlier.run
        self.before = before
        self.done: dict[str, Page] = dict(earlier.visited)
        self.deadly = frozenset(key for key, times in earlier.begun.items() if times > 1 and key not in self.done)
        """What was begun by two runs that both died over it."""

    @property
    def folder(self) -> Path:
        """For what is kept beside the files, such as a repository."""
        return self._mirror.folder

    def keep(self, content: bytes, name: str) -> str:
        """Stores content under a name that ends as it should; returns what goes into Page.file."""
        digest = hashlib.sha256(content).hexdigest()[:32]
        file = f"{_FILES}/{digest}/{_fit(name)}"
        path = self._mirror.folder / file
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
        return file

    def begin(self, key: str) -> None:
        """Say what is worked on, so that a place that kills whoever reads it is left alone after the second time."""
        self._note({"begun": key})

    def note(self, key: str, page: Page) -> None:
        """This place is done; a run that is resumed does not visit it again."""
        self.done[key] = page
        if page.links:
            self._note({"links": page.links, "key": key})
        self._note({"key": key, "page": _noted(page)})

    def finish(self, state: State, *, forget: bool = False, at: float | None = None) -> bool:
        """Makes ``state`` the one that is read. Whether it holds other documents than the one before.

        ``forget``: what is no longer wanted goes at once, since nobody may keep it. ``at``: the time, in seconds since 1970.
        """
        if not (self._mirror.folder / LOCK).exists():  # somebody has removed the source meanwhile
            self._mirror.remove()
            return False
        changed = _differ(state, self.before)
        at = self.before.changed_at if at is None else at
        changed_at = at if changed else min(at, self.before.changed_at)
        self._mirror.write(replace(state, changed_at=changed_at, run=self._run))
        before = () if forget else self.before.pages.values()
        held = {page.file for page in (*state.pages.values(), *before)}
        self._remove_others({file.split("/")[1] for file in held if file and file.startswith(f"{_FILES}/")})
        return changed

    def _remove_others(self, wanted: set[str]) -> None:
        files = self._mirror.folder / _FILES
        for folder in files.iterdir() if files.is_dir() else ():
            if folder.name not in wanted:
                shutil.rmtree(folder, ignore_errors=True)

    def _note(self, line: Mapping[str, Any]) -> None:
        self._journal.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n")
        self._journal.flush()


@dataclass(slots=True)
class _Journal:
    """What an unfinished run has noted so far."""

    visited: dict[str, Page] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    begun_at: float | None = None
    """When its first line was written, however often it was gone on with."""
    written_at: float = 0.0
    run: str | None = None

    @classmethod
    def since(cls, state: State, folder: Path, *, links: bool = True) -> _Journal:
        """Nothing where the run has ended, and was killed before the journal was gone."""
        found = cls.of(folder, links=links)
        return cls() if found.run is not None and found.run == state.run else found

    @classmethod
    def of(cls, folder: Path, *, links: bool = True) -> _Journal:
        found = cls()
        led: dict[str, tuple[str, ...]] = {}
        try:
            found.begun_at = found.written_at = (folder / _JOURNAL).stat().st_mtime
            journal = (folder / _JOURNAL).open(encoding="utf-8", errors="replace")
        except OSError:
            return found
        with journal:
            for line in journal:
                if links or not line.startswith(_LINKS_LINE):
                    found._take(line, led)
        return found

    def _take(self, line: str, led: dict[str, tuple[str, ...]]) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError):  # the line that a kill cut off
            raw = json.loads(line)
            if "at" in raw:
                self.begun_at, self.run = float(raw["at"]), raw.get("run")
            elif "links" in raw:
                led[raw["key"]] = tuple(raw["links"])
            elif "begun" in raw:
                self.begun[raw["begun"]] = self.begun.get(raw["begun"], 0) + 1
            else:
                self.visited[raw["key"]] = _page(raw["page"], led.get(raw["key"], ()))


def _noted(page: Page) -> dict[str, Any]:
    return {**asdict(replace(page, links=())), "leads": bool(page.links)}


def _page(noted: Mapping[str, Any], links: tuple[str, ...]) -> Page:
    """A page whose links are lost is asked for as if it were new: one that has not changed would lead nowhere."""
    raw = dict(noted)
    lost = raw.pop("leads", False) and not links
    page = Page(**{**raw, "links": links})
    return replace(page, etag=None, modified=None) if lost else page


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _differ(state: State, other: State) -> bool:
    some, others = ({key: _content(page) for key, page in one.pages.items()} for one in (state, other))
    return some != others


def _content(page: Page) -> tuple[str | None, str | None, bool]:
    return page.file, page.url, page.refused


def _fit(name: str) -> str:
    """A file's name that any system takes, its end kept. They count bytes (Linux takes 255), and a character may have four."""
    fitting = _UNFIT.sub("-", name).strip("-.")[-120:].encode("utf-8", "ignore")
    return fitting[-_LONGEST_NAME:].decode("utf-8", "ignore") or "page"


def _sweep(folder: Path) -> None:
    """Removes what killed writers left half written."""
    for left in (*folder.glob(f"{_NEW}*"), *folder.glob(f"{_FILES}/*/{_NEW}*")):
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < time.time() - _LEFT_AFTER:
                left.unlink()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the machine stops."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_NEW)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
