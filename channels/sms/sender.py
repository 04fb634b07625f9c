"""Sends one message, and finds out afterwards what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from twilio.rest.api.v2010.account.message import MessageInstance

from channels.bounded import Bounded
from channels.sms.address import Pair
from channels.sms.client import Client, created_at
from channels.sms.consent import Consent, Window
from channels.sms.errors import FileRefused, OptedOut
from channels.sms.files import Outgoing
from channels.sms.parse import CHANNEL
from channels.sms.recognition import between, has_failed, has_file, is_hidden, is_it
from channels.sms.settings import SmsSettings
from core.domain.errors import (
    ChannelError,
    InvalidInput,
    OutcomeUnknown,
    Rejected,
    StoreUnavailable,
    TooEarly,
    Unreachable,
)
from core.domain.messages import Receipt, WirePayload
from core.ports.surroundings import Surroundings

STATUS_PATH = "/webhooks/twilio/status"
_SKEW = timedelta(minutes=2)
"""How far Twilio's clock and ours may differ."""
_MOST_PAGES = 10
FAILURE = "failure/"
"""Under which a message that failed is noted."""
EARLY = "early/"
"""Under which a file that failed is noted whose sender does not know yet that Twilio took it."""
_LINKED = "linked"
"""Remembered in a file's place once its link has gone: Twilio may report a failure twice."""
_TAKEN = "taken/"
"""Before it goes, with the time: two reports of the same failure may come at once, or a report and the look at the list."""
_TAKEN_FOR = timedelta(seconds=60)
_LOOK_EVERY = 0.5
_MOST_KNOWN = 5_000

_log = structlog.get_logger(__name__)


