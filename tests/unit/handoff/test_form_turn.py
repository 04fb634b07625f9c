"""What becomes of forms and saved replies over a real store, also of those that are older than what they were opened on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.domain.messages import Author, StaffAction
from handoff.thread.macros import Macro, Macros
from tests.property.desk_world import HOME, UNDO
from tests.unit.handoff.test_desk_cases import Case, case, template

__all__ = ["case", "template"]


def fill_in(case: Case, action: StaffAction, text: str, user: str = "grace") -> str:
    """A form that is sent off; the id under which it is known."""
    event = case.world.staff_does(case.world.threads[0], user, text, action)
    case.world.accept(event)
    return event.key.provider_event_id


def said_to_customer(case: Case) -> list[str]:
    return [text for _, text in case.world.sent_texts()]


def posts_of(case: Case, kind: str) -> list[str]:
    told = case.world.told_staff(f"{HOME.conversation_id}.1")
    return [one.text for one in told if one.meta.get("post") == kind]


def test_of_two_drafts_at_once_one_claims_and_the_other_is_kept(case: Case) -> None:
    fill_in(case, StaffAction.REPLY, "From Grace")
    fill_in(case, StaffAction.REPLY, "From Linus", user="linus")
    case.rest()
    case.world.clock.move(UNDO + 1)
    case.rest()
    assert case.heard() == ["From Grace"]
    assert "Grace has joined" in " ".join(said_to_customer(case))
    assert any("Grace has this conversation now: From Linus" in one for one in case.remarks())
    assert posts_of(case, "outgoing") == ["From Grace"]


def test_a_draft_for_a_case_that_was_closed_is_kept(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.press(StaffAction.RESOLVE)
    fill_in(case, StaffAction.REPLY, "Too late")
    fill_in(case, StaffAction.ASSIGN, "linus")
    case.rest()
    assert case.heard() == []
    assert any("this case is closed: Too late" in one for one in case.remarks())


def test_a_draft_with_the_sign_of_a_note_stays_inside(case: Case) -> None:
    fill_in(case, StaffAction.REPLY, "// not for them")
    case.rest()
    assert case.heard() == []
    assert posts_of(case, "note") == ["// not for them"]
    assert case.card() == "queued"


def test_whoever_gets_it_is_told_and_the_customer_too(case: Case) -> None:
    fill_in(case, StaffAction.ASSIGN, "linus")
    case.rest()
    assert any("Linus from our team is going to answer" in text for text in said_to_customer(case))
    (reminder,) = posts_of(case, "reminder")
    assert reminder.startswith("Grace has given this conversation to Linus")
    fill_in(case, StaffAction.ASSIGN, "grace")
    case.rest()
    assert case.card() == "staff"
    assert any("Linus has this conversation now" in one for one in case.remarks()), "Grace has it no more"
    fill_in(case, StaffAction.ASSIGN, "grace", user="linus")
    case.rest()
    case.write("I have it back")
    case.rest()
    case.world.clock.move(UNDO + 1)
    case.rest()
    assert case.heard() == ["I have it back"]


def test_to_give_it_to_oneself_is_to_claim_it(case: Case) -> None:
    fill_in(case, StaffAction.ASSIGN, "grace")
    case.rest()
    assert any("Grace has joined" in text for text in said_to_customer(case))
    assert posts_of(case, "reminder") == []


def test_only_its_owner_takes_a_draft_back(case: Case) -> None:
    fill_in(case, StaffAction.REPLY, "Oops")
    case.world.work_once()
    (source,) = [
        one.meta["source"]
        for one in case.world.told_staff(f"{HOME.conversation_id}.1")
        if one.meta.get("post") == "outgoing"
    ]
    fill_in(case, StaffAction.TAKE_BACK, source, user="linus")
    case.world.work_once()
    fill_in(case, StaffAction.TAKE_BACK, source)
    case.world.work_once()
    case.world.clock.move(UNDO + 1)
    case.rest()
    assert case.heard() == []
    assert any("Taken back" in one for one in case.remarks())


def test_every_note_is_in_the_log(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.write("// typed")
    fill_in(case, StaffAction.NOTE, "filled in", user="linus")
    case.write("For the customer")
    case.rest()
    log = case.world.do(case.world.store.case_log(f"{HOME.conversation_id}.1"))
    assert {(one.actor, one.text) for one in log if one.what == "note"} == {
        ("grace", "// typed"),
        ("linus", "filled in"),
    }
    claimed = next(one for one in log if one.what == "claim")
    assert (claimed.actor, claimed.owner) == ("grace", "grace")
    sent = [one for one in log if one.what == "relayed" and one.author is Author.STAFF]
    assert [(one.actor, one.text) for one in sent] == [("grace", "For the customer")]


def test_a_saved_reply_is_said_in_the_customers_language_and_an_edit_calls_another(case: Case) -> None:
    texts = {"en": "Hello {customer}, {agent}: {ticket}", "de": "…"}
    desk = case.world.turn._desk
    object.__setattr__(desk._settings, "macros", Macros((Macro("hi", "Hi", texts), Macro("bye", "Bye", {"en": "Bye"}))))
    case.press(StaffAction.CLAIM)
    case.write("!hi\nand more")
    event = case.write("!hi")
    case.world.work_once()
    case.edit(event, "!bye")
    case.write("!unknown")
    case.rest()
    case.world.clock.move(UNDO + 1)
    case.rest()
    first, second = case.heard()
    assert first.startswith("Hello")
    assert "Grace: TKT-" in first
    assert first.endswith("\n\nand more")
    assert second == "Bye"
    assert any("!unknown, so nothing goes out. There are: !hi, !bye" in one for one in case.remarks())


def test_a_draft_is_taken_back_in_time_also_by_who_has_the_case_no_more(case: Case) -> None:
    for number, leaves in enumerate((StaffAction.RELEASE, StaffAction.TAKE_OVER)):
        source = draft(case, f"Oops {number}", user=("grace", "linus")[number])
        user = ("grace", "anna")[number]
        case.world.accept(case.world.staff_does(case.world.threads[0], user, "", leaves))
        case.world.work_once()
        fill_in(case, StaffAction.TAKE_BACK, source, user=("grace", "linus")[number])
        case.world.work_once()
    case.world.clock.move(UNDO + 1)
    case.rest()
    assert case.heard() == []
    assert len([one for one in case.remarks() if "Taken back" in one]) == 2


def draft(case: Case, text: str, user: str) -> str:
    """Sent off and on its way; the id under which it can be taken back."""
    fill_in(case, StaffAction.REPLY, text, user=user)
    case.world.work_once()
    told = case.world.told_staff(f"{HOME.conversation_id}.1")
    return str([one.meta["source"] for one in told if one.meta.get("post") == "outgoing"][-1])


def change_ticket(case: Case, **fields: str) -> None:
    fill_in(case, StaffAction.TICKET, json.dumps({f"ticket_{name}": value for name, value in fields.items()}))
    case.rest()


def shown(case: Case) -> Mapping[str, Any]:
    """What the card says now."""
    told = case.world.told_staff(f"{HOME.conversation_id}.1")
    facts: Mapping[str, Any] = next(one.meta["facts"] for one in reversed(told) if "facts" in one.meta)
    return facts


def test_a_changed_ticket_leaves_its_case_with_whoever_has_it(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.rest()
    change_ticket(case, category="billing", priority="high")
    assert {**shown(case), "state": "staff", "owner": "Grace", "category": "billing", "urgency": "high"} == shown(case)
    case.press(StaffAction.RELEASE)
    case.rest()
    assert {**shown(case), "state": "queued", "owner": None, "category": "billing", "urgency": "high"} == shown(case)


def test_a_changed_ticket_opens_no_closed_case(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.press(StaffAction.RESOLVE)
    case.rest()
    change_ticket(case, category="billing")
    assert {**shown(case), "state": "resolved", "owner": None, "category": "billing"} == shown(case)


def test_a_changed_ticket_does_not_wake_its_case(case: Case) -> None:
    fill_in(case, StaffAction.SNOOZE, "hour")
    case.rest()
    until = shown(case)["snoozed_until"]
    assert until is not None
    change_ticket(case, priority="low")
    assert {**shown(case), "snoozed_until": until, "urgency": "low"} == shown(case)


def test_nobody_leaves_who_never_joined(case: Case) -> None:
    case.press(StaffAction.HAND_BACK)
    case.rest()
    assert "has left" not in " ".join(said_to_customer(case))
    assert any(text.startswith("The assistant answers again.") for text in said_to_customer(case))


def test_after_a_hand_back_staff_are_told_that_the_agent_has_it(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.press(StaffAction.HAND_BACK)
    case.rest()
    assert "Grace has left the conversation" in " ".join(said_to_customer(case))
    case.write("One more thing")
    case.press(StaffAction.CLAIM)
    fill_in(case, StaffAction.REPLY, "Typed")
    case.rest()
    again = "he agent answers in this conversation again"
    assert [one for one in case.remarks() if again in one] == [
        f"That stays inside: t{again}.",
        f"T{again}.",
        f"Not sent, because t{again}: Typed",
    ]
    assert case.heard() == []
