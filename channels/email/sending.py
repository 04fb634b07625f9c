"""Sends rendered mails: whom to and in answer to what, from the thread; once, as far as that can be known."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from channels.background import BackgroundTasks
from channels.bounded import Bounded
from channels.email import words
from channels.email.budget import Budget
from channels.email.compose import Envelope, composed
from channels.email.imap import connected
from channels.email.refusals import TooBig
from channels.email.settings import CHANNEL, EmailSettings
from channels.email.smtp import SmtpServer
from channels.email.threads import Thread, Threads
from channels.email.tokens import Tokens, event_id
from core.domain.attachments import Attachment
from core.domain.errors import (
    AuthFailed,
    ChannelError,
    HubError,
    OutcomeUnknown,
    Rejected,
    StoreUnavailable,
    Unreachable,
)
from core.domain.messages import Receipt, WirePayload
from core.ports.surroundings import Surroundings

_FILING: Final = 30.0
_MOST_KNOWN: Final = 20_000
_log = structlog.get_logger(__name__)
_DOUBTED: Final = (
    "Not sent by itself: the domain of the one who is named as the sender does not stand behind the mail that this answers "
    "(DMARC). A person can answer."
)

File = tuple[Attachment, bytes]


class Sending(BackgroundTasks):
    """``close`` waits for copies that are still being filed."""

    def __init__(self, settings: EmailSettings, surroundings: Surroundings, tokens: Tokens, threads: Threads) -> None:
        super().__init__()
        self._settings = settings
        self._around = surroundings
        self._tokens = tokens
        self._threads = threads
        self._budget = Budget(surroundings.memory, surroundings.clock, settings)
        self._smtp = SmtpServer(settings)
        self._handed_over: Bounded[str, bool | None] = Bounded(_MOST_KNOWN)  # None: perhaps
        self._refused: Bounded[str, str] = Bounded(_MOST_KNOWN)

    async def send(self, payload: WirePayload, idempotency_key: str) -> Receipt:
        thread, message_id = await self._prepared(payload, idempotency_key)
        if thread is None:
            return self._receipt(message_id)
        files, instead = await self._files(payload, thread)
        mail = await asyncio.to_thread(self._mail, payload, thread, message_id, files, instead)
        try:
            await self._submit(thread, mail, message_id)
        except TooBig:
            if not files:
                raise
            _log.warning("email.files_as_links", files=len(files))
            links = [*instead, *(self._line(file, payload, thread) for file, _ in files)]
            mail = self._mail(payload, thread, message_id, [], links)
            await self._submit(thread, mail, message_id)
        if self._settings.sent_folder:
            self._begin(self._file_copy(self._settings.sent_folder, mail))
        return self._receipt(message_id)

    async def outcome(self, payload: WirePayload, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery. A mail without a note was not handed over; the folder of sent mail may show one that was."""
        message_id = self._tokens.message_id(payload.conversation.thread, idempotency_key)
        state = self._handed_over.get(message_id)
        if state is None:
            try:
                state = (
                    None
                    if await self._around.memory.recall(CHANNEL, self._settings.account, _note(message_id))
                    else False
                )
            except StoreUnavailable as error:
                raise OutcomeUnknown(error.detail) from error
            self._handed_over[message_id] = state
        if state is None and not await self._in_sent_folder(message_id):
            raise OutcomeUnknown("The mail may have been handed over: no answer of the server's is known.")
        return None if state is False else self._receipt(message_id)

    async def close(self) -> None:
        """What was sent is filed, if the server takes it in time."""
        await self._budget.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2.0)
        await super().close()

    async def _prepared(self, payload: WirePayload, idempotency_key: str) -> tuple[Thread | None, str]:
        """None instead of the thread: it is sent already. Whatever fails here, nothing was sent."""
        token = payload.conversation.thread
        message_id = self._tokens.message_id(token, idempotency_key)
        try:
            thread = await self._thread(token, payload)
            if thread is None:
                raise Rejected("Nothing is known of this thread: there is nobody to write to.")
            if self._handed_over.get(message_id):
                return None, message_id
            if payload.body.get("automatic"):
                if thread.doubted and not self._settings.answer_refuted:
                    raise Rejected(_DOUBTED)
                await self._budget.take(token, thread.to, idempotency_key)
                thread = replace(thread, copies=await self._copies_in_budget(thread, idempotency_key))
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        return thread, message_id

    async def _copies_in_budget(self, thread: Thread, idempotency_key: str) -> tuple[tuple[str, str | None], ...]:
        found = []
        for address, name in thread.copies:
            try:
                await self._budget.take(None, address, f"{idempotency_key} {address}")
            except Rejected:
                _log.warning("email.copy_over_budget")
            else:
                found.append((address, name))
        return tuple(found)

    async def _thread(self, token: str, payload: WirePayload) -> Thread | None:
        """By a contact route, a mail goes to the address that was left and to nobody who has come into the thread since.

        An answer goes to the recipients that it names. One that names none goes to who asked, where somebody else has written
        in the thread meanwhile, and quotes nothing of theirs.
        """
        thread, to = await self._threads.recall(token), payload.body.get("to")
        if to is None:
            asked_by, recipients = payload.body.get("answers_to"), payload.body.get("recipients")
            if thread is not None and recipients:
                return thread.answering(recipients)
            if thread is None or asked_by is None or thread.by in (None, asked_by):
                return thread
            return replace(thread.without_last_mail(), to=asked_by, name=None)
        if thread is None:
            thread = await self._threads.begin(
                token, to, payload.body["subject"], payload.body.get("locale"), payload.body.get("case")
            )
        return thread if thread.to == to else replace(thread, to=to, name=None)

    async def _submit(self, thread: Thread, mail: bytes, message_id: str) -> None:
        """Raises ChannelErrors. An earlier try that is in doubt stays so, whatever becomes of this one.

        Who was refused while others were not is remembered for the receipt.
        A note is kept before the server gets the mail: after a crash, a mail without one was certainly not sent.
        """
        earlier, begun = self._handed_over.get(message_id, False), False

        async def begin() -> None:
            nonlocal begun
            try:
                await self._around.memory.remember(CHANNEL, self._settings.account, _note(message_id), "begun")
            except StoreUnavailable as error:
                raise Unreachable(f"Nothing was sent, because it could not be noted: {error.detail}") from error
            begun, self._handed_over[message_id] = True, None

        try:
            recipients = (thread.to, *(address for address, _ in thread.copies))
            refused = await self._smtp.submit(recipients, mail, begin=begin)
        except OutcomeUnknown:
            raise
        except ChannelError:
            if begun and earlier is False:
                await self._withdraw(message_id)
            raise
        self._handed_over[message_id] = True
        if refused:
            self._refused[message_id] = refused

    async def _withdraw(self, message_id: str) -> None:
        """The server refused the mail, so that the next try is the first again."""
        self._handed_over[message_id] = False
        with contextlib.suppress(StoreUnavailable):
            await self._around.memory.forget(CHANNEL, self._settings.account, _note(message_id))

    async def _files(self, payload: WirePayload, thread: Thread) -> tuple[list[File], list[str]]:
        """What goes with the mail, and lines for what is too large or cannot be had."""
        files: list[File] = []
        instead: list[str] = []
        room = self._settings.largest_sent
        for stored in payload.body.get("attachments") or ():
            file = Attachment(**stored)
            data = await self._bytes(file) if file.size <= room else None
            if data is None:
                instead.append(self._line(file, payload, thread))
            else:
                files.append((file, data))
                room -= len(data)
        return files, instead

    async def _bytes(self, file: Attachment) -> bytes | None:
        try:
            return b"".join([chunk async for chunk in self._around.files.open(file)])
        except Unreachable:
            raise
        except (HubError, OSError) as error:
            _log.error("email.file_missing", file=file.id, error=str(error))
            return None

    def _line(self, file: Attachment, payload: WirePayload, thread: Thread) -> str:
        language = words.language_of(payload.body.get("locale") or thread.locale)
        return words.file_line(language, file.name, self._around.link(file))

    def _mail(
        self, payload: WirePayload, thread: Thread, message_id: str, files: Sequence[File], instead: Sequence[str]
    ) -> bytes:
        around = self._around
        envelope = Envelope(self._settings.address, around.company, message_id, around.clock.now())
        return composed(
            payload.body, thread, envelope, files, instead, quotes=payload.part == 0 and thread.to in thread.people
        )

    def _receipt(self, message_id: str) -> Receipt:
        refused = self._refused.get(message_id)
        return Receipt(event_id(message_id), at=self._around.clock.now(), tracked=True, refused=refused)

    async def _file_copy(self, folder: str, mail: bytes) -> None:
        try:
            async with asyncio.timeout(_FILING), connected(self._settings) as connection:
                await connection.append(folder, mail)
        except (ChannelError, TimeoutError) as error:
            _log.warning("email.not_filed", folder=folder, error=str(error) or type(error).__name__)

    async def _in_sent_folder(self, message_id: str) -> bool:
        folder = self._settings.sent_folder
        if not folder:
            return False
        try:
            async with connected(self._settings) as connection:
                await connection.select(folder)
                return bool(await connection.with_message_id(message_id))
        except (Unreachable, AuthFailed) as error:
            raise OutcomeUnknown(f"The folder of sent mail cannot be read: {error.detail}") from error


def _note(message_id: str) -> str:
    return f"out/{event_id(message_id)}"
