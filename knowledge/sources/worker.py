"""The process that fetches: ``python -m knowledge.sources.worker``.

What strangers wrote is read here and nowhere near the index: a page that makes its reader spin or fill the memory costs this
process, which its parent replaces. One source, then the end.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from knowledge.process.frames import Frame
from knowledge.process.programs import confine
from knowledge.process.stdio import Pipe, leave
from knowledge.sources import git, third_party
from knowledge.sources.address import Scope
from knowledge.sources.crawl import Crawl, Tell
from knowledge.sources.guard import Guard
from knowledge.sources.mirror import Busy, Draft, Mirror, State
from knowledge.sources.options import GIT, PAGE, SITE, SITEMAP, SourceOptions
from knowledge.sources.pace import Pace
from knowledge.sources.refresh import order_from
from knowledge.sources.web import Web

_MEMORY_BYTES = 2 * 1024**3


def main() -> None:
    """Answers one order and ends; ends at once when its parent does."""
    pipe = Pipe()
    confine(_MEMORY_BYTES)
    pipe.watch()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    order = pipe.receive()
    if order is not None:
        options, mirrors = order_from(order)
        pipe.send({"result": _fetch(options, mirrors, pipe)})
    leave()


def _fetch(options: SourceOptions, mirrors: Path, pipe: Pipe) -> Frame:
    def tell(done: int, total: int, place: str) -> None:
        pipe.send({"progress": [done, total, place]})

    try:
        with Mirror.of(mirrors, options.root).fetching() as draft:
            state = _state(options, draft, tell)
            now = datetime.now(UTC)
            finished_at = draft.before.finished_at if state.failure else now.isoformat(timespec="milliseconds")
            changed = draft.finish(replace(state, finished_at=finished_at), at=now.timestamp())
            return {"changed": changed, "failure": state.failure, "documents": len(state.pages)}
    except Busy:
        return {"changed": False, "failure": "is being fetched already", "documents": 0}
    except OSError as error:
        return {"changed": False, "failure": f"cannot be kept: {error.strerror or error}", "documents": 0}


def _state(options: SourceOptions, draft: Draft, tell: Tell) -> State:
    """What is there now. Whatever fails leaves what was there before."""
    try:
        if options.its_kind in (SITE, SITEMAP, PAGE):
            return asyncio.run(_crawled(options, draft, tell))
        if options.its_kind == GIT:
            return git.fetch(options, draft, tell)
        return third_party.fetch(options, draft, tell)
    except (git.GitFailed, third_party.SourceFailed) as error:
        return replace(draft.before, failure=str(error))
    except MemoryError:
        return replace(draft.before, failure="it needs more memory than a source may")
    except Exception as error:
        traceback.print_exc()
        return replace(draft.before, failure=f"{type(error).__name__}: {error}"[:300])


async def _crawled(options: SourceOptions, draft: Draft, tell: Tell) -> State:
    scope = Scope.of(options)
    if scope is None:
        return replace(draft.before, failure="is no web address")
    async with Web(Guard([scope.start], options.private_hosts)) as web:
        return await Crawl(scope, web, draft, Pace(_Seconds()), tell).run()


class _Seconds:
    """The time as it is."""

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


if __name__ == "__main__":
    main()