class Sender:
    """``send`` is asked for one conversation at a time. What was sent before is known from the deliveries of the hub."""

    def __init__(self, client: Client, settings: SmsSettings, surroundings: Surroundings, consent: Consent) -> None:
        self._client = client
        self._settings = settings
        self._memory = surroundings.memory
        self._deliveries = surroundings.deliveries
        self._clock = surroundings.clock
        self._files = Outgoing(surroundings)
        self._consent = consent
        self._asked: Bounded[str, datetime] = Bounded(_MOST_KNOWN)
        self._keys: Bounded[str, str] = Bounded(_MOST_KNOWN)
        public = surroundings.public_url
        self._callback = public.rstrip("/") + STATUS_PATH if public else None

    async def send(self, payload: WirePayload, key: str) -> Receipt:
        pair = pair_of(payload)
        body = payload.body
        fields = {"body": str(body["text"])} if body["kind"] == "text" else await self._files.fields(body, pair)
        if not any(value.strip() for value in fields.values()):
            raise Rejected("There is nothing in this message, and Twilio takes no empty one.")
        try:
            if await self._needs_template(pair):
                fields = self._templated(fields.get("body") or await self._files.text(body))
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        self._asked.pop(key, None)
        try:
            message = await self._create(pair, fields, body)
        except OptedOut:
            with suppress(StoreUnavailable):
                await self._consent.stopped(pair.theirs, self._clock.now())
            raise
        _log.info("sms.sent", message=message.sid, segments=body.get("segments", 1))
        return await self._taken(message, pair, key, body if "media_url" in fields else None)

    async def outcome(self, payload: WirePayload, key: str) -> Receipt | None:
        """See SupportsOutcomeQuery: in Twilio's list, which shows a message a moment after it was taken."""
        pair = pair_of(payload)
        self._wait_for_list(key)
        try:
            written = await self._deliveries.written_at(key.rpartition(":")[0])
            found = await self._unclaimed(pair, payload.body, key, written or self._clock.now())
            twin = self._twin(found, pair, payload.body)
            if twin is None:
                return None
            return await self._found(twin, pair, key, payload.body)
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error

    def _wait_for_list(self, key: str) -> None:
        """Twilio is asked a moment after the first question, since another process may have tried a moment before it.

        An older question says nothing: there may have been a try since. Raises TooEarly.
        """
        now, settle = self._clock.now(), self._settings.settle
        asked = self._asked.pop(key, None)
        if asked is None or not settle <= (now - asked).total_seconds() <= 2 * settle:
            self._asked[key] = now
            raise TooEarly("It is too early to ask Twilio what became of the message.", seconds=settle)

    async def _unclaimed(self, pair: Pair, body: Mapping[str, Any], key: str, since: datetime) -> list[MessageInstance]:
        """What went to that customer and is no other message of ours. A text that failed counts as not sent."""
        listed = [one for one in await self._sent_since(pair, since) if one.sid]
        if body["kind"] == "text":
            listed = [one for one in listed if not has_failed(one)]
        known = await self._deliveries.known_as(CHANNEL, self._settings.account_sid, [str(one.sid) for one in listed])
        return [one for one in listed if one.sid not in known and self._keys.get(str(one.sid), key) == key]

    def _twin(self, found: Sequence[MessageInstance], pair: Pair, body: Mapping[str, Any]) -> MessageInstance | None:
        templates = pair.whatsapp and self._settings.whatsapp_template is not None
        twins = [one for one in found if is_it(one, body, templates=templates)]
        if not twins and any(is_hidden(one) for one in found):
            raise OutcomeUnknown("Twilio keeps the text of messages from us, so nobody can tell whether it arrived.")
        return twins[-1] if twins else None

    async def _found(self, twin: MessageInstance, pair: Pair, key: str, body: Mapping[str, Any]) -> Receipt:
        """A file is remembered as if Twilio had answered, unless its failure was dealt with. Raises StoreUnavailable."""
        if body["kind"] == "text" or not has_file(twin):
            return await self._taken(twin, pair, key, None)
        kept = await self._file_of(str(twin.sid))
        if kept == _LINKED:
            self._keys[str(twin.sid)] = key
            return Receipt(provider_id=twin.sid)
        return await self._taken(twin, pair, key, body if kept is None else None)

    async def file_failed(self, sid: str) -> bool:
        """Twilio took a file and could not deliver it: the customer gets a link, once. Whether it has gone."""
        account = self._settings.account_sid
        kept = await self._file_of(sid)
        if kept is None or kept == _LINKED:
            return kept == _LINKED
        taken = _TAKEN + self._clock.now().isoformat()
        if not await self._memory.replace(CHANNEL, account, _file_key(sid), kept, taken):
            return await self.file_failed(sid)
        file = json.loads(kept)
        pair = Pair.read(file["thread"])
        try:
            closed = await self._needs_template(pair)
            text = await self._files.text(file["body"])
            link = await self._client.create(**self._form(pair, self._templated(text) if closed else {"body": text}))
            self._keys[str(link.sid)] = f"link of {sid}"
        except ChannelError as error:
            _log.warning("sms.no_link_for_file", message=sid, error=error.detail)
            await self._memory.forget(CHANNEL, account, _file_key(sid))
            return False
        await self._memory.remember(CHANNEL, account, _file_key(sid), _LINKED)
        return True

    async def _file_of(self, sid: str) -> str | None:
        """What is remembered of a file, once nobody else is at it.

        Who took it and died may have sent the link or not: it is not sent again, and the failure is reported.
        """
        account = self._settings.account_sid
        while True:
            kept = await self._memory.recall(CHANNEL, account, _file_key(sid))
            if kept is None or not kept.startswith(_TAKEN):
                return kept
            if self._clock.now() - datetime.fromisoformat(kept.removeprefix(_TAKEN)) > _TAKEN_FOR:
                await self._memory.forget(CHANNEL, account, _file_key(sid))
                return None
            await self._clock.sleep(_LOOK_EVERY)

    async def file_arrived(self, sid: str) -> None:
        """No link is needed for it any more."""
        account = self._settings.account_sid
        if await self._memory.recall(CHANNEL, account, _file_key(sid)) is not None:
            await self._memory.forget(CHANNEL, account, _file_key(sid))

    async def reply(self, pair: Pair, text: str) -> None:
        """The answer to a keyword that was found later; the customer asked for it, so nothing is checked."""
        message = await self._client.create(**self._form(pair, {"body": text}))
        self._keys[str(message.sid)] = "reply"

    async def _needs_template(self, pair: Pair) -> bool:
        """Whether only a template may be sent. Raises Rejected where nothing may be, and StoreUnavailable."""
        keys = [Consent.key(pair.theirs), *([Window.key(pair.theirs)] if pair.whatsapp else [])]
        kept = await self._memory.recall_many(CHANNEL, self._settings.account_sid, keys)
        Consent.check(pair.theirs, kept.get(keys[0]))
        if not pair.whatsapp:
            return False
        written, now = kept.get(keys[1]), self._clock.now()
        if self._settings.whatsapp_template is not None:
            return not Window.is_open(written, now)
        Window.check(written, now)
        return False

    async def _create(self, pair: Pair, fields: Mapping[str, str], body: Mapping[str, Any]) -> MessageInstance:
        try:
            return await self._client.create(**self._form(pair, fields))
        except FileRefused:
            if "media_url" not in fields:
                raise
            return await self._client.create(**self._form(pair, {"body": await self._files.text(body)}))

    def _templated(self, text: str) -> dict[str, str]:
        """An approved template, whose one variable is the text, on one line and not empty (error 21656).

        Neither Body nor MediaUrl may go with it (Twilio, error 63016).
        """
        variables = json.dumps({"1": " ".join(text.split())}, ensure_ascii=False)
        return {"content_sid": str(self._settings.whatsapp_template), "content_variables": variables}

    def _form(self, pair: Pair, fields: Mapping[str, str]) -> dict[str, str]:
        """From the number that the customer wrote to, in a pool as well: another one would be a stranger's.

        Who never wrote gets it from whichever the service takes, which stays with them (Twilio, "Sticky Sender").
        """
        ours = {} if pair.ours == self._settings.service else {"from_": pair.ours}
        form = {**ours, "to": pair.theirs, **fields}
        if self._settings.service is not None and not pair.whatsapp:
            form["messaging_service_sid"] = self._settings.service
            if self._settings.shorten_links:
                form["shorten_urls"] = "true"
        if self._callback is not None:
            form["status_callback"] = self._callback
        return form

    async def _taken(self, message: MessageInstance, pair: Pair, key: str, file: Mapping[str, Any] | None) -> Receipt:
        """From here on nothing may fail: Twilio has it."""
        sid = message.sid
        if not sid:
            raise OutcomeUnknown("Twilio took the message but did not say under what name.")
        self._keys[sid] = key
        try:
            if file is not None:
                kept = json.dumps({"thread": str(pair), "body": dict(file)})
                await self._memory.remember(CHANNEL, self._settings.account_sid, _file_key(sid), kept)
                reports = [FAILURE + sid, EARLY + sid]  # which may be faster than Twilio's answer to us
                is_reported = await self._memory.recall_many(CHANNEL, self._settings.account_sid, reports)
                if is_reported and await self.file_failed(sid):
                    return Receipt(provider_id=sid)  # it has come by a link, so what is reported of it is over
        except StoreUnavailable as error:
            _log.warning("sms.receipt_not_kept", message=sid, error=error.detail)
        return Receipt(provider_id=sid, tracked=True)

    async def _sent_since(self, pair: Pair, at: datetime) -> list[MessageInstance]:
        """To that customer. Not asked by the date of sending, which a message that still waits at Twilio does not have."""
        found: list[MessageInstance] = []
        pages, since = 0, at - _SKEW
        async for page in self._client.messages(since, created_at, to=pair.theirs):
            if pages == _MOST_PAGES:
                raise OutcomeUnknown("Twilio lists too many messages to this number to find one among them.")
            pages += 1
            found += [one for one in page if created_at(one) >= since and between(one, pair)]
        return found


def pair_of(payload: WirePayload) -> Pair:
    """Who it goes to. Raises Rejected."""
    try:
        return Pair.read(payload.conversation.thread)
    except InvalidInput as error:
        raise Rejected(error.detail) from error


def _file_key(sid: str) -> str:
    return f"file/{sid}"
