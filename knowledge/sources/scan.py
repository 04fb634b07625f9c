"""What all sources together hold at this moment. Reads the disk alone: what is elsewhere was mirrored before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import SourceFile
from knowledge.sources.files import category_of, files_of, identity_of, real
from knowledge.sources.mirror import Mirror, Page, State
from knowledge.sources.options import GIT, LEARNED, TICKETS, WEB, SourceOptions
from knowledge.sources.secrets import without_secret
from knowledge.sources.staff import StaffPlaces


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found. ``failures`` are roots that could not be read: nothing of theirs may be taken for vanished.

    ``skipped`` are places in roots that are left alone on purpose or could not be fetched, each with the reason. Both name roots
    as people may see them; ``unread`` are the failed ones as they were given, passwords included. ``by_root``: by root as it
    was given, what of both is its own. ``as_of``: when what was read of a root was fetched, as seconds since 1970.
    """

    files: tuple[SourceFile, ...]
    failures: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[str, str], ...] = ()
    unread: frozenset[str] = frozenset()
    by_root: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    as_of: Mapping[str, float] = field(default_factory=dict)

    def failed(self, root: str) -> bool:
        """Whether this root could not be read."""
        return root in self.unread


@dataclass(frozen=True, slots=True)
class Catalog:
    """What is said about sources, where mirrors of what is not on this machine lie, and the file of what staff approved."""

    described: tuple[SourceOptions, ...] = ()
    mirrors: Path | None = None
    learned: Path | None = None

    def options(self, root: str) -> SourceOptions:
        """What is said about a root; one that was only named has all defaults."""
        return next((one for one in self.described if one.root == root), None) or SourceOptions(root)

    def staff(self, newest: Mapping[str, float] = MappingProxyType({})) -> StaffPlaces:
        """Where everything is for staff, as it is at this moment. ``newest``: see ``scan``."""
        return StaffPlaces(self.described, self.mirrors, newest)

    def mirror(self, options: SourceOptions) -> Mirror | None:
        """Where a remote source is mirrored. None where nothing is mirrored at all."""
        return Mirror.of(self.mirrors, options.root) if self.mirrors is not None else None


def scan(
    roots: Sequence[str], catalog: Catalog = Catalog(), newest: Mapping[str, float] = MappingProxyType({})
) -> Scan:
    """Every readable file under ``roots`` once, in a stable order.

    ``newest``: by ``identity_of`` a root, of when the copy was that somebody has read already. An older one is left alone: this
    machine may not have fetched for weeks what another one indexed an hour ago.

    A file that lies in a source for staff and in another one is for staff, whichever of them ``roots`` name: neither a wider root
    nor the file's own name may open what a description closed.
    """
    staff = catalog.staff(newest)
    files: dict[Path, SourceFile] = {}
    failures: dict[str, str] = {}
    skipped: dict[str, str] = {}
    by_root: dict[str, tuple[tuple[str, str], ...]] = {}
    as_of: dict[str, float] = {}
    for root in roots:
        options = catalog.options(root)
        try:
            found, left, fetched_at = _scan_source(options, catalog, staff, newest.get(identity_of(root), 0.0))
        except OSError as error:
            failures[root] = f"cannot be read: {error.strerror or error}"
            continue
        except ValueError as error:
            failures[root] = str(error)
            continue
        skipped.update(left)
        by_root[root] = _without_secrets(left)
        if fetched_at:
            as_of[root] = fetched_at
        for file in sorted(found, key=lambda file: file.path.is_symlink()):  # the place itself before a link to it
            known = files.setdefault(real(file.path), file)
            if file.audience is KnowledgeAudience.STAFF and known is not file:
                files[real(file.path)] = replace(known, audience=KnowledgeAudience.STAFF)
    by_root |= {root: _without_secrets({root: reason}) for root, reason in failures.items()}
    return Scan(
        tuple(files.values()),
        _without_secrets(failures),
        _without_secrets(skipped),
        frozenset(failures),
        by_root,
        as_of,
    )


def _without_secrets(reasons: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((without_secret(place), without_secret(reason)) for place, reason in reasons.items())


_Found = tuple[list[SourceFile], dict[str, str], float]
"""Files, what was left alone and why, and when it was fetched; 0 for what needs no fetching."""


def _scan_source(options: SourceOptions, catalog: Catalog, staff: StaffPlaces, newest: float) -> _Found:
    if options.root == LEARNED:
        return [_described(file, options, staff) for file in _learned(catalog.learned)], {}, 0.0
    if not options.remote:
        found, skipped = files_of(options.root)
        files = [_described(file, options, staff) for file in found if options.wants(_place(file))]
        if not files and not skipped:
            raise ValueError("nothing in it is wanted: look at include and exclude")
        return files, skipped, 0.0
    mirror = catalog.mirror(options)
    if mirror is None:
        raise ValueError("web addresses cannot be indexed here; save the page as a file and give its path")
    state = mirror.read()
    unknown = staff.unknown_beside(options, state.changed_at)
    if unknown is not None:
        raise ValueError(unknown)
    return _mirrored(mirror, state, options, staff, newest)


def _learned(path: Path | None) -> list[SourceFile]:
    """One document, by the same name on every machine; none where there is nothing that staff approved."""
    here = path is not None and path.is_file()
    return [SourceFile(identity_of(LEARNED), path, path.name, LEARNED)] if path is not None and here else []


def _place(file: SourceFile) -> str:
    """A file's place below its root; a file that was named itself is known by its name."""
    root = Path(file.root)
    return file.path.relative_to(root).as_posix() if file.path != root and root.is_dir() else file.path.name


def _described(file: SourceFile, options: SourceOptions, staff: StaffPlaces) -> SourceFile:
    return replace(
        file,
        category=options.category or file.category,
        language=file.language or options.language,
        audience=KnowledgeAudience.STAFF if staff.hold_path(file.path) else options.audience,
    )


def _mirrored(mirror: Mirror, state: State, options: SourceOptions, staff: StaffPlaces, newest: float) -> _Found:
    """What was fetched last. Raises ValueError as long as nothing was, or less than somebody has read already."""
    none_yet = options.its_kind == TICKETS and state.finished_at is not None and state.failure is None
    if not state.pages and not none_yet:
        raise ValueError(state.failure or "was not fetched yet")
    if state.fetched_at < newest:
        why = f" ({state.failure})" if state.failure else ""
        raise ValueError(
            f"the copy on this machine is older than what is in the index; it has to be fetched first{why}"
        )
    files = [
        SourceFile(
            id=identity_of(f"{options.root}\0{key}"),
            path=mirror.path_of(page),
            source=page.name,
            root=options.root,
            category=options.category or category_of(page.place.split("/")),
            url=page.url,
            language=options.language,
            audience=KnowledgeAudience.STAFF if _for_staff(key, page, options, staff) else options.audience,
            crawled=options.its_kind in WEB,
        )
        for key, page in sorted(state.pages.items())
    ]
    skipped = dict(state.problems)
    if state.failure:
        skipped[options.root] = f"{state.failure} (what was fetched before stays)"
    return files, skipped, state.fetched_at


def _for_staff(key: str, page: Page, options: SourceOptions, staff: StaffPlaces) -> bool:
    if page.refused:
        return True
    if options.its_kind == GIT and staff.hold_in_repository(options, page.place):
        return True
    return any(staff.hold_address(address) for address in (key, page.url, page.canonical))
