"""Brings mirrors up to date: the near end of the process that fetches, one for each source."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from core.domain.knowledge import IndexProgress
from knowledge.process.frames import LENGTH, BrokenFrame, Frame, body_length, decode, encode
from knowledge.process.programs import PACKAGES, command
from knowledge.sources.mirror import Busy, Draft, Mirror, State
from knowledge.sources.options import TICKETS, SourceOptions
from knowledge.sources.scan import Catalog
from knowledge.sources.secrets import without_secret

_PATIENCE = 900.0
"""Seconds without a word: more than any single request, pause or checkout may take."""
_TRIES = 3
_AT_ONCE = 2

_OPTIONS = TypeAdapter(SourceOptions)

Turn = Callable[[SourceOptions], AbstractAsyncContextManager[object]]
"""Waits until nobody else asks the same site, and has it from then on."""
Reader = Callable[[SourceOptions, Draft, Callable[[int, int, str], None]], Awaitable[State]]
"""Reads what this process has itself, and answers with the state that the mirror should have from now on; never raises."""
_NO_READER = "tickets are read from the hub's own database, which cannot be reached from here"


def _at_once(_options: SourceOptions) -> AbstractAsyncContextManager[object]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How fetching one source went. ``failure``: it failed as a whole, and what was fetched before stays."""

    root: str
    changed: bool
    documents: int
    failure: str | None = None


class _Together:
    """One count of all that is fetched in a run, since two sources at a time are."""

    def __init__(self, tell: Callable[[IndexProgress], None]) -> None:
        self._tell = tell
        self._counts: dict[str, tuple[int, int]] = {}

    def told(self, root: str, done: int, total: int, place: str) -> None:
        """What was done of a source stays done, also where its process is begun once more."""
        done = max(done, self._counts.get(root, (0, 0))[0])
        self._counts[root] = (done, max(done, total))
        self._say(place)

    def ended(self, root: str, documents: int) -> None:
        """Nothing is ahead of this source any more."""
        done, _ = self._counts.get(root, (0, 0))
        self._counts[root] = (max(done, documents), max(done, documents))
        self._say(without_secret(root))

    def _say(self, place: str) -> None:
        done, total = (sum(counts) for counts in zip(*self._counts.values(), strict=True))
        self._tell(IndexProgress(done, total, place, "fetch"))


