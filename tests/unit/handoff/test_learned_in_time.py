"""What staff may still take back is not proposed for the knowledge base."""

from __future__ import annotations

from core.domain.messages import MessageReceived, StaffAction
from core.domain.timers import TimerKind
from tests.unit.handoff.test_learning import ANSWER, FIRST, Lesson, case, template

__all__ = ["case", "template"]
WRONG = "Opened parcels can never be returned, forget it."


def _answered_and_resolved_at_once(case: Lesson, answer: str) -> MessageReceived:
    """Within the time in which the answer can be taken back."""
    case.asked()
    case.press(StaffAction.CLAIM)
    said = case.write(answer)
    case.world.accept(case.world.staff_does(case.world.threads[0], "grace", "", StaffAction.RESOLVE))
    case.world.work_once()
    return said


def _rings(case: Lesson) -> None:
    """Soon afterwards, with the lanes as they are."""
    case.world.pass_time(1.2)
    for due in case.world.due():
        case.world.ring(due)
    case.world.work_once()


def test_what_is_taken_back_right_after_resolving_is_never_proposed(case: Lesson) -> None:
    said = _answered_and_resolved_at_once(case, WRONG)
    _rings(case)
    assert case.told("proposal") == [], "nobody has heard it yet"
    case.world.accept(case.world.staff_changes(said, None))
    case.rest()
    assert case.heard() == []
    case.world.pass_time(60)
    _rings(case)
    assert case.told("proposal") == []
    assert TimerKind.LEARN not in case.world.waits(FIRST), "and nothing is left to be looked at"


def test_what_is_sent_in_the_end_is_proposed_then(case: Lesson) -> None:
    _answered_and_resolved_at_once(case, ANSWER)
    _rings(case)
    assert case.told("proposal") == []
    case.rest()
    case.world.pass_time(60)
    _rings(case)
    (proposal,) = case.told("proposal")
    assert proposal.meta["answer"] == "Opened parcels can be returned within 30 days."
