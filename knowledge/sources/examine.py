"""Looks whether a source can be read, without reading it: for ``switchboard doctor``."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from knowledge.sources import git, third_party
from knowledge.sources.address import Scope, normal, shown
from knowledge.sources.guard import Guard
from knowledge.sources.options import FILES, GIT, LEARNED, PAGE, SITE, SITEMAP, TICKETS, SourceOptions
from knowledge.sources.robots import Robots
from knowledge.sources.scan import Catalog, scan
from knowledge.sources.web import Unfetched, Web

_MOST_HOPS = 5


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found. ``fix`` says what to change where it is not ``ok``."""

    ok: bool
    detail: str
    fix: str | None = None


async def examine(options: SourceOptions, catalog: Catalog) -> Examined:
    """Whether it is there and may be read. Never raises for what a source does."""
    kind = options.its_kind
    if kind == FILES or options.root == LEARNED:
        return await asyncio.to_thread(_files, options, catalog)
    if kind in (SITE, SITEMAP, PAGE):
        return await _site(options)
    if kind == TICKETS:
        return Examined(True, "is read from the hub's own database, for staff alone")
    try:
        if kind == GIT:
            return Examined(True, f"is there: {await asyncio.to_thread(git.described, options)}")
        third_party.load(kind)
    except git.GitFailed as error:
        return Examined(False, str(error), "Look at its address, its branch, and whether this machine may read it.")
    except third_party.SourceFailed as error:
        return Examined(False, str(error), f"Install the package that brings sources of the kind {kind}.")
    return Examined(True, f"its kind {kind} is installed")


def _files(options: SourceOptions, catalog: Catalog) -> Examined:
    found = scan([options.root], catalog)
    if found.failures:
        return Examined(False, found.failures[0][1], "Look at KNOWLEDGE_SOURCES, and whether the folder is mounted.")
    return Examined(True, f"holds {len(found.files)} documents")


async def _site(options: SourceOptions) -> Examined:
    scope = Scope.of(options)
    if scope is None:
        return Examined(False, "is no web address", "Write it as https://help.example.com/.")
    try:
        async with Web(Guard([scope.start], options.private_hosts)) as web:
            return await _visited(scope, web)
    except Unfetched as error:
        return Examined(
            False, f"{shown(scope.start)}: {error.reason}", "Open the address in a browser on this machine."
        )


async def _visited(scope: Scope, web: Web) -> Examined:
    robots, address = Robots(web, scope), scope.start
    for _ in range(_MOST_HOPS):
        if not await robots.allows(address):
            fix = "Ask whoever keeps the site to allow the agent switchboard in robots.txt, or take the source out."
            return Examined(False, "its robots.txt does not allow us to read it", fix)
        answer = await web.get(address)
        target = normal(answer.headers.get("Location", ""), address) if answer.status // 100 == 3 else None
        if target is None:
            break
        if not scope.wants(target):
            return Examined(False, f"leads to {target}, which is outside of this source", "Name that address instead.")
        address = target
    if answer.status != 200:
        return Examined(False, f"answers {answer.status}", "Look at the address: is it public?")
    return Examined(True, "answers, and its robots.txt allows us to read it")
