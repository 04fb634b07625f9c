"""The Slack channel: settings and surroundings in, a Channel out.

There is no Bolt in it. Bolt brings dispatch to handlers, and answers Slack before a handler has run, or when one has failed;
what is left of it after our own signature check, parsing and commit is the dispatch that is not needed here. See docs/adr.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import aiohttp
import structlog
from aiohttp import web

from channels.door import WebhookDoor
from channels.slack import altering, doctor, envelope, outcome, render, signature
from channels.slack.client import Sent, SlackClient
from channels.slack.command import thanks
from channels.slack.files import marked
from channels.slack.jotter import Jotter
from channels.slack.looking_back import LookingBack
from channels.slack.names import Directory
from channels.slack.opened import Opened
from channels.slack.parse import Reader
from channels.slack.place import CHANNEL, Place, message_id, time_of
from channels.slack.reception import Reception
from channels.slack.refusals import Refused
from channels.slack.settings import HOOK, SlackSettings
from channels.slack.staff_channels import StaffChannels
from channels.slack.staff_command import StaffCommands, given_there
from channels.slack.streams import BETWEEN_APPENDS, Streams
from channels.slack.views import Refusal, StaffViews, ViewDoor
from channels.slack.words import words
from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, Pace, TextFormat
from core.domain.conversation import Conversation
from core.domain.errors import (
    AuthFailed,
    BadSignature,
    HubError,
    InvalidInput,
    Overloaded,
    Rejected,
    StoreUnavailable,
    Unreachable,
)
from core.domain.keys import ConversationKey
from core.domain.messages import Author, InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.channel import (
    AttachmentStream,
    Diagnosis,
    InboundSink,
    StreamFrame,
    WebhookReply,
    WebhookRequest,
)
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
    buttons=True,
    own_time=True,
    pace=Pace(messages=200, seconds=60.0, per_conversation=1.0),
    send_seconds=75.0,
)
"""One message per second in a channel, and "several hundred" per minute in a workspace, are what Slack publishes. Calls have
their own, shorter time; a large file takes longer."""

_GREW_QUIET = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
_STATUS_EVERY = 60.0
_INTRODUCTION = 0.7
_log = structlog.get_logger(__name__)


class SlackChannel:
    """``account`` names the app, not a workspace: one app may be installed in many."""

    name = CHANNEL
    capabilities = CAPABILITIES

    def __init__(self, settings: SlackSettings, surroundings: Surroundings) -> None:
        self.account = settings.account
        self._settings = settings
        self._around = surroundings
        self._directory = Directory(surroundings.memory, settings.account, surroundings.clock)
        self._jotter = Jotter(surroundings.memory, settings.account, surroundings.clock)
        self._reception = Reception(surroundings.memory, settings.account, self._jotter)
        self._streams = Streams(surroundings.memory, settings.account, surroundings.clock, self._directory.team)
        self._back = LookingBack(surroundings, settings.account, self._jotter, self._streams)
        self._reader = Reader(
            settings.account,
            self._directory,
            settings.staff_channels,
            settings.agent_view,
            settings.language,
            settings.hears,
        )
        self._staff = StaffCommands(surroundings.memory, settings.account, settings.staff_language)
        self._forms = ViewDoor()
        self._door = WebhookDoor(
            self, surroundings.metrics, surroundings.clock, public_url=surroundings.public_url, proof=signature.HEADER
        )
        self._http: aiohttp.ClientSession | None = None
        self._open: Opened | None = None
        self._looking: asyncio.Task[None] | None = None
        self._direct: dict[str, str] = {}
        self._status_at: dict[str, float] = {}
        self._staffs = StaffChannels(surroundings.memory, settings.account, settings.staff_channels)

    async def start(self, sink: InboundSink) -> None:
        """Open the doors. What Slack itself has to say comes in the background: starting never waits for it."""
        self._http = aiohttp.ClientSession()
        self._open = Opened(self._settings, self._around, self._http, self._directory, self._reception, self._socketed)
        with contextlib.suppress(StoreUnavailable):
            await self._directory.load()
            await self._know_staff()  # otherwise with the first event
        self._reception.open(sink)
        self._door.open(self._reception)
        await self._open.start()
        self._looking = asyncio.create_task(self._look_back(self._open, sink))

    async def _look_back(self, opened: Opened, sink: InboundSink) -> None:
        await self._staffs.waited_for()
        await self._know_staff()
        await self._back.run(opened.workspaces, self._reader, sink)

    async def _know_staff(self) -> None:
        """Before anything is taken in. Raises StoreUnavailable."""
        if self._reader.staff_channels != (known := await self._staffs.known()):
            self._reader = replace(self._reader, staff_channels=known)

    async def stop(self) -> None:
        """Take nothing more, and write down what was noted."""
        self._door.open(None)
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.wait({looking})
        opened, self._open = self._open, None
        if opened is not None:
            await self._forms.close()
            await opened.stop()
            await self._jotter.close()
        self._reception.open(None)
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def authenticate(self, request: WebhookRequest) -> None:
        """See Channel.authenticate."""
        signature.verify(request.headers, request.body, self._settings.signing_secrets, self._around.clock.now())

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """See Channel.parse."""
        return self._reader.events(raw)

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        """See Channel.render."""
        return render.payloads(message, self._settings.language, rated=self._settings.feedback)

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """See Channel.send."""
        place = _place(payload.conversation)
        client = await self._client(place)
        try:
            if payload.body["method"] in altering.METHODS:
                return await altering.alter(client, payload.body, idempotency_key)
            channel = await self._channel(client, place)
            if payload.body["method"] == render.FILE:
                if payload.part == 0:  # without a text that could take the place of what was begun
                    await self._streams.finish(client, place, None)
                return await self._opened.files.send(client, channel, place.thread_ts, payload.body, idempotency_key)
            sent = await self._say(client, place, channel, payload, idempotency_key)
        except AuthFailed as error:
            raise self._whose(client, place, error) from error
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        self._opened.workspaces.works(place.team)
        self._reception.sent(place, sent.channel, sent.ts)
        return Receipt(message_id(sent.channel, sent.ts), time_of(sent.ts), tracked=True)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery: by the mark in the message's metadata, or by the file's id."""
        if payload.body["method"] in altering.METHODS:
            return None
        place = _place(payload.conversation)
        client = await self._client(place)
        try:
            channel = await self._channel(client, place)
            if payload.body["method"] == render.FILE:
                shown = await self._opened.files.outcome(client, channel, idempotency_key)
                if shown is not None:
                    return shown
            sent = await outcome.find(client, channel, place, idempotency_key, self._around.clock.now())
            if sent is not None:
                await self._streams.said(place, sent, sent)
        except AuthFailed as error:
            raise self._whose(client, place, error) from error
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        return None if sent is None else Receipt(message_id(sent.channel, sent.ts), time_of(sent.ts), tracked=True)

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        """See Channel.fetch."""
        client = await self._opened.workspaces.client(ref.id.partition("/")[0])
        return await self._opened.files.fetch(client, ref)

    async def stream(self, conversation: Conversation, frames: Sequence[StreamFrame]) -> None:
        """See SupportsStreaming."""
        if any(frame.kind == "typing" for frame in frames):
            await self.typing(conversation.key, Author.AGENT)
        shown = [frame for frame in frames if frame.kind in ("text", "discard")]
        if shown:
            place = _place(conversation.key)
            client = await self._client(place)
            await self._streams.show(client, place, await self._channel(client, place), shown)

    async def typing(self, conversation: ConversationKey, author: Author) -> None:
        """See SupportsTyping: a status under the thread. Slack has none outside of threads."""
        place = _place(conversation)
        now = self._around.clock.monotonic()
        if place.thread_ts is None or author is not Author.AGENT:
            return
        if now - self._status_at.get(str(place), float("-inf")) < _STATUS_EVERY:
            return
        if len(self._status_at) > 1000:
            self._status_at.clear()
        self._status_at[str(place)] = now
        with contextlib.suppress(HubError):
            client = await self._client(place)
            await client.set_status(place.channel, place.thread_ts, words(None, self._settings.language).working)

    async def catch_up(self, sink: InboundSink) -> int:
        """See SupportsCatchUp. One process at a time."""
        await self._know_staff()
        return await self._back.once(self._opened.workspaces, self._reader, sink) or 0

    async def diagnose(self) -> Sequence[Diagnosis]:
        """See SupportsDiagnosis."""
        return await doctor.diagnose(self._settings, self._around.public_url, self._around.memory)

    @property
    def alarm(self) -> str | None:
        """See SupportsAlarm."""
        socket = self._open.socket if self._open is not None else None
        waiting = self._open.workspaces.trouble(self._around.clock.monotonic()) if self._open is not None else None
        return self._door.alarm or (socket.trouble if socket is not None else None) or waiting

    def routes(self) -> Sequence[web.RouteDef]:
        """See SupportsRoutes."""
        hook = web.post(self._settings.hook, self._hook)
        if self._settings.hook != HOOK:
            return [hook]
        return [
            hook,
            web.get("/slack/install", self._install),
            web.get("/slack/oauth_redirect", self._installed),
        ]

    def give_forms(self, views: StaffViews, refusal: Refusal | None = None) -> None:
        """Who knows what the forms are about that staff open from their cards, and who is no staff."""
        self._forms.views, self._forms.refusal = views, refusal

    async def settled(self) -> None:
        """Wait for what is done after acknowledgements (names, home tabs), and write down what was noted."""
        await self._forms.settled()
        await self._opened.aftercare.settled()
        await self._jotter.flush()

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        given = await self._door.read(request)
        try:
            async with asyncio.timeout(self._settings.answer_within):
                await self._know_staff()
                reply = await self._refused(given) or await self._door.take(given, WebhookReply())
                reply = reply if reply.body else await self._forms.refused(given.body) or reply
                noted = None if reply.body else await self._from_staff(given.body)
        except TimeoutError:  # it may be stored yet; then the repetition is a duplicate
            raise Overloaded("Storing takes too long.") from None
        if reply.body:  # the answer to a challenge; nothing happened
            return web.Response(body=reply.body, headers={"Content-Type": reply.content_type})
        reply = noted or self._acknowledged(given.body)
        return web.Response(body=reply.body, headers={"Content-Type": reply.content_type})

    async def _refused(self, given: WebhookRequest) -> WebhookReply | None:
        """What is wrong with a form that staff sent off; None also for what proves nothing, which the door refuses."""
        try:
            self.authenticate(given)
        except BadSignature:
            return None
        await self._introduce(given.body)
        return await self._forms.refused(given.body)

    async def _introduce(self, body: bytes) -> None:
        """Slow or silent, Slack holds a message up for a moment only."""
        if b"<" in body or b"u003c" in body:  # a mention
            with contextlib.suppress(HubError, TimeoutError):
                async with asyncio.timeout(_INTRODUCTION):
                    await self._opened.aftercare.introduce(body)

    async def _socketed(self, body: bytes) -> WebhookReply:
        await self._know_staff()
        await self._introduce(body)
        if (refused := await self._forms.refused(body)) is not None:
            return refused
        await envelope.take(body, self._reader, self._reception, self._around.clock)
        return await self._forms.refused(body) or await self._from_staff(body) or self._acknowledged(body)

    async def _from_staff(self, body: bytes) -> WebhookReply | None:
        """The answer to a command that was given in a staff channel."""
        given = given_there(body, self._reader.staff_channels)
        return None if given is None else await self._staff.answer(given, self._forms.refusal)

    def _acknowledged(self, body: bytes) -> WebhookReply:
        if self._open is not None:
            self._open.aftercare.begin(body)
            self._forms.begin(body, self._reader.staff_channels)
        return thanks(body, self._directory, self._settings.language)

    async def _install(self, request: web.Request) -> web.StreamResponse:
        return await self._opened.installation.begin(request)

    async def _installed(self, request: web.Request) -> web.StreamResponse:
        return await self._opened.installation.end(request)

    async def _say(self, client: SlackClient, place: Place, channel: str, payload: WirePayload, key: str) -> Sent:
        """A new message, or the one that grew while the answer was being written."""
        body = payload.body
        begun = None
        if body.get("first"):
            begun = await self._streams.finish(client, place, body.get("turn_id"))
        if begun is not None:
            try:
                sent = await client.update(begun, body["text"], blocks=body["blocks"], metadata=marked(key))
            except Refused as error:
                if error.reason not in _GREW_QUIET:
                    raise
            else:
                await self._streams.said(place, sent, begun)
                return sent
        sent = await client.post_message(
            channel, body["text"], blocks=body["blocks"], thread_ts=place.thread_ts, metadata=marked(key)
        )
        await self._streams.said(place, sent, begun)
        return sent

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
        known = self._direct.get(str(place))
        if known is None:
            known = self._direct[str(place)] = await client.open_direct(place.channel)
            self._reception.opened(place, known)
        return known

    def _whose(self, client: SlackClient, place: Place, error: AuthFailed) -> AuthFailed | Unreachable:
        """One workspace that took the app away must not silence the others: its messages wait alone."""
        if self._opened.workspaces.is_own(client):
            return error
        self._opened.workspaces.refused(place.team, self._around.clock.monotonic())
        _log.warning("slack.workspace_refuses", team=place.team, error=error.detail)
        return Unreachable(f"The workspace {place.team} has to install the app again: {error.detail}")

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
