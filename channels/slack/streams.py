"""An answer while it is being written: Slack's streaming in threads, elsewhere a message that is edited.

Each place has one mark (see marks.py). It is written before Slack is asked to begin a message, and again with the message's name
before further words. The answer takes the message's place, and the settlement of its delivery ends the mark. So whoever delivers
the answer finds the message, and whoever says something else first takes it away: messages of a conversation are delivered one
after another, and none is begun while an earlier one is on its way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import structlog

from channels.bounded import Bounded
from channels.slack.beginnings import BETWEEN_APPENDS, MOST_APPENDED, Beginnings, Writing
from channels.slack.client import Refused, SlackClient
from channels.slack.edits import Edits
from channels.slack.files import marked
from channels.slack.marks import Mark, Marks
from channels.slack.orphaned_placeholders import PLACEHOLDER, AbandonedMessages, OrphanedPlaceholders, remove
from channels.slack.place import Place, Sent
from channels.slack.reception import Reception
from channels.slack.render import mrkdwn, section
from core.domain.errors import ChannelError, LostClaim, OutcomeUnknown, RateLimited, StoreUnavailable, Unreachable
from core.domain.messages import Note
from core.ports.channel import StreamFrame
from core.ports.store import Claim
from core.ports.surroundings import Surroundings

BETWEEN_EDITS = 2.0
"""Seconds."""
_MOST_WRITING = 1_000
"""What another process delivered is not known here, so the oldest go."""
_log = structlog.get_logger(__name__)


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
        around: Surroundings,
        account: str,
        reception: Reception,
        team_of: Callable[[str], str | None],
    ) -> None:
        """``team_of``: the workspace of a person, where it is known."""
        self._clock = clock = around.clock
        self._showing = around.showing
        self.marks = Marks(around.memory, account)
        self.placeholders = OrphanedPlaceholders(self.marks, clock)
        self.abandoned = AbandonedMessages(around.memory, account, clock)
        self._writing: Bounded[Place, Writing] = Bounded(_MOST_WRITING)
        self.edits = Edits(around.paces, account, clock)
        self._beginnings = Beginnings(
            self.marks, self.placeholders, self.edits, around.showing, clock, reception, team_of
        )

    async def close(self) -> None:
        """What cannot be done in a moment is done after the next start."""
        await self._beginnings.close()
        await self.abandoned.close()

    async def show(
        self, client: SlackClient, place: Place, channel: str, claim: Claim, frames: Sequence[StreamFrame]
    ) -> None:
        """Raises LostClaim when somebody else has the conversation, ChannelError and StoreUnavailable."""
        if any(frame.kind == "discard" for frame in frames):
            await self._showing.go_on_showing(claim)
        now = await self._take_in(client, place, frames)
        if now.given_up or len(now.text) <= now.shown or self._clock.monotonic() < now.not_before:
            if claim.answers_to is not None:
                await self._showing.go_on_showing(claim)
            return
        try:
            if now.mark is None:
                await self._beginnings.begin(client, place, channel, now, claim)
            else:
                await self._beginnings.go_on(client, place, now, claim)
            if now.mark is not None and len(now.text) > now.shown and self._clock.monotonic() >= now.not_before:
                await self._push(client, place, now, now.mark)
        except RateLimited as error:
            now.not_before = self._clock.monotonic() + error.retry_after
        except ChannelError as error:
            now.given_up = True
            if now.mark is not None and isinstance(error, Refused):
                await self._check_still_ours(place, now.mark)
            raise

    async def _take_in(self, client: SlackClient, place: Place, frames: Sequence[StreamFrame]) -> Writing:
        for frame in frames:
            if frame.kind == "text":
                self._writing_for(place, frame).text += str(frame.body.get("delta", ""))
            elif frame.kind == "discard":
                await self._withdraw(client, place, frame)
        return self._writing_for(place, frames[-1])

    async def say(
        self, client: SlackClient, place: Place, channel: str, body: Mapping[str, Any], key: str
    ) -> tuple[Sent, Note | None]:
        """A new message, or the one that grew while the answer was being written, with what ends its mark.

        Raises ChannelError and StoreUnavailable.
        """
        turn = body.get("turn_id")
        begun = await self.finish(client, place, turn, key) if body.get("first") else None
        while begun is not None:
            if (grown := await self._become(client, place, begun, body, key)) is not None:
                self.said(place, turn)
                return grown, self._ended(place, begun)
            if begun.writing is None:
                break
            begun = await self.finish(client, place, turn, key)  # another run of the turn may have begun one
        sent = await client.post_message(
            channel, body["text"], blocks=body["blocks"], thread_ts=place.thread_ts, metadata=marked(key)
        )
        self.said(place, turn)
        return sent, None

    async def finish(self, client: SlackClient, place: Place, turn: str | None, key: str) -> Begun | None:
        """The message that the turn's answer takes the place of. One of another turn is taken away. Raises ChannelError.

        ``turn``: None for what no turn says; that leaves a trace, so that nothing is begun below it at the same moment.
        """
        writing = self._writing.get(place)
        if writing is not None and writing.turn == turn and (begun := await self._begun_here(writing)) is not None:
            return begun
        value = await self.marks.read(place)
        while True:
            if (mark := self._as_known(place, value)).begins:
                if turn is None:  # so that it is taken away as soon as Slack has begun it
                    value = await self.marks.swap(place, value, replace(mark, said=uuid4().hex)) or value
                value = await self.placeholders.clear(client, place, value, over=mark.turn == turn)
                mark = self._as_known(place, value)
                if mark.begins and mark.turn == turn:  # so that who has begun it takes it away, if that comes to light
                    value = await self.marks.swap(place, value, replace(mark, said=uuid4().hex))
            if mark.ts and mark.turn == turn and mark.answer in ("", key):
                taken = value if mark.answer else await self.marks.swap(place, value, replace(mark, answer=key))
                if taken is not None:
                    return Begun(taken, mark, None)
            elif await self._make_way(client, place, value, trace=turn is None):
                return None
            value = await self.marks.read(place)

    @staticmethod
    async def _begun_here(writing: Writing) -> Begun | None:
        async with writing.naming:
            writing.named = True  # by the answer
            return (
                None if writing.mark is None or writing.value is None else Begun(writing.value, writing.mark, writing)
            )

    def _as_known(self, place: Place, value: str | None) -> Mark:
        """The mark, with the message's name where this process has begun it and not written that yet."""
        here = self._writing.get(place)
        known = here.mark if here is not None and here.value == value else None
        return known or Mark.read(value)

    async def _make_way(self, client: SlackClient, place: Place, value: str | None, *, trace: bool) -> bool:
        """Take away what another turn has begun. False where the mark was changed meanwhile."""
        mark = self._as_known(place, value)
        if mark.unfinished:
            await remove(client, mark.sent, streaming=mark.streaming)
        elif not trace:
            return True
        now = replace(mark if mark.begins else mark.over(), said=uuid4().hex if trace else "")
        return await self.marks.swap(place, value, now) is not None

    async def _become(
        self, client: SlackClient, place: Place, begun: Begun, body: Mapping[str, Any], key: str
    ) -> Sent | None:
        """The message as the answer; None where the answer has to be posted. Raises ChannelError, StoreUnavailable."""
        mark, writing = begun.mark, begun.writing
        rest = _rest(writing, body) if mark.streaming and writing is not None else None
        if rest is not None or await self._may_edit(place, writing):
            try:
                sent = await self.edits.become(client, place, mark.sent, body, key, streaming=mark.streaming, rest=rest)
            except OutcomeUnknown:
                await self._keep(place, begun, replace(mark, answer=key))  # it may have become the answer
                raise
            except ChannelError:
                await self._keep(place, begun, mark)
                raise
            if sent is not None:
                return sent
        worded = None if writing is None else writing.shown > 0
        await self.abandoned.leave(client, place, mark.sent, streaming=mark.streaming, worded=worded)
        await self.marks.swap(place, begun.value, mark.over())  # a later try at the answer does not put it there
        if writing is not None:
            writing.mark, writing.given_up = None, True
        return None

    async def _keep(self, place: Place, begun: Begun, mark: Mark) -> None:
        """What whoever tries next has to know of the message."""
        with contextlib.suppress(StoreUnavailable):
            value = await self.marks.swap(place, begun.value, mark)
            if begun.writing is not None:
                begun.writing.value = value

    def said(self, place: Place, turn: str | None) -> None:
        """Something arrived, in the place of what had begun or anew."""
        writing = self._writing.get(place)
        if writing is not None and writing.turn == turn:
            self._beginnings.give_back(place, writing)
            del self._writing[place]

    def _ended(self, place: Place, begun: Begun) -> Note:
        """The end of the mark of a message that has become an answer, for the settlement of its delivery."""
        note = self.marks.note(place, begun.value, begun.mark.over())
        self.marks.noted(place, note, True)
        return note

    async def found(self, place: Place, sent: Sent) -> None:
        """An earlier try has made it the answer, so nobody takes it away. Raises StoreUnavailable."""
        value = await self.marks.read(place)
        mark = self._as_known(place, value)
        if mark.turn and mark.ts in ("", sent.ts) and not mark.answer:
            await self.marks.swap(place, value, mark.over())

    async def _may_edit(self, place: Place, writing: Writing | None) -> bool:
        if writing is not None and writing.granted:
            writing.granted = False
            return True
        return await self.edits.grants_for(place).take()

    async def _withdraw(self, client: SlackClient, place: Place, frame: StreamFrame) -> None:
        """Delete what the turn has shown; where Slack does not allow it now, later. Raises ChannelError and StoreUnavailable."""
        value = await self.marks.read(place)
        mark = self._as_known(place, value)
        self._writing.pop(place, None)
        if mark.turn != frame.turn_id or mark.epoch != frame.epoch:
            return
        if mark.begins:
            await self.placeholders.clear(client, place, value, over=True)
        elif mark.unfinished:
            wait = await self._try_to_remove(client, place, mark)
            if await self.marks.swap(place, value, mark.over()) is not None and wait is not None:
                await self.abandoned.leave(client, place, mark.sent, streaming=mark.streaming, worded=False, wait=wait)

    @staticmethod
    async def _try_to_remove(client: SlackClient, place: Place, mark: Mark) -> float | None:
        """None when it is gone, else seconds until it may be tried again. Raises Rejected: then the answer takes its place."""
        try:
            await remove(client, mark.sent, streaming=mark.streaming)
        except (RateLimited, Unreachable, OutcomeUnknown) as error:
            _log.info("slack.not_taken_away", place=str(place), error=error.detail)
            return error.retry_after if isinstance(error, RateLimited) else 0.0
        return None

    def _writing_for(self, place: Place, frame: StreamFrame) -> Writing:
        known = self._writing.get(place)
        if known is None or (known.turn, known.epoch) != (frame.turn_id, frame.epoch):
            known = self._writing[place] = Writing(frame.turn_id, frame.epoch)
        return known

    async def _push(self, client: SlackClient, place: Place, writing: Writing, mark: Mark) -> None:
        text = writing.text
        if mark.streaming:
            try:
                await client.append_stream(mark.sent, text[writing.shown : writing.shown + MOST_APPENDED])
            except OutcomeUnknown:
                writing.doubtful = True
                raise
            writing.shown = min(len(text), writing.shown + MOST_APPENDED)
            writing.not_before = self._clock.monotonic() + BETWEEN_APPENDS
            return
        writing.not_before = self._clock.monotonic() + BETWEEN_EDITS
        if await self.edits.grants_for(place).take(spare=True):
            try:
                await client.update(mark.sent, mrkdwn(text)[0] or PLACEHOLDER)
            except RateLimited as error:
                await self.edits.grants_for(place).hold_back(error.retry_after)
                raise
            writing.shown = len(text)

    async def _check_still_ours(self, place: Place, ours: Mark) -> None:
        """The message is gone: a person of Slack's may have deleted it. Raises LostClaim where another turn took it away."""
        mark = Mark.read(await self.marks.read(place))
        if mark.turn and not mark.is_same(ours):
            raise LostClaim("Somebody else writes in this conversation now.")


def _rest(writing: Writing, body: Mapping[str, Any]) -> str | None:
    """What the answer holds beyond what is shown; None where it is not what was written, or that is not certain."""
    rest = writing.text[writing.shown :]
    if writing.doubtful:
        return None
    same = [section(piece) for piece in mrkdwn(writing.text)] == body["blocks"][:1]
    return rest if same and len(rest) <= MOST_APPENDED else None
