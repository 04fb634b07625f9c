"""Calls that cannot be made from types alone: where the text stands inside what a platform or a document says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from urllib.parse import urlencode

import numpy as np
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion11
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from api.connections import readable
from api.redact import Redactor
from channels.addresses import is_within, parse_networks
from channels.email import automatic, charset, letter, mime, trust
from channels.email.address import Mailbox, mailboxes, sender
from channels.email.parse import Reader as MailReader
from channels.slack.parse import Reader as SlackReader
from channels.sms.parse import events as sms_events
from channels.telegram.addressing import Bot
from channels.telegram.parse import Reader as TelegramReader
from channels.web.parse import client_message
from channels.web.settings import WebLimits
from core.agent.answer_gate import AnswerGate
from core.agent.answer_layout import Shape
from core.agent.answer_unit import Quote
from core.agent.consent import Consent
from core.agent.evidence import AnswerEvidence
from core.agent.judged_unit import JudgedUnit
from core.agent.prompting import Speakers
from core.agent.sources import Source, Sources
from core.agent.tool_use import ToolUse
from core.agent.tools import ToolContext, ToolResult, make_tool
from core.agent.verifier import verification
from core.domain.customer import Customer
from core.domain.messages import Citation, RawEvent
from core.domain.personal_data import Placeholders
from core.llm.wire import EventReader
from core.ports.chat_model import ToolCall
from core.tools.openapi_document import operation, parsed_document
from knowledge.chunk.chunker import Chunker
from knowledge.convert.audience import refuse_further
from knowledge.convert.converter import Converter
from knowledge.convert.faq import faq_document
from knowledge.convert.openapi import openapi_document
from knowledge.convert.titles import choose_title
from knowledge.documents import Block, BlockKind, Document
from knowledge.search.build import build_words
from knowledge.search.corpus import PassageText
from tests.architecture.linear import desk_drivers, file_drivers
from tests.contract.responders.world import turn_of
from tests.unit.email_channel.fixture import SETTINGS, TOKENS, raw_of
from tests.unit.knowledge.wordpiece import WordPieceCounter
from tests.unit.slack_channel.fixture import NoNames

Call = Callable[[], object]
_AT = datetime(2024, 1, 1, tzinfo=UTC)
_SENDER = Mailbox("ann@example.com")
_NETWORKS = parse_networks(["10.0.0.0/8", "fd00::/8"])


def _raw(channel: str, account: str, body: object) -> RawEvent:
    return RawEvent(channel, account, json.dumps(body).encode(), received_at=_AT)


def _slack(text: str) -> Call:
    event = {"type": "message", "channel_type": "im", "channel": "D0ANNA001", "user": "U0ANNA001", "text": text}
    whole = {
        "type": "event_callback",
        "team_id": "T0ACME001",
        "event_id": "Ev1",
        "event": {**event, "ts": "1767225600.000100"},
    }
    raw = _raw("slack", "default", whole)
    return lambda: SlackReader("default", NoNames()).events(raw)


def _telegram(text: str) -> Call:
    chat, author = {"id": 5, "type": "private"}, {"id": 5, "is_bot": False, "first_name": "Ann"}
    message = {"message_id": 1, "date": 1704067200, "chat": chat, "from": author, "text": text}
    raw = _raw("telegram", "1", {"update_id": 1, "message": message})
    return lambda: TelegramReader(Bot(1, "acme_bot"), timedelta(days=2)).read(raw)


def _sms(text: str) -> Call:
    form = {"MessageSid": "SM1", "AccountSid": "AC1", "From": "+14155550100", "To": "+14155550101", "Body": text}
    raw = RawEvent("sms", "AC1", urlencode(form).encode(), received_at=_AT)
    return lambda: sms_events(raw)


def _frame(text: str) -> Call:
    return lambda: client_message({"content": text}, WebLimits(message_chars=10**9), text="content")


def _stream(text: str) -> Call:
    """A model's answer as it comes from the network: a long event in small pieces."""
    whole = b"data: " + json.dumps({"content": text}).encode() + b"\n\n"
    pieces = [whole[start : start + 1_000] for start in range(0, len(whole), 1_000)]

    def call() -> object:
        events = EventReader()
        return [events.feed(piece) for piece in pieces]

    return call


def _head(text: str) -> Call:
    """Of an HTTP request, with a byte in it that is no UTF-8."""
    headers = CIMultiDictProxy(CIMultiDict({"X-Name": f"\udcff{text}", text: "a"}))
    message = RawRequestMessage("GET", "/", HttpVersion11, headers, (), False, None, False, False, URL("/"))
    return lambda: readable(message)


