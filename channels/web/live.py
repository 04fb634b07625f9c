"""Brings what the log gains to those who listen: one reader per process, however many listeners.

A wake names the conversations that changed; one read fetches them all. Wakes may get lost, so conversations that somebody
listens to are also looked at every few seconds, by their newest cursors only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from channels.web import render
from core.domain.errors import HubError
from core.group_commit import GroupCommit
from core.ports.clock import Clock
from core.ports.event_log import EventLog, LoggedFrame
from core.ports.wake import WIDGET, Subscription, Wake

_PAGE = 500
_REPLAY_BYTES = 256 * 1024
_CHUNK = 200
_POLL = 2.0
_POLL_IDLE = 20.0
_ACTIVE = 60.0
_AFTER_FAILURE = 0.5
_GATHER = 0.004  # the rest after a read, so that under load the next one serves many conversations
UNREAD = -1
"""The cursor of a listener that does not know yet from where it listens."""
STOPPING = "stopping"
"""A hint of this process's own: whoever waits here has to go on waiting elsewhere."""

_log = structlog.get_logger(__name__)


class Shown:
    """A frame on its way to listeners, encoded at most once for all of them."""

    __slots__ = ("_link", "_text", "logged")

    def __init__(self, logged: LoggedFrame, link: render.LinkTo) -> None:
        self.logged = logged
        self._link = link
        self._text: str | None = None

    @property
    def cursor(self) -> int:
        """Its place in the log."""
        return self.logged.cursor

    @property
    def wire(self) -> dict[str, Any]:
        """As JSON to be."""
        return render.frame(self.logged, self._link)

    @property
    def text(self) -> str:
        """As JSON text."""
        if self._text is None:
            self._text = render.encode(self.wire)
        return self._text


class Listener(Protocol):
    """Hears one conversation. ``cursor``: it has everything up to here; only Live moves it after it was added."""

    conversation_id: str
    cursor: int

    async def deliver(self, frames: Sequence[Shown]) -> None:
        """Frames past its cursor, in order. Must not wait for the network, and must not raise."""
        ...

    async def hint(self, hint: str) -> None:
        """Something that is not in the log: ``typing:agent``, ``typing:staff``, ``ended``, ``stopping``."""
        ...


@dataclass(slots=True)
class _Room:
    """A conversation that somebody listens to."""

    active_until: float
    checked_at: float
    listeners: list[Listener] = field(default_factory=list)
    stirred: bool = False

    def after(self) -> int | None:
        """The place from which to read for all its listeners."""
        return min((one.cursor for one in self.listeners if one.cursor != UNREAD), default=None)


