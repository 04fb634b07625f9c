"""One channel account's loop: claims its outbox rows, renders, sends, settles."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from typing import assert_never

import structlog

from core.delivery_attempt import Attempt, DeliveryHeartbeat, DeliverySettings, NotBegun, find_out_what_came, report
from core.delivery_pace import LanePace
from core.domain.correlation import correlated
from core.domain.delivery import DeliveryStatus, backoff
from core.domain.errors import (
    AuthFailed,
    ChannelError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    StoreUnavailable,
    TooEarly,
    Unreachable,
    Unsupported,
)
from core.domain.messages import Receipt, WirePayload
from core.end_tasks import end_tasks
from core.group_commit import GroupCommit
from core.ports.channel import Channel, SupportsEventLog, SupportsOutcomeQuery
from core.ports.clock import Clock
from core.ports.lanes import ClaimedDeliveries, LaneOffer, LaneStatus
from core.ports.metrics import Gauge, Metrics, Timing
from core.ports.store import Delivery, Outbox, Settlement
from core.ports.wake import OUTBOX, WIDGET, Wake

log = structlog.get_logger(__name__)

_SHORTEST_NAP, _LONGEST_NAP = 0.05, 5.0
_CUT_OFF = 1.0
"""Seconds for tasks that were cancelled to end."""


class Lane:
    """One channel account's loop. Killed on any line: a row is still ``due``, or ``sending`` and found after its lease."""

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        wake: Wake,
        clock: Clock,
        metrics: Metrics,
        settings: DeliverySettings,
        rng: random.Random,
    ) -> None:
        self._channel = channel
        self._outbox = outbox
        self._wake = wake
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._rng = rng
        self._pace = LanePace(channel, outbox, clock)
        self._settle: GroupCommit[Settlement, bool] = GroupCommit(self._settle_batch)
        self._active: set[asyncio.Task[None]] = set()
        self._heartbeat = DeliveryHeartbeat(outbox, settings.lease)
        self._heartbeat_task: asyncio.Task[None] | None = None
        self._unsettled: set[str] = set()
        self._slot_free = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._paused: str | None = None
        self._due_at: list[float] = []
        self._stopping = self._waits_for_pace = False
        self._loop_task: asyncio.Task[None] | None = None

    @property
    def status(self) -> LaneStatus:
        """Whether it is paused, and why."""
        return LaneStatus(self._channel.name, self._channel.account, self._paused)

    async def start(self) -> None:
        """Begin to deliver."""
        self._loop_task = asyncio.create_task(self._loop())
        if self._patience:
            self._heartbeat_task = asyncio.create_task(self._heartbeat.run())

    async def stop(self, grace: float) -> None:
        """What the last turns said is sent too, and what is being sent is settled; then claim nothing more.

        What cannot be brought to an end within ``grace`` is left to a successor, in doubt.
        """
        self._stopping = True
        try:
            async with asyncio.timeout(grace):
                await self._wind_down(grace)
        except TimeoutError:
            log.warning("delivery.stopped_in_doubt", channel=self._channel.name, deliveries=len(self._active))
        left = {*self._active, *(task for task in (self._loop_task, self._heartbeat_task) if task is not None)}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_CUT_OFF)

    async def _wind_down(self, grace: float) -> None:
        if self._loop_task is not None:
            async with self._claiming:  # a claim that the database may have granted is not cut off
                self._loop_task.cancel()
            await end_tasks(self._loop_task)
            await self._flush(grace / 2)
        if self._active:
            await asyncio.wait(self._active)
        await self._settle.drain()

    async def _flush(self, seconds: float) -> None:
        """The loop may have ended before it saw what was committed last; somebody may be waiting for just that."""
        now = asyncio.get_running_loop().time
        until = now() + seconds
        with contextlib.suppress(StoreUnavailable, TimeoutError):
            while self._paused is None:
                async with asyncio.timeout_at(until):
                    room = await self._room()
                claimed = await self._claim(room)
                if now() >= until or not (claimed or claimed.wait):
                    return
                await asyncio.sleep(min(claimed.wait, max(0.0, until - now())))
                if self._active:
                    await asyncio.wait(self._active, timeout=max(0.0, until - now()))

    async def _loop(self) -> None:
        wakes = self._wake.subscribe(OUTBOX)
        failures = 0
        try:
            while True:
                room = await self._room()
                try:
                    claimed = await self._claim(room)
                    failures = 0
                except Exception as error:  # never let the claim loop die
                    failures += 1
                    self._log_failure(error)
                    await asyncio.sleep(backoff(failures, self._rng, first=0.2, cap=5.0))
                    continue
                if self._paused is not None:
                    await self._probe()
                    continue
                if claimed:
                    await asyncio.sleep(self._settings.gather)
                if claimed.wait:
                    await asyncio.sleep(max(_SHORTEST_NAP, min(claimed.wait, _LONGEST_NAP)))
                elif len(claimed) < room:
                    await wakes.wait(self._until_due())
        finally:
            wakes.close()

    def _until_due(self) -> float:
        """Seconds to wait for news: no longer than until the next message may follow in a conversation that has one waiting."""
        now = self._clock.monotonic()
        return max(self._settings.gather, min([self._settings.poll, *(at - now for at in self._due_at)]))

    def offer(self) -> LaneOffer | None:
        """What it can begin now, for the commit of turns that is about to be made."""
        room = self._settings.concurrency - len(self._active)
        if self._loop_task is None or self._stopping or room <= 0 or self._unsettled or self._paused is not None:
            return None
        if self._waits_for_pace:  # older messages come first
            return None
        deadline = self._clock.monotonic() + self._settings.send_timeout
        pace = self._channel.capabilities.pace
        frames = self._channel.log_frames if isinstance(self._channel, SupportsEventLog) else None
        return LaneOffer(self._channel.name, self._channel.account, room, self._settings.lease, deadline, pace, frames)

    def _log_failure(self, error: Exception) -> None:
        if isinstance(error, StoreUnavailable):
            log.warning("delivery.store_unavailable", channel=self._channel.name, error=error.detail)
        else:
            log.error("delivery.claim_failed", channel=self._channel.name, exc_info=error)

    async def _claim(self, room: int) -> ClaimedDeliveries:
        now = self._clock.monotonic()
        self._due_at = [at for at in self._due_at if at > now]
        async with self._claiming:
            deadline, pace = now + self._settings.send_timeout, self._channel.capabilities.pace
            claimed = await self._outbox.claim_deliveries(
                self._channel.name, self._channel.account, room, self._settings.lease, pace
            )
            self._waits_for_pace = bool(claimed.wait)
            self._due_at += [self._clock.monotonic() + pause for pause in claimed.pauses]
            for conversation_id in claimed.withdrawn:
                self._wake.notify(WIDGET, conversation_id)
            for delivery in claimed:
                self.begin(delivery, deadline)
            return claimed

    async def _probe(self) -> None:
        """While the credentials do not work: see how the one message that was tried fared, and rest if it failed."""
        if self._active:
            await asyncio.wait(self._active)
        if self._paused is not None:
            await asyncio.sleep(self._settings.auth_retry)

    async def _room(self) -> int:
        """Free places, waiting for one if there is none; a paused lane tries one message at a time.

        While the database does not take how a send ended, nothing is claimed: it would be the same message, in doubt.
        """
        while (
            len(self._active) >= self._settings.concurrency
            or self._unsettled
            or (self._paused is not None and self._active)
        ):
            self._slot_free.clear()
            await self._slot_free.wait()
        return 1 if self._paused is not None else self._settings.concurrency - len(self._active)

    @property
    def _patience(self) -> float:
        """Seconds that one send may take, where the channel needs more than a lease leaves."""
        wanted = self._channel.capabilities.send_seconds or 0.0
        return wanted if wanted > self._settings.send_timeout else 0.0

    def begin(self, delivery: Delivery, deadline: float) -> None:
        """Send what was claimed, or taken by a commit of turns."""
        task = asyncio.create_task(self._deliver(delivery, deadline))
        self._active.add(task)
        if self._patience:
            self._heartbeat.begun(delivery, task)
        task.add_done_callback(self._active.discard)
        task.add_done_callback(lambda _: self._slot_free.set())

    async def _deliver(self, delivery: Delivery, deadline: float) -> None:
        with correlated(delivery.message.meta.get("correlation_id")):
            attempt = Attempt(delivery, deadline, doubt=delivery.uncertain)
            settlement = await self._attempt(attempt)
            report(self._metrics, self._channel.name, delivery, settlement)
            try:
                if attempt.pause is not None:
                    await self._pace.hold_back(attempt.pause, attempt.sending)
                if await self._record(settlement):
                    self._wake.notify(OUTBOX)
                if settlement.status == DeliveryStatus.WITHHELD:
                    self._wake.notify(WIDGET, delivery.conversation_id)
            except Exception:
                log.exception("delivery.left_in_doubt", delivery=delivery.id, channel=self._channel.name)

    async def _record(self, settlement: Settlement) -> bool:
        """How it ended is known only here, so the database is told until it listens, or has given the row away."""
        failures = 0
        try:
            while True:
                try:
                    return await self._settle.submit(settlement)
                except StoreUnavailable as error:
                    failures += 1
                    self._unsettled.add(settlement.delivery_id)
                    log.warning("delivery.unsettled", delivery=settlement.delivery_id, error=error.detail)
                    await asyncio.sleep(backoff(failures, self._rng, first=0.1, cap=1.0))
        finally:
            self._unsettled.discard(settlement.delivery_id)

    async def _attempt(self, attempt: Attempt) -> Settlement:
        try:
            payloads = self._channel.render(attempt.delivery.message)
            if attempt.delivery.owner_changed:
                return await find_out_what_came(self._channel, attempt, payloads, self._left(attempt))
            for part in range(attempt.delivery.parts_done, len(payloads)):
                attempt.receipts.append(await self._send(attempt, payloads[part], part))
        except ChannelError as error:
            return self._after_error(attempt, error)
        except Exception as error:
            log.exception("delivery.failed", delivery=attempt.delivery.id, channel=self._channel.name)
            return self._retry(attempt, f"{type(error).__name__}: {error}")
        attempt.authorised = True if attempt.delivery.lane_paused or self._paused is not None else None
        self._resumed()
        pause = attempt.pause_left(self._channel.capabilities.pace, self._clock.monotonic())
        return attempt.ended(DeliveryStatus.SENT, conversation_pause=pause)

    async def _send(self, attempt: Attempt, payload: WirePayload, part: int) -> Receipt:
        key = f"{attempt.delivery.id}:{part}"
        if attempt.doubt:
            found = await self._find_out(attempt, payload, key)
            if found is not None:
                return found
        if attempt.granted:
            attempt.granted -= 1
        else:
            await self._pace.next_call(lambda: self._left(attempt))
        await self._pace.kind_of_call(payload, lambda: self._left(attempt))
        attempt.sending = payload
        left = max(self._left(attempt), self._patience)
        attempt.began = self._clock.monotonic()
        try:
            async with asyncio.timeout(left):
                receipt = await self._channel.send(payload, idempotency_key=key)
        except ChannelError:
            raise
        except TimeoutError:
            raise OutcomeUnknown(f"No answer from {self._channel.name} within {left:.1f} s.") from None
        except Exception as error:
            log.exception("delivery.send_failed", delivery=attempt.delivery.id, channel=self._channel.name)
            raise OutcomeUnknown(f"{type(error).__name__} while sending: {error}") from error
        finally:
            self._metrics.observe(Timing.DELIVERY, self._clock.monotonic() - attempt.began, channel=self._channel.name)
        attempt.doubt = False  # an earlier try got no further than this part
        return receipt

    async def _find_out(self, attempt: Attempt, payload: WirePayload, key: str) -> Receipt | None:
        """What became of an earlier try. Where nobody can tell, it is sent again once, and marked. Raises OutcomeUnknown."""
        if self._channel.capabilities.idempotent_send:
            return None
        if isinstance(self._channel, SupportsOutcomeQuery):
            try:
                async with asyncio.timeout(max(self._left(attempt), self._patience)):
                    found = await self._channel.outcome(payload, idempotency_key=key)
            except OutcomeUnknown:
                pass
            except TimeoutError:
                raise Unreachable(f"{self._channel.name} did not say in time whether it has the message.") from None
            else:
                attempt.doubt = found is not None  # it got that far, and perhaps further
                return found
        if attempt.delivery.died_again:
            attempt.blind = True
            raise OutcomeUnknown("Whoever sent it again died over it.")
        try:
            ours = await self._outbox.mark_doubled(attempt.delivery.id, attempt.delivery.token)
        except StoreUnavailable as error:
            raise NotBegun(f"That it may come twice could not be kept: {error.detail}", wait=1.0) from error
        if not ours:
            raise NotBegun("Another worker has it by now.")
        self._left(attempt)
        attempt.blind = True
        return None

    def _left(self, attempt: Attempt) -> float:
        """Seconds for sending. Frozen or starved past its deadline, a worker may have a successor: it must not begin."""
        left = attempt.deadline - self._clock.monotonic()
        if left <= 0:
            raise NotBegun("The time to send ran out before sending began.")
        return left

    def _after_error(self, attempt: Attempt, error: ChannelError) -> Settlement:
        match error:
            case NotBegun(wait=wait) | TooEarly(seconds=wait):
                tried = bool(attempt.receipts)
                return attempt.ended(DeliveryStatus.DUE, error=error.detail, retry_after=wait, counts=tried)
            case RateLimited():
                attempt.pause = min(max(0.0, error.retry_after), self._settings.pause_cap)
                return self._retry(attempt, error.detail, wait=attempt.pause)
            case AuthFailed():
                self._pause(error)
                return self._retry(attempt, error.detail, wait=0.0)
            case OutcomeUnknown():
                return self._after_doubt(attempt, error)
            case Rejected() | Unsupported():
                return attempt.ended(DeliveryStatus.DEAD, error=error.detail)
            case Unreachable() | ChannelError():
                return self._retry(attempt, error.detail)
            case _:
                assert_never(error)

    def _after_doubt(self, attempt: Attempt, error: OutcomeUnknown) -> Settlement:
        if attempt.blind and not attempt.receipts:
            detail = f"{error.detail} Sent twice without an answer; the customer may have it twice, or not at all."
            return attempt.ended(DeliveryStatus.DEAD, error=detail)
        attempt.doubt = True
        return self._retry(attempt, error.detail)

    def _retry(self, attempt: Attempt, detail: str, *, wait: float | None = None) -> Settlement:
        """Lost credentials make no dead letters: a message waits as long as nobody can send, and gets its full time then."""
        delivery = attempt.delivery
        since = delivery.sendable_since
        age = (self._clock.now() - since).total_seconds() if since else 0.0
        if self._paused is not None or delivery.lane_paused:
            attempt.authorised = False
        elif age > self._settings.give_up_after:
            said = f"Gave up after {age / 3600:.0f} hours. Last error: {detail}"
            return attempt.ended(DeliveryStatus.DEAD, error=said)
        if wait is None:
            wait = backoff(delivery.attempt, self._rng, first=self._settings.retry_first, cap=self._settings.retry_cap)
        return attempt.ended(DeliveryStatus.DUE, error=detail, retry_after=wait)

    def _pause(self, error: AuthFailed) -> None:
        if self._paused is None:
            log.error("channel.paused", channel=self._channel.name, account=self._channel.account, error=error.detail)
        self._paused = error.detail
        self._metrics.gauge(Gauge.CHANNEL_UP, 0, channel=self._channel.name)

    def _resumed(self) -> None:
        if self._paused is not None:
            log.info("channel.resumed", channel=self._channel.name, account=self._channel.account)
            self._paused = None
        self._metrics.gauge(Gauge.CHANNEL_UP, 1, channel=self._channel.name)

    async def _settle_batch(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return [await self._outbox.settle(settlements)] + [False] * (len(settlements) - 1)
