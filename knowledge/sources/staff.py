"""What is for staff because of where it lies: in a source that was described so, by whatever road somebody comes to it.

A file that is named itself, a wider folder, the same site with another slash, another folder of the same repository: none of
them may open to customers what the description of a narrower source has closed.
"""

from __future__ import annotations

import glob
import posixpath
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources.address import Scope, host_of, normal
from knowledge.sources.files import before_magic, identity_of, real
from knowledge.sources.mirror import Mirror, State
from knowledge.sources.options import FILES, GIT, PAGE, SITE, SITEMAP, WEB, SourceOptions

_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")


class StaffPlaces:
    """The places of all sources for staff. What such a source leaves out by ``include`` and ``exclude`` is not in it."""

    def __init__(self, described: Sequence[SourceOptions], mirrors: Path | None) -> None:
        self._staff = [one for one in described if one.audience is KnowledgeAudience.STAFF]
        self._roots = {one.root for one in self._staff}
        self._folders = [(real(folder), one) for one in self._staff if (folder := _folder_of(one)) is not None]
        self._matched = {file for one in self._staff for file in _matched(one)}
        self._scopes = [(one, scope) for one in self._staff if one.its_kind in WEB and (scope := Scope.of(one))]
        self._pages: set[str] = set()
        self._unknown: list[tuple[Scope, str]] = []
        for one, scope in self._scopes:
            state = Mirror.of(mirrors, one.root).read() if mirrors is not None else State()
            self._pages.update(map(_bare, _addresses(state)))
            if (one.its_kind == SITEMAP and state.listed is None) or (one.its_kind == PAGE and not state.visited):
                self._unknown.append((scope, f" ({state.failure})" if state.failure else ""))

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
        return _bare(found) in self._pages or any(_in_scope(found, one, scope) for one, scope in self._scopes)

    def unknown_beside(self, options: SourceOptions) -> str | None:
        """Why it is not known which pages of this source are for staff; None where it is.

        A sitemap for staff may list pages of the whole site: until it was read, any of them may be one.
        """
        scope = Scope.of(options) if self._unknown and options.its_kind in WEB else None
        if scope is None or options.audience is KnowledgeAudience.STAFF:
            return None
        for staff, reason in self._unknown:
            if any(fnmatchcase(one, other) or fnmatchcase(other, one) for one in staff.hosts for other in scope.hosts):
                return (
                    f"{staff.start} is for staff and was not read yet{reason}: until then nobody knows "
                    "which pages of this site are not for customers"
                )
        return None

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


def _bare(address: str) -> str:
    """A page whatever its scheme, its ``www.`` and the slash at its end."""
    parts = urlsplit(address)
    return f"{host_of(address)}{parts.path.rstrip('/')}?{parts.query}"


def _in_scope(address: str, options: SourceOptions, scope: Scope) -> bool:
    """A sitemap and a page that was named close nothing beside what they list and what was fetched for them."""
    if _bare(address) == _bare(scope.start):
        return True
    inside = f"{urlsplit(address).path}/".startswith(scope.folder) and host_of(address) == scope.hosts[0]
    return options.its_kind == SITE and inside and options.wants(scope.place(address))


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
