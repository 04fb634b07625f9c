"""Whose turn it is to fetch: of all that share a database, one at a time asks a site for its pages.

The pause that a site is granted is kept by the process that fetches. Two that fetch at one time would each keep it, and the site
would be asked twice as often as it allows: two sources of one host, two hubs with indexes of their own, a hub and a command.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from fnmatch import fnmatchcase

from config.processes.election import Election
from knowledge.sources import SourceOptions, identity_of
from knowledge.sources.address import Scope
from knowledge.sources.options import WEB

_MAGIC = frozenset("*?[")


class CrawlTurns:
    """``election``: of those that may fetch the same. A lone process has its own sources wait for each other.

    ``described``: all sources that are, since one of them may enter hosts of which it names only a pattern.
    """

    def __init__(self, election: Election, described: Sequence[SourceOptions] = ()) -> None:
        self._election = election
        self._patterns = sorted({host for one in described for host in _hosts(one) if _MAGIC & set(host)})

    @asynccontextmanager
    async def hold(self, options: SourceOptions) -> AsyncIterator[None]:
        """Waits for the turn of this source, and keeps it until the end of the block."""
        async with AsyncExitStack() as held:
            for name in turns_of(options, self._patterns):
                await held.enter_async_context(self._election.held(name))
            yield


def turns_of(options: SourceOptions, patterns: Sequence[str] = ()) -> tuple[str, ...]:
    """The leases that fetching it needs, in the order of all: its hosts, or itself where it is no site.

    ``patterns`` of other sources that one of its hosts belongs to are among them: those crawl this host as well.
    """
    hosts = _hosts(options)
    if not hosts:
        return (f"fetch of {identity_of(options.root)}",)
    shared = (pattern for pattern in patterns if any(fnmatchcase(host, pattern) for host in hosts))
    return tuple(f"crawl of {host}" for host in sorted({*hosts, *shared}))


def _hosts(options: SourceOptions) -> tuple[str, ...]:
    """Those that a crawl may enter, or patterns of them."""
    scope = Scope.of(options) if options.its_kind in WEB else None
    return scope.hosts if scope is not None else ()
