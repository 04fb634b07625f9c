"""Whose turn it is to fetch: of all that share a database, one at a time asks a site for its pages.

The pause that a site is granted is kept by the process that fetches. Two that fetch at one time would each keep it, and the site
would be asked twice as often as it allows: two sources of one host, two hubs with indexes of their own, a hub and a command.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from config.processes.election import Election
from knowledge.sources import SourceOptions, identity_of
from knowledge.sources.address import Scope
from knowledge.sources.options import WEB


class CrawlTurns:
    """``election``: of those that may fetch the same. A lone process has its own sources wait for each other."""

    def __init__(self, election: Election) -> None:
        self._election = election

    @asynccontextmanager
    async def of(self, options: SourceOptions) -> AsyncIterator[None]:
        """Waits for the turn of this source, and keeps it until the end of the block."""
        async with AsyncExitStack() as held:
            for name in turns_of(options):
                await held.enter_async_context(self._election.held(name))
            yield


def turns_of(options: SourceOptions) -> tuple[str, ...]:
    """The leases that fetching it needs, in the order of all: its hosts, or itself where it is no site."""
    scope = Scope.of(options) if options.its_kind in WEB else None
    if scope is None:
        return (f"fetch of {identity_of(options.root)}",)
    return tuple(f"crawl of {host}" for host in sorted(set(scope.hosts)))
