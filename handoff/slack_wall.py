"""The staff channel in Slack: shows each case as a thread, and knows which case a thread is about.

A Channel like any other to the outbox, so that what staff are told is delivered in order, paced, tried again and found again
after an unknown outcome. What staff write comes in through the Slack channel, which receives every event of the app.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import aiohttp
import structlog

from channels.slack.client import Sent, SlackClient
from channels.slack.files import Files
from channels.slack.place import CHANNEL, Place, message_id, time_of
from channels.slack.refusals import Refused
from channels.slack.render import FILE
from channels.slack.wire import Metadata, Posted
from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, Pace, TextFormat
from core.domain.case import DESK
from core.domain.errors import (
    AuthFailed,
    BadSignature,
    HubError,
    OutcomeUnknown,
    Rejected,
    StoreUnavailable,
    Unreachable,
    Unsupported,
)
from core.domain.keys import ConversationKey
from core.domain.messages import InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.cases import Cases
from core.ports.channel import AttachmentStream, InboundSink, WebhookReply, WebhookRequest
from core.ports.surroundings import Surroundings
from handoff.slack_cards import bodies

_MARK = "switchboard_desk"
_PAGES = 5
_CLOSED = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})
"""What people can mend: until then everything waits, and nothing is given up."""
_THREAD_GONE = frozenset({"thread_not_found", "message_not_found"})
_STORED = ("id", "name", "media_type", "size", "sha256", "storage_key")
_SIGNS = {
    "note": "lock",
    "outgoing": "outbox_tray",
    "sent": "white_check_mark",
    "read": "eyes",
    "failed": "x",
}
"""note: it stays inside. outgoing: it goes to the customer when the time to take it back is over."""
_log = structlog.get_logger(__name__)

CAPABILITIES: Final = Capabilities(
    text_limit=3_000,
    format=TextFormat.MRKDWN,
    media=True,
    buttons=True,
    pace=Pace(messages=50, seconds=60.0),
    send_seconds=75.0,
)
"""Slack allows one message per second in a channel, and short bursts above it."""


@dataclass(frozen=True, slots=True)
class WallSettings:
    """``channel``: the id of the staff channel. ``tokens``: of the bot in its workspace. ``account``: of the Slack channel."""

    channel: str
    tokens: tuple[str, ...]
    account: str = "default"
    api_base_url: str = "https://slack.com/api/"
    timeout: float = 4.0


class SlackWall:
    """Implements Channel, SupportsOutcomeQuery, handoff's Wall and People."""

    name = DESK
    capabilities = CAPABILITIES

    def __init__(self, settings: WallSettings, surroundings: Surroundings, cases: Cases) -> None:
        self.account = settings.account
        self._settings = settings
        self._around = surroundings
        self._cases = cases
        self._http: aiohttp.ClientSession | None = None
        self._names: dict[str, str] = {}
        self._strangers: set[str] = set()
        self._team: str | None = None
        self._trouble: str | None = None

    async def start(self, sink: InboundSink) -> None:
        """Open for sending."""
        self._http = aiohttp.ClientSession()

    async def stop(self) -> None:
        """Close."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def authenticate(self, request: WebhookRequest) -> None:
        """Nothing comes in here. Raises BadSignature."""
        raise BadSignature("The desk takes no requests: staff write through the Slack channel.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """Nothing comes in here."""
        return []

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        """See Channel.render."""
        found = bodies(message)
        for file in message.attachments:
            kept = {name: value for name, value in asdict(file).items() if name in _STORED}
            found.append({"do": "file", "method": FILE, "attachment": kept, "label": "File"})
        return [WirePayload(message.conversation, body, part) for part, body in enumerate(found)]

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """See Channel.send."""
        body, client = payload.body, self._client
        try:
            if body["do"] in ("react", "unreact"):
                return await _sign(client, body)
            root = None if body["do"] == "card" else await self._root(payload.conversation)
            if root is None:
                return await self._begin(client, payload, idempotency_key)
            if body["do"] == "update_card":
                return await self._update(client, root, payload, idempotency_key)
            if body["do"] == "update":
                shown = (await self._cases.shown_as([body["of"]])).get(body["of"])
                if shown is not None:
                    return await self._update(client, _sent(shown), payload, idempotency_key)
            if body["do"] == "file":
                return await self._files.send(client, root.channel, root.ts, body, idempotency_key)
            sent = await client.post_message(
                root.channel,
                body["text"],
                blocks=body["blocks"],
                thread_ts=root.ts,
                broadcast=bool(body.get("loud")),
                metadata=_marked(idempotency_key, payload),
            )
        except Refused as error:
            if error.reason not in _THREAD_GONE or body["do"] == "card":
                raise
            return await self._begin(client, payload, idempotency_key)
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        return _receipt(sent)

    @property
    def alarm(self) -> str | None:
        """See SupportsAlarm: cases that staff do not see."""
        return self._trouble

    async def _begin(self, client: SlackClient, payload: WirePayload, key: str) -> Receipt:
        """A message in the channel itself: the card, or what comes next of a case whose card is not there.

        The hub looks through its thread after an outage, so the thread is noted; without the note only that is missing.
        """
        body, channel = payload.body, self._settings.channel
        if body["do"] == "file":
            return await self._files.send(client, channel, None, body, key)
        try:
            sent = await client.post_message(
                channel, body["text"], blocks=body["blocks"], metadata=_marked(key, payload)
            )
        except Refused as error:
            if error.reason not in _CLOSED:
                raise
            self._trouble = (
                f"Cases cannot be shown in the staff channel ({error.reason}). Invite the app there, or set another."
            )
            raise AuthFailed(self._trouble) from error
        self._trouble = None
        with contextlib.suppress(HubError):
            await self._note_thread(client, sent)
        return _receipt(sent)

    async def _note_thread(self, client: SlackClient, sent: Sent) -> None:
        if self._team is None:
            self._team = (await client.auth_test()).team
        place = Place(self._team, sent.channel, sent.ts)
        note = json.dumps({"ts": sent.ts, "user": ""})
        await self._around.memory.remember(CHANNEL, self.account, f"seen/{place}", note)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery. To update or to react again does no harm, so that needs no asking."""
        client, body = self._client, payload.body
        try:
            if body["do"] in ("react", "unreact", "update", "update_card"):
                return None
            if body["do"] == "file":
                return await self._files.outcome(client, self._settings.channel, idempotency_key)
            root = None if body["do"] == "card" else await self._root(payload.conversation)
            pages = client.history(self._settings.channel) if root is None else client.replies(root.channel, root.ts)
            read = 0
            async for page in pages:
                read += 1
                for message in page:
                    if _mark(message).get("key") == idempotency_key:
                        return _receipt(Sent(self._settings.channel, str(message.get("ts"))))
                if read == _PAGES:
                    raise OutcomeUnknown("There is too much in that channel to look for the message.")
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        except Rejected as error:
            raise OutcomeUnknown(f"Slack does not let us look: {error.detail}") from error
        return None

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        """Nothing comes in here. Raises Unsupported."""
        raise Unsupported("The desk fetches no files: what staff send comes through the Slack channel.")

    async def case_of(self, thread: ConversationKey) -> str | None:
        """See Wall.case_of. A card that was posted just before a crash is known by what it carries unseen."""
        place = Place.of(thread.thread)
        if place.thread_ts is None or str(place) in self._strangers:
            return None
        known = await self._cases.case_shown_at(self.account, message_id(place.channel, place.thread_ts))
        if known is not None:
            return known
        with contextlib.suppress(Rejected):  # a thread whose first message is gone is nobody's
            async for page in self._client.replies(place.channel, place.thread_ts):
                found = _mark(page[0]).get("case") if page else None
                if found:
                    return str(found)
                break
        if len(self._strangers) > 10_000:
            self._strangers.clear()
        self._strangers.add(str(place))
        return None

    async def called(self, staff_id: str) -> str | None:
        """See People.called: the display name, or the real one."""
        if not staff_id:
            return None
        if staff_id not in self._names:
            try:
                user = await self._client.user(staff_id)
            except HubError as error:
                _log.warning("desk.name_unknown", staff=staff_id, error=error.detail)
                return None
            profile = user.get("profile") or {}
            found = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
            if not found:
                return None
            self._names[staff_id] = str(found)
        return self._names[staff_id]

    async def _update(self, client: SlackClient, shown: Sent, payload: WirePayload, key: str) -> Receipt:
        """Not tracked: by that id the message is known that was posted first."""
        body = payload.body
        sent = await client.update(shown, body["text"], blocks=body["blocks"], metadata=_marked(key, payload))
        return Receipt(message_id(sent.channel, sent.ts), time_of(sent.ts))

    async def _root(self, conversation: ConversationKey) -> Sent | None:
        """The first message of the case that is there. None where Slack took none: its order makes this one the first."""
        found = await self._cases.first_shown(conversation.conversation_id)
        return None if found is None else _sent(found)

    @property
    def _client(self) -> SlackClient:
        return SlackClient(
            self._open, self._settings.tokens, self._settings.api_base_url, timeout=self._settings.timeout
        )

    @property
    def _files(self) -> Files:
        return Files(self._around, self.account, self._open, self._settings.api_base_url)

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise Unreachable("The desk is not started.")
        return self._http


