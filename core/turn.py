"""One conversation's next step: the agent answers, or the desk is told. Decides; the dispatcher commits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from core.agent.asked import Asked, asked_of_us
from core.agent.in_thread import run_in_thread
from core.agent.questions import questions_besides
from core.agent.withdrawal import last_withdrawn, without_withdrawal
from core.domain.budget import spending
from core.domain.capabilities import Capabilities
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.errors import NotYet
from core.domain.experiments import arm_noted
from core.domain.gaps import Unanswered
from core.domain.messages import CAUTION, FOR_RECORD, Audience, CustomerAction, MessageKind
from core.linking import Linking
from core.looked_up import noting
from core.ports.channel import Channel, SupportsStreaming, SupportsTyping
from core.ports.clock import Clock
from core.ports.desk import Desk, DeskReply
from core.ports.metrics import Counter, Metrics, Timing
from core.ports.responder import Reply, Responder
from core.ports.store import Claim, Transition, TurnOutcome, TurnState
from core.stream import ProvisionalEvents, keep_typing
from core.turn_budgets import TurnBudgets
from core.turn_files import Prepare, TurnFiles
from core.turn_messages import (
    agent_message,
    answer_outcome,
    desk_outcome,
    last_handled,
    stamp_messages,
    turn_id,
    with_limit_told,
)
from core.turn_reading import (
    as_written,
    asks_for_a_person,
    from_the_new_start,
    is_doubted,
    may_only_rate,
    pressed_for_a_person,
    waits_by_own_wish,
    was_escalated_for_author,
    was_told_of_the_end,
    why_case_goes_on,
    with_gaps,
    with_ratings_apart,
    worded,
)

log = structlog.get_logger(__name__)

Rules = Callable[[TurnState, Reply | None], Escalation | None]
"""Why a person is needed although nobody asked for one; with None as the reply, before the agent has answered."""
_DESK_FULL_SECONDS = 600.0
"""After which it is tried again to bring a case to the desk that nothing is said about to its customer."""
_NO_CHANNEL = Capabilities(text_limit=0)
_ASKED = Escalation("The customer asked for a person.", requested_by="customer", causes={"asked": {}})


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """Seconds. ``timeout`` for a whole turn, model and tools included; past it the customer gets an honest failure.

    ``streaming``: answers are shown while they are written, where the channel can. ``typing_every``: how soon platforms
    forget that somebody is writing.
    """

    timeout: float = 120.0
    streaming: bool = True
    typing_every: float = 4.0


class Turn:
    """Runs a claimed turn. Its id is the same when it is run again after a crash, so the tool journal finds its place.

    With a ``clock`` it measures how long customers wait. ``prepare`` completes a turn's files (their text) before the
    responder sees them; ``failure`` words the honest message for a turn that cannot be completed. ``rules`` bring in a
    person although nobody asked for one. ``still_held`` raises LostClaim when somebody else has the conversation by now.
    ``sentiment``: how the customer sounds, which their answer says. ``budgets``: without them nothing is limited.
    ``linking``: of other addresses of the customer.
    """

    def __init__(
        self,
        responder: Responder,
        desk: Desk,
        channels: Mapping[str, Channel],
        metrics: Metrics,
        failure: Callable[[TurnState], Reply],
        prepare: Prepare | None = None,
        settings: TurnSettings | None = None,
        clock: Clock | None = None,
        rules: Rules | None = None,
        still_held: Callable[[Claim], Awaitable[None]] | None = None,
        sentiment: Callable[[TurnState], str | None] | None = None,
        budgets: TurnBudgets | None = None,
        linking: Linking | None = None,
    ) -> None:
        self._responder = responder
        self._desk = desk
        self._channels = channels
        self._metrics = metrics
        self._failure = failure
        self._files = TurnFiles(prepare)
        self._settings = settings or TurnSettings()
        self._clock = clock
        self._rules = rules
        self._still_held = still_held
        self._sentiment = sentiment
        self._budgets = budgets
        self._linking = linking
        # Once: asking whether an object implements a protocol is slow.
        self._typing = {name: one for name, one in channels.items() if isinstance(one, SupportsTyping)}
        self._streams = {name: one for name, one in channels.items() if isinstance(one, SupportsStreaming)}

    async def run(self, state: TurnState) -> TurnOutcome:
        """What to commit. Raises LostClaim when the conversation changed hands meanwhile."""
        self._observe_since_accept(Timing.QUEUE_WAIT, state)
        if state.conversation.audience is Audience.STAFF:
            return await self._desk.staff(state)
        if self._budgets is None:
            return await self._serve(state)
        with spending(self._budgets.spender(state)):
            return await self._serve(state)

    async def _serve(self, state: TurnState) -> TurnOutcome:
        state = as_written(with_ratings_apart(state), self._capabilities(state))
        outcome = await self._decided(state)
        return outcome if self._linking is None else self._linking.with_undone(state, outcome)

    async def _decided(self, state: TurnState) -> TurnOutcome:
        with_people = state.conversation.state in (OwnershipState.QUEUED, OwnershipState.STAFF)
        if with_people and (state.changes and not state.pending):
            return await self._relay(state)
        if not state.pending:
            done = last_handled(state) if state.changes else state.conversation.last_seq
            return TurnOutcome(state.claim, handled_seq=done)
        queued, read = state.conversation.state == OwnershipState.QUEUED, state.as_read()
        wanted = await run_in_thread(read, asked_of_us, read)
        unasked = wanted is Asked.NO
        if not unasked:
            state = await self._files.recordings(state)
        state, of_links = self._with_links_apart(state)
        read = state.as_read()
        if not of_links and (rated := await self._rated(state)) is not None:
            return rated
        may_end = queued and not unasked and waits_by_own_wish(state) and not is_doubted(state)
        if may_end and await run_in_thread(read, last_withdrawn, read.pending) is not None:
            return await self._take_back(state)
        if with_people and (unasked or not (queued and self._desk.leaves_to_agent(state))):
            return await self._relay(state)
        if unasked or all(message.meta.get(FOR_RECORD) for message in state.pending):
            return TurnOutcome(state.claim, handled_seq=last_handled(state))
        if cautions := dict.fromkeys(str(found) for message in state.pending if (found := message.meta.get(CAUTION))):
            return await self._escalate(
                state, Escalation(" ".join(cautions), requested_by="rule"), {"intent": "caution"}, quietly=True
            )
        if (flooded := self._flooded(state)) is not None:
            return flooded
        outcome = await self._answered(state, of_links=of_links, if_known=wanted is Asked.IF_KNOWN)
        contact = self._desk.contact(worded(state)) if queued else None
        return outcome if contact is None else replace(outcome, contact=contact)

    def _with_links_apart(self, state: TurnState) -> tuple[TurnState, bool]:
        """See Linking.apart. What comes while a person has the conversation is relayed as it is."""
        if self._linking is None or state.conversation.state is OwnershipState.STAFF:
            return state, False
        return self._linking.apart(state, signed=self._capabilities(state).event_log)

    async def _answered(self, state: TurnState, *, of_links: bool, if_known: bool) -> TurnOutcome:
        """By the agent, unless it is about the customer's own addresses."""
        if of_links and self._linking is not None:
            return self._linking.answer(state, signed=self._capabilities(state).event_log)
        return await self._with_sentiment(state, await self._ask_agent(state, if_known=if_known))

    def _flooded(self, state: TurnState) -> TurnOutcome | None:
        """More than is answered: it is kept, its sender is told once, and the model is not asked.

        A request for a person is passed on all the same while the desk takes more.
        """
        if self._budgets is None or not self._budgets.flooded(state):
            return None
        if asks_for_a_person(state.as_read()) and self._budgets.can_escalate(state):
            return None
        self._metrics.count(Counter.TURNS, kind="flooded")
        notice = self._budgets.flood_notice(state)
        return answer_outcome(state, *([] if notice is None else [notice]))

    async def _with_sentiment(self, state: TurnState, outcome: TurnOutcome) -> TurnOutcome:
        read = state.as_read()
        found = None if self._sentiment is None else await run_in_thread(read, self._sentiment, read)
        if found is None:
            return outcome
        said = (replace(one, meta={**one.meta, "sentiment": found}) for one in outcome.messages)
        return replace(outcome, messages=tuple(said))

    async def give_up(self, state: TurnState) -> TurnOutcome:
        """The outcome when the turn failed too often: said, not hidden, but for what asked for no answer."""
        state = with_ratings_apart(state)
        read, wanted = state.as_read(), Asked.YES
        with contextlib.suppress(Exception):  # it may be what the turn failed of
            wanted = await run_in_thread(read, asked_of_us, read)
        if wanted is not Asked.YES or any(message.action is CustomerAction.RATE for message in state.pending):
            return TurnOutcome(state.claim, handled_seq=last_handled(state))
        return answer_outcome(state, self._failure(state))

    async def _ask_agent(self, state: TurnState, *, if_known: bool = False) -> TurnOutcome:
        """Its answer, or a person: because one was asked for, or because the rules want one.

        ``if_known``: nothing is said, nor shown meanwhile, where the agent has no answer.
        """
        read = state.as_read()
        if pressed_for_a_person(read) and not questions_besides(read.pending):
            return await self._escalate(state, _ASKED, {"intent": "request_person"})
        theirs = read.with_history_of_author()
        asks = await run_in_thread(read, asks_for_a_person, read)
        needed = None if self._rules is None or asks else await run_in_thread(theirs, self._rules, theirs, None)
        if needed is not None:
            return await self._escalate(state, needed, {"intent": "rule"})
        try:
            reply, droppable = await self._respond(state, shown=not if_known)
        except NotYet:  # of a file, which whoever asks for a person must not wait for
            if not asks:
                raise
            return await self._escalate(state, _ASKED, {"intent": "request_person"})
        if if_known and reply.kind is not MessageKind.ANSWER and reply.escalation is None:
            return TurnOutcome(state.claim, handled_seq=last_handled(state))
        self._metrics.count(Counter.TURNS, kind=str(reply.kind))
        needed, besides = reply.escalation, reply.besides
        if needed is None:
            needed = await run_in_thread(read, why_case_goes_on, read, reply)
            if needed is None and self._rules is not None:
                needed = self._rules(theirs, reply)
            besides = replace(reply, offers_person=False) if reply.kind is MessageKind.ANSWER else None
        if needed is not None:
            told = {"intent": reply.intent, **arm_noted(reply.meta)}
            return await self._escalate(state, needed, told, besides=besides, gaps=reply.gaps)
        if reply.link is not None and self._linking is not None:
            return self._linking.ask(state, reply, signed=self._capabilities(state).event_log)
        return replace(answer_outcome(state, reply), outdated_beyond=state.conversation.last_seq if droppable else None)

    async def _rated(self, state: TurnState) -> TurnOutcome | None:
        """What only rates a case that was resolved, or thanks. What asks for anything is answered, whatever else it says.

        So is what says that the matter is not over: it would be thanked for as a comment, and nobody would come.
        """
        if state.pending[0].action is CustomerAction.RATE:
            return desk_outcome(state, await self._desk.rated(worded(state)) or DeskReply())
        if not was_told_of_the_end(state) or state.changes or is_doubted(state):
            return None
        read = state.as_read()
        if not was_escalated_for_author(state) or not await run_in_thread(read, may_only_rate, read):
            return None
        said = await self._desk.rated(worded(state))
        if said is None:
            return None
        self._metrics.count(Counter.TURNS, kind="rated")
        return desk_outcome(state, said)

    async def _take_back(self, state: TurnState) -> TurnOutcome:
        """Back to the agent, which answers what else was asked. A claim by staff meanwhile ends this turn's own claim."""
        asked = questions_besides(without_withdrawal(state.as_read().pending))
        reply, _ = await self._respond(replace(state, pending=asked, restarted=True)) if asked else (None, False)
        if reply is not None and reply.escalation is not None:
            return await self._relay(state)
        self._metrics.count(Counter.TURNS, kind="taken_back")
        said = [self._desk.taken_back_notice(worded(state))]
        if reply is not None:
            said.append(agent_message(reply))
        state, _ = await self._files.in_time(state)
        staff = await self._desk.taken_back(state, said)
        done = DeskReply((), self._desk.contact(worded(state)), staff, Transition(OwnershipEvent.WITHDRAW))
        gaps = reply.gaps if reply is not None else ()
        return replace(desk_outcome(state, done), messages=stamp_messages(state, said), gaps=gaps)

    async def _relay(self, state: TurnState) -> TurnOutcome:
        if self._budgets is not None and (wait := self._budgets.relay_wait(state)) > 0:
            raise NotYet("More than is relayed one by one: it is relayed together.", seconds=wait)
        state, owed = await self._files.in_time(state)
        said = await self._desk.relay(worded(state))
        self._metrics.count(Counter.TURNS, kind="relayed")
        return replace(desk_outcome(state, said), owes_files_of=owed)

    async def _respond(self, state: TurnState, *, shown: bool = True) -> tuple[Reply, bool]:
        """The reply, and whether it may still be dropped for one to what the customer adds. Raises Superseded.

        ``shown``: while it is written, and that it is.
        """
        whole = await self._files.all(state)
        state = from_the_new_start(whole.with_history_for_reader()).as_read()
        able = self._capabilities(state)
        events = ProvisionalEvents(
            self._streaming(state) if shown else None,
            state,
            turn_id(state),
            first_text=lambda: self._observe_since_accept(Timing.FIRST_ANSWER, state),
            metrics=self._metrics,
            still_held=None if able.fences_stream or able.event_log else self._still_held,
            every=able.stream_every,
            after=able.stream_after,
            restartable=state.is_private and not state.restarted,
            tells_rest=not able.event_log,
        )
        typing = self._keep_typing(state) if shown else None
        try:
            if shown:
                await events.typing()
            async with events.within(self._settings.timeout):
                with noting() as notes:
                    reply = await self._responder.respond(state, turn_id(state), events)
                    reply = with_limit_told(whole, with_gaps(state, reply, notes))
        except TimeoutError:
            log.warning("turn.timed_out", conversation=state.conversation.id, seconds=self._settings.timeout)
            return self._failure(state), False
        finally:
            if typing is not None:
                typing.cancel()
            await events.close()
        events.raise_superseded()
        return reply, events.restartable

    def _keep_typing(self, state: TurnState) -> asyncio.Task[None] | None:
        """Show "is typing", on a channel that cannot show an answer while it is written."""
        channel = self._typing.get(state.conversation.key.channel)
        if channel is None or self._streaming(state) is not None:
            return None
        return asyncio.create_task(keep_typing(channel, state.conversation.key, self._settings.typing_every))

    def _observe_since_accept(self, timing: Timing, state: TurnState) -> None:
        if self._clock is not None and state.pending:
            waited = (self._clock.now() - state.pending[0].created_at).total_seconds()
            self._metrics.observe(timing, max(0.0, waited), channel=state.conversation.key.channel)

    def _capabilities(self, state: TurnState) -> Capabilities:
        """Of the conversation's channel; none where that is not set up any more."""
        channel = self._channels.get(state.conversation.key.channel)
        return channel.capabilities if channel is not None else _NO_CHANNEL

    def _streaming(self, state: TurnState) -> SupportsStreaming | None:
        return self._streams.get(state.conversation.key.channel) if self._settings.streaming else None

    async def _escalate(
        self,
        state: TurnState,
        escalation: Escalation,
        noted: Mapping[str, object],
        *,
        besides: Reply | None = None,
        quietly: bool = False,
        gaps: tuple[Unanswered, ...] = (),
    ) -> TurnOutcome:
        if state.conversation.state is OwnershipState.QUEUED:
            return await self._still_waits(state, besides, gaps, quietly=quietly)
        if self._budgets is not None and (wait := self._budgets.escalation_wait(state)) > 0:
            if quietly:
                raise NotYet("The desk is given no more cases this hour.", seconds=min(wait, _DESK_FULL_SECONDS))
            said_now = self._budgets.desk_full(state, wait)
            # An answer with something to approve says that staff will look at it, which is not so.
            answers = [] if besides is None or escalation.approvals else [besides]
            return replace(answer_outcome(state, *answers, said_now), gaps=gaps)
        self._metrics.count(Counter.ESCALATIONS)
        state, owed = await self._files.in_time(state)
        written = worded(state)
        notice = await self._desk.with_ticket(written, self._desk.transfer_notice(written))
        meta = {**notice.meta, "requires_escalation": True, "confidence": 1.0, **noted}
        said = [replace(notice, meta=meta)]
        if besides is not None:
            said.insert(0, agent_message(besides))
        if quietly:
            said.clear()
        staff = await self._desk.opened(state, escalation, said)
        escalated = Transition(OwnershipEvent.ESCALATE, escalation=escalation)
        outcome = desk_outcome(state, DeskReply((), self._desk.contact(written), staff, escalated))
        return replace(outcome, messages=stamp_messages(state, said), gaps=gaps, owes_files_of=owed)

    async def _still_waits(
        self, state: TurnState, besides: Reply | None, gaps: tuple[Unanswered, ...], *, quietly: bool
    ) -> TurnOutcome:
        """A person was asked for before, and nobody is there: the request stays as it is, and the customer is told so."""
        said = DeskReply() if quietly else await self._desk.relay(worded(state))
        messages = [*([] if besides is None else [agent_message(besides)]), *said.messages]
        outcome = desk_outcome(state, replace(said, messages=()))
        return replace(outcome, messages=stamp_messages(state, messages), gaps=gaps)
