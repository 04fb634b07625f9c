"""Claims conversations that have work and runs their turns: serial inside a conversation, parallel across."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import structlog

from core.delivery import DeliveryService
from core.domain.conversation import OwnershipState
from core.domain.correlation import correlated
from core.domain.delivery import backoff
from core.domain.errors import LostClaim, NotYet, StoreUnavailable, Superseded
from core.domain.messages import Audience
from core.end_tasks import end_tasks
from core.group_commit import GroupCommit
from core.ports.metrics import Counter, Gauge, Metrics, Timing
from core.ports.outcomes import AnswerGiven
from core.ports.store import MANY_ATTEMPTS, Claim, Finished, TurnOutcome, Turns, TurnState
from core.ports.wake import INBOX, OUTBOX, WIDGET, Wake
from core.stream import ADDITIONS, Additions
from core.turn import Turn

log = structlog.get_logger(__name__)

_MOST_RESTARTED = 1_000


@dataclass(frozen=True, slots=True)
class DispatcherSettings:
    """Seconds. ``lease``: a worker that dies is replaced that much later. ``poll``: how long a lost wake may cost.

    ``gather``: the rest after a claim that brought work, so that under load the next one is a batch, not a message.
    ``max_attempts``: how often a turn may fail in a row, and ``max_losses``: how often it may lose its lease, before the customer
    is told that there is no answer. A worker loses leases when it dies, is frozen, or computes for so long that no heartbeat
    comes through; the next claim tells the customer then, before the responder runs.
    """

    concurrency: int = 64
    lease: float = 5.0
    poll: float = 0.5
    gather: float = 0.004
    history: int = 60
    max_attempts: int = 3
    max_losses: int = MANY_ATTEMPTS
    retry_first: float = 1.0


class _AtWork(NamedTuple):
    claim: Claim
    task: asyncio.Task[None]
    additions: Additions


class Dispatcher:
    """One per worker process. Killed on any line, its conversations are claimed by others when their leases end."""

    def __init__(
        self,
        turns: Turns,
        turn: Turn,
        wake: Wake,
        metrics: Metrics,
        settings: DispatcherSettings,
        *,
        lanes: DeliveryService | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._turns = turns
        self._lanes = lanes
        self._turn = turn
        self._wake = wake
        self._metrics = metrics
        self._settings = settings
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._finish: GroupCommit[TurnOutcome, Finished] = GroupCommit(self._finish_batch)
        self._active: dict[str, _AtWork] = {}
        self._ending: set[Claim] = set()
        """Claims whose turns are committing, or giving the claim back: not to be cancelled, nor called lost."""
        self._restarted: dict[str, int] = {}
        self._slot_free = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._claiming = asyncio.Lock()

    async def start(self) -> None:
        """Begin to claim."""
        loops = self._claim_loop(), self._heartbeat_loop(), self._tell_loop()
        self._loops = [asyncio.create_task(one) for one in loops]

    async def stop(self, grace: float = 20.0) -> None:
        """Claim nothing more, let running turns end within ``grace`` seconds, give the others back untouched."""
        loops, self._loops = self._loops, []
        if not loops:
            return
        claiming, heartbeat, telling = loops
        async with self._claiming:  # a claim that the database may have granted is never cut off
            claiming.cancel()
        await end_tasks(claiming)
        running = [one.task for one in self._active.values()]
        if running:
            await asyncio.wait(running, timeout=grace)
        left = list(self._active.values())
        await end_tasks(*(one.task for one in left))
        await end_tasks(heartbeat, telling)
        await self._finish.drain()
        if left:
            with contextlib.suppress(StoreUnavailable):
                await self._turns.release([one.claim for one in left])

    async def _claim_loop(self) -> None:
        wakes = self._wake.subscribe(INBOX)
        failures = 0
        try:
            while True:
                free = self._settings.concurrency - len(self._active)
                if free <= 0:
                    self._slot_free.clear()
                    await self._slot_free.wait()
                    continue
                try:
                    begun = await self._claim(free)
                    failures = 0
                except Exception as error:  # never let the claim loop die
                    failures += 1
                    _log_failure(error)
                    await asyncio.sleep(backoff(failures, self._rng, first=0.2, cap=5.0))
                    continue
                if begun:
                    await asyncio.sleep(self._settings.gather)
                if begun < free:
                    await wakes.wait(self._settings.poll)
        finally:
            wakes.close()

    async def _tell_loop(self) -> None:
        """Tell turns at work what is added, also while there is no room for further turns."""
        wakes = self._wake.subscribe(INBOX)
        try:
            while True:
                for key in await wakes.wait(self._settings.lease):
                    conversation_id, _, seq = key.partition("#")
                    if seq.isdecimal() and conversation_id in self._active:
                        self._active[conversation_id].additions.add(int(seq))
        finally:
            wakes.close()

    async def _claim(self, free: int) -> int:
        async with self._claiming:
            states = await self._turns.claim(free, self._settings.lease, history=self._settings.history)
            for state in states:
                done = self._restarted.pop(state.conversation.id, None)
                self._begin(replace(state, restarted=done == state.conversation.done_seq))
            return len(states)

    def _begin(self, state: TurnState) -> None:
        key = state.claim.conversation_id
        # A claim of a conversation that still runs here means that its lease was lost: the fence ends the older turn.
        # One that has just given its claim up itself only has to hear of it.
        if key in self._active:
            former = self._active[key]
            if former.claim not in self._ending and not former.task.cancelling():
                self._lost(former.claim)
                former.task.cancel()
        additions = Additions()
        task = asyncio.create_task(self._work(state, additions))
        self._active[key] = _AtWork(state.claim, task, additions)
        self._metrics.gauge(Gauge.TURNS_IN_PROGRESS, len(self._active))
        task.add_done_callback(lambda _task: self._end_turn(state.claim))

    def _end_turn(self, claim: Claim) -> None:
        held = self._active.get(claim.conversation_id)
        if held is not None and held.claim == claim:
            del self._active[claim.conversation_id]
        self._metrics.gauge(Gauge.TURNS_IN_PROGRESS, len(self._active))
        self._slot_free.set()

    async def _work(self, state: TurnState, additions: Additions) -> None:
        ADDITIONS.set(additions)
        correlation = state.pending[-1].meta.get("correlation_id") if state.pending else None
        loop = asyncio.get_running_loop()
        started = loop.time()
        with correlated(correlation):
            try:
                await self._commit(state, await self._outcome(state))
            except Superseded:
                await self._restart(state)
            except LostClaim:
                self._lost(state.claim)
            except NotYet as error:
                await self._give_back(state, error.seconds, error.detail, counts=False)
            except StoreUnavailable as error:
                log.warning("turn.store_unavailable", conversation=state.claim.conversation_id, error=error.detail)
                await self._postpone(state, error, counts=False)
            except Exception as error:
                log.exception(
                    "turn.failed", conversation=state.claim.conversation_id, attempt=state.conversation.attempts
                )
                await self._recover(state, error)
            finally:
                self._ending.discard(state.claim)
        self._metrics.observe(Timing.TURN, loop.time() - started, channel=state.conversation.key.channel)

    async def _outcome(self, state: TurnState) -> TurnOutcome:
        """A turn over which one worker after the other died is not given to this one as well.

        Where people wait for it, it is: after a pause that grows with each loss (``Turns.claim``), and operators are told.
        """
        if state.conversation.attempts >= MANY_ATTEMPTS and not _may_give_up(state):
            log.error(
                "turn.fails_again", conversation=state.claim.conversation_id, attempts=state.conversation.attempts
            )
        if state.pending and _may_give_up(state) and state.conversation.attempts >= self._settings.max_losses:
            log.error("turn.given_up", conversation=state.claim.conversation_id, attempts=state.conversation.attempts)
            return await self._turn.give_up(state)
        return await self._turn.run(state)

    async def _restart(self, state: TurnState) -> None:
        """What the turn answers has changed before anything was shown: give the claim back, to be claimed with all of it."""
        self._note_restart(state)
        self._ending.add(state.claim)
        try:
            await self._turns.release([state.claim])
        except StoreUnavailable:
            log.warning("turn.lease_left_to_expire", conversation=state.claim.conversation_id)
        else:
            self._wake.notify(INBOX)

    def _note_restart(self, state: TurnState) -> None:
        """Remember that this turn may begin anew, so that it does so once (again in a process that follows this one)."""
        if len(self._restarted) >= _MOST_RESTARTED:  # of those that other processes went on with
            self._restarted.clear()
        self._restarted[state.conversation.id] = state.conversation.done_seq

    async def _finish_batch(self, outcomes: Sequence[TurnOutcome]) -> Sequence[Finished]:
        """One commit, which hands over to lanes of this process what they can send at once."""
        offers = self._lanes.offers() if self._lanes is not None else ()
        finished = await self._turns.finish(outcomes, offers)
        if self._lanes is not None:
            self._lanes.take(offers, finished.taken)
            self._lanes.logged(finished.logged)
        if finished.waiting:
            self._wake.notify(OUTBOX)
        return finished

    async def _commit(self, state: TurnState, outcome: TurnOutcome) -> None:
        if outcome.outdated_beyond is not None:
            self._note_restart(state)  # before the commit, since it is claimed again at once after it
        self._ending.add(state.claim)
        finished = await self._finish.submit(outcome)
        if not finished.held:
            self._lost(outcome.claim)
            return
        if finished.outdated:
            self._wake.notify(INBOX)
            return
        if self._restarted.get(state.conversation.id) == state.conversation.done_seq:
            del self._restarted[state.conversation.id]
        for given in {one for one in outcome.cases if isinstance(one, AnswerGiven)}:
            answer, came = "first" if given.first else "next", "in_time" if given.in_time else "late"
            self._metrics.count(Counter.STAFF_ANSWERS, answer=answer, outcome=came)
        changed = [one.conversation.conversation_id for one in outcome.cross_writes if one.transition is not None]
        await self._end_overtaken(changed)
        for conversation_id in changed:
            self._wake.notify(WIDGET, conversation_id)
        if finished.pending:
            self._wake.notify(INBOX)

    def _lost(self, claim: Claim) -> None:
        self._metrics.count(Counter.TURNS_LOST)
        log.warning("turn.lost", conversation=claim.conversation_id, epoch=claim.epoch)

    async def _recover(self, state: TurnState, error: Exception) -> None:
        """Try again later; when that was done often enough, tell the customer honestly instead of staying silent.

        What a person is waiting for is tried until it arrives: the agent must not speak there, nor the message be dropped.
        """
        if state.conversation.attempts + 1 < self._settings.max_attempts or not _may_give_up(state):
            await self._postpone(state, error)
            return
        try:
            await self._commit(state, await self._turn.give_up(state))
        except Exception as failure:
            log.exception("turn.give_up_failed", conversation=state.claim.conversation_id)
            await self._postpone(state, failure)

    async def _postpone(self, state: TurnState, error: Exception, *, counts: bool = True) -> None:
        delay = backoff(state.conversation.attempts + 1, self._rng, first=self._settings.retry_first, cap=60.0)
        await self._give_back(state, delay, f"{type(error).__name__}: {error}", counts=counts)

    async def _give_back(self, state: TurnState, delay: float, reason: str, *, counts: bool) -> None:
        """Give the claim back, not to be claimed again for ``delay`` seconds."""
        self._ending.add(state.claim)
        try:
            held = await self._turns.postpone(state.claim, delay=delay, error=reason, counts=counts)
        except StoreUnavailable:
            log.warning("turn.lease_left_to_expire", conversation=state.claim.conversation_id)
        else:
            if not held:
                self._lost(state.claim)

    async def _heartbeat_loop(self) -> None:
        while True:
            await asyncio.sleep(self._settings.lease / 3)
            claims = [one.claim for one in self._active.values()]
            if not claims:
                continue
            try:
                held = await self._turns.extend(claims, self._settings.lease)
            except Exception as error:
                _log_failure(error)
                continue
            self._drop_lost(claims, held)

    async def _end_overtaken(self, conversations: Sequence[str]) -> None:
        """Turns that lost their claim to what was just committed stop now, not when the next heartbeat finds out."""
        claims = [self._active[one].claim for one in conversations if one in self._active]
        if claims:
            with contextlib.suppress(StoreUnavailable):
                self._drop_lost(claims, await self._turns.extend(claims, self._settings.lease))

    def _drop_lost(self, claims: Sequence[Claim], held: frozenset[str]) -> None:
        """Stop the turns whose claim another worker has. One that is committing finds that out from its commit."""
        for claim in claims:
            if claim.conversation_id in held or claim in self._ending:
                continue
            running = self._active.get(claim.conversation_id)
            if running is not None and running.claim == claim:
                self._lost(claim)
                running.task.cancel()


def _may_give_up(state: TurnState) -> bool:
    """Only where the agent speaks, and to a customer: also with what was written while a person resolved."""
    agents = state.conversation.state in (OwnershipState.BOT, OwnershipState.RESOLVED)
    return agents and state.conversation.audience is Audience.CUSTOMER


def _log_failure(error: Exception) -> None:
    if isinstance(error, StoreUnavailable):
        log.warning("dispatcher.store_unavailable", error=error.detail)
    else:
        log.error("dispatcher.failed", exc_info=error)