def _file(suffix: str) -> Callable[[str], Call]:
    def prepare(text: str) -> Call:
        content = json.dumps({"a": text}) if suffix == ".json" else text
        return lambda: Converter().convert_content(PurePath(f"a{suffix}"), content.encode())

    return prepare


def _mail_bytes(text: str) -> bytes:
    line = " ".join(text.split())
    head = f"From: Ann <ann@example.com>\nTo: support@example.com\nSubject: {line}\nMessage-ID: <1@example.com>\n"
    head += f"Reply-To: {line}\nReferences: {line}\nAuthentication-Results: mx.example.com; {line}\n"
    return f"{head}Date: Mon, 01 Jan 2024 00:00:00 +0000\nContent-Type: text/plain; charset=utf-8\n\n{text}\n".encode()


def _from_server(body: bytes) -> bytes:
    return body.replace(b"Ann <ann@example.com>", b"mailer-daemon@example.com", 1)


def _of_mail(read: Callable[[bytes], object]) -> Callable[[str], Call]:
    def prepare(text: str) -> Call:
        body = _mail_bytes(text)
        return lambda: read(body)

    return prepare


def _evidence(text: str) -> AnswerEvidence:
    sources = Sources()
    sources.add(Source(Citation("1", "A", text, "a", 1.0), text))
    evidence = AnswerEvidence(sources, text, [text])
    evidence.add_result("order", text, text)
    evidence.add_recalled(text)
    return evidence


def _gate(text: str) -> Call:
    """The whole text at once, as after a crash; then what is left over."""

    async def nothing(_: object) -> None:
        pass

    async def pass_through() -> None:
        sources = Sources()
        sources.add(Source(Citation("1", "A", "Our office is in Bonn.", "a", 1.0), "Our office is in Bonn."))
        gate = AnswerGate(AnswerEvidence(sources, "Where are you?"), nothing, nothing)
        await gate.feed(text)
        await gate.finish()

    return lambda: asyncio.run(pass_through())


def _judged(text: str) -> Call:
    """Read anew each time, since what was read of the evidence is kept."""

    def judge() -> None:
        evidence = _evidence(text)
        evidence.judge(text, [Quote(1, text)])
        evidence.is_near(text, ())
        evidence.closest(text)
        evidence.shows_deed(text)

    return judge


def _wanted(text: str) -> Call:
    """What a customer wrote, what was found and what a call holds are all of it."""

    async def refuse() -> None:
        sources = Sources()
        sources.add(Source(Citation("1", "A", text, "a", 1.0), text))
        consent = Consent(turn_of(text), sources)
        consent.add_result(text)
        call = ToolCall("1", "look", json.dumps({"text": text}))
        await consent.refusal(_TOOL, call)
        consent.hold(call)

    return lambda: asyncio.run(refuse())


def _kept(text: str) -> Call:
    """What the model sends to a tool with a cache."""
    context = ToolContext("c1", Customer("cu1", "cu1"), "t1", "")

    def keep() -> None:
        use, arguments = ToolUse(), json.dumps({"text": text, text[:9]: [text]})
        use.keep(_CACHED, context, arguments, ToolResult("seen"), 0)
        assert use.recall(_CACHED, context, arguments) is not None

    return keep


def _change(text: str) -> str:
    """Change something."""
    return text


_TOOL = make_tool(_change, effect=True)
_CACHED = make_tool(_change, effect=False, cache=60)


def _batch(text: str) -> Call:
    units = [JudgedUnit("", text, text, Shape.SENTENCE, (1,))]
    return lambda: verification(units, _evidence(text))


def _numbered(text: str) -> Call:
    """Of two customers, each of whom is called by the whole text as well."""
    turn = turn_of(text)
    said = [replace(one, author_name=text) for one in turn.pending]
    several = Speakers(replace(turn, history=(replace(said[0], customer_id="another"),)))
    return lambda: several.number_messages(said)


def _chunks(kind: BlockKind) -> Callable[[str], Call]:
    def prepare(text: str) -> Call:
        document = Document("A title", (Block(kind, text),))
        return lambda: Chunker(WordPieceCounter(), 64).chunks(document)

    return prepare


def _words(text: str) -> Call:
    return lambda: build_words([PassageText("A title", None, text)], np.zeros(1, dtype=np.int32))


def _asked(text: str) -> Call:
    index = build_words([PassageText("A title", None, "A few words of ours.")], np.zeros(1, dtype=np.int32))
    return lambda: (index.scores(text), index.named(text), index.unknown(text), index.mended(text, lambda word: False))


