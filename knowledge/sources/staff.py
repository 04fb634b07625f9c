"""What is for staff because of where it lies: in a source that was described so, by whatever route somebody comes to it.

A file that is named itself, a wider folder, the same site with another slash, another folder of the same repository: none of
them may open to customers what the description of a narrower source has closed.
"""

from __future__ import annotations

import glob
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources.address import Scope, host_of, normal
from knowledge.sources.files import before_magic, identity_of, real
from knowledge.sources.mirror import Mirror, State
from knowledge.sources.options import FILES, GIT, PAGE, SITE, SITEMAP, TICKETS, WEB, SourceOptions
from knowledge.sources.spelling import Spelling, loose, loose_path

_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A source for staff of which nobody knows here what it holds: its address, its hosts as far as they are known, and why."""

    address: str
    hosts: tuple[str, ...] | None
    why: str


@dataclass(frozen=True, slots=True)
class StaffSite:
    """A site for staff, with all that its description says of it: what lies there is for staff, fetched or not."""

    scope: Scope
    start: Spelling
    folder: str
    loosely: SourceOptions
    """Its description for paths in their looser spelling."""

    @classmethod
    def of(cls, options: SourceOptions) -> StaffSite | None:
        """None where the address is none."""
        scope = Scope.of(options)
        if scope is None:
            return None
        include, exclude = (tuple(map(str.casefold, patterns)) for patterns in (options.include, options.exclude))
        loosely = replace(options, include=include, exclude=exclude)
        return cls(scope, Spelling.of(scope.start), f"{loose_path(scope.folder)}/", loosely)

    def holds(self, address: str, spelling: Spelling) -> bool:
        """Whether this page belongs to it, by its address or by one that servers take for the same."""
        if self.scope.wants(address) or spelling == self.start:
            return True
        if not self.scope.allows_host(address):
            return False
        first = spelling.host == self.scope.hosts[0]
        if first and not f"{spelling.path}/".startswith(self.folder):
            return False
        place = spelling.path.removeprefix(self.folder) if first else spelling.path
        query = urlsplit(address).query
        return self.loosely.wants(place.strip("/") + (f"?{loose(query)}" if query else ""))


class StaffPlaces:
    """The places of all sources for staff. What such a source leaves out by ``include`` and ``exclude`` is not in it."""

    def __init__(
        self,
        described: Sequence[SourceOptions],
        mirrors: Path | None,
        newest: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """``newest``: see ``scan``. What an older copy lists is not all that is for staff by now."""
        self._staff = [one for one in described if one.audience is KnowledgeAudience.STAFF]
        self._roots = {one.root for one in self._staff}
        self._folders = [(real(folder), one) for one in self._staff if (folder := _folder_of(one)) is not None]
        self._matched = {file for one in self._staff for file in _matched(one)}
        self._sites = [site for one in self._staff if one.its_kind == SITE and (site := StaffSite.of(one))]
        self._pages: dict[str, set[frozenset[str]]] = {}
        self._unknown: list[_Unknown] = []
        self._lists: list[tuple[SourceOptions, tuple[str, ...] | None, float]] = []
        for one in self._staff:
            if one.remote and one.its_kind != TICKETS:  # which are on no site
                self._read(one, Mirror.of(mirrors, one.root).read() if mirrors is not None else State(), newest)

    def _read(self, one: SourceOptions, state: State, newest: Mapping[str, float]) -> None:
        """The pages of a source, whatever its kind; those that it only names, too."""
        scope = Scope.of(one) if one.its_kind in WEB else None
        addresses = {*_addresses(state), *([scope.start] if scope is not None and one.its_kind != SITE else ())}
        for spelling in map(Spelling.of, addresses):
            self._pages.setdefault(spelling.place, set()).add(spelling.pairs)
        if one.its_kind in (SITE, GIT) or (scope is None and one.its_kind in WEB):  # known by its address alone
            return
        hosts = scope.hosts if scope is not None else _hosts(addresses, state)
        if one.its_kind != PAGE or not state.visited:
            self._lists.append((one, hosts, state.fetched_at))
        why = _why_unknown(one, state, newest)
        if why is not None:
            reason = f" ({state.failure})" if state.failure else ""
            self._unknown.append(_Unknown(scope.start if scope is not None else one.address, hosts, f"{why}{reason}"))

    def hold_path(self, path: Path) -> bool:
        """Whether this file lies in a folder for staff, wherever links lead."""
        if not self._staff:
            return False
        place = real(path)
        return place in self._matched or any(
            place.is_relative_to(folder) and options.wants(_below(place, folder)) for folder, options in self._folders
        )

    def hold_address(self, address: str | None) -> bool:
        """Whether this page belongs to a site for staff, or was fetched for one."""
        found = normal(address) if address else None
        if found is None:
            return False
        spelling = Spelling.of(found)
        return self._names(spelling) or any(site.holds(found, spelling) for site in self._sites)

    def _names(self, found: Spelling) -> bool:
        """A parameter more shows the same page in another way, such as for printing."""
        named = self._pages.get(found.place, set())
        return any(
            pairs in named for pairs in _fewer(found, named) if pairs == found.pairs or pairs or not found.is_start
        )

    def unknown_beside(self, options: SourceOptions, changed_at: float = 0.0) -> str | None:
        """Why it is not known which pages of this source are for staff; None where it is.

        A sitemap for staff may list pages of the whole site: until it was read, and by this machine after any other one, any
        of them may be one. So may any page that came after it was read: ``changed_at`` is when the last one did.
        """
        scope = Scope.of(options) if (self._unknown or self._lists) and options.its_kind in WEB else None
        if scope is None or options.audience is KnowledgeAudience.STAFF:
            return None
        early = [
            _Unknown(one.address, hosts, " and was read before the last changes of this site were")
            for one, hosts, fetched_at in self._lists
            if hosts is not None and 0 < fetched_at < changed_at
        ]
        for staff in (*self._unknown, *early):
            if staff.hosts is None or _meet(staff.hosts, scope.hosts):
                return (
                    f"{staff.address} is for staff{staff.why}: until it is read here, nobody knows "
                    "which pages of this site are not for customers"
                )
        return None

    def lists_beside(self, options: SourceOptions, *, unread: bool = False) -> list[SourceOptions]:
        """The sources for staff that alone know which pages of this one are for staff too: to be read before it is.

        ``unread``: with those of which nothing was read yet, so that nobody knows where people find their documents.
        """
        scope = Scope.of(options) if self._lists and options.its_kind in WEB else None
        if scope is None or options.audience is KnowledgeAudience.STAFF:
            return []
        return [one for one, hosts, _ in self._lists if (unread if hosts is None else _meet(hosts, scope.hosts))]

    def hold_in_repository(self, options: SourceOptions, place: str) -> bool:
        """Whether the file at ``place`` below a source that is a repository lies in one for staff, or in its folder."""
        repository, whole = _repository(options.address), _joined(options.folder, place)
        local = _local(options.address)
        if local is not None and self.hold_path(local / whole):
            return True
        return any(
            one.its_kind == GIT and _repository(one.address) == repository and _in_folder(whole, one)
            for one in self._staff
        )

    def hold_document(self, identity: str, options: SourceOptions, source: str) -> bool:
        """Whether a document of the index is for staff now, although nothing of it can be found any more.

        ``source`` is its name in the index, which holds its place below the root.
        """
        if not self._staff or options.root in self._roots:
            return bool(self._staff)
        if options.its_kind == GIT:
            return self.hold_in_repository(options, source.partition("/")[2])
        if options.its_kind != FILES:
            return self.hold_address(f"https://{source}")
        root = Path(options.root)
        fixed = before_magic(root)
        return any(
            identity_of(str(path)) == identity and self.hold_path(path)
            for path in (root, root.parent / source, fixed.parent / source)
        )


def _folder_of(options: SourceOptions) -> Path | None:
    """The file or folder of this machine that a source is."""
    if options.its_kind == FILES:
        return Path(options.root)
    local = _local(options.address) if options.its_kind == GIT else None
    return None if local is None else local / (options.folder or "").strip("/")


def _matched(options: SourceOptions) -> Iterator[Path]:
    """What a pattern stands for at this moment."""
    root = Path(options.root)
    if options.its_kind == FILES and before_magic(root) != root and not root.exists():
        for match in glob.iglob(str(root), recursive=True):  # noqa: PTH207 - Path.glob cannot take absolute patterns
            if not Path(match).is_dir() and options.wants(Path(match).name):
                yield real(Path(match))


def _addresses(state: State) -> Iterator[str]:
    """What was fetched, and what should have been."""
    fetched = (address for key, page in state.pages.items() for address in (key, page.url))
    yield from (found for address in (*fetched, *(state.listed or ())) if address and (found := normal(address)))


def _below(place: Path, folder: Path) -> str:
    """Of a file that was named itself, its name."""
    return place.relative_to(folder).as_posix() if place != folder else place.name


def _hosts(addresses: Iterable[str], state: State) -> tuple[str, ...] | None:
    """Where people read the documents of a third party's source; None as long as it was not read."""
    return tuple({host_of(address) for address in addresses}) if state.visited else None


