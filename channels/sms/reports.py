"""What Twilio says of messages that we sent: by a callback, or in its list where the callback met a hub that was away.

Twilio calls a message's StatusCallback once for each status and does not come again, but its list shows the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from twilio.rest.api.v2010.account.message import MessageInstance

from channels.sms import parse
from channels.sms.address import Address
from channels.sms.client import Client, created_at
from channels.sms.consent import Consent
from channels.sms.errors import OPTED_OUT_CODE, refuses_file
from channels.sms.parse import CHANNEL, Form
from channels.sms.sender import EARLY, FAILURE, Sender
from channels.sms.settings import SmsSettings
from core.domain.errors import InvalidInput
from core.ports.channel import InboundSink
from core.ports.surroundings import Surroundings

UNDER_WAY: Final = timedelta(hours=10, minutes=30)
"""How long ago a message was sent that still gets a status: Twilio tries for ten hours at most (error 30045)."""
_MOST_PAGES: Final = 50
_MOST_TOLD: Final = 20_000

_log = structlog.get_logger(__name__)


class Reports:
    """Each failure is taken over once, whichever way it comes: somebody may have sent the message again meanwhile."""

    def __init__(self, settings: SmsSettings, surroundings: Surroundings, consent: Consent) -> None:
        self._settings = settings
        self._memory = surroundings.memory
        self._deliveries = surroundings.deliveries
        self._clock = surroundings.clock
        self._consent = consent
        self._told: set[tuple[str, str]] = set()

    async def heard(self, form: Form, sender: Sender | None) -> bool:
        """What it means besides the message's state. Whether that state is nobody's concern, as a link has gone instead.

        Raises StoreUnavailable.
        """
        sid, status, code = parse.sid_of(form), form["MessageStatus"], form.get("ErrorCode")
        if code == str(OPTED_OUT_CODE) and form.get("To"):
            await self._consent.stopped(Address.read(form["To"]).value, self._clock.now())
        if sender is None:
            return False
        if status in ("failed", "undelivered") and refuses_file(code):
            return await sender.file_failed(sid) or await self._early(sid, sender)
        if status in ("delivered", "read"):
            await sender.file_arrived(sid)
        return False

    async def _early(self, sid: str, sender: Sender) -> bool:
        """A report can be faster than Twilio's answer to whoever sent the file: who comes second sees what the first noted."""
        now = self._clock.now().isoformat()
        await self._memory.remember(CHANNEL, self._settings.account_sid, EARLY + sid, now)
        return await sender.file_failed(sid)

    async def taken_over(self, form: Form) -> None:
        """After the commit. Raises StoreUnavailable."""
        sid, status = parse.sid_of(form), form["MessageStatus"]
        if parse.is_failure(status):
            now = self._clock.now().isoformat()
            await self._memory.remember(CHANNEL, self._settings.account_sid, FAILURE + sid, now)
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told.add((sid, status))

    async def catch_up(self, sink: InboundSink, client: Client, sender: Sender, since: datetime) -> int:
        """Take over the last state of what was sent since. How many; raises StoreUnavailable and a ChannelError."""
        count = 0
        for message in await self._ours(await self._final(client, since)):
            form = _form(message, self._settings.account_sid)
            raw = parse.posted(form, self._settings.account_sid, self._clock.now())
            try:
                events = parse.parse_form(form, raw)
                if not await self.heard(form, sender):
                    await sink.accept(events, raw)
            except InvalidInput as error:
                await sink.quarantine(raw, error.detail)
            await self.taken_over(form)
            count += 1
        await self._forget_failures()
        return count

    async def _final(self, client: Client, since: datetime) -> list[MessageInstance]:
        """Oldest first. Not asked by the date of sending, which a message that failed before it was sent does not have."""
        found: dict[str, MessageInstance] = {}
        for query in self._queries():
            pages = 0
            async for page in client.messages(since, created_at, **query):
                pages += 1
                found |= {str(one.sid): one for one in page if self._is_news(one, since)}
                if pages == _MOST_PAGES:
                    _log.warning("sms.too_many_reports", messages=len(found))
                    break
        return list(found.values())[::-1]

    def _queries(self) -> Sequence[dict[str, str]]:
        """A pool's numbers are not known here, so there all messages are looked through."""
        if self._settings.service is not None:
            return [{}]
        return [{"from_": number} for number in self._settings.own_numbers]

    def _is_news(self, message: MessageInstance, since: datetime) -> bool:
        status = message.status or ""
        sent = message.direction == "outbound-api" and parse.is_final(status) and created_at(message) >= since
        return sent and (str(message.sid), status) not in self._told

    async def _ours(self, messages: Sequence[MessageInstance]) -> list[MessageInstance]:
        """Other programs may send through the same account; and what failed is not said twice."""
        account = self._settings.account_sid
        sent = await self._deliveries.known_as(CHANNEL, account, [str(one.sid) for one in messages])
        mine = [one for one in messages if one.sid in sent]
        known = await self._memory.recall_many(CHANNEL, account, [f"{FAILURE}{one.sid}" for one in mine])
        return [one for one in mine if f"{FAILURE}{one.sid}" not in known]

    async def _forget_failures(self) -> None:
        account, now = self._settings.account_sid, self._clock.now()
        for kind in (FAILURE, EARLY):
            for key, at in (await self._memory.recall_all(CHANNEL, account, kind)).items():
                if now - datetime.fromisoformat(at) > 2 * UNDER_WAY:
                    await self._memory.forget(CHANNEL, account, key)


def _form(message: MessageInstance, account: str) -> dict[str, str]:
    """The callback's form, as it would have come."""
    form = {
        "MessageSid": str(message.sid),
        "MessageStatus": message.status or "",
        "AccountSid": message.account_sid or account,
        "From": str(message.from_ or ""),
        "To": message.to or "",
    }
    code, said = message.error_code, message.error_message
    return form | ({"ErrorCode": str(code)} if code else {}) | ({"ErrorMessage": said} if said else {})