def _faq(text: str) -> Call:
    """A file that was parsed already: one entry that is too long, and as many short ones as the text has lines."""
    entries = [{"question": text, "answer": text}, *({"question": line, "answer": line} for line in text.split("\n"))]
    content = json.dumps(entries)
    return lambda: faq_document(entries, content, title="A title")


def _operation(text: str) -> dict[str, object]:
    get = {"summary": text, "description": text, "parameters": [{"name": text, "in": "query", "description": text}]}
    return {"openapi": "3.0.0", "info": {"title": text, "description": text}, "paths": {"/a": {"get": get}}}


def _tool_document(text: str) -> Call:
    """As a document is read that has the text in each place that is looked at."""
    parameter = {"name": text, "in": "query", "description": text, "schema": {"enum": [text]}}
    body = {"content": {"application/json": {"schema": _schema(text)}}}
    post = {"operationId": "post", "summary": text, "parameters": [parameter], "requestBody": body}
    data = json.dumps({"openapi": "3.0.0", "paths": {"/a": {"post": post}}}).encode()
    return lambda: operation(parsed_document(data), "post")


def _schema(text: str) -> dict[str, object]:
    return {"description": text, "enum": [text], "properties": {text: {"description": text}}, "required": [text]}


DRIVERS: Mapping[str, Callable[[str], Call]] = {
    **desk_drivers.DRIVERS,
    **file_drivers.DRIVERS,
    "api.connections:readable": _head,
    "api.redact:Redactor.text": lambda text: lambda: Redactor(("hunter22",)).text(text),
    "channels.slack.parse:Reader.events": _slack,
    "core.llm.wire:EventReader.feed": _stream,
    "channels.telegram.parse:Reader.read": _telegram,
    "channels.sms.parse:events": _sms,
    "channels.addresses:is_within": lambda text: lambda: is_within(text, _NETWORKS),
    "channels.web.parse:client_message": _frame,
    "channels.email.address:mailboxes": _of_mail(lambda body: mailboxes(mime.opened(body), "Reply-To")),
    "channels.email.address:sender": _of_mail(lambda body: sender(mime.opened(body), "help@example.com")),
    "channels.email.automatic:origin": _of_mail(lambda body: automatic.origin(mime.opened(body), _SENDER, "a@b.c")),
    "channels.email.automatic:speaker": _of_mail(lambda body: automatic.speaker(mime.opened(body), _SENDER)),
    "channels.email.charset:header": _of_mail(lambda body: charset.header(mime.opened(body), "Subject")),
    "channels.email.letter:read": _of_mail(lambda body: letter.read(body, SETTINGS.rules)),
    "channels.email.letter:read of a report": _of_mail(lambda body: letter.read(_from_server(body), SETTINGS.rules)),
    "channels.email.parse:Reader.read": _of_mail(lambda body: MailReader(SETTINGS, TOKENS).read(raw_of(body))),
    "channels.email.tokens:Tokens.thread_of": lambda text: lambda: TOKENS.thread_of(text),
    "channels.email.trust:verdicts": _of_mail(lambda body: trust.verdicts(mime.opened(body), "mx.example.com")),
    "core.agent.answer_gate:AnswerGate.feed": _gate,
    "core.domain.personal_data:Placeholders.mask": lambda text: lambda: Placeholders(text).mask(text),
    "core.domain.personal_data:Placeholders.restore": lambda text: lambda: Placeholders().restore(text),
    "core.agent.prompting:Speakers.number_messages": _numbered,
    "core.agent.verifier:verification": _batch,
    "core.agent.consent:Consent.refusal": _wanted,
    "core.agent.evidence:AnswerEvidence.judge": _judged,
    "core.agent.tool_use:ToolUse.keep": _kept,
    "core.tools.openapi_document:operation": _tool_document,
    "knowledge.chunk.chunker:Chunker.chunks": _chunks(BlockKind.TEXT),
    "knowledge.chunk.chunker:Chunker.chunks of a table": _chunks(BlockKind.TABLE),
    "knowledge.convert.audience:refuse_further": lambda text: lambda: refuse_further(f"audience\n{text}"),
    **{
        f"knowledge.convert.converter:Converter.convert_content of {suffix}": _file(suffix)
        for suffix in (".txt", ".md", ".csv", ".json")
    },
    "knowledge.convert.faq:faq_document": _faq,
    "knowledge.convert.openapi:openapi_document": lambda text: lambda: openapi_document(_operation(text)),
    "knowledge.convert.titles:choose_title": lambda text: lambda: choose_title(text, path=Path("a.md")),
    "knowledge.search.build:build_words": _words,
    "knowledge.search.words:WordIndex.scores": _asked,
}
"""By the function's name: makes a call on a text. What follows a space after the name says which of several it is."""
