"""An answer while it is being written: Slack's streaming in threads, elsewhere a message that is edited.

Each place has one mark (see marks.py). It is written before Slack is asked to begin a message, when its name is known, and when
an answer is about to take its place. So whoever delivers the answer finds the message and turns it into the answer, and whoever
says something else first takes it away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import structlog

from channels.slack.abandoned_messages import AbandonedMessages
from channels.slack.client import Sent, SlackClient
from channels.slack.edits import Edits
from channels.slack.marks import Mark, Marks
from channels.slack.orphaned_placeholders import PLACEHOLDER, WORDLESS, OrphanedPlaceholders, remove
from channels.slack.place import Place
from channels.slack.reception import Reception
from channels.slack.refusals import Refused
from channels.slack.render import mrkdwn
from core.domain.errors import AuthFailed, ChannelError, LostClaim, OutcomeUnknown, RateLimited, Unreachable
from core.ports.channel import StreamFrame
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock
from core.ports.paces import Paces

BETWEEN_APPENDS = 1.0
BETWEEN_EDITS = 2.0
"""Seconds; chat.appendStream may be called 100 times a minute."""
_ANSWERED_WITHIN = 600.0
_MOST_APPENDED = 12_000
_MOST_WRITING = 1_000
"""What another process delivered is not known here, so the oldest go."""
_BACK = 600.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Writing:
    """What this process knows of one turn. ``value``: the mark as it wrote it, with the message's name.

    ``shown`` counts characters of ``text`` that were handed over. ``granted``: an edit for the end was taken before
    the message was begun, and not used yet.
    """

    turn: str
    text: str = ""
    shown: int = 0
    not_before: float = 0.0
    value: str | None = None
    granted: bool = False
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A message that an answer takes the place of. ``writing``: where this process wrote it."""

    value: str
    mark: Mark
    writing: Writing | None