class Live:
    """The process's one subscriber to the wake topic of the web."""

    def __init__(self, log: EventLog, wake: Wake, clock: Clock, link: render.LinkTo, *, poll: float = _POLL) -> None:
        self._log = log
        self._wake = wake
        self._clock = clock
        self._link = link
        self._poll = poll
        self._rooms: dict[str, _Room] = {}
        self._reads: GroupCommit[str, None] = GroupCommit(self._read_together, max_batch=_CHUNK)
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    async def start(self) -> None:
        """Begin to listen."""
        self._stopped = False
        if self._task is None:
            self._task = asyncio.create_task(self._run(self._wake.subscribe(WIDGET)))

    async def stop(self) -> None:
        """Hand out what was logged last, then end every wait with what it has; nobody is told anything more."""
        self._stopped = True
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        with contextlib.suppress(HubError):
            await self._read(list(self._rooms))
        for room in list(self._rooms.values()):
            for listener in tuple(room.listeners):
                await listener.hint(STOPPING)

    def add(self, listener: Listener) -> None:
        """Listen from ``listener.cursor`` on; with UNREAD, wait until ``begin`` names the place."""
        now = self._clock.monotonic()
        room = self._rooms.get(listener.conversation_id)
        if room is None:
            room = self._rooms[listener.conversation_id] = _Room(now + _ACTIVE, now)
        room.listeners.append(listener)

    async def begin(self, listener: Listener, cursor: int) -> None:
        """The listener knows its place now; what came while it did not is read at once."""
        listener.cursor = cursor
        room = self._rooms.get(listener.conversation_id)
        if room is not None and room.stirred:
            room.stirred = False
            await self._reads.submit(listener.conversation_id)

    def remove(self, listener: Listener) -> None:
        """Listen no more."""
        room = self._rooms.get(listener.conversation_id)
        if room is not None and listener in room.listeners:
            room.listeners.remove(listener)
            if not room.listeners:
                del self._rooms[listener.conversation_id]

    async def head(self, conversation_id: str) -> int:
        """The newest cursor."""
        return await self._log.head(conversation_id)

    async def page(self, conversation_id: str, after: int) -> list[Shown]:
        """The next frames past ``after``, for a replay: some 256 kB, which a client that does not read them keeps here."""
        frames = await self._log.read({conversation_id: after}, _PAGE)
        page: list[Shown] = []
        size = 0
        for logged in frames.get(conversation_id, ()):
            page.append(Shown(logged, self._link))
            size += len(page[-1].text.encode())
            if size >= _REPLAY_BYTES:
                break
        return page

    async def wait_for(
        self, conversation_id: str, after: int, wanted: Callable[[LoggedFrame], bool], seconds: float
    ) -> list[Shown]:
        """Frames past ``after``, as soon as a wanted one is among them, at the latest after ``seconds``."""
        waiter = _Waiter(conversation_id, after, wanted)
        self.add(waiter)
        try:
            await self._reads.submit(conversation_id)
            if not waiter.found.is_set() and seconds > 0 and not self._stopped:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await waiter.found.wait()
        finally:
            self.remove(waiter)
        return waiter.frames

    async def _run(self, wakes: Subscription) -> None:
        swept_at = self._clock.monotonic()
        try:
            while True:
                keys = await wakes.wait(self._poll)
                try:
                    await self._serve(keys)
                    if self._clock.monotonic() - swept_at >= self._poll:
                        swept_at = self._clock.monotonic()
                        await self._sweep()
                except HubError as error:
                    _log.warning("live.store_unavailable", error=error.detail)
                    await asyncio.sleep(_AFTER_FAILURE)
                    self._stir(keys)
                except Exception:
                    _log.exception("live.failed")
                    await asyncio.sleep(_AFTER_FAILURE)
                    self._stir(keys)
        finally:
            wakes.close()

    async def _serve(self, keys: Iterable[str]) -> None:
        changed: list[str] = []
        for key in keys:
            conversation_id, _, hint = key.partition("#")
            if not conversation_id:
                changed.extend(self._rooms)
            elif conversation_id in self._rooms:
                if hint:
                    await self._hint(conversation_id, hint)
                else:
                    changed.append(conversation_id)
        if changed:
            await self._read(changed)
            await asyncio.sleep(_GATHER)

    async def _hint(self, conversation_id: str, hint: str) -> None:
        for listener in tuple(self._rooms[conversation_id].listeners):
            await listener.hint(hint)

    def _stir(self, keys: Iterable[str]) -> None:
        """What a failed read was about is looked at again with the next sweep."""
        for key in keys:
            room = self._rooms.get(key)
            if room is not None:
                room.checked_at = float("-inf")

    async def _read_together(self, conversation_ids: Sequence[str]) -> Sequence[None]:
        """For those who ask at the same moment: whoever comes while a read is under way shares the next one."""
        await self._read(conversation_ids)
        return [None] * len(conversation_ids)

    async def _read(self, conversation_ids: Sequence[str]) -> None:
        """Read these conversations and hand out what is new, until nothing is left."""
        now = self._clock.monotonic()
        todo = list(dict.fromkeys(conversation_ids))
        while todo:
            chunk, todo = todo[:_CHUNK], todo[_CHUNK:]
            after: dict[str, int] = {}
            for conversation_id in chunk:
                room = self._rooms.get(conversation_id)
                if room is None:
                    continue
                room.active_until, room.checked_at = now + _ACTIVE, now
                room.stirred = room.stirred or any(one.cursor == UNREAD for one in room.listeners)
                place = room.after()
                if place is not None:
                    after[conversation_id] = place
            if not after:
                continue
            for conversation_id, frames in (await self._log.read(after, _PAGE)).items():
                await self._try_to_hand_out(conversation_id, [Shown(logged, self._link) for logged in frames])
                if len(frames) >= _PAGE:
                    todo.append(conversation_id)

    async def _try_to_hand_out(self, conversation_id: str, frames: Sequence[Shown]) -> None:
        """What is wrong with one conversation's frames must not keep the others from theirs."""
        try:
            await self._hand_out(conversation_id, frames)
        except Exception:
            _log.exception("live.not_shown", conversation=conversation_id)

    async def _hand_out(self, conversation_id: str, frames: Sequence[Shown]) -> None:
        room = self._rooms.get(conversation_id)
        if room is None or not frames:
            return
        for listener in tuple(room.listeners):
            if listener.cursor == UNREAD:
                continue
            fresh = [shown for shown in frames if shown.cursor > listener.cursor]
            if fresh:
                listener.cursor = fresh[-1].cursor
                await listener.deliver(fresh)

    async def _sweep(self) -> None:
        """Look at conversations whose wake may have been lost: often while they are active, seldom otherwise."""
        now = self._clock.monotonic()
        due = [
            conversation_id
            for conversation_id, room in self._rooms.items()
            if now - room.checked_at >= (self._poll if now < room.active_until else _POLL_IDLE)
        ]
        for start in range(0, len(due), _CHUNK):
            chunk = due[start : start + _CHUNK]
            heads = await self._log.heads(chunk)
            behind = []
            for conversation_id in chunk:
                room = self._rooms.get(conversation_id)
                if room is not None:
                    room.checked_at = now
                    place = room.after()
                    if place is not None and heads.get(conversation_id, 0) > place:
                        behind.append(conversation_id)
            await self._read(behind)
            for conversation_id in behind:
                self._skip(conversation_id, heads[conversation_id])

    def _skip(self, conversation_id: str, head: int) -> None:
        """Provisional frames that were withdrawn leave a gap at the end, which is not worth reading again."""
        room = self._rooms.get(conversation_id)
        for listener in room.listeners if room is not None else ():
            if listener.cursor != UNREAD:
                listener.cursor = max(listener.cursor, head)


class _Waiter:
    """Collects frames until the wanted one comes."""

    def __init__(self, conversation_id: str, after: int, wanted: Callable[[LoggedFrame], bool]) -> None:
        self.conversation_id = conversation_id
        self.cursor = after
        self.frames: list[Shown] = []
        self.found = asyncio.Event()
        self._wanted = wanted

    async def deliver(self, frames: Sequence[Shown]) -> None:
        """See Listener.deliver."""
        self.frames.extend(frames)
        if any(self._wanted(shown.logged) for shown in frames):
            self.found.set()
            self.cursor = UNREAD  # a page is enough: a client that wants more asks again, from where it is

    async def hint(self, hint: str) -> None:
        """An ended session answers nothing more, nor does a server that stops."""
        if hint in ("ended", STOPPING):
            self.found.set()
