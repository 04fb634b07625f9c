"""Shows a turn while it is being worked on, in batches, so that a sentence costs no commit of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import asdict, replace
from typing import Any, Literal

import structlog

from core.domain.errors import HubError, LostClaim, Superseded
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation
from core.ports.channel import StreamFrame, SupportsStreaming, SupportsTyping
from core.ports.metrics import Counter, Metrics, NoMetrics, Timing
from core.ports.store import Claim, TurnState

log = structlog.get_logger(__name__)

_BATCH = 0.05
"""Seconds in which frames are gathered; words wait longer where the platform takes them seldom."""
_TYPING = 4.0  # seconds
_RESTART_DELAY = 0.7
"""Seconds after which a customer who writes in pieces has probably said what there is to say."""
_Kind = Literal["text", "tool_call", "sources", "typing", "discard"]


class Additions:
    """How far the conversation has grown since a turn was claimed. The dispatcher adds to it; what the turn shows listens."""

    def __init__(self) -> None:
        self._seq = 0
        self._listener: Callable[[int], None] | None = None

    def add(self, seq: int) -> None:
        """A message was accepted at that place, or a change of one that the turn is at work on."""
        self._seq = max(self._seq, seq)
        if self._listener is not None:
            self._listener(self._seq)

    def listen(self, listener: Callable[[int], None]) -> None:
        """Call it with the last place now, and whenever there is a further one."""
        self._listener = listener
        listener(self._seq)


ADDITIONS: ContextVar[Additions | None] = ContextVar("what is added to the turn at work", default=None)


class ProvisionalEvents:
    """Implements core.ports.responder.TurnEvents over a streaming channel; without one it shows nothing.

    A frame that cannot be written is dropped, since the delivered message replaces all of them; only LostClaim reaches
    the responder, which must stop then. ``still_held`` raises it where the channel itself cannot know who has the conversation:
    it is asked right before each write, so that none begins once somebody else has it. ``every``: seconds between two writes
    of words; ``after``: seconds from the start of the turn in which nothing is written, since an answer that is ready by then is
    sent once. ``restartable``: where the conversation has grown since the turn began, the first write fails with Superseded, and
    so does the turn itself soon after (``outdate``).
    ``tells_rest``: words that wait at the end are written, for a platform that is told each; without it the message tells them.
    """

    def __init__(
        self,
        channel: SupportsStreaming | None,
        state: TurnState,
        turn_id: str,
        first_text: Callable[[], None] | None = None,
        metrics: Metrics | None = None,
        still_held: Callable[[Claim], Awaitable[None]] | None = None,
        every: float = _BATCH,
        after: float = 0.0,
        restartable: bool = False,
        tells_rest: bool = True,
    ) -> None:
        self._channel = channel
        self._state = state
        self._turn_id = turn_id
        self._frames: list[StreamFrame] = []
        self._index = 0
        self._flusher: asyncio.Task[None] | None = None
        self._closed = False
        self._due = asyncio.Event()
        self._every = every
        self._words_at = float("-inf")
        self._waits = after > 0
        self._silent_until = asyncio.get_running_loop().time() + after
        self._restartable = restartable
        self._tells_rest = tells_rest
        self._lost: LostClaim | None = None
        self._typing: asyncio.Task[None] | None = None
        self._first_text = first_text
        self._metrics = metrics or NoMetrics()
        self._still_held = still_held
        self._called_at: dict[str, float] = {}
        self._limit: asyncio.Timeout | None = None
        self._restart_timer: asyncio.TimerHandle | None = None

    @property
    def restartable(self) -> bool:
        """Whether the turn may still begin again: nothing was shown, and no tool was called."""
        return self._restartable

    @contextlib.asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """The time in which an answer is made. Raises TimeoutError past it, and Superseded as ``outdate`` says."""
        try:
            async with asyncio.timeout(seconds) as self._limit:
                if (additions := ADDITIONS.get()) is not None:
                    additions.listen(self.outdate)
                yield
        except TimeoutError:
            self.raise_superseded()
            raise
        finally:
            self._limit = None
            if self._restart_timer is not None:
                self._restart_timer.cancel()

    def outdate(self, seq: int) -> None:
        """The customer has written, edited or deleted up to ``seq``: restart the turn 0.7 seconds after the last, if it is new.

        An answer to only a part of what they wrote would be thrown away; its model call ends here. A turn that has shown text
        or decided to call a tool by then is not restarted.
        """
        if seq <= self._state.conversation.last_seq or not self._restartable or self._limit is None:
            return
        if self._restart_timer is not None:
            self._restart_timer.cancel()
        self._restart_timer = asyncio.get_running_loop().call_later(_RESTART_DELAY, self._restart)

    def _restart(self) -> None:
        if self._restartable and self._lost is None and self._limit is not None and not self._limit.expired():
            self._lost = Superseded("The customer wrote, edited or deleted something before anything was shown.")
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def typing(self) -> None:
        """Somebody is working on it; said again until the end, since clients forget it after six seconds.

        Where an answer that is ready soon is sent once, it is said after a while, and until the first words.
        """
        if not self._waits:
            await self._add("typing", {"author": "agent"})
        if self._channel is not None and self._typing is None:
            self._typing = asyncio.create_task(self._keep_typing())

    async def _keep_typing(self) -> None:
        while self._lost is None:
            await asyncio.sleep(_TYPING)
            if self._waits and self._index:
                return
            with contextlib.suppress(LostClaim):
                await self._add("typing", {"author": "agent"})

    async def text(self, sentence: str) -> None:
        if self._first_text is not None:
            self._first_text()
            self._first_text = None
        await self._add("text", {"delta": sentence}, self._index)
        self._index += 1

    def forbid_restart(self) -> None:
        self._restartable = False

    async def tool_call(self, name: str, state: str) -> None:
        self.forbid_restart()
        self._measure(name, state)
        await self._add("tool_call", {"name": name, "state": state})

    def _measure(self, tool: str, state: str) -> None:
        now = asyncio.get_running_loop().time()
        if state == "started":
            self._called_at[tool] = now
            return
        self._metrics.count(Counter.TOOL_CALLS, tool=tool, outcome=state)
        self._metrics.observe(Timing.TOOL_CALL, now - self._called_at.pop(tool, now), tool=tool)

    async def sources(self, citations: Sequence[Citation]) -> None:
        await self._add("sources", {"citations": [asdict(citation) for citation in citations]})

    async def discard(self) -> None:
        self._frames = [frame for frame in self._frames if frame.kind not in ("text", "sources")]
        if self._index:
            self._index = 0
            self._due.set()
            await self._add("discard", {})

    async def close(self) -> None:
        """Write what is left to tell at once, and return when it is written: nothing provisional may follow the message."""
        if self._typing is not None:
            self._typing.cancel()
        self._closed = True
        if asyncio.get_running_loop().time() < self._silent_until:
            self._frames.clear()
        else:
            self._frames = [frame for frame in self._frames if frame.kind != "typing"]
        if not self._tells_rest:
            self._frames = [frame for frame in self._frames if frame.kind not in ("text", "sources")]
        self._due.set()
        if self._flusher is not None:
            await asyncio.wait({self._flusher})

    def raise_superseded(self) -> None:
        """Raises Superseded if what the customer wrote meanwhile has ended this turn."""
        if isinstance(self._lost, Superseded):
            raise self._lost

    async def _add(self, kind: _Kind, body: dict[str, Any], index: int = 0) -> None:
        if self._lost is not None:
            raise self._lost
        if self._channel is None:
            return
        self._frames.append(StreamFrame(kind, self._turn_id, self._state.claim.epoch, index, body))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush_all())

    async def _flush_all(self) -> None:
        """One write at a time, so that frames keep their order; what is said meanwhile goes into the next."""
        while self._frames:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._due.wait()
            if not self._closed:
                self._due.clear()
            await self._flush()
        self._flusher = None

    def _pause(self) -> float:
        now = asyncio.get_running_loop().time()
        return max(_BATCH, self._words_at + self._every - now, self._silent_until - now)

    async def _flush(self) -> None:
        frames, self._frames = self._frames, []
        if not frames or self._channel is None or self._lost is not None:
            return
        answers_to = self._begin_showing(frames)
        try:
            if self._still_held is not None and any(frame.kind != "typing" for frame in frames):
                await self._still_held(replace(self._state.claim, answers_to=answers_to))
            await self._channel.stream(
                self._state.conversation, [replace(frames[0], answers_to=answers_to), *frames[1:]]
            )
        except LostClaim as error:
            self._lost = error
        except HubError as error:
            log.warning("stream.dropped", conversation=self._state.conversation.id, error=error.detail)
        except Exception:
            log.exception("stream.failed", conversation=self._state.conversation.id)
        if any(frame.kind == "text" for frame in frames):
            self._words_at = asyncio.get_running_loop().time()

    def _begin_showing(self, frames: Sequence[StreamFrame]) -> int | None:
        """The last place that the turn knows, for the first write that shows more than that it is being worked on."""
        if not self._restartable or all(frame.kind == "typing" for frame in frames):
            return None
        self._restartable = False
        return self._state.conversation.last_seq


async def keep_typing(channel: SupportsTyping, conversation: ConversationKey, every: float) -> None:
    """Say that the agent is writing until this is cancelled, again each ``every`` seconds: platforms forget it soon."""
    while True:
        with contextlib.suppress(HubError):
            await channel.typing(conversation, Author.AGENT)
        await asyncio.sleep(every)
