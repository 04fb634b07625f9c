"""What customers wrote and what was reported while the hub did not answer: Twilio does not deliver it again, but lists it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from twilio.rest.api.v2010.account.message import MessageInstance

from channels.sms import parse
from channels.sms.address import Pair
from channels.sms.client import Client, came_at
from channels.sms.consent import Consent
from channels.sms.parse import CHANNEL
from channels.sms.reception import Notes
from channels.sms.reports import UNDER_WAY, Reports
from channels.sms.sender import Sender
from channels.sms.settings import SmsSettings
from core.domain.errors import ChannelError, InvalidInput, Rejected, SessionEnded
from core.ports.channel import InboundSink
from core.ports.surroundings import Surroundings

_PLACE = "place"
_OVERLAP = timedelta(minutes=5)
"""Read again each time: a message may appear in the list after a younger one. Its key makes it one message."""
_NEARLY = 0.8

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Missed:
    """Keeps a place in time up to which everything listed was accepted; it moves only after the commit."""

    settings: SmsSettings
    surroundings: Surroundings
    notes: Notes
    consent: Consent
    reports: Reports
    own: Callable[[], Collection[str]]
    _looked: bool = field(default=False, init=False)

    async def catch_up(self, sink: InboundSink, client: Client, sender: Sender) -> int:
        """How many messages were new. Raises StoreUnavailable, Overloaded and a ChannelError, losing its place to none.

        The first time there is no place: what was written before the hub existed is not answered. What became of messages that
        were sent is looked up as well: after a gap, and when a process begins, as far back as callbacks may have been missed.
        """
        account = self.settings.account_sid
        began = self.surroundings.clock.now()
        place = await self.surroundings.memory.recall(CHANNEL, account, _PLACE)
        accepted = 0
        if place is not None:
            since = datetime.fromisoformat(place) - _OVERLAP
            found = await self._since(client, since)
            handled = await self.consent.handled([str(one.sid) for one in found])
            for message in found:
                if message.sid not in handled:
                    accepted += await self._accept(sink, client, sender, message)
            await self.consent.forget_handled(since)
            silent = self._is_after_a_gap(began, since + _OVERLAP)
            await self.reports.catch_up(sink, client, sender, since - UNDER_WAY if silent else since)
            self._looked = True
        await self.surroundings.memory.remember(CHANNEL, account, _PLACE, began.isoformat())
        return accepted

    def _is_after_a_gap(self, now: datetime, place: datetime) -> bool:
        """While somebody looks regularly, nobody was away for long."""
        usual = timedelta(seconds=max(self.settings.catch_up_every, _OVERLAP.total_seconds()))
        return not self._looked or now - place > 2 * usual

    async def is_due(self, every: float) -> bool:
        """False when another process looked not long ago."""
        place = await self.surroundings.memory.recall(CHANNEL, self.settings.account_sid, _PLACE)
        if place is None:
            return True
        return self.surroundings.clock.now() - datetime.fromisoformat(place) > timedelta(seconds=every * _NEARLY)

    async def _since(self, client: Client, since: datetime) -> list[MessageInstance]:
        """Oldest first, each once."""
        found: dict[str, MessageInstance] = {}
        for query in self._queries(since):
            async for page in client.messages(since, came_at, **query):
                found |= {str(one.sid): one for one in page if self._is_ours(one) and came_at(one) >= since}
        # Times are whole seconds; within one, the list's own order tells what came first.
        listed = list(found.values())[::-1]
        return sorted(listed, key=came_at)

    def _queries(self, since: datetime) -> Sequence[dict[str, str]]:
        """The filter knows days only. A pool's numbers are not known here, so there all messages are looked through."""
        day = {"date_sent_after": since.date().isoformat()}
        if self.settings.service is not None:
            return [day]
        return [{"to": number, **day} for number in self.settings.own_numbers]

    def _is_ours(self, message: MessageInstance) -> bool:
        if message.direction != "inbound":
            return False
        service = self.settings.service
        if message.to in self.settings.own_numbers:
            return True
        return service is not None and message.messaging_service_sid == service

    async def _accept(self, sink: InboundSink, client: Client, sender: Sender, message: MessageInstance) -> int:
        form = await self._form(client, message)
        raw = parse.posted(form, self.settings.account_sid, came_at(message))
        try:
            events = parse.parse_form(form, raw, self.own())
            reply = await self.notes.take(form, came_at(message))
            if reply is not None:
                await self._reply(sender, form, reply)
            if not events:
                return 0
            return sum(not one.duplicate for one in await sink.accept(events, raw))
        except SessionEnded as error:
            _log.info("sms.session_ended", detail=error.detail)
        except InvalidInput as error:
            await sink.quarantine(raw, error.detail)
        return 0

    async def _reply(self, sender: Sender, form: dict[str, str], text: str) -> None:
        """Only where Twilio did not reply: to its own English words it did, hours ago perhaps."""
        ours, theirs = parse.ends(form)
        keyword = parse.keyword(form)
        if keyword is not None and keyword.default and not theirs.whatsapp:
            return
        try:
            await sender.reply(Pair(ours.value, theirs.value), text)
        except ChannelError as error:
            _log.warning("sms.keyword_not_answered", error=error.detail)

    async def _form(self, client: Client, message: MessageInstance) -> dict[str, str]:
        """The webhook's form, as it would have come."""
        sid = str(message.sid)
        form = {
            "MessageSid": sid,
            "AccountSid": message.account_sid or self.settings.account_sid,
            "From": str(message.from_ or ""),
            "To": message.to or "",
            "Body": message.body or "",
            "NumMedia": message.num_media or "0",
        }
        if form["NumMedia"] == "0":
            return form
        try:
            files = await client.media(sid)
        except Rejected:
            files = []  # deleted at Twilio meanwhile; the text is still there
        form["NumMedia"] = str(len(files))
        for number, file in enumerate(files):
            form[f"MediaUrl{number}"] = client.media_url(file)
            form[f"MediaContentType{number}"] = file.content_type or ""
        return form
