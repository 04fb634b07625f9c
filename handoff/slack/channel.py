"""The staff channel in Slack: shows each case as a thread, and knows which case a thread is about.

A Channel like any other to the outbox, so that what staff are told is delivered in order, paced, tried again and found again
after an unknown outcome. What staff write comes in through the Slack channel, which receives every event of the app.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from channels.slack.client import CLOSED, Refused, SlackClient, open_transport
from channels.slack.edits import react
from channels.slack.files import Files
from channels.slack.place import Place, Sent, message_id
from channels.slack.render import FILE
from channels.slack.wire import Metadata
from channels.transport import Transport
from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, Pace, TextFormat
from core.domain.case import DESK, feed
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
from core.ports.case_files import CaseFiles
from core.ports.cases import Cases
from core.ports.channel import AttachmentStream, InboundSink, WebhookReply, WebhookRequest
from core.ports.surroundings import Surroundings
from handoff.records import Conversations
from handoff.slack.card_links import CardLinks, is_form
from handoff.slack.case_threads import MARK, PAGES, CaseThreads, mark_of, receipt_of
from handoff.slack.desk_edits import DeskEdits
from handoff.slack.pace import DESK_PACE, counted_with
from handoff.slack.people import SlackPeople
from handoff.slack.posts import bodies
from handoff.slack.rich_text import Emoji, cut, fallback, one_line, phrase, small, spaced
from handoff.slack.staff_channels import StaffChannels

_THREAD_GONE = frozenset({"thread_not_found", "message_not_found", "cant_update_message"})
_FILE_NAME = 200
_SIGNS = {"note": "lock", "sent": "white_check_mark", "read": "eyes", "failed": "x"}
"""note: it stays inside. Without a sign it goes to the customer when the time to take it back is over."""
_log = structlog.get_logger(__name__)

CAPABILITIES: Final = Capabilities(
    text_limit=3_000, format=TextFormat.MRKDWN, media=True, buttons=True, pace=DESK_PACE, send_seconds=75.0
)


@dataclass(frozen=True, slots=True)
class SlackDeskSettings:
    """``channel``: the id of the staff channel; ``teams``: of those that have their own. ``tokens``: of the bot in its workspace.

    ``account``: of what staff are told, which stays the same when they move. ``heard_by``: the account of the Slack channel
    through which they write. ``locale``: their language. ``tracks``: whether cases have issues.
    """

    channel: str
    tokens: tuple[str, ...]
    account: str = "default"
    heard_by: str = "default"
    teams: Mapping[str, str] = field(default_factory=dict)
    locale: str = "en"
    tracks: bool = False
    api_base_url: str = "https://slack.com/api/"
    timeout: float = 4.0


class DeskCases(Cases, CaseFiles, Conversations, Protocol):
    """What is read of cases, and of their conversations."""


class SlackDeskChannel:
    """Implements Channel, SupportsOutcomeQuery and handoff's DeskChannel. ``people``: the staff, by the desk's app."""

    name = DESK
    capabilities = CAPABILITIES

    def __init__(self, settings: SlackDeskSettings, surroundings: Surroundings, cases: DeskCases) -> None:
        self.account, self.channel, self.teams = settings.account, settings.channel, settings.teams
        self._settings = settings
        self._around = surroundings
        self._cases = cases
        self._transport: Transport | None = None
        self._bot: SlackClient | None = None
        memory, heard_by = surroundings.memory, settings.heard_by
        self.people = SlackPeople(surroundings, heard_by, lambda: self.client)
        self._threads = CaseThreads(memory, cases, cases, self.people, heard_by, settings.locale)
        root, tracks = self._threads.root, settings.tracks
        self._links = CardLinks(cases, memory, self.account, settings.locale, root, tracks=tracks)
        self._channels = StaffChannels(settings.channel, settings.teams, self._threads.team, surroundings.clock)
        self._edits = DeskEdits(surroundings, self.account, heard_by, self._threads, self._links, lambda: self.client)
        self._strangers: set[str] = set()
        self._trouble: str | None = None

    async def start(self, sink: InboundSink) -> None:
        """Open for sending."""
        self._transport = open_transport(self._settings.timeout)
        self._bot = SlackClient(self._transport, self._settings.tokens, self._settings.api_base_url)
        self._edits.start()

    async def stop(self) -> None:
        """Close."""
        await self._edits.stop()
        transport, self._transport, self._bot = self._transport, None, None
        if transport is not None:
            await transport.close()

    def authenticate(self, request: WebhookRequest) -> None:
        """Nothing comes in here. Raises BadSignature."""
        raise BadSignature("The desk takes no requests: staff write through the Slack channel.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """Nothing comes in here."""
        return []

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        found = bodies(message, self._settings.locale)
        for file in message.attachments:
            kept = file.stored()
            kept["name"] = cut(file.name, _FILE_NAME) or "file"
            found.append({"do": "file", "method": FILE, "attachment": kept, "label": "File"})
        return [WirePayload(message.conversation, body, part) for part, body in enumerate(found)]

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        body, client = payload.body, self.client
        try:
            if body["do"] in ("react", "unreact"):
                return await self._sign(client, body)
            channel = await self._channels.channel_for(payload.conversation)
            root = None if body["do"] == "card" else await self._root(client, payload.conversation, channel)
            try:
                return await self._tell(client, root, channel, payload, idempotency_key)
            except Refused as error:
                elsewhere = self._channels.elsewhere(error, channel if root is None else root.channel, channel)
                if root is None:
                    if elsewhere is None:
                        raise
                    return await self._begin(client, elsewhere, payload, idempotency_key)
                if elsewhere is None and (error.reason not in _THREAD_GONE or body["do"] == "update"):
                    raise
                root = await self._threads.again(client, payload.conversation, root, elsewhere or channel)
                return await self._tell(client, root, root.channel, payload, idempotency_key)
        except Refused as error:
            if error.reason not in CLOSED:
                raise
            self._trouble = (
                f"Cases cannot be shown in the staff channel ({error.reason}). Invite the app there, or set another."
            )
            raise AuthFailed(self._trouble) from error
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error

    async def pace_of(self, payload: WirePayload) -> tuple[str, Pace] | None:
        """See SupportsPaces. Raises StoreUnavailable."""
        return counted_with(payload.body["do"], await self._channels.channel_for(payload.conversation))

    async def _tell(
        self, client: SlackClient, root: Sent | None, channel: str, payload: WirePayload, key: str
    ) -> Receipt:
        if root is None and payload.body["do"] == "direct":
            return await self._threads.direct(client, None, payload.body, _marked(key, payload))
        if root is None:
            aside = payload.body["do"] in ("lead_on", "whisper")  # in a thread that is not there
            return Receipt() if aside else await self._begin(client, channel, payload, key)
        receipt = await self._in_thread(client, root, payload, key)
        self._trouble = None
        return receipt

    async def _in_thread(self, client: SlackClient, root: Sent, payload: WirePayload, key: str) -> Receipt:
        body = payload.body
        if body["do"] == "update_card":
            await self._edits.card(payload.conversation, root, body, key)
            return Receipt()
        if body["do"] == "update":
            known = (await self._cases.shown_as([body["of"]])).get(body["of"])
            if known is not None:
                shown = Sent.named(known)
                with contextlib.suppress(Refused):  # somebody deleted it: then it is said anew
                    sent = await self._edits.edit(shown, body["text"], body["blocks"], _marked(key, payload))
                    if sent and shown.channel == root.channel and float(shown.ts) >= float(root.ts):
                        return Receipt()
                # Otherwise no edit is left, or it was shown below a card before this one, where nobody may look any more.
        if body["do"] == "whisper":
            with contextlib.suppress(Refused):  # somebody who is not in the channel any more
                await client.whisper(root.channel, body["to"], body["text"], root.ts)
            return Receipt()
        mark = _marked(key, payload)
        if body["do"] == "file":
            return await self._file(client, root, payload, key)
        if body["do"] == "direct":
            return await self._threads.direct(client, root, body, mark)
        if body["do"] == "lead_on":
            before = feed(self.account, body["from"])
            receipt = await self._threads.link_to_case(client, before, root, body["text"], mark)
            await self._link_card(before, payload.conversation.thread, key)
            return receipt
        sent = await client.post_message(
            root.channel,
            body["text"],
            blocks=body["blocks"],
            thread_ts=root.ts,
            broadcast=bool(body.get("loud")),
            metadata=mark,
        )
        await self._links.became(body.get("form", ""), sent)
        return receipt_of(sent)

    async def _link_card(self, before: ConversationKey, into: str, key: str) -> None:
        """The card of a case that goes on in this one could not lead there before there was a card."""
        facts, root = await self._cases.card(self.account, before.thread), await self._threads.root(before)
        if root is not None and (facts.get("merged") or {}).get("case") == into:
            body = {"text": f"{facts['customer']}: {facts['state']}", "facts": facts}
            await self._edits.card(before, root, body, key)

    async def _file(self, client: SlackClient, root: Sent, payload: WirePayload, key: str) -> Receipt:
        """One that cannot be shown is named: what follows it must not wait for it."""
        try:
            return await self._files.send(client, root.channel, root.ts, payload.body, key)
        except Refused:
            raise
        except Rejected as error:
            _log.warning("desk.file_not_shown", error=error.detail)
            lost = phrase("card_file_lost", self._settings.locale, file=one_line(payload.body["attachment"]["name"]))
            line = spaced((Emoji("warning"),), lost)
            blocks: list[Any] = small(line)
            mark = _marked(key, payload)
            sent = await client.post_message(
                root.channel, fallback(line), blocks=blocks, thread_ts=root.ts, metadata=mark
            )
            return receipt_of(sent)

    async def _sign(self, client: SlackClient, body: Mapping[str, Any]) -> Receipt:
        """No sign is worth a pause: its message may be deleted by now, or the app may not have the right to give signs."""
        on = await self._links.sign_on(body["on"]) if is_form(body["on"]) else body["on"]
        name = _SIGNS.get(body["sign"], body["sign"])
        try:
            if on is not None:
                await react(client, Sent.named(on), name, present=body["do"] == "react")
        except (Rejected, AuthFailed) as error:
            _log.warning("desk.sign_refused", error=error.detail)
        return Receipt()

    async def _root(self, client: SlackClient, feed: ConversationKey, channel: str) -> Sent | None:
        """The case's first message. Where the settings name other channels by now, an open case goes on in ``channel``.

        Raises StoreUnavailable.
        """
        root = await self._threads.root(feed)
        if root is None or await self._channels.keeps(feed, root.channel, channel):
            return root
        case = await self._cases.case(feed.thread)
        if case is None or case.closed_at is not None:
            return root
        try:
            return await self._threads.again(client, feed, root, channel)
        except Refused as error:  # a team's channel that is closed still: where it is now it can be seen
            if self._channels.elsewhere(error, channel, channel) is None:
                raise
            return root

    async def shown_in(self, case_id: str) -> str:
        """The channel of a case's card. Raises Unreachable while no card says which of several it is, StoreUnavailable."""
        root = await self._threads.root(feed(self.account, case_id))
        if root is None and self.teams:
            raise Unreachable("The case is not shown in Slack yet.")
        return self.channel if root is None else root.channel

    @property
    def alarm(self) -> str | None:
        """See SupportsAlarm: cases that staff do not see."""
        return self._trouble

    async def _begin(self, client: SlackClient, channel: str, payload: WirePayload, key: str) -> Receipt:
        """A message in the channel itself: the card, or what comes next of a case whose card is not there.

        The hub looks through its thread after an outage, so the thread is noted; without the note only that is missing.
        """
        body = payload.body
        if body["do"] == "file":
            return await self._files.send(client, channel, None, body, key)
        sent = await client.post_message(channel, body["text"], blocks=body["blocks"], metadata=_marked(key, payload))
        self._trouble = None
        with contextlib.suppress(HubError):
            await self._threads.begun(client, sent)
        return receipt_of(sent)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery. To update or to react again does no harm, so that needs no asking."""
        client, body = self.client, payload.body
        try:
            if body["do"] in ("react", "unreact", "update", "update_card", "whisper"):
                return None
            channel, root = await self._shown_in(client, payload)
            if body["do"] == "file":
                shown = await self._files.outcome(client, channel, idempotency_key)
                if shown is not None:
                    return shown
            pages = client.history(channel) if root is None else client.replies(channel, root.ts)
            read = 0
            async for page in pages:
                read += 1
                for message in page:
                    if mark_of(message).get("key") == idempotency_key:
                        found = Sent(channel, str(message.get("ts")))
                        await self._links.became(body.get("form", ""), found)
                        return receipt_of(found)
                if read == PAGES:
                    raise OutcomeUnknown("There is too much in that channel to look for the message.")
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        except Rejected as error:
            raise OutcomeUnknown(f"Slack does not let us look: {error.detail}") from error
        return None

    async def _shown_in(self, client: SlackClient, payload: WirePayload) -> tuple[str, Sent | None]:
        """The channel in which a payload is to be seen, and the first message of its thread, if it is in one."""
        if (body := payload.body)["do"] == "direct":
            return await client.open_direct(body["to"]), None
        told_in = feed(self.account, body["from"]) if body["do"] == "lead_on" else payload.conversation
        root = None if body["do"] == "card" else await self._threads.root(told_in)
        return (await self._channels.channel_for(payload.conversation) if root is None else root.channel), root

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        """Nothing comes in here. Raises Unsupported."""
        raise Unsupported("The desk fetches no files: what staff send comes through the Slack channel.")

    async def case_of(self, thread: ConversationKey) -> str | None:
        """See DeskChannel.case_of. A card that was posted just before a crash is known by what it carries unseen."""
        place = Place.of(thread.thread)
        if place.thread_ts is None or str(place) in self._strangers:
            return None
        known = await self._cases.case_shown_at(self.account, message_id(place.channel, place.thread_ts))
        known = known or await self._threads.case_of(place)
        if known is not None:
            return known
        with contextlib.suppress(Rejected):  # a thread whose first message is gone is nobody's
            async for page in self.client.replies(place.channel, place.thread_ts):
                begins = page and page[0].get("thread_ts") in (None, place.thread_ts)  # an emoji may be on a reply
                if begins and (found := mark_of(page[0]).get("case")):
                    return str(found)
                break
        if len(self._strangers) > 10_000:
            self._strangers.clear()
        self._strangers.add(str(place))
        return None

    @property
    def client(self) -> SlackClient:
        """The calls of the desk's app: one, because it remembers which token is valid. Raises Unreachable before the start."""
        if self._bot is None:
            raise Unreachable("The desk is not started.")
        return self._bot

    @property
    def _files(self) -> Files:
        return Files(self._around, self._settings.heard_by, self._open, self._settings.api_base_url)

    @property
    def _open(self) -> Transport:
        if self._transport is None:
            raise Unreachable("The desk is not started.")
        return self._transport


def _marked(key: str, payload: WirePayload) -> Metadata:
    return {"event_type": MARK, "event_payload": {"key": key, "case": payload.conversation.thread}}
