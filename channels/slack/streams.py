"""An answer while it is being written: Slack's streaming in threads, elsewhere a message that is edited.

Memory holds one unfinished message per conversation (``stream/<place>``), written before the first words are shown. So whoever
delivers the answer finds the message and turns it into the answer, and whoever says something else first takes it away.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from uuid import uuid4

import structlog

from channels.slack.client import Sent, SlackClient
from channels.slack.place import CHANNEL, Place
from channels.slack.refusals import Refused
from channels.slack.render import mrkdwn
from channels.slack.strays import PLACEHOLDER, WORDLESS, Strays, remove, stop
from channels.slack.workspaces import Workspaces
from core.domain.errors import (
    AuthFailed,
    ChannelError,
    LostClaim,
    OutcomeUnknown,
    RateLimited,
    StoreUnavailable,
    Unreachable,
)
from core.ports.channel import StreamFrame
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

BETWEEN_APPENDS = 1.0
_BETWEEN_EDITS = 2.0
"""Seconds; chat.appendStream may be called 100 times a minute, chat.update 50 times."""
_MOST_APPENDED = 12_000
_MOST_WRITING = 1_000
"""What another process delivered is not told here, so the oldest go."""
_NOBODY = ""
_KEY = "stream/"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A message that is being written. ``streaming``: Slack shows it as such until it is stopped.

    ``finishing``: an answer was about to take its place, or has; from then on nobody takes it away. ``turn`` may be nobody's:
    then no answer takes its place. ``said``: differs each time that something else was said, so that it is noticed.
    """

    turn: str
    epoch: int
    channel: str
    ts: str
    streaming: bool
    finishing: bool = False
    said: str = ""

    @property
    def sent(self) -> Sent:
        """The message."""
        return Sent(self.channel, self.ts)


@dataclass(slots=True)
class _Writing:
    """What this process knows of one turn. ``shown`` counts characters of ``text`` that were handed over."""

    turn: str
    text: str = ""
    shown: int = 0
    not_before: float = 0.0
    message: Unfinished | None = None
    given_up: bool = False


