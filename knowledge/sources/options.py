"""What is said about a source: its address, of which kind it is, and what its documents have in common."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from core.domain.knowledge import KnowledgeAudience

FILES, SITE, SITEMAP, PAGE, GIT, TICKETS = "files", "site", "sitemap", "page", "git", "tickets"
WEB = frozenset({PAGE, SITE, SITEMAP})
KINDS = (FILES, SITE, SITEMAP, PAGE, GIT, TICKETS)
"""The kinds that are built in; any other is the name of an entry point."""

SAMPLE_ROOT = str(Path(__file__).parents[1] / "sample")
"""The documents of a fictional company that come with the hub."""
LEARNED = "desk://learned"
"""The root of what staff approved. It names no place: wherever its file lies on a machine, in a shared index it is one source."""
CLOSED_TICKETS = "tickets://closed"
"""The only source of its kind: the tickets that are over, of the hub's own database."""

_SCP_ADDRESS = re.compile(r"[\w.-]+@[\w.-]+:(?!//)\S+")
"""``git@host:owner/name.git``, as git itself takes it (giturls in git-clone(1))."""
_SITEMAP = re.compile(r"sitemap[^/]*\.(?:xml|txt)(?:\.gz)?$|\.xml\.gz$", re.IGNORECASE)
_DOCUMENT = re.compile(
    r"\.(?:csv|docx|epub|ipynb|json|markdown|md|msg|pdf|pptx|rst|tsv|txt|xls|xlsx|ya?ml)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """One source. ``address`` is a path, a pattern, a URL or whatever its kind takes; everything else has a default.

    ``include`` and ``exclude`` are patterns (``guides/**``) over the place below the source. ``hosts``: further hosts that a
    crawl may enter. ``private_hosts``: hosts that may lie at an address of a private network. ``pause``: seconds between two
    requests to one host; a longer one in its robots.txt wins. ``schedule`` is a cron line. ``extra``: for third-party kinds.
    """

    address: str
    kind: str | None = None
    category: str | None = None
    language: str | None = None
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    schedule: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    depth: int = 4
    most_pages: int = 1000
    hosts: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()
    pause: float = 0.25
    branch: str | None = None
    folder: str | None = None
    extra: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """A path is made absolute here: the process that reads it has a working folder of its own.

        Tickets hold what customers wrote: by whatever route somebody comes to them, they are for staff.
        """
        if self.its_kind in (FILES, GIT) and self.address:
            object.__setattr__(self, "address", *resolve([self.address]))
        if self.its_kind == TICKETS:
            object.__setattr__(self, "audience", KnowledgeAudience.STAFF)

    @property
    def root(self) -> str:
        """The name under which the index knows this source: absolute, and different for two folders of one repository."""
        [root] = resolve([self.address])
        branch = f"@{self.branch}" if self.branch else ""
        return f"{root}{branch}#{self.folder}" if self.folder else f"{root}{branch}"

    @property
    def its_kind(self) -> str:
        """As it was said, else what the address looks like."""
        return self.kind or guess_kind(self.address)

    @property
    def remote(self) -> bool:
        """Whether it has to be fetched before it can be read."""
        return self.its_kind != FILES and self.address != LEARNED

    def wants(self, place: str) -> bool:
        """Whether the document at this place below the source is wanted; ``place`` has no slash at its head."""
        named = not self.include or any(_matches(place, pattern) for pattern in self.include)
        return named and not any(_matches(place, pattern) for pattern in self.exclude)


def _matches(place: str, pattern: str) -> bool:
    """``*`` crosses slashes, so that ``guides/*`` is everything below; a folder's name alone stands for what it holds."""
    wanted = pattern.strip("/")
    return fnmatchcase(place, wanted.replace("**", "*")) or place.startswith(f"{wanted}/")


def guess_kind(address: str) -> str:
    """The kind of a source that was only named. A third-party kind is named by the scheme of its address."""
    scheme, there, _ = address.partition("://")
    if not there:
        return GIT if _SCP_ADDRESS.fullmatch(address) else FILES
    scheme = scheme.lower()
    if scheme.startswith("git+") or scheme in {"ssh", "git", "file"} or _path(address).endswith(".git"):
        return GIT
    if scheme not in {"http", "https"}:
        return scheme
    if _SITEMAP.search(_path(address)):
        return SITEMAP
    return PAGE if _DOCUMENT.search(_path(address)) else SITE


def _path(address: str) -> str:
    return urlsplit(address).path


def resolve(paths: Sequence[str]) -> list[str]:
    """Absolute forms of paths and patterns, since the process that reads them has a working folder of its own."""
    return [
        path if guess_kind(path) != FILES else os.path.normpath(Path(path).expanduser().absolute()) for path in paths
    ]
