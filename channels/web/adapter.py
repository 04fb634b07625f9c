"""The web channel: settings and ports in, a Channel with routes out."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from channels.web import parse, render
from channels.web.access import Access, IsOperator, nobody
from channels.web.admission import Admission
from channels.web.context import WebContext, WebRecords
from channels.web.files import Files, Uploaded
from channels.web.links import Links
from channels.web.live import Live
from channels.web.messages import Messages
from channels.web.origins import Handler, Origins
from channels.web.pages import Pages
from channels.web.rates import MemoryRates, Rates
from channels.web.reception import Reception, session_of
from channels.web.sessions import Sessions
from channels.web.settings import WebSettings
from channels.web.shown import NoteShown, ReadCursors
from channels.web.socket import Sockets
from channels.web.tokens import ACCOUNT, CHANNEL, Tokens
from channels.web.transcripts import SendMail, Transcripts
from channels.web.unsent_files import UnsentFiles
from channels.web.users import Users
from core.domain.attachments import AttachmentRef
from core.domain.budget import ORIGIN
from core.domain.capabilities import Capabilities, TextFormat
from core.domain.conversation import Conversation
from core.domain.errors import (
    BadSignature,
    InvalidInput,
    Rejected,
    StoreUnavailable,
    Unreachable,
    Unsupported,
)
from core.domain.keys import ConversationKey
from core.domain.messages import Author, InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.budgets import Budgets, NoBudgets
from core.ports.channel import AttachmentStream, InboundSink, StreamFrame, WebhookReply, WebhookRequest
from core.ports.clock import Clock
from core.ports.event_log import EventLog, LogFrame, LoggedFrame
from core.ports.extractor import AttachmentStore
from core.ports.metrics import Metrics, NoMetrics
from core.ports.store import Claim
from core.ports.wake import WIDGET, Wake

CAPABILITIES = Capabilities(
    text_limit=16_000,
    format=TextFormat.MARKDOWN,
    media=True,
    typing=True,
    stream=True,
    buttons=True,
    idempotent_send=True,
    event_log=True,
)
_ASSET = r"/{asset:[\w-]+\.(?:js|css|svg|png|ico|webp|woff2|webmanifest|txt)|widget\.[\w.-]+\.json}"
"""The static files' own names: no other route at the root ends like these (``/openapi.json`` does not match)."""


