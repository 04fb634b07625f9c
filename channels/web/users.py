"""Reading over all conversations of one customer: for the customer, with a session's token, and for operators."""

from __future__ import annotations

from aiohttp import web

from channels.web import render
from channels.web.access import IsOperator
from channels.web.context import WebContext
from channels.web.sessions import fresh, limit_of
from channels.web.tokens import ACCOUNT, CHANNEL, Session
from core.domain.customer import Identity
from core.domain.errors import NotAllowed
from core.domain.keys import ConversationKey
from core.ports.event_log import LoggedFrame
from core.ports.tickets import Holder


class Users:
    """``user_id``: the ``sub`` of the embedding site's token, or an anonymous customer's session id."""

    def __init__(self, context: WebContext, is_operator: IsOperator) -> None:
        self._context = context
        self._is_operator = is_operator

    async def history(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/users/{user_id}/history``: newest first."""
        wanted = request.match_info["user_id"]
        who = await self._known(wanted) if (session := await self._reader(request)) is None else session.identity
        messages = await self._context.records.customer_messages(CHANNEL, ACCOUNT, who.external_id, limit_of(request))
        shown = []
        for message in messages:
            wire = render.message(LoggedFrame(message.seq, "message", {}, None, message), self._context.links.to)
            del wire["cursor"]
            shown.append({**wire, "conversation_id": message.conversation_id})
        return fresh({"user_id": wanted, "messages": shown})

    async def tickets(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/users/{user_id}/tickets``: newest first. Without what staff noted about them."""
        wanted = request.match_info["user_id"]
        session = await self._reader(request)
        who = await self._known(wanted) if session is None else session.identity
        found = await self._context.records.tickets(await self._holder(wanted, who, session), limit_of(request))
        return fresh({"user_id": wanted, "tickets": [render.ticket(one) for one in found]})

    async def _reader(self, request: web.Request) -> Session | None:
        """The customer's own session, or None for an operator. Raises NotAllowed for another customer's."""
        if self._is_operator(request):
            return None
        session, _ = await self._context.access.reader(request)
        own = {session.user} if session.user is not None else {session.id, session.identity.external_id}
        if request.match_info["user_id"] not in own:
            raise NotAllowed("This token belongs to another customer.")
        return session

    async def _known(self, user_id: str) -> Identity:
        """Whom an operator means: somebody who proved to be that person, otherwise an anonymous session."""
        signed_in = Identity(CHANNEL, ACCOUNT, f"user:{user_id}", verified=True)
        if await self._context.records.known_customer(signed_in) is not None:
            return signed_in
        return Identity(CHANNEL, ACCOUNT, user_id if user_id.startswith("anon:") else f"anon:{user_id}")

    async def _holder(self, user_id: str, who: Identity, session: Session | None) -> Holder:
        customer_id = await self._context.records.known_customer(who) or ""
        if session is not None:
            return Holder(customer_id, session.conversation_id, who.verified)
        thread = ConversationKey(CHANNEL, ACCOUNT, user_id.removeprefix("anon:"))
        return Holder(customer_id, thread.conversation_id, who.verified)
