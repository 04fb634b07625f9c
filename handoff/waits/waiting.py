"""Which timers a case has: whoever waits is remembered by one, until somebody has done what it waits for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.timers import TimerKind
from core.ports.outcomes import CaseRecord, ClearTimers, SetTimer
from handoff.hours import human_opening
from handoff.settings import HandoffSettings
from handoff.texts import say
from handoff.waits.due_answers import DueAnswers

OFFERED = 1
"""The stage of ``owner_silent`` from which the owner is not only reminded."""
_LONGEST = 24 * 3600.0
_OPTIONS = ("hour", "tomorrow", "opening")
_MORNING = 9
_LOOKS_ON, _LOOKS_ANEW = 30.0, 600.0


class Waiting:
    """``now``: the moment at which it is decided. What the records mean is in core.ports.outcomes."""

    def __init__(self, settings: HandoffSettings, now: datetime) -> None:
        self._settings = settings
        self._now = now

    @property
    def answers(self) -> DueAnswers:
        """The timers of answers for which there is a target."""
        return DueAnswers(self._settings, self._now)

    @property
    def opening(self) -> datetime | None:
        """When staff are back; None while they are there, or where nobody knows."""
        hours = self._settings.hours
        return None if hours is None or hours.is_open(self._now) else hours.next_opening(self._now)

    def for_anybody(self, case_id: str, *, paused: bool = False, told: bool = True) -> tuple[CaseRecord, ...]:
        """The case came to the queue. The customer who was told an opening waits from then on.

        ``paused``: its status reminds nobody. ``told``: the customer waits, and knows that staff will come.
        """
        gone = ClearTimers(case_id, (TimerKind.OWNER_SILENT, TimerKind.SNOOZED))
        reminds = () if paused else self.unclaimed(case_id)
        return gone, *reminds, *(self._honest(case_id) if told else ())

    def for_owner(self, case_id: str, *, paused: bool = False) -> tuple[CaseRecord, ...]:
        """Somebody took it, and has to answer. ``paused``: as in for_anybody."""
        gone = (TimerKind.UNCLAIMED, TimerKind.NOBODY_CAME, TimerKind.SNOOZED, TimerKind.OWNER_SILENT)
        return ClearTimers(case_id, (*gone, TimerKind.ASSIGN)), *(() if paused else self.owner_silent(case_id))

    def answered(self, case_id: str, at: datetime | None, *, pending: bool = False) -> tuple[CaseRecord, ...]:
        """Its owner has written to the customer, and had read what had come until then. ``pending``: the status of the case."""
        again = next((one for one in self.owner_silent(case_id) if isinstance(one, SetTimer)), None)
        nudge = self.nudge(case_id) if pending else ()
        return ClearTimers(case_id, (TimerKind.OWNER_SILENT,), at, again), *nudge

    def nudge(self, case_id: str, stage: int = 0) -> tuple[CaseRecord, ...]:
        """The customer of a pending case is asked once whether they still need help; the case is closed some time later."""
        seconds = self._settings.close_seconds if stage else self._settings.nudge_seconds
        return (SetTimer(case_id, TimerKind.NUDGE, seconds, stage),) if seconds else ()

    def snoozed(self, case_id: str, until: datetime, by: str) -> tuple[CaseRecord, ...]:
        """Put aside. The customer, where one waits for anybody, is told the truth all the same."""
        after = max(0.0, (until - self._now).total_seconds())
        gone = ClearTimers(case_id, (TimerKind.UNCLAIMED, TimerKind.OWNER_SILENT, TimerKind.ASSIGN))
        return gone, SetTimer(case_id, TimerKind.SNOOZED, after, detail=by)

    def unclaimed(
        self, case_id: str, stage: int = 0, since: float | None = None, *, keep: bool = False
    ) -> tuple[CaseRecord, ...]:
        """Remind the channel; less often the longer it takes, and for as long as it takes. ``keep``: as in owner_silent."""
        return self._open_time(case_id, TimerKind.UNCLAIMED, self._settings.remind_seconds, stage, since, keep=keep)

    def owner_silent(
        self, case_id: str, stage: int = 0, since: float | None = None, *, keep: bool = False
    ) -> tuple[CaseRecord, ...]:
        """Remind the owner. ``keep``: the customer has been waiting already, and does not begin anew by writing again."""
        return self._open_time(case_id, TimerKind.OWNER_SILENT, self._settings.owner_seconds, stage, since, keep=keep)

    def assign(
        self, case_id: str, passed: Sequence[str] = (), *, now: bool = False, after: str | None = None
    ) -> tuple[CaseRecord, ...]:
        """Look for somebody to give the case to: ``now``, or at the next opening; else when those ``passed`` had their time.
        ``after``: the look goes on after this person; empty: it begins anew, also where an assignee's time has no end.
        """
        seconds = _LOOKS_ON if after else self._settings.assign_seconds or _LOOKS_ANEW * (after is not None)
        if not self._settings.assign or not (now or seconds):
            return ()
        words = " ".join((*passed, after or "")).strip()
        return (SetTimer(case_id, TimerKind.ASSIGN, self._while_there(0.0 if now else seconds), len(passed), words),)

    def snooze_until(self, choice: str) -> datetime | None:
        """The moment that a staff member chose, in their zone; None for what is no choice."""
        now = self._now.astimezone(self._settings.zone)
        if choice not in _OPTIONS:
            return None
        if choice == "hour":
            return now + timedelta(hours=1)
        hours = self._settings.hours
        morning = (now + timedelta(days=1)).replace(hour=_MORNING, minute=0, second=0, microsecond=0)
        if hours is None:
            return morning
        if choice == "tomorrow":
            return hours.next_opening(morning.replace(hour=0)) or morning
        begin = hours.closing(now) if hours.is_open(now) else now
        return (hours.next_opening(begin) if begin else None) or morning

    def snooze_remark(self, name: str, until: datetime) -> str:
        """For staff."""
        locale = self._settings.staff_locale
        return say("staff_snoozed", locale, name=name, opening=human_opening(until, self._now, locale))

    def _honest(self, case_id: str) -> tuple[CaseRecord, ...]:
        seconds = self._settings.honest_seconds
        if not seconds:
            return ()
        opening = self.opening
        closed = (opening - self._now).total_seconds() if opening else 0.0
        return (SetTimer(case_id, TimerKind.NOBODY_CAME, closed + seconds),)

    def _open_time(
        self, case_id: str, kind: TimerKind, seconds: float, stage: int, since: float | None, *, keep: bool
    ) -> tuple[CaseRecord, ...]:
        """Time counts while staff are there; where they never are, all of it does."""
        if not seconds:
            return ()
        wanted = min(seconds * 2.0 ** max(0, min(stage, 40) - 1), max(seconds, _LONGEST))
        waited_since = str(self._now.timestamp() if since is None else since)
        return (SetTimer(case_id, kind, self._while_there(wanted), stage, waited_since, keep),)

    def _while_there(self, seconds: float) -> float:
        """Until staff will have been there for so long."""
        return (self._settings.after(self._now, seconds) - self._now).total_seconds()


def long(seconds: float) -> str:
    """A waiting time as staff read it, in any language."""
    minutes = max(1, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