def _why_unknown(options: SourceOptions, state: State, newest: Mapping[str, float]) -> str | None:
    """Why what is for staff of this source is not known; None where it is."""
    if (options.its_kind == SITEMAP and state.listed is None) or (options.its_kind == PAGE and not state.visited):
        return " and was not read yet"
    if state.unasked:
        return f", and there was no time to ask {state.unasked} of its pages where they lead (most_pages gives more)"
    if state.fetched_at < newest.get(identity_of(options.root), 0.0):
        return ", and the copy on this machine is older than what is in the index"
    return None


def _fewer(found: Spelling, named: set[frozenset[str]]) -> Iterator[frozenset[str]]:
    """The parameters with any of them left out; of thousands of pages at one path not each is looked at."""
    if 2 ** len(found.pairs) > len(named):
        yield from (pairs for pairs in named if pairs <= found.pairs)
    else:
        counts = range(len(found.pairs) + 1)
        yield from (frozenset(some) for count in counts for some in combinations(found.pairs, count))


def _meet(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a host may be meant by both; each may be a pattern."""
    return any(fnmatchcase(one, other) or fnmatchcase(other, one) for one in some for other in others)


def _local(address: str) -> Path | None:
    """The folder of a repository on this machine."""
    plain = address.removeprefix("git+")
    if plain.startswith("file://"):
        return Path(unquote(urlsplit(plain).path))
    return None if "://" in plain or _SCP.fullmatch(plain) else Path(plain).expanduser().absolute()


def _repository(address: str) -> str:
    """One name for a repository, whatever scheme, user, capitals and ending its address has."""
    local = _local(address)
    if local is not None:
        return str(real(local)).removesuffix(".git")
    plain = address.removeprefix("git+")
    scp = _SCP.fullmatch(plain) if "://" not in plain else None
    parts = urlsplit(plain)
    host, path = (scp.group(1), scp.group(2)) if scp else (parts.hostname or "", parts.path)
    return f"{host}/{unquote(path).strip('/').removesuffix('.git').strip('/')}".lower()


def _joined(folder: str | None, place: str) -> str:
    return posixpath.normpath(posixpath.join((folder or "").strip("/"), place))


def _in_folder(whole: str, options: SourceOptions) -> bool:
    folder = _joined(options.folder, "")
    if folder == ".":
        return options.wants(whole)
    return whole.startswith(f"{folder}/") and options.wants(whole.removeprefix(f"{folder}/"))