class WebChannel:
    """Customers in a browser. What they see is the event log; sending appends to it, and a wake tells who listens.

    ``uploaded`` is told of each stored file, so that its text can be taken out before it is asked for. ``note_shown`` keeps what
    of people's words customers have been shown. ``rates`` count for sessions, ``shared_rates`` for addresses and in all;
    ``budgets`` what lasts for a day, and without them that is not limited. ``send_mail``: mails a conversation to its customer.
    """

    name = CHANNEL
    account = ACCOUNT
    capabilities = CAPABILITIES

    def __init__(
        self,
        settings: WebSettings,
        *,
        log: EventLog,
        records: WebRecords,
        files: AttachmentStore,
        wake: Wake,
        clock: Clock,
        rates: Rates | None = None,
        shared_rates: Rates | None = None,
        budgets: Budgets | None = None,
        metrics: Metrics | None = None,
        uploaded: Uploaded | None = None,
        is_operator: IsOperator = nobody,
        note_shown: NoteShown | None = None,
        send_mail: SendMail | None = None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._wake = wake
        limits = settings.limits
        metrics = metrics or NoMetrics()
        rates = rates or MemoryRates(clock.monotonic)
        budgets = budgets or NoBudgets()
        links = Links(settings.secret_keys, settings.link_life, clock)
        access = Access(settings, Tokens(settings, clock), records, rates, metrics)
        self._admission = Admission(rates, shared_rates or rates, limits, budgets)
        unsent = UnsentFiles(records, limits, clock.monotonic)
        self._origins = Origins(settings.origins, settings.public_url)
        self._live = Live(log, wake, clock, links.to)
        self._reception = Reception(records, self._admission, clock, unsent.forget)
        self._read_cursors = ReadCursors(note_shown)
        context = WebContext(
            settings=settings,
            records=records,
            log=log,
            wake=wake,
            clock=clock,
            metrics=metrics,
            access=access,
            admission=self._admission,
            origins=self._origins,
            links=links,
            live=self._live,
            reception=self._reception,
            read_cursors=self._read_cursors,
            frame_rates=MemoryRates(clock.monotonic),
        )
        self._sockets = Sockets(context)
        self._sessions = Sessions(context)
        self._files = Files(context, unsent, files, uploaded)
        self._messages = Messages(context, self._files)
        self._users = Users(context, is_operator)
        self._transcripts = Transcripts(context, budgets, send_mail)
        self._pages = Pages(demo=settings.demo_page)

    async def start(self, sink: InboundSink) -> None:
        """Begin to take messages and to show what happens."""
        await self._pages.load()
        await self._live.start()
        self._reception.open(sink)

    async def stop(self) -> None:
        """Take nothing more and close every socket; clients come back to whoever serves next, and resume."""
        self._reception.open(None)
        await self._live.stop()
        await self._sockets.close()
        await self._read_cursors.drain()
        await self._admission.close()

    def authenticate(self, request: WebhookRequest) -> None:
        """See Channel.authenticate. The channel's own routes ask for the session's token."""
        raise BadSignature("The web channel takes no webhooks.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """See Channel.parse: a message as a socket or a POST brought it, with the session in the headers."""
        if raw.received_at is None or not {"session", "expires"} <= raw.headers.keys():
            raise InvalidInput("A web event needs the session that it came from, and its time.")
        fields = parse.decode(raw.body)
        if "type" in fields and parse.frame_type(fields) != "message":
            return []
        text = "content" if "content" in fields else "message"
        if parse.client_id(fields) is None:
            raise InvalidInput("Without a client_id this event has no key of its own.")
        message = parse.client_message(fields, self._settings.limits, text=text)
        return [message.event(session_of(raw.headers), raw.received_at, raw.headers.get(ORIGIN))]

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        return render.payloads(message, self.capabilities.text_limit)

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """See Channel.send: one commit to the log, whose dedupe key makes a repetition harmless."""
        conversation_id = payload.conversation.conversation_id
        try:
            cursors = await self._log.append(conversation_id, render.log_frames(payload, idempotency_key))
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        except InvalidInput as error:
            raise Rejected(error.detail) from error
        self._wake.notify(WIDGET, conversation_id)
        return Receipt(provider_id=str(cursors[0]))

    def log_frames(self, message: OutboundMessage, delivery_id: str) -> Sequence[LogFrame]:
        first, *rest = self.render(message)
        return () if rest else render.log_frames(first, f"{delivery_id}:0")

    def logged(self, conversation_id: str, frames: Sequence[LoggedFrame]) -> None:
        self._live.give(conversation_id, frames)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        try:
            cursor = await self._log.find(payload.conversation.conversation_id, idempotency_key)
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        return None if cursor is None else Receipt(provider_id=str(cursor))

    async def stream(self, conversation: Conversation, frames: Sequence[StreamFrame]) -> None:
        """See SupportsStreaming. A typing hint passes by without a commit."""
        shown = [render.provisional(frame) for frame in frames if frame.kind != "typing"]
        if shown:
            claim = Claim(conversation.id, frames[0].epoch, frames[0].answers_to)
            cursors = await self._log.append_provisional(claim, shown)
            placed = zip(cursors, shown, strict=True)
            self.logged(conversation.id, [LoggedFrame(at, one.kind, one.body, one.turn_id) for at, one in placed])
        if any(frame.kind == "typing" for frame in frames):
            await self.typing(conversation.key, Author.AGENT)

    async def typing(self, conversation: ConversationKey, author: Author) -> None:
        self._wake.notify(WIDGET, f"{conversation.conversation_id}#typing:{author}")

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        raise Unsupported("Files of web customers are in the hub's own store already.")

    def routes(self) -> Sequence[web.RouteDef]:
        found = [
            web.get("/ws", self._sockets.handle),
            web.get("/", self._pages.demo),
            web.get("/widget.js", self._pages.widget),
        ]
        for path, handlers in self._api().items():
            methods = ", ".join([*handlers, "OPTIONS"])
            found += [web.route(method, path, self._origins.guard(handler)) for method, handler in handlers.items()]
            found.append(web.route("OPTIONS", path, self._origins.preflight(methods)))
        found.append(web.get(_ASSET, self._pages.asset))
        return found

    def _api(self) -> dict[str, dict[str, Handler]]:
        return {
            "/api/sessions": {"POST": self._sessions.open},
            "/api/sessions/{session_id}": {"GET": self._sessions.look, "DELETE": self._sessions.end},
            "/api/sessions/{session_id}/history": {"GET": self._sessions.history},
            "/api/sessions/{session_id}/events": {"GET": self._sessions.events},
            "/api/sessions/{session_id}/attachments": {"POST": self._files.upload},
            "/api/attachments/{attachment_id}": {"GET": self._files.download},
            "/api/sessions/{session_id}/transcript": {"POST": self._transcripts.post},
            "/api/chat/sessions/{session_id}/messages": {"POST": self._messages.post},
            "/api/feedback": {"POST": self._messages.rate},
            "/api/users/{user_id}/history": {"GET": self._users.history},
            "/api/users/{user_id}/tickets": {"GET": self._users.tickets},
        }
