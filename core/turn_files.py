"""When a turn has its messages' files: the agent waits for them, and people read the words meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.conversation import OwnershipState
from core.domain.errors import NotYet
from core.domain.heard import as_if_written
from core.domain.messages import ChangeKind, Message
from core.ports.store import TurnState
from core.turn_reading import asks_for_a_person, is_doubted

Prepare = Callable[[TurnState], Awaitable[TurnState]]
_WAITS = 10.0


@dataclass(frozen=True, slots=True)
class TurnFiles:
    """``prepare`` brings the files of pending messages, and their text; it raises NotYet while one may still come.

    ``seconds``: for what people are told of a message at the longest, since a platform that gives its files slowly, or not,
    must not keep anybody from a person.
    """

    prepare: Prepare | None = None
    seconds: float = _WAITS

    async def all(self, state: TurnState) -> TurnState:
        """The turn with them; what customers said in recordings is among their words. Raises NotYet."""
        state = state if self.prepare is None else await self.prepare(state)
        heard = (tuple(map(as_if_written, said)) for said in (state.pending, state.history))
        return replace(state, pending=next(heard), history=next(heard))

    async def recordings(self, state: TurnState) -> TurnState:
        """The turn with its files where some are recordings: what is said decides who answers as what is written does.

        Raises NotYet while one may still come. Whoever waits for a person, or asks for one, is not kept from them by it.
        """
        owned = state.conversation.state is OwnershipState.STAFF or is_doubted(state)
        if self.prepare is None or owned or not any(map(_still_speaks, state.pending)):
            return state
        waits = state.conversation.state is OwnershipState.QUEUED or asks_for_a_person(state.as_read())
        try:
            async with asyncio.timeout(self.seconds if waits else None):
                return await self.prepare(state)
        except (NotYet, TimeoutError):
            if not waits:
                raise
            return state

    async def in_time(self, state: TurnState) -> tuple[TurnState, tuple[str, ...]]:
        """For people: with the files that came, those that were owed to them included (ChangeKind.FILES).

        Otherwise as it is, and the ids of the messages whose files are owed from then on. Where nothing else is to be told,
        it raises NotYet.
        """
        spoken = bool(state.pending) or any(one.kind is ChangeKind.SAID for one in state.changes)
        owed = [one.message for one in state.changes if one.kind in (ChangeKind.FILES, ChangeKind.SAID)]
        if self.prepare is None:
            return state, ()
        whole = replace(state, pending=(*owed, *state.pending))
        try:
            async with asyncio.timeout(self.seconds if spoken else None):
                brought = await self.prepare(whole)
        except (NotYet, TimeoutError):
            if not spoken:
                raise
            return _without(state)
        found = {one.id: one for one in brought.pending}
        changes = tuple(replace(one, message=found.get(one.message.id, one.message)) for one in state.changes)
        return replace(brought, pending=brought.pending[len(owed) :], changes=changes), ()


async def fetch_and_read(
    state: TurnState,
    *,
    fetch: Prepare,
    read: Callable[[tuple[Attachment, ...], str], Awaitable[Sequence[Attachment]]],
) -> TurnState:
    """The turn with its files and their text, as far as they came and were read in time. ``read``: for that customer."""
    state = await fetch(state)
    return with_files(state, await read(state.files, f"customer:{state.customer.id}")) if state.files else state


def with_files(state: TurnState, files: Sequence[Attachment]) -> TurnState:
    """The turn with its files as they are by now."""
    known = {file.id: file for file in files}

    def renewed(messages: Sequence[Message]) -> tuple[Message, ...]:
        return tuple(
            replace(message, attachments=tuple(known.get(file.id, file) for file in message.attachments))
            if message.attachments
            else message
            for message in messages
        )

    return replace(state, files=tuple(files), pending=renewed(state.pending), history=renewed(state.history))


def _still_speaks(message: Message) -> bool:
    """Whether words of a recording in it may still come."""
    refs = message.meta.get("attachment_refs") or ()
    coming = {file.media_type for file in message.attachments if file.extraction is ExtractionStatus.PENDING}
    kinds = (*coming, *(str(ref.get("media_type")) for ref in refs))
    return any(kind.startswith(("audio/", "video/")) for kind in kinds)


def _without(state: TurnState) -> tuple[TurnState, tuple[str, ...]]:
    """What is owed behind all that the turn tells stays there; what is owed before it would be passed over."""
    told = [one for one in state.changes if one.kind is not ChangeKind.FILES]
    last = max([*(one.seq for one in state.pending), *(one.seq for one in told)])
    owed = [one.message for one in state.changes if one.kind is ChangeKind.FILES and one.seq < last]
    said = (*state.pending, *(one.message for one in told if one.kind is ChangeKind.SAID))
    announced = [one for one in said if one.meta.get("attachment_refs") or _still_speaks(one)]
    return replace(state, changes=tuple(told)), tuple(one.id for one in (*owed, *announced))
