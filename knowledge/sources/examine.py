"""Looks whether a source can be read, without reading it: for ``switchboard doctor``."""

from __future__ import annotations

import asyncio

from knowledge.sources import git, third_party
from knowledge.sources.examined import Examined
from knowledge.sources.options import FILES, GIT, LEARNED, PAGE, SITE, SITEMAP, TICKETS, SourceOptions
from knowledge.sources.scan import Catalog, scan


async def examine(options: SourceOptions, catalog: Catalog) -> Examined:
    """Whether it is there and may be read. Never raises for what a source does."""
    kind = options.its_kind
    if kind == FILES or options.root == LEARNED:
        return await asyncio.to_thread(_files, options, catalog)
    if kind in (SITE, SITEMAP, PAGE):
        from knowledge.sources.examine_site import examine_site  # most sources need no web client

        return await examine_site(options)
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
    count = len(found.files)
    return Examined(True, f"holds {count} document{'' if count == 1 else 's'}")
