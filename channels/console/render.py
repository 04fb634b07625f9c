"""An outbound message as lines on a terminal, its sources as footnotes. Pure."""

from __future__ import annotations

from channels.console.parse import harmless
from channels.markdown.parse import parse
from channels.markdown.plain import PlainDialect
from channels.markdown.write import write
from channels.split import split
from core.domain.messages import Author, Citation, OutboundMessage, WirePayload

_TERMINAL = PlainDialect(columns=80, code_indent="    ", rule_mark="—" * 20)
_SPEAKER = {Author.AGENT: "Agent", Author.STAFF: "Staff", Author.SYSTEM: "Switchboard", Author.CUSTOMER: "You"}


def payloads(message: OutboundMessage, limit: int) -> list[WirePayload]:
    """One block, or several for a text over the limit; the footnotes end the last one."""
    parts = split(plain(message.text), limit)
    handled = int(message.meta.get("handled_seq") or 0)
    rendered: list[WirePayload] = []
    for number, part in enumerate(parts):
        text = f"{speaker(message)}: {part}" if number == 0 else part
        last = number == len(parts) - 1
        if last:
            text = "\n".join([text, *footnotes(message)])
        rendered.append(
            WirePayload(message.conversation, {"text": text, "handled_seq": handled if last else 0}, number)
        )
    return rendered


def plain(markdown: str) -> str:
    """Markdown as a person reads it on a terminal: no marks, but the lists, the code and every link's address."""
    return harmless(write(parse(harmless(markdown)), _TERMINAL))


def speaker(message: OutboundMessage) -> str:
    """Who says it: the name where a person has one."""
    return harmless(message.author_name or "") or _SPEAKER[message.author]


def footnotes(message: OutboundMessage) -> list[str]:
    """The sources in the order of their numbers in the text, then the files."""
    notes = [f"  [{number}] {_place(citation)}" for number, citation in enumerate(message.citations, start=1)]
    notes += [f"  (file) {harmless(file.name)}, {file.size} bytes" for file in message.attachments]
    return notes


def _place(citation: Citation) -> str:
    where = [citation.title]
    if citation.section and citation.section != citation.title:
        where.append(citation.section)
    if citation.page is not None:
        where.append(f"page {citation.page}")
    return harmless(f"{', '.join(where)} ({citation.url or citation.source})").replace("\n", " ")