async def _sign(client: SlackClient, body: Mapping[str, Any]) -> Receipt:
    """No sign is worth a pause: its message may be deleted by now, or the app may be of a time before it was to give signs."""
    change = client.add_reaction if body["do"] == "react" else client.remove_reaction
    try:
        await change(_sent(body["on"]), _SIGNS.get(body["sign"], body["sign"]))
    except (Rejected, AuthFailed) as error:
        _log.warning("desk.sign_refused", error=error.detail)
    return Receipt()


def _sent(provider_id: str) -> Sent:
    """Of ``m/<channel>/<ts>``. Raises Rejected."""
    kind, _, rest = provider_id.partition("/")
    channel, _, ts = rest.partition("/")
    if kind != "m" or not ts:
        raise Rejected(f"{provider_id!r} is no message of Slack's.")
    return Sent(channel, ts)


def _receipt(sent: Sent) -> Receipt:
    return Receipt(message_id(sent.channel, sent.ts), time_of(sent.ts), tracked=True)


def _marked(key: str, payload: WirePayload) -> Metadata:
    return {"event_type": _MARK, "event_payload": {"key": key, "case": payload.conversation.thread}}


def _mark(message: Posted) -> Mapping[str, Any]:
    found: object = message.get("metadata")
    if not isinstance(found, dict) or found.get("event_type") != _MARK:
        return {}
    payload = found.get("event_payload")
    return payload if isinstance(payload, dict) else {}
