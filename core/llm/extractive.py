"""The responder that needs no key and no model: it quotes the company's own words, or says that it does not know."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.agent.asking_back import ask_back, label_of
from core.agent.conversation_texts import (
    OUTAGE,
    asked_besides,
    echo,
    failure,
    fixed_reply,
    mention_unread,
    talk_reply,
    worth_saying,
)
from core.agent.excerpt import Match, opening, quote
from core.agent.files import (
    cite_file,
    files_of,
    newly_sent,
    readable,
    search_files,
    speaks_of_file,
    wants_summary,
)
from core.agent.fitting import fitting, topic_of
from core.agent.followup_questions import Completed, completed
from core.agent.in_thread import run_in_thread
from core.agent.language import packs, supported
from core.agent.lookup import Lookup
from core.agent.memory_wish import memory_reply
from core.agent.questions import split_questions
from core.agent.routing import Intent, Route, asked, route
from core.agent.sentences import sentences, without_markers
from core.agent.settings import AgentSettings
from core.agent.small_talk import all_small_talk
from core.agent.texts import Texts, texts_for
from core.agent.ticket_questions import about_tickets, none_at_all, tell_of_tickets
from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.choices import Choice
from core.domain.errors import HubError, KnowledgeUnavailable, LostClaim, StoreUnavailable
from core.domain.knowledge import Passage, Retrieval
from core.domain.messages import Citation, Message, MessageKind
from core.ports.clock import Clock
from core.ports.memories import Memories
from core.ports.responder import Reply, TurnEvents
from core.ports.retriever import Retriever
from core.ports.store import TurnState
from core.ports.tickets import Tickets

logger = logging.getLogger(__name__)

NAMED_FILE_COVERAGE = 0.4
UNNAMED_FILE_COVERAGE = 0.6
SAME_QUESTION = 0.72
"""The cosine from which a customer's question is taken to be the entry's own (measured on the sample's paraphrases)."""
_UNKNOWN = 0.3
"""The share of words that no document holds from which what goes on with a question is not answered from what it was about."""
_MOST_NAMED = 10  # questions of one turn that are answered or at least named
_VERDICT = re.compile(r"^\s*(?:yes|no|ja|nein|oui|non|sí|si|نعم|لا)(?:[.!،]\s+|,\s+)(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Part:
    """The answer to one question of the turn; without a citation it is an "I don't know".

    ``near``: what was found for ``query`` then, which may be worth asking back about.
    """

    lead: str
    text: str
    citation: Citation | None = None
    near: Retrieval | None = None
    query: str = ""


@dataclass(slots=True, eq=False)
class ExtractiveResponder:
    """Quotes the best passage with its source and abstains below the retrieval's threshold.

    Files come first when the message is about one (it was just sent, or is spoken of) and it covers the question; a file
    nobody spoke of only answers what the knowledge base cannot.
    """

    retriever: Retriever
    settings: AgentSettings
    clock: Clock
    tickets: Tickets | None = None
    memories: Memories | None = None
    _lookup: Lookup = field(init=False)

    def __post_init__(self) -> None:
        self._lookup = Lookup(self.retriever, self.clock, self.settings)

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        texts = await run_in_thread(turn, texts_for, turn, self.settings.company_name)
        inside = self.settings.for_staff
        way = await run_in_thread(turn, route, turn, self.settings.escalation_keywords, for_staff=inside)
        reply = await self._reply(turn, way, texts, turn_id)
        if not inside:
            reply = mention_unread(reply, newly_sent(turn, asked(turn)), texts)
        besides = await run_in_thread(turn, asked_besides, turn, way)
        if besides is not None:
            also = await self._reply(besides, Route(Intent.QUESTION), texts, turn_id)
            question = " ".join(message.text for message in besides.pending)
            reply = replace(reply, besides=_joined(reply.besides, worth_saying(also, question, texts, way)))
        if inside:
            reply = replace(reply, text=reply.text.removesuffix(texts.say("offer")).rstrip(), offers_person=False)
        if reply.escalation is None:
            await _stream(reply, events)
        return reply

    async def _reply(self, turn: TurnState, way: Route, texts: Texts, turn_id: str) -> Reply:
        try:
            if self.memories is not None and (wish := await memory_reply(self.memories, turn, texts)) is not None:
                return await self._with_rest(*wish, turn, texts, turn_id)
            return fixed_reply(way, texts) or await self._answer(turn, way, texts)
        except (LostClaim, StoreUnavailable):
            raise
        except KnowledgeUnavailable:
            logger.warning("knowledge unavailable", extra={"turn_id": turn_id})
            return failure(texts, "unavailable")
        except Exception:
            logger.exception("extractive responder failed", extra={"turn_id": turn_id})
            return failure(texts)

    async def _with_rest(
        self, told: Reply, rest: tuple[Message, ...], turn: TurnState, texts: Texts, turn_id: str
    ) -> Reply:
        """What is said of the customer's memory, and below it the answer to the turn's other messages."""
        if all_small_talk([one.text for one in rest]) or not rest:
            return told
        turn = replace(turn, pending=rest)
        way = await run_in_thread(turn, route, turn, self.settings.escalation_keywords)
        also = await self._reply(turn, way, texts, turn_id)
        if also.escalation is not None:
            return replace(also, besides=told)
        return replace(also, text=f"{told.text}\n\n{also.text}")

    async def _answer(self, turn: TurnState, way: Route, texts: Texts) -> Reply:
        if way.choices:
            return _compose([await self._chosen(choice, texts) for choice in way.choices], texts, way)
        messages = asked(turn)
        every = await run_in_thread(turn, split_questions, [m.text for m in messages], most=_MOST_NAMED)
        of_tickets = [one for one in every if about_tickets(one)]
        if self.tickets is not None and of_tickets:
            told = await tell_of_tickets(self.tickets, turn, of_tickets, texts)
            if told is not None:
                return await self._besides(told, [one for one in every if one not in of_tickets], turn, way, texts)
        questions, later = every[: self.settings.max_questions], every[self.settings.max_questions :]
        sent = tuple(file for file in newly_sent(turn, messages) if not (file.is_recording or file.is_missing))
        if sent and (not questions or any(map(wants_summary, questions))):
            return self._introduce(sent, texts, summary=bool(questions))
        if not questions:
            return Reply(texts.say("nothing_asked"), MessageKind.SMALL_TALK, intent=Intent.NOTHING)
        parts = [await self._part(question, turn, sent, texts) for question in questions]
        if len(every) == 1 and parts[0].near is not None and not self.settings.for_staff:
            instead = await self._instead(parts[0].near, parts[0].query, turn, texts)
            if instead is not None:
                return instead
        reply = _compose(parts, texts, way, later)
        return none_at_all(texts) if self.tickets and of_tickets == questions and not reply.citations else reply

    async def _instead(self, near: Retrieval, question: str, turn: TurnState, texts: Texts) -> Reply | None:
        """What is said in place of "I don't know": a word to talk, a question back, or the nearest passage's name."""
        if near.talk == OUTAGE:
            return await self._outage(near, texts)
        if near.talk is not None:
            return talk_reply(near.talk, texts)
        doubtful = _unsure(near)
        return ask_back(doubtful, question, turn.history, texts) or _nearest(doubtful, texts)

    async def _outage(self, found: Retrieval, texts: Texts) -> Reply:
        """With what the knowledge says of outages, where it says something."""
        spoken = supported(next(iter(found.languages), None)) or texts.language
        advice = await self._lookup.find(Texts(spoken, texts.company).say("outage_query"))
        reply = talk_reply(OUTAGE, texts)
        best = next(iter(advice.supported), None)
        if best is None:
            return reply
        shown = _compose([self._from_passage(best, best.title)], texts, None)
        text = f"{texts.say(OUTAGE)}\n\n{shown.text}\n\n{texts.say('offer')}"
        return replace(reply, text=text, kind=MessageKind.ANSWER, citations=shown.citations, confidence=best.score)

    async def _chosen(self, choice: Choice, texts: Texts) -> _Part:
        """From the passage that the customer said they mean, if it is still there."""
        found = await self._lookup.find(choice.query, meant=choice.passage)
        passage = next(iter(found.supported), None)
        if passage is None:
            return _Part("", echo(choice.label))
        return self._from_passage(passage, choice.query)

    async def _besides(self, told: Reply, questions: list[str], turn: TurnState, way: Route, texts: Texts) -> Reply:
        """What is said of tickets, and below it the answers to what else was asked."""
        if not questions:
            return told
        parts = [await self._part(one, turn, (), texts) for one in questions[: self.settings.max_questions]]
        rest = _compose(parts, texts, way)
        return replace(rest, text=f"{told.text}\n\n{rest.text}", kind=MessageKind.ANSWER, meta=told.meta)

    def _introduce(self, sent: tuple[Attachment, ...], texts: Texts, *, summary: bool) -> Reply:
        """A file without a question is acknowledged; asked what it is about, it is quoted from its beginning."""
        legible = readable(sent)
        if not legible:
            return Reply(_unread(sent[-1], texts), MessageKind.UNKNOWN, offers_person=True, intent="file")
        names = ", ".join(file.name for file in legible)
        if not summary:
            return Reply(texts.say("file_received", name=names), MessageKind.SMALL_TALK, intent="file")
        return _compose([self._summary(file, texts) for file in legible], texts, None)

    def _summary(self, file: Attachment, texts: Texts) -> _Part:
        shown = opening(file.text or "", limit=self.settings.quote_chars)
        return _Part(texts.say("file_quote", name=file.name), shown, cite_file(file, shown, 1.0))

    async def _part(self, question: str, turn: TurnState, sent: tuple[Attachment, ...], texts: Texts) -> _Part:
        files = files_of(turn)
        named = bool(sent) or speaks_of_file(question, files)
        legible = readable(files)
        if legible and named and wants_summary(question):
            return self._summary(legible[-1], texts)
        match = None
        if legible:
            match = await asyncio.to_thread(search_files, legible, question, limit=self.settings.quote_chars)
        if match and named and match[1].coverage >= NAMED_FILE_COVERAGE:
            return _from_file(*match, texts)
        whole = await run_in_thread(turn, completed, question, turn.history)
        found = await self._searched(question, whole, optional=match is not None)
        met = replace(found, passages=tuple(one for one in found.passages if whole.is_met_by(one.titled)))
        passage = None if found.talk else fitting(whole.query, met)
        if passage is not None:
            return self._from_passage(passage, whole.query)
        if match and match[1].coverage >= UNNAMED_FILE_COVERAGE:
            return _from_file(*match, texts)
        silent = _silent(question, sent, files if named else (), texts)
        return silent if silent.lead else replace(silent, near=found, query=whole.query)

    async def _searched(self, question: str, whole: Completed, *, optional: bool) -> Retrieval:
        """For the question with what it leans on. One that adds nothing to it is looked at by itself as well: "that did not
        help" asks nothing, and "does it speak Klingon?" asks what no document is about.
        """
        if whole.query == question or whole.adds:
            return await self._find(topic_of(whole.query), optional=optional)
        alone = await self._find(question, optional=optional)
        if alone.talk is not None:
            return alone
        found = await self._find(whole.query, optional=optional)
        return _unsure(found) if alone.unknown >= _UNKNOWN else found

    async def _find(self, question: str, *, optional: bool) -> Retrieval:
        """``optional``: a file may answer instead, so a knowledge base that is not there yet is not the end."""
        try:
            return await self._lookup.find(question)
        except HubError:
            if not optional:
                raise
            return Retrieval((), threshold=1.0)

    def _from_passage(self, passage: Passage, question: str) -> _Part:
        shown = passage.answer or quote(passage.content, question, limit=self.settings.quote_chars)
        if passage.score < SAME_QUESTION:
            shown = _without_verdict(shown)
        return _Part("", shown.strip(), passage.cite())


def _joined(first: Reply | None, second: Reply | None) -> Reply | None:
    """Two replies as one with both texts, and with the sources of the second."""
    if first is None or second is None:
        return first or second
    return replace(second, text=f"{first.text}\n\n{second.text}")


def _unsure(found: Retrieval) -> Retrieval:
    """The same where nothing is taken to be good enough to answer from."""
    best = max((one.score for one in found.passages), default=0.0)
    return replace(found, threshold=max(found.threshold, best + 0.001)) if found.supported else found


def _nearest(found: Retrieval, texts: Texts) -> Reply | None:
    """Names the one passage that may be meant, with its address where it has one; else the languages of the documents."""
    if not found.doubtful:
        return _in_other_language(found, texts)
    best = found.doubtful[0]
    title = label_of(best)
    link = f"[{title}]({best.url})" if best.url else f"“{title}”"
    text = texts.say("nearest", title=link)
    return Reply(text, MessageKind.UNKNOWN, offers_person=True, intent=Intent.QUESTION)


def _in_other_language(found: Retrieval, texts: Texts) -> Reply | None:
    """Says in which languages the knowledge is to a customer who writes another one."""
    if not found.languages or texts.language in found.languages:
        return None
    names = ", ".join(packs()[code].name if code in packs() else code for code in found.languages)
    text = f"{texts.say('documents_in', languages=names)} {texts.say('unknown')}"
    return Reply(text, MessageKind.UNKNOWN, offers_person=True, intent=Intent.QUESTION)


def _without_verdict(answer: str) -> str:
    """An answer to a neighbouring question without its "Yes." or "No.", which would be a lie to this one."""
    rest = _VERDICT.sub("", answer, count=1)
    return rest[:1].upper() + rest[1:] if rest else answer


def _from_file(file: Attachment, match: Match, texts: Texts) -> _Part:
    return _Part(texts.say("file_quote", name=file.name), match.text, cite_file(file, match.text, match.coverage))


def _silent(question: str, sent: tuple[Attachment, ...], files: tuple[Attachment, ...], texts: Texts) -> _Part:
    """Nothing found; where the question was about a file, says so of that file."""
    legible = readable(files)
    if sent and not readable(sent):
        return _Part("file", _unread(sent[-1], texts))
    if legible:
        return _Part("file", texts.say("file_silent", name=legible[-1].name))
    return _Part("", echo(question))


def _unread(file: Attachment, texts: Texts) -> str:
    """Why nothing is quoted from the file: it holds no text, or its turn to be read has not come."""
    name = "file_not_read_yet" if file.extraction is ExtractionStatus.PENDING else "file_unreadable"
    return texts.say(name, name=file.name)


def _compose(parts: list[_Part], texts: Texts, way: Route | None, later: Sequence[str] = ()) -> Reply:
    """One reply of all parts, with markers numbered in order; a single unknown is said by itself.

    ``later``: questions beyond those that are answered at once; the customer is told which.
    """
    intent = way.intent if way else "file"
    citations = tuple(dict.fromkeys(part.citation for part in parts if part.citation))
    if not citations and len(parts) == 1 and not later:
        text = parts[0].text if parts[0].lead else texts.say("unknown")
        return Reply(text, MessageKind.UNKNOWN, offers_person=True, intent=intent)
    blocks = list(dict.fromkeys(_block(part, citations, texts) for part in parts))
    if later:
        named = "\n".join(f"- {echo(question)}" for question in later)
        blocks.append(texts.say("too_many", most=len(parts), questions=f"\n\n{named}"))
    missing = any(part.citation is None for part in parts)
    if missing and not blocks[-1].endswith(("?", "؟")):
        blocks.append(texts.say("offer"))
    kind = MessageKind.ANSWER if citations else MessageKind.UNKNOWN
    confidence = min((citation.score for citation in citations), default=0.0)
    return Reply("\n\n".join(blocks), kind, citations, confidence, offers_person=missing, intent=intent)


def _block(part: _Part, citations: tuple[Citation, ...], texts: Texts) -> str:
    if part.citation is None:
        return part.text if part.lead else texts.say("unknown_part", question=part.text)
    quoted = _mark(part.text, citations.index(part.citation) + 1)
    return f"{part.lead}\n\n{quoted}" if part.lead else quoted


def _mark(text: str, number: int) -> str:
    """The marker behind the last word; below a table or a code block, where it would become part of it, on its own line."""
    text = without_markers(text.rstrip())
    last = text.rsplit("\n", 1)[-1].strip()
    apart = last.startswith(("|", "```", "~~~"))
    return f"{text}\n\n[{number}]" if apart else f"{text} [{number}]"


async def _stream(reply: Reply, events: TurnEvents) -> None:
    if reply.citations:
        await events.sources(reply.citations)
    for sentence in sentences(reply.text):
        await events.text(sentence)
