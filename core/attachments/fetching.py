"""Brings the files that customers sent over a platform into the hub's own store, before the turn that needs them.

Not while the message is accepted: the platform waits for its answer then. Each file has an id that follows from its message,
so that a turn which is run again finds what an earlier try has stored.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from core.attachments.file_name import clean
from core.domain.attachments import Attachment, AttachmentRef, ExtractionStatus, Refusal
from core.domain.budget import Budget, current_spender, daily_bytes, kibibytes
from core.domain.errors import (
    AuthFailed,
    ChannelError,
    HubError,
    InvalidInput,
    NotYet,
    RateLimited,
    Unreachable,
)
from core.domain.messages import CAME_BY, Message
from core.ports.budgets import Budgets, NoBudgets
from core.ports.channel import Channel
from core.ports.clock import Clock
from core.ports.extractor import AttachmentStore
from core.ports.store import TurnState

log = structlog.get_logger(__name__)

_PATIENCE = 30.0
_PAUSE = 1.0
_LATER = 15.0
_NO_LIMIT = daily_bytes(0, 0)
KEEP_TRYING = 300.0
"""Seconds. A provider that restarts, or a token that is being renewed, costs nobody a file."""


class FetchedFiles(Protocol):
    """What the database is asked."""

    async def attachment(self, attachment_id: str) -> tuple[str, Attachment] | None: ...

    async def attach(self, conversation_id: str, message_id: str, attachment: Attachment) -> bool:
        """Record a file of a message; it takes the place of one that was given up. False when it was recorded before."""
        ...

    async def lane_paused(self, channel: str, account: str) -> bool:
        """Whether the account's credentials are refused at present, as far as sending has shown."""
        ...