class Refresh:
    """Fetches sources that are not on this machine. A process that dies over a page is started again and goes on behind it."""

    def __init__(
        self, catalog: Catalog, *, patience: float = _PATIENCE, environment: dict[str, str] | None = None
    ) -> None:
        self._catalog = catalog
        self._patience = patience
        self._environment = environment
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tickets: Reader | None = None

    def read_tickets_with(self, reader: Reader) -> None:
        """Closed tickets are of this process's own store, and no other process is asked for them."""
        self._tickets = reader

    def remote(self, roots: Sequence[str]) -> list[SourceOptions]:
        """Those of ``roots`` that must be fetched before they can be read."""
        found = [self._catalog.options(root) for root in roots] if self._catalog.mirrors is not None else []
        return [options for options in found if options.remote]

    async def run(
        self,
        roots: Sequence[str],
        progress: Callable[[IndexProgress], None] | None = None,
        since: float | None = None,
        turn: Turn = _at_once,
    ) -> list[Refreshed]:
        """Fetches what is remote among ``roots``; nothing where none is. The index is not touched.

        Sources that say which pages of a public site are for staff are read before it, asked for or not: it may have a new one.
        ``since``: what another process of this machine has fetched after that time (seconds since 1970) is not fetched again.
        """
        wanted = self.remote(roots)
        together = _Together(progress or (lambda _: None))
        places = await asyncio.to_thread(self._catalog.staff)
        lists = {one.root: one for options in wanted for one in places.lists_beside(options, unread=True)}
        read = await asyncio.gather(*(self._one(one, together, since, turn) for one in lists.values()))
        told = {one.root: one for one in read}
        places = await asyncio.to_thread(self._catalog.staff) if lists else places

        async def after(options: SourceOptions) -> Refreshed:
            if options.root in told:
                return told[options.root]
            beside = places.lists_beside(options)
            held = _held(beside, told)
            fetched = Refreshed(options.root, False, 0, held)
            if held is None:
                fetched = await self._one(options, together, since, turn)
                held = await self._read_again(options, beside, together, turn) if beside else None
            if held is not None:
                await self._note(options, held)
                fetched = replace(fetched, failure=held)
            return fetched

        return await asyncio.gather(*map(after, wanted))

    async def _read_again(
        self, options: SourceOptions, lists: Sequence[SourceOptions], together: _Together, turn: Turn
    ) -> str | None:
        """Lists that were read before the site had changed: a page may have come to both meanwhile. Why they cannot be read."""
        mirror = self._catalog.mirror(options)
        changed_at = (await asyncio.to_thread(mirror.read)).changed_at if mirror is not None else 0.0
        told = {one.root: await self._one(one, together, changed_at, turn) for one in lists}
        return _held(lists, told)

    def forget(self, roots: Sequence[str]) -> None:
        """Removes the mirrors of these roots, which nobody reads any more."""
        for options in self.remote(roots):
            mirror = self._catalog.mirror(options)
            if mirror is not None:
                mirror.remove()

    async def _one(self, options: SourceOptions, together: _Together, since: float | None, turn: Turn) -> Refreshed:
        async with turn(options):
            found = await self._fetched(options, together, since)
        together.ended(options.root, found.documents)
        return found

    async def _fetched(self, options: SourceOptions, together: _Together, since: float | None) -> Refreshed:
        mirror = self._catalog.mirror(options) if since is not None else None
        if mirror is not None and since is not None:
            state = await asyncio.to_thread(mirror.read)
            if state.fetched_at >= since:
                return Refreshed(options.root, True, len(state.pages))
        if options.its_kind == TICKETS:
            return await self._here(options, together)
        async with self._slots:
            reason = ""
            for _ in range(_TRIES):
                result, reason = await self._try(options, together)
                if result is not None:
                    return Refreshed(options.root, result["changed"], result["documents"], result["failure"])
        await self._note(options, reason)
        return Refreshed(options.root, False, 0, reason)

    async def _here(self, options: SourceOptions, together: _Together) -> Refreshed:
        """What is gone from the database is gone from the disk when this returns."""
        assert self._catalog.mirrors is not None
        if self._tickets is None:
            await self._note(options, _NO_READER)
            return Refreshed(options.root, False, 0, _NO_READER)
        try:
            with contextlib.ExitStack() as held:
                copy = Mirror.of(self._catalog.mirrors, options.root).fetching()
                draft = await asyncio.to_thread(held.enter_context, copy)
                state = await self._tickets(
                    options, draft, lambda done, total, place: together.told(options.root, done, total, place)
                )
                now = datetime.now(UTC).isoformat(timespec="seconds")
                dated = replace(state, finished_at=draft.before.finished_at if state.failure else now)
                changed = await asyncio.to_thread(draft.finish, dated, forget=True)
                return Refreshed(options.root, changed, len(state.pages), state.failure)
        except Busy:
            return Refreshed(options.root, False, 0, "is being fetched already")
        except OSError as error:
            return Refreshed(options.root, False, 0, f"cannot be kept: {error.strerror or error}")

    async def _try(self, options: SourceOptions, together: _Together) -> tuple[Frame | None, str]:
        assert self._catalog.mirrors is not None
        child = await asyncio.create_subprocess_exec(
            *command("knowledge.sources.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            cwd=PACKAGES,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(encode(_order(options, self._catalog.mirrors)))
            while True:
                async with asyncio.timeout(self._patience):
                    frame = await _read(child.stdout)
                if frame is None:
                    break
                if "result" in frame:
                    return frame["result"], ""
                done, total, place = frame["progress"]
                together.told(options.root, done, total, place)
        except TimeoutError:
            return None, f"fetching it took longer than {self._patience:g} seconds for one step"
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        return None, "fetching it made the crawler crash"

    async def _note(self, options: SourceOptions, reason: str) -> None:
        """Whoever reads the mirror is told as well."""
        assert self._catalog.mirrors is not None
        await asyncio.to_thread(Mirror.of(self._catalog.mirrors, options.root).fail, reason)


def _held(lists: Sequence[SourceOptions], told: Mapping[str, Refreshed]) -> str | None:
    """Why a site is not fetched now: it may hold pages for staff that only a list names which cannot be read."""
    for one in lists:
        if one.root in told and (reason := told[one.root].failure) is not None:
            return (
                f"{without_secret(one.address)} is for staff and cannot be read ({reason}): until it can, "
                "nobody knows which new pages of this site are not for customers"
            )
    return None


def _order(options: SourceOptions, mirrors: Path) -> Frame:
    return {"options": _OPTIONS.dump_python(options, mode="json"), "mirrors": str(mirrors)}


def order_from(frame: Frame) -> tuple[SourceOptions, Path]:
    """What the child is asked for: a source, and where mirrors lie."""
    return _OPTIONS.validate_python(frame["options"]), Path(frame["mirrors"])


async def _read(stream: asyncio.StreamReader) -> Frame | None:
    """The next frame; None when the child is gone."""
    try:
        return decode(await stream.readexactly(body_length(await stream.readexactly(LENGTH.size))))
    except (asyncio.IncompleteReadError, ConnectionResetError, BrokenFrame):
        return None
