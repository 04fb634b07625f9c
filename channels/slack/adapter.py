"""The Slack channel: settings and surroundings in, a Channel out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import structlog
from aiohttp import web

from channels.accepting import accept_in_order, read_or_quarantine
from channels.bounded import Bounded
from channels.slack import altering, doctor, outcome, render, signature, wire
from channels.slack.beginnings import BETWEEN_APPENDS
from channels.slack.case_orders import with_message
from channels.slack.catch_up import BackfillTask
from channels.slack.client import SlackClient, open_transport
from channels.slack.colleagues import Colleagues
from channels.slack.emoji_requests import EmojiRequests
from channels.slack.names import Directory
from channels.slack.opened import Opened
from channels.slack.parse import Reader
from channels.slack.place import CHANNEL, Place, message_id, time_of
from channels.slack.reception import PayloadSink, Reception
from channels.slack.settings import HOOK, SlackSettings
from channels.slack.staff_channels import StaffChannels, StaffCommands, is_staff_command, note
from channels.slack.streams import Streams
from channels.slack.views import Refusal, StaffForms, StaffHome, StaffViews
from channels.slack.words import words
from channels.transport import Transport
from channels.webhook_endpoint import WebhookEndpoint, response
from channels.write_behind import WriteBehindCache
from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, Pace, TextFormat
from core.domain.conversation import Conversation
from core.domain.errors import (
    AuthFailed,
    HubError,
    InvalidInput,
    OutcomeUnknown,
    Overloaded,
    Rejected,
    StoreUnavailable,
    Unreachable,
)
from core.domain.keys import ConversationKey
from core.domain.messages import Author, InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.end_tasks import end_tasks
from core.ports.channel import (
    AttachmentStream,
    Diagnosis,
    InboundSink,
    StreamFrame,
    WebhookReply,
    WebhookRequest,
)
from core.ports.store import Claim
from core.ports.surroundings import Surroundings

_POSTED_ONCE_WITHIN: Final = 1.2
CAPABILITIES: Final = Capabilities(
    text_limit=render.SECTION,
    format=TextFormat.MRKDWN,
    media=True,
    edit=True,
    delete=True,
    reactions=True,
    typing=True,
    stream=True,
    stream_every=BETWEEN_APPENDS,
    stream_after=_POSTED_ONCE_WITHIN,
    fences_stream=True,
    buttons=True,
    whispers=True,
    own_time=True,
    pace=Pace(messages=200, seconds=60.0, per_conversation=1.0),
    send_seconds=75.0,
)
"""One message per second in a channel, and "several hundred" per minute in a workspace, are what Slack publishes. Calls have
their own, shorter time; a large file takes longer."""

_STATUS_EVERY, _STATUSES = 60.0, 1_000
_log = structlog.get_logger(__name__)


class SlackChannel:
    """``account`` names the app, not a workspace: one app may be installed in many."""

    name = CHANNEL
    capabilities = CAPABILITIES

    def __init__(self, settings: SlackSettings, surroundings: Surroundings) -> None:
        self.account = settings.account
        self._settings = settings
        self._around = surroundings
        self._cache = WriteBehindCache(surroundings.memory, CHANNEL, settings.account, surroundings.clock)
        self._directory = Directory(
            surroundings.memory,
            settings.account,
            surroundings.clock,
            self._cache,
            with_addresses=settings.staff_rule.asks_for_addresses,
        )
        self._colleagues = Colleagues(settings.staff_rule, self._directory)
        self._requests = EmojiRequests(settings.modes, settings.ask_emoji, self._colleagues, self._directory)
        self._reception = Reception(self._cache, surroundings.deliveries, settings.account, settings.modes)
        self._streams = Streams(surroundings, settings.account, self._reception, self._directory.team)
        self._backfill_task = BackfillTask(surroundings, settings.account, self._cache, self._streams, self._requests)
        self._reader = Reader(
            settings.account,
            self._directory,
            settings.staff_channels,
            settings.agent_view,
            settings.language,
            settings.hears,
            self._colleagues.include,
            settings.modes,
        )
        self._staff = StaffCommands(surroundings.memory, settings.account, settings.staff_language)
        self._forms = StaffForms()
        self._signatures = signature.Signatures(settings.signing_secrets, surroundings.clock)
        self._endpoint = WebhookEndpoint(self, surroundings, proof=signature.HEADER)
        self._transport: Transport | None = None
        self._open: Opened | None = None
        self._backfilling: asyncio.Task[None] | None = None
        self._direct_channels: dict[str, str] = {}
        self._status_at: Bounded[str, float] = Bounded(_STATUSES)
        self._staff_channels = StaffChannels(surroundings.memory, settings.account, settings.staff_channels)

    async def start(self, sink: InboundSink) -> None:
        """Open the doors. What Slack itself has to say comes in the background: starting never waits for it."""
        self._transport = open_transport(self._settings.timeout)
        self._open = Opened(
            self._settings,
            self._around,
            self._transport,
            self._directory,
            self._reception,
            self._colleagues,
            self._socketed,
            self._forms,
        )
        with contextlib.suppress(StoreUnavailable):
            await self._directory.load()
            await self._update_staff_channels()  # otherwise with the first event
        self._reception.open(sink)
        await self._open.start()
        self._backfilling = asyncio.create_task(self._backfill(self._open, sink))

    async def _backfill(self, opened: Opened, sink: InboundSink) -> None:
        await self._staff_channels.waited_for()
        await self._update_staff_channels()
        await self._backfill_task.run(opened.workspaces, self._reader, sink)

    async def _update_staff_channels(self) -> None:
        """Before anything is taken in. Raises StoreUnavailable."""
        if self._reader.staff_channels != (known := await self._staff_channels.known()):
            self._reader = replace(self._reader, staff_channels=known)

    async def stop(self) -> None:
        """Take nothing more, and write down what was noted."""
        self._reception.open(None)
        task, self._backfilling = self._backfilling, None
        await end_tasks(task)
        await self._streams.close()
        opened, self._open = self._open, None
        if opened is not None:
            await self._forms.close()
            await opened.stop()
            await self._cache.close()
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    def authenticate(self, request: WebhookRequest) -> None:
        self._signatures.verify(request.headers, request.body)

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        return self._reader.events(raw)

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        return render.payloads(message, self._settings.language, rated=self._settings.feedback)

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        place = _place(payload.conversation)
        client = await self._client(place)
        with self._translated_errors(client, place):
            if payload.body["method"] in altering.METHODS:
                return await self._streams.edits.alter(client, place, payload.body, idempotency_key)
            channel = await self._channel(client, place)
            if payload.body["method"] == render.FILE:
                if payload.part == 0:  # without a text that could take the place of what was begun
                    await self._streams.finish(client, place, None, idempotency_key)
                return await self._opened.files.send(client, channel, place.thread_ts, payload.body, idempotency_key)
            if payload.body["method"] == render.WHISPER:
                said = payload.body
                await client.whisper(channel, said["user"], said["text"], place.thread_ts, said["blocks"])
                return Receipt(at=self._around.clock.now())
            sent, note = await self._streams.say(client, place, channel, payload.body, idempotency_key)
        self._opened.workspaces.works(place.team)
        return Receipt(message_id(sent.channel, sent.ts), time_of(sent.ts), tracked=True, note=note)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery: by the mark in the message's metadata, or by the file's id."""
        if payload.body["method"] in altering.METHODS:
            return None
        if payload.body["method"] == render.WHISPER:
            raise OutcomeUnknown("Slack keeps no list of messages that one person alone was shown.")
        place = _place(payload.conversation)
        client = await self._client(place)
        with self._translated_errors(client, place):
            channel = await self._channel(client, place)
            if payload.body["method"] == render.FILE:
                shown = await self._opened.files.outcome(client, channel, idempotency_key)
                if shown is not None:
                    return shown
            sent = await outcome.find(client, channel, place, idempotency_key, self._around.clock.now())
            if sent is not None:
                await self._streams.found(place, sent)
                self._streams.said(place, payload.body.get("turn_id"))
        return None if sent is None else Receipt(message_id(sent.channel, sent.ts), time_of(sent.ts), tracked=True)

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        client = await self._opened.workspaces.client(ref.id.partition("/")[0])
        return await self._opened.files.fetch(client, ref)

    async def stream(self, conversation: Conversation, frames: Sequence[StreamFrame]) -> None:
        answers_to = next((frame.answers_to for frame in frames if frame.answers_to is not None), None)
        claim = Claim(conversation.id, frames[-1].epoch, answers_to)
        shown = [frame for frame in frames if frame.kind in ("text", "discard")]
        if shown:
            place = _place(conversation.key)
            client = await self._client(place)
            await self._streams.show(client, place, await self._channel(client, place), claim, shown)
            return
        if answers_to is not None:
            await self._around.showing.go_on_showing(claim)
        if any(frame.kind == "typing" for frame in frames):
            await self.typing(conversation.key, Author.AGENT)

    async def typing(self, conversation: ConversationKey, author: Author) -> None:
        """See SupportsTyping: a status under the thread. Slack has none outside of threads."""
        place = _place(conversation)
        now = self._around.clock.monotonic()
        if place.thread_ts is None or author is not Author.AGENT:
            return
        if now - self._status_at.get(str(place), float("-inf")) < _STATUS_EVERY:
            return
        self._status_at[str(place)] = now
        with contextlib.suppress(HubError):
            client = await self._client(place)
            status = words(None, self._settings.language).working
            await client.assistant_threads_setStatus(channel_id=place.channel, thread_ts=place.thread_ts, status=status)

    async def catch_up(self, sink: InboundSink) -> int:
        """Hand what came in while the hub was away to the sink, and count it. One process at a time."""
        await self._update_staff_channels()
        return await self._backfill_task.once(self._opened.workspaces, self._reader, sink) or 0

    async def diagnose(self) -> Sequence[Diagnosis]:
        return await doctor.diagnose(self._settings, self._around.public_url, self._around.memory)

    @property
    def alarm(self) -> str | None:
        socket = self._open.socket if self._open is not None else None
        waiting = self._open.workspaces.trouble(self._around.clock.monotonic()) if self._open is not None else None
        return self._endpoint.alarm or (socket.trouble if socket is not None else None) or waiting

    def routes(self) -> Sequence[web.RouteDef]:
        hook = web.post(self._settings.hook, self._hook)
        if self._settings.hook != HOOK:
            return [hook]
        return [
            hook,
            web.get("/slack/install", self._install),
            web.get("/slack/oauth_redirect", self._install),
        ]

    def give_forms(self, views: StaffViews, refusal: Refusal | None = None, home: StaffHome | None = None) -> None:
        """Who knows what the forms are about that staff open from their cards, who is no staff, and what staff's home shows."""
        self._forms.views, self._forms.refusal, self._forms.home = views, refusal, home

    async def settled(self) -> None:
        """Wait for what is done after acknowledgements (names, home tabs), and write down what was noted."""
        await self._forms.settled()
        await self._opened.post_ack.settled()
        await self._cache.flush()

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        raw = self._endpoint.authenticate(await self._endpoint.read(request))
        try:
            async with asyncio.timeout(self._settings.answer_within):
                reply = await self._take(wire.payload(raw.body), raw)
        except InvalidInput as error:
            await self._reception.open_sink().quarantine(raw, error.detail)
            reply = WebhookReply()
        except TimeoutError:  # it may be stored yet; then the repetition is a duplicate
            raise Overloaded("Storing takes too long.") from None
        return response(reply)

    async def _socketed(self, payload: wire.Json) -> WebhookReply:
        kept, kind = json.dumps(payload).encode(), {"content-type": "application/json"}
        raw = RawEvent(CHANNEL, self.account, kept, kind, self._around.clock.now())
        return await self._take(payload, raw, in_order=True)

    async def _take(self, payload: wire.Json, raw: RawEvent, *, in_order: bool = False) -> WebhookReply:
        """Commit a payload and return the answer to it, which is empty for most. ``raw``: the same, not decoded."""
        self._reception.open_sink()
        await self._update_staff_channels()
        await self._opened.post_ack.introduce(payload)
        if (refused := await self._forms.refused(payload)) is not None:
            return refused
        payload = await with_message(payload, self._settings.case_emoji, self._forms.home, self._opened.workspaces)
        reader = self._reader
        marked = await self._requests.events(payload, self._opened.workspaces, reader)
        sink = PayloadSink(self._reception, payload, addressed=bool(marked))
        parsed = await read_or_quarantine(sink, raw, lambda: reader.read(payload, raw))
        if isinstance(parsed, WebhookReply):
            return parsed
        if marked:
            parsed = [*marked, *(parsed or ())]
        if parsed is not None:
            await (accept_in_order if in_order else self._endpoint.accept)(sink, parsed, raw)
        reply = await self._forms.refused(payload)
        if reply is None and is_staff_command(payload, reader.staff_channels):
            reply = await self._staff.answer(payload, self._forms.refusal)
        return reply or self._acknowledged(payload)

    def _acknowledged(self, payload: wire.Json) -> WebhookReply:
        if self._open is not None:
            self._open.post_ack.begin(payload)
            self._forms.begin(payload, self._reader.staff_channels)
        if "command" not in payload:
            return WebhookReply()
        return note(words(self._directory.locale(str(payload.get("user_id"))), self._settings.language).taken)

    async def _install(self, request: web.Request) -> web.StreamResponse:
        pages = self._opened.install_pages
        if pages is None:
            return web.Response(status=404, text="Set SLACK_CLIENT_ID, SLACK_CLIENT_SECRET, SECRET_KEY and PUBLIC_URL.")
        return await (pages.begin if request.path.endswith("/install") else pages.end)(request)

    async def _client(self, place: Place) -> SlackClient:
        try:
            return await self._opened.workspaces.client(place.team)
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        except Unreachable:
            self._opened.workspaces.refused(place.team, self._around.clock.monotonic())
            raise

    async def _channel(self, client: SlackClient, place: Place) -> str:
        if not place.person:
            return place.channel
        known = self._direct_channels.get(str(place))
        if known is None:
            known = self._direct_channels[str(place)] = await client.open_direct(place.channel)
            self._reception.opened(place, known)
        return known

    @contextlib.contextmanager
    def _translated_errors(self, client: SlackClient, place: Place) -> Iterator[None]:
        """AuthFailed is for our own workspace only; another that removed the app is Unreachable, and its messages wait alone."""
        try:
            yield
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        except AuthFailed as error:
            if self._opened.workspaces.is_own(client):
                raise
            self._opened.workspaces.refused(place.team, self._around.clock.monotonic())
            _log.warning("slack.workspace_refuses", team=place.team, error=error.detail)
            raise Unreachable(f"The workspace {place.team} has to install the app again: {error.detail}") from error

    @property
    def _opened(self) -> Opened:
        if self._open is None:
            raise Unreachable("The Slack channel is not started.")
        return self._open


def _place(conversation: ConversationKey) -> Place:
    try:
        return Place.of(conversation.thread)
    except InvalidInput as error:
        raise Rejected(error.detail) from error
