"""The beginning of an answer that is shown while it is being written, and that its message is known to whoever comes after.

A place is marked before Slack is asked to begin a message. Slack names it then; the name is written down with the look at the
claim before further words, or a moment later where none come.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from channels.slack.client import Refused, SlackClient
from channels.slack.edits import Edits
from channels.slack.marks import Mark, Marks
from channels.slack.orphaned_placeholders import PLACEHOLDER, WORDLESS, OrphanedPlaceholders, remove
from channels.slack.place import Place, Sent
from channels.slack.reception import Reception
from core.domain.errors import (
    AuthFailed,
    ChannelError,
    HubError,
    LostClaim,
    OutcomeUnknown,
    RateLimited,
    StoreUnavailable,
    Unreachable,
)
from core.ports.clock import Clock
from core.ports.store import Claim
from core.ports.surroundings import Showing

BETWEEN_APPENDS = 1.0
"""Seconds; chat.appendStream may be called 100 times a minute."""
MOST_APPENDED = 12_000
_BACK = 600.0
_NAMED_WITHIN = 1.5
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Writing:
    """What this process knows of one turn. ``mark``: of the message that was begun; ``value``: as it was written last.

    ``shown`` counts characters of ``text`` that were handed over. ``granted``: an edit for the end was taken before
    the message was begun, and not used yet. ``named``: the mark was written with the message's name; ``value`` is None where
    nobody knows whether it was. ``doubtful``: words were handed over and nobody knows whether they arrived.
    """

    turn: str
    epoch: int
    text: str = ""
    shown: int = 0
    not_before: float = 0.0
    mark: Mark | None = None
    value: str | None = None
    named: bool = False
    naming: asyncio.Lock = field(default_factory=asyncio.Lock)
    granted: bool = False
    given_up: bool = False
    doubtful: bool = False


@dataclass(slots=True)
class Beginnings:
    """Of all places. ``team_of``: the workspace of a person, where it is known."""

    marks: Marks
    placeholders: OrphanedPlaceholders
    edits: Edits
    showing: Showing
    clock: Clock
    reception: Reception
    team_of: Callable[[str], str | None]
    _naming: dict[asyncio.Task[None], tuple[Place, Writing]] = field(default_factory=dict, init=False)

    async def begin(self, client: SlackClient, place: Place, channel: str, writing: Writing, claim: Claim) -> None:
        """Nothing is begun now where the message before is on its way, something else was said at this moment, or no edit is
        left for the end.
        """
        before = await self.marks.last(place)
        mark = Mark.read(before)
        if mark.epoch > claim.epoch:
            raise LostClaim("A later turn writes in this conversation.")
        if mark.unfinished or mark.begins:
            if not await self._may_clear(place, before, claim):
                return
            if mark.unfinished:
                await remove(client, mark.sent, streaming=mark.streaming)
            else:
                mark = Mark.read(before := await self.placeholders.clear(client, place, before, over=True))
        seen = await self.reception.last_seen(place)
        at = self.clock.now().timestamp()
        since = seen.get("ts") or place.thread_ts or f"{at - _BACK:.6f}"
        if mark.begins:  # in doubt: it stays in the range that is searched
            since = min(since, mark.since, key=float)
        begins = Mark(writing.turn, claim.epoch, channel, since=since, at=at)
        note = self.marks.note(place, before, begins)
        streams = place.thread_ts is not None
        begin = partial(self.showing.begin_showing, claim, note)
        allowed = await self.edits.streams(place).take_with(begin) if streams else None
        if allowed is None:
            streams = False
            allowed = await self.edits.grants_for(place).take_with(begin)
            writing.granted = allowed is not None and allowed.noted
        if allowed is None:
            writing.given_up = True
        elif allowed.noted:
            writing.value = self.marks.noted(place, note, True)
            await self._begin_message(client, place, channel, writing, begins, seen.get("user"), streams=streams)
        elif not allowed.busy:
            await self.marks.read(place)  # to begin from there with the next words

    async def _may_clear(self, place: Place, before: str | None, claim: Claim) -> bool:
        """Whether what stands there is of a worker that died, and no answer that is on its way."""
        return not (await self.showing.begin_showing(claim)).busy and await self.marks.read(place) == before

    async def _begin_message(
        self,
        client: SlackClient,
        place: Place,
        channel: str,
        writing: Writing,
        begins: Mark,
        user: str | None,
        *,
        streams: bool,
    ) -> None:
        try:
            started = await self._start_stream(client, place, channel, writing, user) if streams else None
            if streams and started is None:
                writing.granted = await self.edits.grants_for(place).take()
                if not writing.granted:
                    raise Unreachable("Slack starts no stream there, and the workspace has no edit left.")
            sent = started or await client.post_message(
                channel, PLACEHOLDER, thread_ts=place.thread_ts, metadata=WORDLESS
            )
        except OutcomeUnknown:
            self.give_back(place, writing)
            self.placeholders.doubt(place)
            raise
        except ChannelError:
            self.give_back(place, writing)
            await self._replace(place, begins, begins.over(), though_said=True)
            raise
        writing.mark = replace(begins, channel=sent.channel, ts=sent.ts, streaming=started is not None)
        task = asyncio.create_task(self._name_later(client, place, writing))
        self._naming[task] = place, writing
        task.add_done_callback(lambda task: self._naming.pop(task, None))

    async def close(self) -> None:
        """Write down the names that are not written yet, if the database is available."""
        for task, (place, writing) in list(self._naming.items()):
            task.cancel()
            with contextlib.suppress(StoreUnavailable):
                async with writing.naming:
                    if not writing.named and writing.mark is not None:
                        await self._replace(place, writing.mark, writing.mark)

    async def _name_later(self, client: SlackClient, place: Place, writing: Writing) -> None:
        """Where no further words come for a while, which would bring the name with them."""
        while True:
            await self.clock.sleep(_NAMED_WITHIN)
            try:
                async with writing.naming:
                    if not writing.named and writing.mark is not None:
                        value = await self._replace(place, writing.mark, writing.mark)
                        await self._named(client, place, writing, value)
            except StoreUnavailable:
                continue
            except HubError as error:
                _log.info("slack.not_taken_away", place=str(place), error=error.detail)
            return

    async def go_on(self, client: SlackClient, place: Place, writing: Writing, claim: Claim) -> None:
        """Look who has the conversation, and write down the message's name with that, once."""
        async with writing.naming:
            if writing.named or writing.mark is None:
                await self.showing.go_on_showing(claim)
                return
            if writing.value is None:
                await self._named(client, place, writing, await self._replace(place, writing.mark, writing.mark))
                await self.showing.go_on_showing(claim)
                return
            note = self.marks.note(place, writing.value, writing.mark)
            try:
                allowed = await self.showing.go_on_showing(claim, note)
            except LostClaim:
                with contextlib.suppress(HubError):
                    await self._take_away(client, place, writing, writing.mark)
                raise
            except StoreUnavailable:
                writing.value = None  # it may have been written
                raise
            await self._named(client, place, writing, self.marks.noted(place, note, allowed.noted))

    async def _named(self, client: SlackClient, place: Place, writing: Writing, value: str | None) -> None:
        """``value``: the mark as it was written, None where somebody has changed it: they want to speak."""
        if value is not None:
            writing.value, writing.named = value, True
        elif writing.mark is not None:
            await self._take_away(client, place, writing, writing.mark)

    async def _take_away(self, client: SlackClient, place: Place, writing: Writing, mark: Mark) -> None:
        """A message whose name nobody else knows. Raises LostClaim where another turn writes there, and ChannelError."""
        writing.given_up, writing.mark = True, None
        self.give_back(place, writing)
        try:
            await remove(client, mark.sent, streaming=mark.streaming)
        except ChannelError:
            await self._replace(place, mark, mark, though_said=True)  # whoever speaks next takes it away
            raise
        await self._replace(place, mark, mark.over(), though_said=True)
        left = Mark.read(await self.marks.last(place))
        if left.turn and not left.is_same(mark):
            raise LostClaim("Somebody else writes in this conversation now.")

    async def _replace(self, place: Place, ours: Mark, new: Mark, *, though_said: bool = False) -> str | None:
        """Where the place still has our beginning; None where it has not, or somebody has said something since.

        ``though_said``: also then.
        """
        value = await self.marks.read(place)
        left = Mark.read(value)
        if not left.is_same(ours) or (left.said != ours.said and not though_said):
            return None
        return await self.marks.swap(place, value, new)

    def give_back(self, place: Place, writing: Writing) -> None:
        """An edit that was kept for the end is not needed."""
        if writing.granted:
            writing.granted = False
            self.edits.grants_for(place).give_back()

    async def _start_stream(
        self, client: SlackClient, place: Place, channel: str, writing: Writing, user: str | None
    ) -> Sent | None:
        """With the first words. None where Slack starts none, so that a message is edited instead.

        ``user``: whom the answer is for, whoever wrote last. In a shared channel they may be of another workspace, and
        Slack wants theirs (docs.slack.dev, chat.startStream, recipient_team_id).
        """
        assert place.thread_ts is not None
        team = (self.team_of(user) if user else None) or place.team
        try:
            words = writing.text[:MOST_APPENDED]
            sent = await client.start_stream(channel, place.thread_ts, words, user=user, team=team)
        except RateLimited as error:
            await self.edits.streams(place).hold_back(error.retry_after)
            raise
        except (Refused, AuthFailed) as error:
            _log.info("slack.streams_by_edits", reason=error.detail)
            return None
        writing.shown = len(words)
        writing.not_before = self.clock.monotonic() + BETWEEN_APPENDS
        return sent
