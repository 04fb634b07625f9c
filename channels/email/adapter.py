"""The e-mail channel: settings and surroundings in, a Channel out.

E-mail has no webhook. Each folder is read by a loop of its own; before a mail is parsed, its thread is looked up in the
channel's memory and written into the raw event's headers (``thread``, ``joined``), so that `parse` is pure and a raw event
that was kept can be parsed again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Final

from channels.connection_status import ConnectionStatus
from channels.email import render
from channels.email.confined import ConfinedMail
from channels.email.diagnosis import examine
from channels.email.files import Files
from channels.email.intake import Intake
from channels.email.parse import Reader
from channels.email.reading import FolderReading
from channels.email.sending import Sending
from channels.email.settings import CHANNEL, EmailSettings
from channels.email.staff import may_be_staff
from channels.email.staff import payload as staff_payload
from channels.email.threads import Threads
from channels.email.tokens import Tokens
from core.domain.attachments import AttachmentRef
from core.domain.capabilities import AnswersBy, Capabilities, Pace, TextFormat
from core.domain.contact_route import ContactRoute
from core.domain.customer import ContactDetails
from core.domain.errors import AuthFailed, BadSignature, Rejected, StoreUnavailable, Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.end_tasks import end_tasks
from core.ports.channel import AttachmentStream, Diagnosis, InboundSink, WebhookReply, WebhookRequest
from core.ports.staff_mail import StaffMail
from core.ports.surroundings import Surroundings

_PATIENCE: Final = 5.0
_SEND_SECONDS: Final = 60.0
"""A submission server may look at a mail, and at what is attached, before it says that it has it."""
_SENDING: Final = "sending"


class EmailChannel:
    """One mailbox."""

    name = CHANNEL

    def __init__(self, settings: EmailSettings, surroundings: Surroundings) -> None:
        self.account = settings.account
        self.capabilities = Capabilities(
            text_limit=render.TEXT_LIMIT,
            format=TextFormat.HTML,
            media=True,
            pace=Pace(messages=settings.per_minute, seconds=60.0),
            send_seconds=_SEND_SECONDS,
            follow_up=AnswersBy.THREAD,
            costly=True,
            chosen_readers=True,
        )
        self._settings = settings
        self._around = surroundings
        self._tokens = Tokens(settings.secret_keys, settings.account)
        self._threads = Threads(
            surroundings.memory,
            surroundings.clock,
            self._tokens,
            settings.account,
            partial(may_be_staff, staff=settings.staff, rule=settings.staff_rule),
        )
        self._reader = Reader(settings, self._tokens)
        self._sending = Sending(settings, surroundings, self._tokens, self._threads)
        self._mail = ConfinedMail(surroundings.confined, settings.rules)
        self._files = Files(settings, self._mail, surroundings.max_attachment_bytes)
        self._status = ConnectionStatus(CHANNEL)
        self._readings: list[FolderReading] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, sink: InboundSink) -> None:
        """See Channel.start. Comes back soon even if the server does not answer: then it is tried until it does."""
        self._readings = [
            FolderReading(
                self._settings,
                folder,
                self._around,
                self._status,
                intake=Intake(self._mail, self._reader, self._threads, sink),
                sink=sink,
            )
            for folder in dict.fromkeys(self._settings.folders)
        ]
        self._tasks = {asyncio.create_task(reading.run()) for reading in self._readings}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                for reading in self._readings:
                    await reading.tried.wait()

    async def stop(self) -> None:
        """See Channel.stop. A mail that is being taken is taken again by whoever reads next."""
        tasks, self._tasks = self._tasks, set()
        await end_tasks(*tasks)
        readings, self._readings = self._readings, []
        for reading in readings:
            with contextlib.suppress(StoreUnavailable):
                await reading.let_go()
        await self._sending.close()

    def authenticate(self, request: WebhookRequest) -> None:
        """See Channel.authenticate. Mail is fetched, so no request can be genuine."""
        raise BadSignature("E-mail takes no HTTP requests.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """See Channel.parse, and the module's own words on the headers."""
        return self._reader.read(raw)

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        return render.payloads(message)

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        try:
            receipt = await self._sending.send(payload, idempotency_key)
        except AuthFailed as error:
            self._status.report("the mail server does not let us send", what=_SENDING, said=error.detail)
            raise
        except Unreachable as error:
            self._status.report("the mail server cannot be reached", what=_SENDING, said=error.detail)
            raise
        self._status.clear(_SENDING)
        return receipt

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        return await self._sending.outcome(payload, idempotency_key)

    async def write_to_staff(self, mail: StaffMail, *, idempotency_key: str) -> Receipt:
        return await self.send(self._to_staff(mail), idempotency_key=idempotency_key)

    async def written_to_staff(self, mail: StaffMail, *, idempotency_key: str) -> Receipt | None:
        return await self.outcome(self._to_staff(mail), idempotency_key=idempotency_key)

    def _to_staff(self, mail: StaffMail) -> WirePayload:
        if self._settings.staff is None:
            raise Rejected("STAFF_EMAIL is not set: there is nobody to write to.")
        return staff_payload(mail, self._settings.staff, self._tokens, self.account)

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        return await self._files.open(ref)

    def route_to(self, contact: ContactDetails, home: ConversationKey) -> ContactRoute | None:
        """See SupportsFollowUp. A thread of its own for each conversation and address; never to ourselves."""
        address = (contact.email or "").strip().lower()
        if not address or address == self.account:
            return None
        thread = self._tokens.new_thread(f"road {home} {address}")
        return ContactRoute(ConversationKey(CHANNEL, self.account, thread), address, contact.email or "")

    @property
    def alarm(self) -> str | None:
        return self._status.trouble

    async def diagnose(self) -> Sequence[Diagnosis]:
        return await examine(self._settings)
