"""Crawls of a site on loopback, on a clock that is wound by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from knowledge.documents import SourceFile
from knowledge.sources import Catalog, Scan, SourceOptions, scan
from knowledge.sources.address import Scope
from knowledge.sources.crawl import Crawl
from knowledge.sources.guard import Guard
from knowledge.sources.mirror import Mirror, State
from knowledge.sources.pace import Pace
from knowledge.sources.web import Limits, Web
from tests.integration.sources.site import Site, serving


class Clock:
    """Time passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.time += seconds


class Crawler:
    """What a run over a source does, in this process: the site is the only thing that is not real."""

    def __init__(self, mirrors: Path, site: Site) -> None:
        self.mirrors = mirrors
        self.site = site
        self.clock = Clock()
        self.told: list[tuple[int, int, str]] = []
        self.limits = Limits(seconds=20.0, html_bytes=200_000, other_bytes=400_000)

    def options(self, path: str = "/", **given: Any) -> SourceOptions:
        return SourceOptions(f"{self.site.address}{path}", **given)

    async def run(self, options: SourceOptions) -> State:
        scope = Scope.of(options)
        assert scope is not None
        with Mirror.of(self.mirrors, options.root).fetching() as draft:
            async with Web(Guard([scope.start], options.private_hosts), self.limits) as web:
                state = await Crawl(scope, web, draft, Pace(self.clock), self._tell).run()
            draft.finish(state)
        return state

    def _tell(self, done: int, total: int, place: str) -> None:
        self.told.append((done, total, place))

    def scan(self, options: SourceOptions) -> Scan:
        return scan([options.root], Catalog((options,), self.mirrors))

    def places(self, options: SourceOptions) -> set[str]:
        """The paths of what the index would read now."""
        return {(file.url or "").removeprefix(self.site.address) for file in self.scan(options).files}

    def file(self, options: SourceOptions, path: str) -> SourceFile:
        return next(file for file in self.scan(options).files if file.url == f"{self.site.address}{path}")


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with serving(Site()) as found:
        yield found


@pytest.fixture
def crawler(tmp_path: Path, site: Site) -> Crawler:
    return Crawler(tmp_path / "mirrors", site)
