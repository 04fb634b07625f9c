"""Mails a conversation to the address that its customer enters, as seldom as a person needs it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

from aiohttp import web

from channels.web import body, parse
from channels.web.access import Caller
from channels.web.context import WebContext
from channels.web.refusals import BadFrame, Empty
from channels.web.tokens import Session
from channels.web.transcript import is_address, subject_of, transcript_of
from core.domain.budget import Budget, Spender
from core.domain.errors import ChannelError, NotAllowed, Overloaded, RateLimited, TooManyRequests
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message
from core.ports.budgets import Budgets

_PAGE: Final = 500
_NOT_ANSWERED: Final = "Nothing was answered in this conversation yet."
_DAY: Final = 86_400
_PATIENCE: Final = 15.0
"""Seconds that a request waits for the mail server; the widget waits for 20."""


class SendMail(Protocol):
    """Sends one mail to one address; once per ``idempotency_key``. Raises ChannelError."""

    async def __call__(
        self, address: str, home: ConversationKey, subject: str, text: str, locale: str | None, idempotency_key: str
    ) -> None: ...


class Transcripts:
    """``POST /api/sessions/{session_id}/transcript``. ``send``: None where there is no mailbox to send from."""

    def __init__(self, context: WebContext, budgets: Budgets, send: SendMail | None) -> None:
        limits = context.settings.limits
        self._context = context
        self._budgets = budgets
        self._send = send
        self._of_session = Budget("transcripts-session", limits.transcripts_per_session, 0, _DAY)
        self._of_recipient = Budget("transcripts-recipient", limits.transcripts_per_recipient, 0, _DAY)
        self._of_sender = Budget(
            "transcripts-sender", limits.transcripts_per_client, limits.transcripts_altogether, _DAY
        )

    async def post(self, request: web.Request) -> web.StreamResponse:
        """204 once the mail server has it; the history is read after the budgets allow it.

        Raises BadFrame, Empty, NotAllowed, TooManyRequests and Overloaded.
        """
        if self._send is None:
            raise NotAllowed("Conversations are not sent by e-mail here.")
        session, conversation = await self._context.access.reader(request)
        fields, _raw = await body.read_json(request, self._context.settings.limits.frame_bytes)
        address = parse.plain_text(fields.get("email"), "email", 254).strip()
        locale = parse.locale(fields.get("locale")) or session.locale
        if not is_address(address):
            raise BadFrame("email is one e-mail address.")
        if conversation is None:
            raise Empty(_NOT_ANSWERED)
        self._spend(session, self._context.access.caller(request, session.user), address)
        messages = await self._messages(session)
        if all(message.author is Author.CUSTOMER for message in messages):
            raise Empty(_NOT_ANSWERED)
        await self._mail(self._send, session, address, messages, locale)
        return web.Response(status=204)

    async def _messages(self, session: Session) -> list[Message]:
        """All that the customer sees, each message once."""
        found: dict[str, Message] = {}
        after = 0
        while frames := await self._context.log.history(session.conversation_id, after=after, limit=_PAGE):
            found |= {frame.message.id: frame.message for frame in frames if frame.message is not None}
            after = frames[-1].cursor
        return list(found.values())

    def _spend(self, session: Session, caller: Caller, address: str) -> None:
        """The narrow limits first. Raises TooManyRequests."""
        for budget, spender in (
            (self._of_session, Spender(session.id, known=True)),
            (self._of_recipient, Spender(_mailbox(address), known=True)),
            (self._of_sender, caller.spender),
        ):
            wait = self._budgets.take(budget, spender)
            if wait > 0:
                raise TooManyRequests("No more conversations are sent by e-mail today.", retry_after=wait)

    async def _mail(
        self, send: SendMail, session: Session, address: str, messages: Sequence[Message], locale: str | None
    ) -> None:
        sender = self._context.settings.sender
        text = transcript_of(messages, sender, locale)
        key = f"transcript:{session.id}:{_mailbox(address)}:{messages[-1].id}"
        try:
            async with asyncio.timeout(_PATIENCE):
                await send(address, session.key, subject_of(sender, locale), text, locale, key)
        except RateLimited as error:
            raise TooManyRequests("The mail server takes no more mails now.", retry_after=error.retry_after) from error
        except (ChannelError, TimeoutError) as error:
            raise Overloaded("The mail could not be sent. Try again later.") from error


def _mailbox(address: str) -> str:
    """One name for an address however it is written, which does not tell the address."""
    local, _, domain = address.lower().rpartition("@")
    return hashlib.blake2b(f"{local.partition('+')[0]}@{domain}".encode(), digest_size=16).hexdigest()
