"""Until when staff should have answered a case: its timer runs within the hours, and stands still while the case is paused.

Pure. One timer carries the target of the first answer, or of the next one. It stays when the target was missed, until staff
answer: so it is known whether the answer came in time, and what the customer writes meanwhile sets no other target.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from core.domain.timers import Timer, TimerKind
from core.ports.outcomes import AnswerGiven, CaseRecord, ClearTimers, SetTimer
from handoff.settings import HandoffSettings

SOON, MISSED = "staff_answer_soon", "staff_answer_missed"
WARNS_AT = 0.8
"""The share of a target's time after which staff are warned."""
_FOR_EVER = 3650 * 24 * 3600.0
_NEXT = 4
"""What is added to the stage of a timer that carries the target of a next answer."""


_WARNS, _MISSES, _WAS_MISSED, _PAUSED = range(_NEXT)
"""The stages of a timer: what it does next, or what came of it."""


class DueAnswers:
    """Of the cases to which these settings apply. ``now``: the moment at which it is decided."""

    def __init__(self, settings: HandoffSettings, now: datetime) -> None:
        self._settings = settings
        self._now = now

    def begin(self, case_id: str, *, first: bool = False, paused: bool = False) -> tuple[SetTimer, ...]:
        """The customer waits for an answer, and may have been waiting already."""
        return self._set(case_id, self._target(first=first), first=first, paused=paused, keep=True)

    def answered(
        self, case_id: str, at: datetime | None, timer: Timer | None, *, paused: bool
    ) -> tuple[CaseRecord, ...]:
        """Staff have answered what the customer had written until ``at``. ``timer``: the case's, as it is."""
        if timer is None:
            return ()
        again = next(iter(self._set(case_id, self._target(first=False), first=False, paused=paused)), None)
        given = AnswerGiven(case_id, first=timer.stage < _NEXT, in_time=timer.stage % _NEXT != _WAS_MISSED)
        return ClearTimers(case_id, (TimerKind.ANSWER,), at, again), given

    def pause(self, timer: Timer | None) -> tuple[CaseRecord, ...]:
        """The case waits for the customer or for somebody else. What is left of the time is kept with the timer."""
        if timer is None or timer.stage % _NEXT in (_WAS_MISSED, _PAUSED):
            return ()
        begun, seconds = self._counted(timer)
        left = max(0.0, seconds - self._open_between(begun, self._now))
        return self._set(timer.case_id, left, first=timer.stage < _NEXT, paused=True)

    def resume(self, timer: Timer | None) -> tuple[CaseRecord, ...]:
        """The case is open again."""
        if timer is None or timer.stage % _NEXT != _PAUSED:
            return ()
        return self._set(timer.case_id, self._counted(timer)[1], first=timer.stage < _NEXT)

    def due(self, timer: Timer) -> tuple[tuple[SetTimer, ...], str | None, float]:
        """How the timer goes on, what staff read by the text's name, and the seconds in that: staff are warned, and later told
        that the target was missed, each once.
        """
        step, (begun, seconds) = timer.stage % _NEXT, self._counted(timer)
        target = self._target(first=timer.stage < _NEXT)
        left = (self._settings.after(begun, seconds) - self._now).total_seconds()
        if not target:
            return (), None, 0.0
        if step in (_WAS_MISSED, _PAUSED):
            return self._goes_on(timer, step, _FOR_EVER), None, 0.0
        if step == _MISSES or left <= 0:
            return self._goes_on(timer, _WAS_MISSED, _FOR_EVER), MISSED, target
        return self._goes_on(timer, _MISSES, left), SOON, seconds - self._open_between(begun, self._now)

    def _goes_on(self, timer: Timer, step: int, after: float) -> tuple[SetTimer, ...]:
        stage = timer.stage - timer.stage % _NEXT + step
        return (SetTimer(timer.case_id, timer.kind, after, stage, timer.detail),)

    def _set(
        self, case_id: str, left: float, *, first: bool, paused: bool = False, keep: bool = False
    ) -> tuple[SetTimer, ...]:
        """``left``: seconds within the hours until the target is missed."""
        target = self._target(first=first)
        if not target:
            return ()
        warns_in = left - target * (1 - WARNS_AT)
        step = _PAUSED if paused else _WARNS if warns_in > 0 else _MISSES
        comes = self._settings.after(self._now, warns_in if warns_in > 0 else left)
        after = _FOR_EVER if paused else (comes - self._now).total_seconds()
        stage = step if first else step + _NEXT
        return (SetTimer(case_id, TimerKind.ANSWER, after, stage, f"{self._now.timestamp()} {left}", keep),)

    def _target(self, *, first: bool) -> float:
        return self._settings.target.first if first else self._settings.target.following

    def _counted(self, timer: Timer) -> tuple[datetime, float]:
        """From when on the time counts, and how much there was then. All of it, where storage says since when they wait."""
        begun, _, left = (timer.detail or "").partition(" ")
        at = datetime.fromtimestamp(float(begun), UTC) if begun else timer.set_at
        return at, float(left) if left else self._target(first=timer.stage < _NEXT)

    def _open_between(self, at: datetime, until: datetime) -> float:
        hours = self._settings.hours
        if hours is None or hours.next_opening(at) is None:
            return max(0.0, (until - at).total_seconds())
        return hours.open_between(at, until)


def timer_of(timers: Sequence[Timer]) -> Timer | None:
    """The one that is about the case's answer."""
    return next((one for one in timers if one.kind is TimerKind.ANSWER), None)