class Streams:
    """What is shown is provisional: a failure here costs nothing but the show."""

    def __init__(
        self,
        memory: ChannelMemory,
        paces: Paces,
        account: str,
        clock: Clock,
        reception: Reception,
        team_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """``team_of``: the workspace of a person, where it is known."""
        self._team_of = team_of
        self._clock = clock
        self._reception = reception
        self.marks = Marks(memory, account)
        self.placeholders = OrphanedPlaceholders(self.marks, clock)
        self.abandoned = AbandonedMessages(memory, account, clock)
        self._writing: dict[Place, Writing] = {}
        self.edits = Edits(paces, account, clock)

    async def show(self, client: SlackClient, place: Place, channel: str, frames: Sequence[StreamFrame]) -> None:
        """Raises LostClaim when a later epoch has the conversation, and ChannelError."""
        for frame in frames:
            if frame.kind == "text":
                self._of(place, frame.turn_id).text += str(frame.body.get("delta", ""))
            elif frame.kind == "discard":
                await self._withdraw(client, place, frame.turn_id)
        now = self._of(place, frames[-1].turn_id)
        if now.given_up or len(now.text) <= now.shown or self._clock.monotonic() < now.not_before:
            return
        try:
            if now.value is None:
                now.value = await self._begin(client, place, channel, now, frames[-1].epoch)
            if now.value is not None:
                await self._push(client, place, now, Mark.read(now.value))
        except RateLimited as error:
            now.not_before = self._clock.monotonic() + error.retry_after
        except ChannelError as error:
            now.given_up = True
            if now.value is not None and isinstance(error, Refused):
                await self._check_still_ours(place, now)
            raise

    async def finish(self, client: SlackClient, place: Place, turn: str | None, key: str) -> Begun | None:
        """The message that the turn's answer takes the place of. One of another turn is taken away. Raises ChannelError.

        ``turn``: None for what no turn says; that leaves a trace, so that nothing is begun below it at the same moment.
        """
        writing = self._writing.get(place)
        if writing is not None and writing.turn != turn:
            writing = None
        value = (writing.value if writing is not None else None) or await self.marks.read(place)
        while True:
            if (mark := Mark.read(value)).begins:
                if turn is None:  # so that it is taken away as soon as Slack has begun it
                    value = await self.marks.swap(place, value, replace(mark, said=uuid4().hex)) or value
                value = await self.placeholders.clear(client, place, value, over=mark.turn == turn)
                mark = Mark.read(value)
            if mark.ts and mark.turn == turn and mark.answer in ("", key) and not await self._is_above(place, mark):
                taken = value if mark.answer else await self.marks.swap(place, value, replace(mark, answer=key))
                if taken is not None:
                    return Begun(taken, mark, writing)
            elif await self._make_way(client, place, value, trace=turn is None):
                return None
            value = await self.marks.read(place)

    async def _make_way(self, client: SlackClient, place: Place, value: str | None, *, trace: bool) -> bool:
        """Take away what another turn has begun. False where the mark was changed meanwhile."""
        mark = Mark.read(value)
        if mark.unfinished:
            await remove(client, mark.sent, streaming=mark.streaming)
        elif not trace:
            return True
        now = replace(mark if mark.begins else mark.over(), said=uuid4().hex if trace else "")
        return await self.marks.swap(place, value, now) is not None

    async def become(
        self, client: SlackClient, place: Place, begun: Begun, body: Mapping[str, Any], key: str
    ) -> Sent | None:
        """The message as the answer; None where the answer has to be posted. Raises ChannelError, StoreUnavailable."""
        mark, writing = begun.mark, begun.writing
        rest = _rest(writing, body) if mark.streaming and writing is not None else None
        if rest is not None or await self._may_edit(place, writing):
            sent = await self.edits.become(client, place, mark.sent, body, key, streaming=mark.streaming, rest=rest)
            if sent is not None:
                return sent
        await self.marks.swap(place, begun.value, mark.over())  # a later try at the answer does not put it there
        worded = writing is None or writing.shown > 0
        await self.abandoned.leave(client, place, mark.sent, streaming=mark.streaming, worded=worded)
        return None

    def said(self, place: Place, sent: Sent, turn: str | None) -> None:
        """Something arrived, in the place of what had begun or anew."""
        writing = self._writing.get(place)
        self._reception.sent(place, sent.ts, soon=turn is None)
        if writing is not None and writing.turn == turn:
            if writing.granted:
                self.edits.of(place).give_back()
            del self._writing[place]

    async def _may_edit(self, place: Place, writing: Writing | None) -> bool:
        if writing is not None and writing.granted:
            writing.granted = False
            return True
        return await self.edits.of(place).take()

    async def _withdraw(self, client: SlackClient, place: Place, turn: str) -> None:
        """Nobody shall see it any more. Raises ChannelError."""
        writing = self._writing.pop(place, None)
        value = writing.value if writing is not None else None
        if value is None:
            value = await self.marks.read(place)
        mark = Mark.read(value)
        if mark.begins:
            await self.placeholders.clear(client, place, value, over=mark.turn == turn)
        elif mark.unfinished:
            await remove(client, mark.sent, streaming=mark.streaming)
            await self.marks.swap(place, value, mark.over())

    def _of(self, place: Place, turn: str) -> Writing:
        known = self._writing.get(place)
        if known is None or known.turn != turn:
            if len(self._writing) >= _MOST_WRITING:
                del self._writing[next(iter(self._writing))]
            known = self._writing[place] = Writing(turn)
        return known

    async def _push(self, client: SlackClient, place: Place, writing: Writing, mark: Mark) -> None:
        text = writing.text
        if mark.streaming:
            await client.append_stream(mark.sent, text[writing.shown : writing.shown + _MOST_APPENDED])
            writing.shown = min(len(text), writing.shown + _MOST_APPENDED)
            writing.not_before = self._clock.monotonic() + BETWEEN_APPENDS
            return
        writing.not_before = self._clock.monotonic() + BETWEEN_EDITS
        if await self.edits.of(place).take(spare=True):
            try:
                await client.update(mark.sent, mrkdwn(text)[0] or PLACEHOLDER)
            except RateLimited as error:
                await self.edits.of(place).hold_back(error.retry_after)
                raise
            writing.shown = len(text)

    async def _check_still_ours(self, place: Place, writing: Writing) -> None:
        """The message is gone: a person of Slack's may have deleted it. Raises LostClaim where another turn took it away."""
        mark = Mark.read(await self.marks.read(place))
        if mark.turn and mark != Mark.read(writing.value):
            raise LostClaim("Somebody else writes in this conversation now.")

    async def _begin(self, client: SlackClient, place: Place, channel: str, writing: Writing, epoch: int) -> str | None:
        """The mark of the new message. None where nothing is begun now: the answer before may be on its way, something else was
        said at this moment, or no edit is left for the end.

        The claim was looked at after the mark was read last, so that the mark tells whatever was said since.
        """
        before = await self.marks.last(place)
        mark = Mark.read(before)
        if mark.epoch > epoch:
            raise LostClaim("A later turn writes in this conversation.")
        if mark.unfinished and await self.marks.read(place) != before:
            return None  # another process may have made it the answer; the next words begin from what it is
        if not await self._is_free(place, mark, writing.turn):
            writing.given_up = True
            return None
        streams = place.thread_ts is not None and await self.edits.streams(place).take()
        if not streams and not await self._keep_edit(place, writing):
            writing.given_up = True
            return None
        value = None
        try:
            if mark.unfinished:
                await remove(client, mark.sent, streaming=mark.streaming)  # of a worker that died
            elif mark.begins:
                mark = Mark.read(before := await self.placeholders.clear(client, place, before, over=True))
            now = replace(mark, epoch=epoch)
            value = await self._begin_from(client, place, channel, writing, before, now, streams=streams)
        finally:
            if value is None and writing.granted:
                writing.granted = False
                self.edits.of(place).give_back()
        return value

    async def _keep_edit(self, place: Place, writing: Writing) -> bool:
        """Whether there is an edit for the end of a message that is no stream."""
        writing.granted = await self.edits.of(place).take()
        return writing.granted

    async def _begin_from(
        self,
        client: SlackClient,
        place: Place,
        channel: str,
        writing: Writing,
        before: str | None,
        mark: Mark,
        *,
        streams: bool,
    ) -> str | None:
        """``mark``: what is there, with the epoch to write. A beginning in doubt stays in the range that is searched.

        ``streams``: a stream may be started.
        """
        seen = await self._reception.last_seen(place)
        now = self._clock.now().timestamp()
        since = seen.get("ts") or place.thread_ts or f"{now - _BACK:.6f}"
        if mark.begins:
            since = min(since, mark.since, key=float)
        begins = Mark(writing.turn, mark.epoch, channel, since=since, at=now)
        value = await self.marks.swap(place, before, begins)
        if value is None:
            await self.marks.read(place)  # to begin from there with the next words, after another look at the claim
            return None
        try:
            started = await self._start_stream(client, place, channel, seen.get("user")) if streams else None
            if streams and started is None and not await self._keep_edit(place, writing):
                raise Unreachable("Slack starts no stream there, and the workspace has no edit left.")
            sent = started or await client.post_message(
                channel, PLACEHOLDER, thread_ts=place.thread_ts, metadata=WORDLESS
            )
        except OutcomeUnknown:
            self.placeholders.doubt(place)
            raise
        except ChannelError:
            await self.marks.swap(place, value, begins.over())
            raise
        begun = await self.marks.swap(
            place, value, replace(begins, channel=sent.channel, ts=sent.ts, streaming=started is not None)
        )
        if begun is None:
            writing.given_up = True
            await remove(client, sent, streaming=started is not None)
            left = await self.marks.read(place)
            if Mark.read(left).begins and Mark.read(left).at == begins.at:
                await self.marks.swap(place, left, begins.over())
        return begun

    async def _is_free(self, place: Place, mark: Mark, turn: str) -> bool:
        """Whether no answer of an earlier turn is on its way, which needs its message and stands above this one."""
        if not mark.turn or mark.turn == turn or self._clock.now().timestamp() - mark.at > _ANSWERED_WITHIN:
            return True
        return bool(mark.answer) and await self._reception.has_arrived(place, mark.channel, mark.ts)

    async def _is_above(self, place: Place, mark: Mark) -> bool:
        """Whether something was said below the message since: then the answer comes below that."""
        return await self._reception.last_sent(place) > float(mark.ts)

    async def _start_stream(self, client: SlackClient, place: Place, channel: str, user: str | None) -> Sent | None:
        """None where Slack starts none, so that a message is edited instead.

        ``user``: whom the answer is for, whoever wrote last. In a shared channel they may be of another workspace, and
        Slack wants theirs (docs.slack.dev, chat.startStream, recipient_team_id).
        """
        assert place.thread_ts is not None
        team = (self._team_of(user) if user else None) or place.team
        try:
            return await client.start_stream(channel, place.thread_ts, user=user, team=team)
        except RateLimited as error:
            await self.edits.streams(place).hold_back(error.retry_after)
            raise
        except (Refused, AuthFailed) as error:
            _log.info("slack.streams_by_edits", reason=error.detail)
            return None


def _rest(writing: Writing, body: Mapping[str, Any]) -> str | None:
    """What the answer holds beyond what is shown; None where it is not what was written."""
    rest = writing.text[writing.shown :]
    return rest if mrkdwn(writing.text) == [body["text"]] and len(rest) <= _MOST_APPENDED else None