@dataclass(slots=True, eq=False)
class FetchService:
    """``patience``: seconds for all files of a turn. What has not come by then is tried again, in a later try of the turn.

    ``keep_trying``: seconds since the message came after which it is named as missing, to agent and customer. While the
    account's credentials are refused it is not: nobody could be told, and what is queued waits for them as well.
    ``daily``: the bytes that a customer's files may take in a day; files that come at once may pass it.
    """

    channels: Mapping[str, Channel]
    records: FetchedFiles
    store: AttachmentStore
    clock: Clock
    patience: float = _PATIENCE
    keep_trying: float = KEEP_TRYING
    budgets: Budgets = field(default_factory=NoBudgets)
    daily: Budget = _NO_LIMIT

    async def ensure(self, state: TurnState) -> TurnState:
        """The turn with its messages' files. Raises StoreUnavailable, NotYet while one of them may still come."""
        wanted = [
            (channel, message, refs)
            for message in state.pending
            if (refs := _refs(message)) and (channel := self._came_by(state, message)) is not None
        ]
        if not wanted:
            return state
        until = self.clock.monotonic() + self.patience
        brought = await asyncio.gather(
            *(self._of_message(channel, state, message, refs, until) for channel, message, refs in wanted),
            return_exceptions=True,  # the others are brought to their end, so that a later try finds them
        )
        found: dict[str, list[Attachment]] = {}
        for (_, message, _), files in zip(wanted, brought, strict=True):
            if isinstance(files, BaseException):
                raise files
            found[message.id] = files
        pending = tuple(
            replace(message, attachments=_merged(message.attachments, found.get(message.id, ())))
            for message in state.pending
        )
        fetched = [file for files in found.values() for file in files]
        return replace(state, pending=pending, files=_merged(state.files, fetched))

    def _came_by(self, state: TurnState, message: Message) -> Channel | None:
        """The account that it came through, where a platform has several: files of one are not the other's to fetch."""
        key = state.conversation.key
        way = message.meta.get(CAME_BY) or {"channel": key.channel, "account": key.account}
        doors = [one for one in self.channels.values() if one.name == way["channel"]]
        return next((one for one in doors if one.account == way["account"]), doors[0] if doors else None)

    async def _of_message(
        self, channel: Channel, state: TurnState, message: Message, refs: Sequence[AttachmentRef], until: float
    ) -> list[Attachment]:
        files = []
        for ref in refs:
            key = hashlib.blake2b(f"{message.id}\n{ref.id}".encode("utf-8", "replace"), digest_size=16).hexdigest()
            known = await self.records.attachment(key)
            files.append(known[1] if known else await self._bring(channel, state, message, ref, key, until))
        return files

    async def _bring(
        self, channel: Channel, state: TurnState, message: Message, ref: AttachmentRef, key: str, until: float
    ) -> Attachment:
        try:
            file = replace(await self._fetch_within_budget(channel, ref, until), id=key)
        except (ChannelError, InvalidInput, TimeoutError) as error:
            reason = error.detail if isinstance(error, HubError) else "It did not come in time."
            log.warning("attachment.not_fetched", conversation=state.conversation.id, name=ref.name, error=reason)
            if await self._may_still_come(channel, message, error):
                raise NotYet(reason, seconds=_LATER) from error
            file = _missing(key, ref, reason, _refusal(error))
        if not await self.records.attach(state.conversation.id, message.id, file) and file.storage_key:
            await self.store.delete(file.storage_key)
            known = await self.records.attachment(key)
            return known[1] if known else file
        return file

    async def _may_still_come(self, channel: Channel, message: Message, error: Exception) -> bool:
        if not isinstance(error, AuthFailed | RateLimited | Unreachable | TimeoutError):
            return False
        waited = (self.clock.now() - message.created_at).total_seconds()
        return waited < self.keep_trying or await self.records.lane_paused(channel.name, channel.account)

    async def _fetch_within_budget(self, channel: Channel, ref: AttachmentRef, until: float) -> Attachment:
        """Raises InvalidInput beyond the customer's bytes of the day, and what ``_fetch`` raises."""
        spender = current_spender()
        if self.budgets.wait(self.daily, spender, kibibytes(ref.size or 1)) > 0:
            raise InvalidInput("No more files of this customer are stored today.")
        file = await self._fetch(channel, ref, until)
        self.budgets.spend(self.daily, spender, kibibytes(file.size))
        return file

    async def _fetch(self, channel: Channel, ref: AttachmentRef, until: float) -> Attachment:
        """Tries until it worked, was refused for good, or the time is over."""
        while True:
            left = until - self.clock.monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                async with asyncio.timeout(left):
                    stream = await channel.fetch(ref)
                    try:
                        declared = stream.media_type or ref.media_type
                        return await self.store.put(
                            stream.chunks(), name=stream.name or ref.name, declared_type=declared
                        )
                    finally:
                        await stream.aclose()
            except RateLimited as error:
                await self.clock.sleep(min(error.retry_after, max(0.0, until - self.clock.monotonic())))
            except Unreachable:
                if self.clock.monotonic() + _PAUSE >= until:
                    raise
                await self.clock.sleep(_PAUSE)


def _refs(message: Message) -> list[AttachmentRef]:
    given: Any = message.meta.get("attachment_refs")
    return [AttachmentRef(**ref) for ref in given] if isinstance(given, list) else []


def _merged(known: Sequence[Attachment], more: Sequence[Attachment]) -> tuple[Attachment, ...]:
    ids = {file.id for file in known}
    return (*known, *(file for file in more if file.id not in ids))


def _missing(key: str, ref: AttachmentRef, reason: str, refused: Refusal | None) -> Attachment:
    """A file that never came, so that nobody asks for it again and everybody is told."""
    kind, failed = ref.media_type or "application/octet-stream", ExtractionStatus.FAILED
    return Attachment(key, clean(ref.name), kind, 0, "", "", failed, error=reason, refused=refused)


def _refusal(error: Exception) -> Refusal | None:
    """None where it was not the hub that did not want it."""
    return next((one for one in Refusal if isinstance(error, InvalidInput) and error.code == one), None)
