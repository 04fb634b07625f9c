"""The responder over a language model: bounded in steps, tokens and time, and never silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.agent.agent_turn import AgentTurn
from core.agent.answer_gate import AnswerGate
from core.agent.approving import approval_reply, escalation_for
from core.agent.asking_back import ask_back
from core.agent.builtin_tools import escalation_tool, link_tool, search_tool
from core.agent.choosing import had_a_choice
from core.agent.consent import ActionCheck, Consent
from core.agent.conversation_texts import (
    asked_besides,
    escalation_reply,
    failure,
    fixed_reply,
    mention_unread,
    unread_note,
    worth_saying,
)
from core.agent.customer_facts import FACTS_LEAD, details_of, remembered, remembered_message
from core.agent.evidence import AnswerEvidence
from core.agent.files import files_of, newly_sent, speaks_of_file
from core.agent.followup_questions import completed
from core.agent.in_thread import run_in_thread
from core.agent.lookup import Lookup, file_sources, passages_for
from core.agent.memory import said_before
from core.agent.memory_tools import KEEPS, OWN_WORDS, memory_tools
from core.agent.phrases import Phrases
from core.agent.prompting import Speakers, opening_prompt, question_message, sources_message
from core.agent.questions import asks, split_questions
from core.agent.routing import Intent, Route, asked, route
from core.agent.sentences import sentences
from core.agent.settings import AgentSettings
from core.agent.sources import Source, Sources
from core.agent.texts import Texts, texts_for
from core.agent.ticket_questions import about_tickets
from core.agent.ticket_tools import ticket_tools
from core.agent.tool_runner import ToolRunner
from core.agent.tool_use import ToolUse
from core.agent.tools import Tool, ToolContext, by_name, overridden
from core.agent.turn_journal import TurnJournal
from core.agent.wording import phrase
from core.domain.approvals import BY_APPROVAL
from core.domain.choices import CLARIFY
from core.domain.customer import ContactDetails
from core.domain.errors import KnowledgeUnavailable, LostClaim, ModelError, StoreUnavailable
from core.domain.messages import MessageKind
from core.ports.chat_model import ChatMessage, ChatModel
from core.ports.clock import Clock
from core.ports.gaps import Likeness
from core.ports.journal import Journal
from core.ports.memories import Memories
from core.ports.responder import CHECKED_LITERALLY, CHECKED_META, TOOLS_FAILED_META, Reply, TurnEvents
from core.ports.retriever import Retriever
from core.ports.store import TurnState
from core.ports.tickets import Tickets
from core.ports.verifier import Verifier

logger = logging.getLogger(__name__)

_SAID_WITHOUT_MODEL = frozenset({Intent.NOTHING, Intent.FILE, Intent.CHOOSE_AGAIN, Intent.NONE_OF_THESE})
_TALK = frozenset({Intent.SMALL_TALK, Intent.DECLINED})
_TIME_TO_SAY = 0.1  # of a turn: when its calls have ended, the model says what became of them
_SEVERAL = 2  # questions: of several it is said which one has no answer
_PERSON = Phrases("person.person", "person.person_after_talk")


@dataclass(frozen=True, slots=True)
class _Job:
    """A turn with what was found out about it before the model was asked."""

    turn: TurnState
    turn_id: str
    way: Route
    texts: Texts
    events: TurnEvents


@dataclass(slots=True, eq=False)
class AgentLoop:
    """Implements Responder. ``tools`` are added to search_knowledge, escalate_to_human and those for ``tickets``.

    ``action_check``: finds out whether the customer asks for what a tool would change (see ``consent``).
    ``use``: what all turns share of how often tools are called. ``memories``: what is remembered of customers; without them
    nothing is. ``likeness``: compares what messages of their history mean.
    ``remote``: the tools of servers, which come and go; a tool of ours with the same name goes before them.
    ``verifier``: judges the sentences that code alone can neither prove nor refute; without one they are left out.
    """

    model: ChatModel
    retriever: Retriever
    journal: Journal
    settings: AgentSettings
    clock: Clock
    tools: Sequence[Tool] = ()
    tickets: Tickets | None = None
    verifier: Verifier | None = None
    action_check: ActionCheck | None = None
    use: ToolUse = field(default_factory=ToolUse)
    memories: Memories | None = None
    likeness: Likeness | None = None
    remote: Callable[[], Mapping[str, Tool]] = dict
    _lookup: Lookup = field(init=False)
    _every_tool: Mapping[str, Tool] = field(init=False)

    def __post_init__(self) -> None:
        self._lookup = Lookup(self.retriever, self.clock, self.settings)
        ours = ticket_tools(self.tickets, self.tools) if self.tickets is not None else ()
        links = (link_tool(),) if self.settings.links_identities else ()
        past = memory_tools(self.memories, self.likeness) if self.memories is not None else ()
        for_customers = () if self.settings.for_staff else (escalation_tool(), *links, *ours, *past)
        every = by_name((search_tool(self._lookup), *for_customers, *self.tools)).values()
        self._every_tool = by_name(overridden(every, self.settings.tool_overrides))

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder. Raises StoreUnavailable of the journal: the turn is tried again and resumes from what it holds."""
        texts = await run_in_thread(turn, texts_for, turn, self.settings.company_name)
        inside = self.settings.for_staff
        way = await run_in_thread(turn, route, turn, self.settings.escalation_keywords, for_staff=inside)
        if way.escalation is not None:
            return await self._escalation(_Job(turn, turn_id, way, texts, events))
        if way.intent in _SAID_WITHOUT_MODEL and (fixed := fixed_reply(way, texts)) is not None:
            return fixed
        reply = await self._within_time(_Job(_spelled_out(turn, way), turn_id, way, texts, events))
        return reply if inside else mention_unread(reply, newly_sent(turn, asked(turn)), texts)

    async def _escalation(self, job: _Job) -> Reply:
        """With the answer to what was asked besides; what was shown of it meanwhile is said by the reply itself."""
        reply = escalation_reply(job.way)
        rest = await run_in_thread(job.turn, asked_besides, job.turn, job.way)
        if rest is None:
            return reply
        also = await self._within_time(replace(job, turn=rest, way=Route(Intent.QUESTION)))
        said = worth_saying(also, _pending_text(rest), job.texts, job.way)
        if said is None or said.text != also.text:
            await job.events.discard()
        return replace(reply, besides=said)

    async def _within_time(self, job: _Job) -> Reply:
        """The answer, or an honest failure."""
        turn_id = job.turn_id
        try:
            async with asyncio.timeout(self.settings.turn_seconds) as limit:
                return await self._answer(job, limit.when() or 0.0)
        except (LostClaim, StoreUnavailable):
            raise
        except ModelError as error:
            logger.warning("model failed: %s", error.detail, extra={"turn_id": turn_id})
        except TimeoutError:
            logger.warning("turn out of time", extra={"turn_id": turn_id, "seconds": self.settings.turn_seconds})
        except Exception:
            logger.exception("agent failed", extra={"turn_id": turn_id})
        await job.events.discard()
        return failure(job.texts, "maybe_done" if await self._has_acted(job) else "failure")

    async def _has_acted(self, job: _Job) -> bool:
        """Whether the turn has begun what may have taken effect: whoever asks again would have it done twice."""
        journal, tools = await TurnJournal.open(self.journal, job.turn.claim, job.turn_id), self._tools_now()
        called = [tools.get(call.name) for call in journal.calls()]
        return any(tool is None or tool.effect for tool in called)

    def _tools_now(self) -> Mapping[str, Tool]:
        return {**self.remote(), **self._every_tool}

    async def _journal_of(self, job: _Job) -> TurnJournal:
        if job.turn.has_journal:
            return await TurnJournal.open(self.journal, job.turn.claim, job.turn_id)
        return TurnJournal(self.journal, job.turn.claim, job.turn_id)

    async def _answer(self, job: _Job, until: float) -> Reply:
        journal = await self._journal_of(job)
        given, unavailable = await self._gather(job, journal)
        own_tools = any(one.name not in KEEPS | OWN_WORDS for one in self.tools)
        needless = own_tools or self.remote() or about_tickets(_pending_text(job.turn))
        if unavailable and not given and not needless:
            return failure(job.texts, "unavailable")
        only_talk = job.way.intent is Intent.SMALL_TALK and not job.turn.history
        evidence = AnswerEvidence(Sources(), _pending_text(job.turn), said_before(job.turn), only_talk=only_talk)
        remembers = self.memories is not None and not self.settings.for_staff
        known = await run_in_thread(job.turn, remembered, job.turn) if remembers else {}
        if FACTS_LEAD in known:
            evidence.add_recalled(known[FACTS_LEAD])
            evidence.details = details_of(job.turn.customer.facts)
        gate = AnswerGate(
            evidence,
            job.events.text,
            job.events.sources,
            verifier=self.verifier,
            strictness=self.settings.strictness,
            until=until,
        )
        consent = Consent(job.turn, evidence.sources, self.action_check, known.values())
        runner = self._runner(job, journal, consent, until)
        agent = AgentTurn(self.model, self.settings, runner, gate, evidence)
        try:
            await agent.run(self._prompt(job, evidence.sources, given, known), given)
        finally:
            await gate.close()
        if consent.for_staff:
            if not gate.text:
                await job.events.discard()
            escalation = await escalation_for(job.turn, job.turn_id, consent.for_staff, self.tickets, agent.escalation)
            besides = await approval_reply(gate, job.texts, consent.for_staff, _noted(agent, gate))
            return Reply(
                "", MessageKind.NOTICE, escalation=escalation, confidence=1.0, intent=BY_APPROVAL, besides=besides
            )
        if agent.escalation is not None:
            await job.events.discard()
            return Reply("", MessageKind.NOTICE, escalation=agent.escalation, confidence=1.0, intent=Intent.PERSON)
        if agent.link is not None:
            gate.dropped = [unit for unit in gate.dropped if not unit.tells_of_deed]
        only_links = agent.link is not None and not gate.shown and not any(unit.is_loss for unit in gate.dropped)
        reply = _how_to_link(job) if only_links else await self._reply(job, gate, unavailable=unavailable)
        reply = await _asked_to_confirm(job, gate, consent, reply)
        return replace(reply, meta={**reply.meta, **_noted(agent, gate)}, link=agent.link)

    async def _asked_back(self, job: _Job) -> Reply | None:
        """Where the model has no answer and the knowledge something near; looked for again, so that it need not be kept."""
        if job.way.intent is not Intent.QUESTION or job.way.choices or self.settings.for_staff:
            return None
        texts = [message.text for message in asked(job.turn)]
        questions = await run_in_thread(job.turn, split_questions, texts, most=_SEVERAL)
        if len(questions) != 1 or speaks_of_file(questions[0], files_of(job.turn)):
            return None
        query = completed(questions[0], job.turn.history).query
        try:
            found = await self._lookup.find(query, wait=False)
        except KnowledgeUnavailable:
            return None
        return ask_back(found, query, job.turn.history, job.texts)

    def _prompt(
        self, job: _Job, sources: Sources, given: Sequence[Source], known: Mapping[str, str]
    ) -> list[ChatMessage]:
        """Small talk needs no sources, and no word of there being none."""
        messages = asked(job.turn)
        data = None if job.way.intent in _TALK else sources_message(sources, given, files_of(job.turn))
        speakers = Speakers(job.turn)
        question = question_message(speakers.number_messages(messages), self.settings.context_tokens // 3)
        history, answered = speakers.number_messages(job.turn.history), speakers.answered_number
        return opening_prompt(self.settings, history, data, question, answered, remembered_message(known))

    def _runner(self, job: _Job, journal: TurnJournal, consent: Consent, until: float) -> ToolRunner:
        conversation, customer, private = job.turn.conversation, job.turn.customer, job.turn.is_private
        if not private:
            customer = replace(customer, contact=ContactDetails())
        said = job.turn.pending[-1]
        context = ToolContext(conversation.id, customer, job.turn_id, "", conversation.locale, private, said)
        if (tickets := self.tickets) is not None:
            holder = context.holder
            context = replace(context, identities=lambda: tickets.identities(holder))
        most, ends = self.settings.max_parallel_tools, until - self.settings.turn_seconds * _TIME_TO_SAY
        return ToolRunner(self._tools_now(), journal, job.events, context, most, consent, self.use, ends)

    async def _gather(self, job: _Job, journal: TurnJournal) -> tuple[Sequence[Source], bool]:
        """The sources of the first prompt, the recorded ones after a crash, and whether the search was out of reach."""
        if journal.opening is not None:
            return journal.opening, False
        if job.way.intent is not Intent.QUESTION:
            return (), False
        texts = [message.text for message in asked(job.turn)]
        questions = await run_in_thread(job.turn, split_questions, texts, most=self.settings.max_questions)
        given = files_of(job.turn)
        files = (
            await asyncio.to_thread(file_sources, given, " ".join(texts), self.settings.file_tokens) if given else ()
        )
        if not questions:
            return files, False
        try:
            history = job.turn.history
            queries = [(await run_in_thread(job.turn, completed, question, history)).query for question in questions]
            queries = [one.query for one in job.way.choices] or queries
            meant = [one.passage for one in job.way.choices]
            return [*await passages_for(self._lookup, queries, self.settings.passages, meant=meant), *files], False
        except KnowledgeUnavailable:
            logger.warning("knowledge unavailable", extra={"turn_id": job.turn_id})
            return files, True

    async def _reply(self, job: _Job, gate: AnswerGate, *, unavailable: bool) -> Reply:
        """What passed the gate; our own words where nothing that was asked for did."""
        if not gate.shown:
            back = None if unavailable else await self._asked_back(job)
            return back or _instead(job, unavailable=unavailable)
        inside = self.settings.for_staff
        note = "" if inside else unread_note(newly_sent(job.turn, asked(job.turn)), job.texts)
        if note:
            await gate.note(note)
        return await _reply_of(gate, job.turn, job.texts, intent=job.way.talk or job.way.intent, noted=bool(note))


def _how_to_link(job: _Job) -> Reply:
    """Where the model says nothing besides: the turn says what becomes of the wish instead."""
    return Reply(job.texts.say("link_how"), MessageKind.SMALL_TALK, confidence=1.0, intent="link")


def _noted(agent: AgentTurn, gate: AnswerGate) -> dict[str, Any]:
    """What others want to know of the turn besides its answer."""
    found: dict[str, Any] = {"ticket": agent.tickets[-1]} if agent.tickets else {}
    found |= {CHECKED_META: CHECKED_LITERALLY} if gate.unchecked else {}
    return found | ({TOOLS_FAILED_META: sorted(agent.broken)} if agent.broken else {})


async def _asked_to_confirm(job: _Job, gate: AnswerGate, consent: Consent, reply: Reply) -> Reply:
    """The reply with the question whether an action is wanted, which the hub asks itself: a bare yes is consent to just that."""
    if consent.question is None:
        return reply
    if not gate.text:
        await job.events.discard()
    await gate.note(job.texts.say("confirm", action=consent.question))
    return Reply(gate.text, MessageKind.ANSWER, gate.citations, intent=CLARIFY, meta={**reply.meta, **consent.meta})


def _spelled_out(turn: TurnState, way: Route) -> TurnState:
    """What was chosen in words: the question that was asked first, in the customer's language, and what it was about."""
    if not way.choices:
        return turn
    text = "\n".join([way.choices[0].question, *(one.label for one in way.choices)])
    return replace(turn, pending=(replace(asked(turn)[-1], text=text),))


def _pending_text(turn: TurnState) -> str:
    return "\n".join(message.text for message in asked(turn))


def _instead(job: _Job, *, unavailable: bool) -> Reply:
    """An answer of which nothing is left is replaced by our own words."""
    fixed = fixed_reply(job.way, job.texts)
    if fixed is not None:
        return fixed
    if unavailable:
        return failure(job.texts, "unavailable")
    return Reply(job.texts.say("unknown"), MessageKind.UNKNOWN, offers_person=True, intent=Intent.QUESTION)


async def _reply_of(gate: AnswerGate, turn: TurnState, texts: Texts, *, intent: str, noted: bool) -> Reply:
    """The reply for what passed the gate. ``noted``: a note of ours on the customer's files stands behind it."""
    rests = any(unit.rests_on_evidence(had_results=gate.had_results) for unit in gate.shown)
    admits = not rests and any(unit.admits for unit in gate.shown)
    asks_back = not rests and any(unit.asks for unit in gate.shown)
    nothing = intent == Intent.QUESTION and not (rests or admits or asks_back)
    if nothing and any(unit.is_loss for unit in gate.dropped):
        await gate.note(texts.say("unknown"))
        admits = True
    elif asks_back and had_a_choice(turn.history):  # asked back twice over the same: a person is offered
        await gate.note(texts.say("offer"))
        admits = True
    elif noted and not _offers_person(gate.text):
        await gate.note(texts.say("offer"))
    offers = _offers_person(gate.text)
    if rests:
        confidence = max((citation.score for citation in gate.citations), default=1.0)
        return Reply(gate.text, MessageKind.ANSWER, gate.citations, confidence, offers_person=offers, intent=intent)
    if admits or (offers and asks_back) or (not asks_back and _asked_something(turn) and intent == Intent.QUESTION):
        return Reply(gate.text, MessageKind.UNKNOWN, gate.citations, offers_person=True, intent=Intent.QUESTION)
    if intent == Intent.QUESTION and asks_back:
        return Reply(gate.text, MessageKind.ANSWER, gate.citations, intent=CLARIFY, offers_person=offers)
    return Reply(gate.text, MessageKind.SMALL_TALK, gate.citations, 1.0, offers_person=offers, intent=intent)


def _offers_person(text: str) -> bool:
    """Whether a text asks the customer if they want a person, so that a bare yes is understood next time."""
    asked_for = (piece for piece in sentences(text) if piece.rstrip().rstrip("*_").endswith(("?", "؟", "？")))
    return any(_PERSON.are_in(phrase(question)) for question in asked_for)


def _asked_something(turn: TurnState) -> bool:
    return any(asks(piece) for message in asked(turn) for piece in sentences(message.text))