class Streams:
    """What is shown is provisional: a failure here costs nothing but the show."""

    def __init__(
        self, memory: ChannelMemory, account: str, clock: Clock, team_of: Callable[[str], str | None] = lambda _: None
    ) -> None:
        """``team_of``: the workspace of a person, where it is known."""
        self._team_of = team_of
        self._memory = memory
        self._account = account
        self._clock = clock
        self.strays = Strays(memory, account, clock)
        self._writing: dict[str, _Writing] = {}

    async def show(self, client: SlackClient, place: Place, channel: str, frames: Sequence[StreamFrame]) -> None:
        """Raises LostClaim when a later epoch has the conversation, and ChannelError."""
        for frame in frames:
            if frame.kind == "text":
                writing = self._of(place, frame.turn_id)
                writing.text += str(frame.body.get("delta", ""))
            elif frame.kind == "discard":
                self._writing.pop(str(place), None)
                await self.withdraw(client, place, frame.turn_id)
        now = self._of(place, frames[-1].turn_id)
        if now.given_up or len(now.text) <= now.shown or self._clock.monotonic() < now.not_before:
            return
        try:
            await self._push(client, place, channel, now, frames[-1].epoch)
        except RateLimited as error:
            now.not_before = self._clock.monotonic() + error.retry_after
        except ChannelError:
            now.given_up = True
            raise

    async def finish(self, client: SlackClient, place: Place, turn: str | None) -> Sent | None:
        """The message that the turn's answer takes the place of. One of another turn is taken away. Raises ChannelError.

        Where there is none, a mark is left before it is asked who is beginning one; who begins says so before looking for a
        mark. So one of the two sees the other, and nothing is begun below what is said now.
        """
        self._writing.pop(str(place), None)
        while True:
            value = await self._value(place)
            found = _read(value)
            if found is not None and found.turn == turn:
                if not await self._swap(place, value, replace(found, finishing=True)):
                    continue  # a later turn began to write at this moment: its message is another one
                await self._clear(client, place, turn)
                if found.streaming:
                    await stop(client, found.sent)
                return found.sent
            if found is not None:
                await self._remove(client, found)
            if await self._swap(place, value, _said_below(found)):
                await self._clear(client, place, turn)
                return None

    async def said(self, place: Place, sent: Sent, begun: Sent | None) -> None:
        """Something was said, in the place of what had begun or anew. Raises nothing: it was said, whatever happens here.

        A later turn may be writing by now. Only what became the answer is forgotten; and what stands above the answer is
        disowned, so that the later answer does not take its place there, but comes below.
        """
        with contextlib.suppress(StoreUnavailable):
            value = await self._value(place)
            found = _read(value)
            if found is None or (found.finishing and found.sent != begun):
                return
            if found.sent == begun or float(found.ts) < float(sent.ts):
                disowned = replace(found, turn=_NOBODY, finishing=found.sent == begun)
                await self._swap(place, value, disowned)

    async def withdraw(self, client: SlackClient, place: Place, turn: str) -> None:
        """Nobody shall see it any more. Raises ChannelError."""
        await self._clear(client, place, turn)
        value = await self._value(place)
        found = _read(value)
        if found is not None:
            await self._take_away(client, place, value, found)

    async def sweep(self, workspaces: Workspaces) -> None:
        """Take away what broken beginnings have left anywhere. Raises StoreUnavailable."""
        for place, left in (await self.strays.all()).items():
            known = _known_message(await self._value(place))
            try:
                client = await workspaces.client(place.team)
            except ChannelError as error:
                _log.info("slack.stray_not_found", place=str(place), error=error.detail)
            else:
                await self.strays.clear(client, place, left, keep=known, over=False)

    async def _take_away(self, client: SlackClient, place: Place, value: str | None, found: Unfinished) -> None:
        """Disowned and not forgotten: what a later turn has begun in the meantime stays known, so that it is not left behind."""
        await self._remove(client, found)
        if not (found.turn == _NOBODY and found.finishing):
            await self._swap(place, value, replace(found, turn=_NOBODY, finishing=True))

    def _of(self, place: Place, turn: str) -> _Writing:
        known = self._writing.get(str(place))
        if known is None or known.turn != turn:
            if len(self._writing) >= _MOST_WRITING:
                del self._writing[next(iter(self._writing))]
            known = self._writing[str(place)] = _Writing(turn)
        return known

    async def _push(self, client: SlackClient, place: Place, channel: str, writing: _Writing, epoch: int) -> None:
        if writing.message is None:
            writing.message = await self._begin(client, place, channel, writing, epoch)
            if writing.message is None:
                writing.given_up = True
                return
        elif (found := await self._recall(place)) != writing.message:
            writing.given_up = True
            if found is not None and found.turn == _NOBODY and found.sent == writing.message.sent:
                return
            raise LostClaim("Somebody else writes in this conversation now.")
        message, text = writing.message, writing.text
        if message.streaming:
            await client.append_stream(message.sent, text[writing.shown : writing.shown + _MOST_APPENDED])
            writing.shown = min(len(text), writing.shown + _MOST_APPENDED)
            writing.not_before = self._clock.monotonic() + BETWEEN_APPENDS
        else:
            await client.update(message.sent, mrkdwn(text)[0] or PLACEHOLDER)
            writing.shown = len(text)
            writing.not_before = self._clock.monotonic() + _BETWEEN_EDITS

    async def _begin(
        self, client: SlackClient, place: Place, channel: str, writing: _Writing, epoch: int
    ) -> Unfinished | None:
        """None while the answer before is still on its way, which needs its message and stands above this one; and when
        something else was said at this moment.
        """
        before = await self._value(place)
        known = _read(before)
        if known is not None and known.epoch > epoch:
            raise LostClaim("A later turn writes in this conversation.")
        if known is not None and known.finishing and known.turn not in (_NOBODY, writing.turn):
            return None
        if known is not None:
            await self._remove(client, known)  # of a worker that died, whose words begin anew
        begun = await self._noted(client, place, channel, writing, epoch, unless_moved=before)
        if begun is None:
            return None
        if not await self._swap(place, before, begun):
            await self._remove(client, begun)
            await self.strays.begun(place)
            now = await self._recall(place)
            if now is not None and now.turn == _NOBODY:
                return None
            raise LostClaim("Another worker began to write at the same moment.")
        await self.strays.begun(place)
        return begun

    async def _noted(
        self,
        client: SlackClient,
        place: Place,
        channel: str,
        writing: _Writing,
        epoch: int,
        *,
        unless_moved: str | None,
    ) -> Unfinished | None:
        """Remembered first, so that what is begun now and never heard of again is found. See Strays.

        ``unless_moved``: what was known of the place. None when something was said there since.
        """
        kept = await self._memory.recall_many(
            CHANNEL, self._account, [key := self.strays.key(place), seen := f"seen/{place}"]
        )
        tidy = await self.strays.clear(client, place, kept.get(key), keep=None, over=True)
        reader = json.loads(kept.get(seen, "{}"))
        before = None if tidy else kept.get(key)
        await self.strays.beginning(place, channel, writing.turn, epoch, since=reader.get("ts"), before=before)
        if await self._value(place) != unless_moved:
            await self.strays.not_begun(place, before)
            return None
        try:
            return await self._first(client, place, channel, writing, epoch, reader.get("user"))
        except OutcomeUnknown:
            self.strays.doubt(place)
            raise
        except ChannelError:
            await self.strays.begun(place)
            raise

    async def _first(
        self, client: SlackClient, place: Place, channel: str, writing: _Writing, epoch: int, user: str | None
    ) -> Unfinished:
        """``user``: whom the answer is for, whoever wrote last. In a shared channel they may be of another workspace, and
        Slack wants theirs (docs.slack.dev, chat.startStream, recipient_team_id).
        """
        team = (self._team_of(user) if user else None) or place.team
        if place.thread_ts is not None:
            try:
                sent = await client.start_stream(channel, place.thread_ts, user=user, team=team)
                return Unfinished(writing.turn, epoch, sent.channel, sent.ts, streaming=True)
            except (Refused, AuthFailed) as error:
                _log.info("slack.streams_by_edits", reason=error.detail)
        sent = await client.post_message(channel, PLACEHOLDER, thread_ts=place.thread_ts, metadata=WORDLESS)
        return Unfinished(writing.turn, epoch, sent.channel, sent.ts, streaming=False)

    async def _clear(self, client: SlackClient, place: Place, turn: str | None) -> None:
        """What a broken beginning has left, of that turn or of one that is long over.

        Raises Unreachable while another turn is just beginning: it is about to find out that it must not.
        """
        keys = [begin := self.strays.key(place), stream := _KEY + str(place)]
        kept = await self._memory.recall_many(CHANNEL, self._account, keys)
        if (left := kept.get(begin)) is not None:
            over = json.loads(left).get("turn") == turn
            if not over and self.strays.under_way(place, left):
                raise Unreachable("A message is just being begun there.")
            await self.strays.clear(client, place, left, keep=_known_message(kept.get(stream)), over=over)

    async def _recall(self, place: Place) -> Unfinished | None:
        return _read(await self._value(place))

    async def _value(self, place: Place) -> str | None:
        return await self._memory.recall(CHANNEL, self._account, _KEY + str(place))

    async def _swap(self, place: Place, before: str | None, message: Unfinished) -> bool:
        """Only if nobody has written it anew. Raises StoreUnavailable."""
        return await self._memory.replace(
            CHANNEL, self._account, _KEY + str(place), before, json.dumps(asdict(message))
        )

    async def _remove(self, client: SlackClient, message: Unfinished) -> None:
        if not message.finishing:
            await remove(client, message.sent, streaming=message.streaming)


def _said_below(before: Unfinished | None) -> Unfinished:
    """Something is said that is no answer of the turn's. What a turn has begun above stays known as nobody's."""
    found = before or Unfinished(_NOBODY, 0, "", "", streaming=False)
    return replace(found, turn=_NOBODY, finishing=True, said=uuid4().hex)


def _known_message(value: str | None) -> str | None:
    """The name of the message that is being written, as it is remembered."""
    found = _read(value)
    return found.ts if found is not None else None


def _read(value: str | None) -> Unfinished | None:
    return Unfinished(**json.loads(value)) if value else None
