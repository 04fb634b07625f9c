"""Brings what the log gains to those who listen: one reader per process, however many listeners.

What this process has committed itself is handed out as it is. For the rest a wake names the conversations that changed, and
one read fetches them all. Wakes may get lost, so conversations that somebody listens to are also looked at every few
seconds, by their newest cursors only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from channels.web import render
from core.domain.errors import HubError
from core.end_tasks import end_tasks
from core.group_commit import GroupCommit
from core.ports.clock import Clock
from core.ports.event_log import EventLog, LoggedFrame
from core.ports.wake import WIDGET, Subscription, Wake, grown_to

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
    """A conversation that somebody listens to. ``head``: its log is known to go up to there.

    ``given``: frames of this process that are to be handed out.
    """

    active_until: float
    checked_at: float
    listeners: list[Listener] = field(default_factory=list)
    stirred: bool = False
    head: int = 0
    given: list[Shown] = field(default_factory=list)

    def after(self) -> int | None:
        """The place from which to read for all its listeners."""
        return min((one.cursor for one in self.listeners if one.cursor != UNREAD), default=None)

    @property
    def is_behind(self) -> bool:
        """Whether a listener is known to miss something."""
        place = self.after()
        return place is not None and place < self.head

    async def hint(self, hint: str) -> None:
        for listener in tuple(self.listeners):
            await listener.hint(hint)

    def touch(self, now: float) -> None:
        """There is news of it."""
        self.active_until, self.checked_at = now + _ACTIVE, now


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
        await end_tasks(self._task)
        self._task = None
        with contextlib.suppress(HubError):
            await self._read(list(self._rooms))
        for room in list(self._rooms.values()):
            await room.hint(STOPPING)

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
        if room is not None and (room.stirred or room.head > cursor):
            room.stirred = False
            await self._reads.submit(listener.conversation_id)

    def remove(self, listener: Listener) -> None:
        """Listen no more."""
        room = self._rooms.get(listener.conversation_id)
        if room is not None and listener in room.listeners:
            room.listeners.remove(listener)
            if not room.listeners:
                del self._rooms[listener.conversation_id]

    def give(self, conversation_id: str, frames: Sequence[LoggedFrame]) -> None:
        """This process has committed these frames: hand them out here, and wake who listens elsewhere."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.given += [Shown(logged, self._link) for logged in frames]
        self._wake.notify(WIDGET, grown_to(conversation_id, frames[-1].cursor))

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
        with self.expecting(conversation_id) as waiter:
            waiter.cursor, waiter.wanted = after, wanted
            await self._reads.submit(conversation_id)
            await self._wait(waiter, seconds)
            return waiter.frames

    @contextlib.contextmanager
    def expecting(self, conversation_id: str) -> Iterator[Waiter]:
        """Listen for what follows on a message that is about to be accepted; see ``wait_behind``."""
        waiter = Waiter(conversation_id)
        self.add(waiter)
        try:
            yield waiter
        finally:
            self.remove(waiter)

    async def wait_behind(
        self, waiter: Waiter, after: int, wanted: Callable[[LoggedFrame], bool], seconds: float
    ) -> None:
        """As ``wait_for`` does, behind a message that came after ``expecting``: what it has not heard of is not there."""
        waiter.wanted = wanted
        await self.begin(waiter, after)
        await self._wait(waiter, seconds)

    async def _wait(self, waiter: Waiter, seconds: float) -> None:
        if not waiter.found.is_set() and seconds > 0 and not self._stopped:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waiter.found.wait()

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
        grown: list[str] = []
        for key in keys:
            conversation_id, _, hint = key.partition("#")
            room = self._rooms.get(conversation_id)
            if not conversation_id:
                changed.extend(self._rooms)
            elif room is not None and hint.isdecimal():
                room.head = max(room.head, int(hint))
                grown.append(conversation_id)
            elif room is not None and hint:
                await room.hint(hint)
            elif room is not None:
                changed.append(conversation_id)
        for conversation_id in grown:
            if room := self._rooms.get(conversation_id):
                room.touch(self._clock.monotonic())
                given, room.given = sorted(room.given, key=lambda shown: shown.cursor), []
                await self._try_to_hand_out(conversation_id, given)
                changed += [conversation_id] if room.is_behind else []
        if changed:
            await self._read(changed)
            await asyncio.sleep(_GATHER)

    def _stir(self, keys: Iterable[str]) -> None:
        """What a failed read was about is looked at again with the next sweep."""
        for key in keys:
            room = self._rooms.get(key.partition("#")[0])
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
                room.touch(now)
                room.stirred = room.stirred or any(one.cursor == UNREAD for one in room.listeners)
                place = room.after()
                if place is not None:
                    after[conversation_id] = place
            if not after:
                continue
            for conversation_id, frames in (await self._log.read(after, _PAGE)).items():
                shown = [Shown(logged, self._link) for logged in frames]
                await self._try_to_hand_out(conversation_id, shown, read_from=after[conversation_id])
                if len(frames) >= _PAGE:
                    todo.append(conversation_id)

    async def _try_to_hand_out(
        self, conversation_id: str, frames: Sequence[Shown], *, read_from: int | None = None
    ) -> None:
        """What is wrong with one conversation's frames must not keep the others from theirs."""
        try:
            await self._hand_out(conversation_id, frames, read_from)
        except Exception:
            _log.exception("live.not_shown", conversation=conversation_id)

    async def _hand_out(self, conversation_id: str, frames: Sequence[Shown], read_from: int | None) -> None:
        """``read_from``: the place behind which nothing is missing. Otherwise each listener gets what follows on what it has.

        A listener that was added during the read, from an earlier place, waits for a read of its own.
        """
        room = self._rooms.get(conversation_id)
        if room is None or not frames:
            return
        for listener in tuple(room.listeners):
            if listener.cursor == UNREAD or (read_from is not None and listener.cursor < read_from):
                continue
            fresh = [shown for shown in frames if shown.cursor > listener.cursor]
            if read_from is None:
                fresh = [one for place, one in enumerate(fresh, listener.cursor + 1) if one.cursor == place]
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
            behind: dict[str, list[Listener]] = {}
            for conversation_id in chunk:
                room = self._rooms.get(conversation_id)
                if room is not None:
                    room.checked_at = now
                    place = room.after()
                    if place is not None and heads.get(conversation_id, 0) > place:
                        behind[conversation_id] = [one for one in room.listeners if one.cursor != UNREAD]
            await self._read(list(behind))
            # Provisional frames that were withdrawn leave a gap at the end, which is not worth reading again.
            for conversation_id, listeners in behind.items():
                for listener in listeners:
                    if listener.cursor != UNREAD:
                        listener.cursor = max(listener.cursor, heads[conversation_id])


class Waiter:
    """Collects frames until the ``wanted`` one comes."""

    def __init__(self, conversation_id: str) -> None:
        self.conversation_id = conversation_id
        self.cursor = UNREAD
        self.frames: list[Shown] = []
        self.found = asyncio.Event()
        self.wanted: Callable[[LoggedFrame], bool] = lambda _frame: True

    async def deliver(self, frames: Sequence[Shown]) -> None:
        self.frames.extend(frames)
        if any(self.wanted(shown.logged) for shown in frames):
            self.found.set()
            self.cursor = UNREAD  # a page is enough: a client that wants more asks again, from where it is

    async def hint(self, hint: str) -> None:
        """An ended session answers nothing more, nor does a server that stops."""
        if hint in ("ended", STOPPING):
            self.found.set()
