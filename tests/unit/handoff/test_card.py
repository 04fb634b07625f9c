"""A card and the forms that open from it: in every language within what Slack takes, and nothing in them mentions anybody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from config.desk.fields import parse_fields
from config.simulation.slack_rules import check_message, shown_in
from config.simulation.slack_views import check_modal
from core.domain.conversation import OwnershipState
from core.domain.issues import ISSUES, URL, issue_at
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation, Message, MessageKind, StaffAction
from core.domain.ticket import Ticket, TicketPriority, TicketStatus
from core.ports.case_files import PastCase, PastConversation
from core.ports.outcomes import NewMessage
from handoff import posts
from handoff.slack import forms as slack_forms
from handoff.slack.card import card
from handoff.slack.forms import issue_form, ticket_form
from handoff.summary import suggestion, summary
from handoff.texts import languages, say
from handoff.thread.macros import Macro

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
LONG = "<!channel> & " + "word " * 2_000
FACTS: dict[str, Any] = {
    "case": "c.1",
    "number": 1,
    "ticket": "TKT-20261121-0001",
    "customer": LONG,
    "verified": False,
    "email": LONG,
    "phone": None,
    "channel": "email",
    "language": "de",
    "reason": LONG,
    "mood": "angry",
    "urgency": "high",
    "owner": LONG,
    "opened_at": AT.timestamp(),
    "summary": [
        {"kind": kind, "text": LONG, "place": place} for place, kind in enumerate(("asked", "tried", "last"), 2)
    ],
    "suggestion": {"text": LONG, "sources": [LONG[:80]] * 3},
}
OWN_FIELDS = parse_fields("\n".join([*(f"{number} {'n' * 38}" for number in range(9)), "Plan: free, pro"]))
OWN_VALUES = {**{one.name: '"' * 300 for one in OWN_FIELDS}, "Plan": "a choice of last year"}
LINKS = {place: f"https://example.slack.com/archives/C1/p{place}" for place in (2, 3, 4)}


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("state", list(OwnershipState))
def test_every_card_is_one_that_slack_takes(language: str, state: OwnershipState) -> None:
    blocks = card({**FACTS, "state": str(state)}, language, LINKS)
    check_message("x", blocks)
    for block in Block.parse_all(blocks):
        block.validate_json()
    written = json.dumps(blocks)
    assert not any(block["type"] == "section" for block in blocks), "nothing that Slack parses"
    assert all(link in written for link in LINKS.values())
    assert ("{ago}" in written) is (state is OwnershipState.QUEUED)
    assert "desk_open_history" in written
    assert ("desk_open_reply" in written) is (state in (OwnershipState.QUEUED, OwnershipState.STAFF))


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_card_shows_the_companys_own_fields(language: str) -> None:
    blocks = card({**FACTS, "state": "staff", "fields": OWN_VALUES}, language, LINKS)
    check_message("x", blocks)
    assert "a choice of last year" in json.dumps(blocks)


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("state", ["staff", "resolved"])
def test_a_card_shows_the_issues_in_the_tracker(language: str, state: str) -> None:
    url = "https://github.com/acme/app/issues/"
    issues = [issue_at(f"{url}{number}", title=LONG, is_open=(None, True, False)[number % 3]) for number in range(5)]
    blocks = card({**FACTS, "state": state, ISSUES: issues}, language, LINKS)
    check_message("x", blocks)
    written = json.dumps(blocks, ensure_ascii=False)
    assert all(f'"url": "{one.url}"' in written for one in issues)
    shown = "\n".join(shown_in(block) for block in blocks) + "\n"
    assert [shown.count(f" · {say(key, language)}\n") for key in ("issue_open", "issue_closed")] == [2, 1]
    assert "desk_open_issue" in written
    assert "desk_open_issue" in json.dumps(card({**FACTS, "state": state, ISSUES: []}, language))
    assert "desk_open_issue" not in json.dumps(card({**FACTS, "state": state}, language)), "no tracker is connected"


def test_the_form_of_an_issue_begins_with_what_the_customer_asked() -> None:
    asked = [{"kind": "asked", "text": "Export fails"}, {"kind": "tried", "text": "nothing"}]
    facts = {**FACTS, "summary": [*asked, {"kind": "last", "text": "Still"}]}
    shown = json.dumps(issue_form({}, "en", facts, creates=True)["blocks"])
    assert '"initial_value": "Export fails"' in shown
    assert r"Export fails\n\nStill" in shown
    assert "nothing" not in shown.replace("nothing else", "")
    linking = issue_form({}, "en", facts, creates=False)["blocks"]
    assert [one["element"]["action_id"] for one in linking] == [URL]


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_card_leads_to_cases_that_were_merged_with_it_however_many(language: str) -> None:
    numbers = [f"TKT-20261123-{number:04}" for number in range(100)]
    fields = {**OWN_VALUES, **dict.fromkeys(numbers, say("ticket_merged_from", language))}
    others = {number: f"https://example.slack.com/archives/C1/p{number}" for number in numbers}
    blocks = card({**FACTS, "state": "staff", "fields": fields}, language, LINKS, others)
    check_message("x", blocks)
    assert others[numbers[0]] in json.dumps(blocks)


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_card_says_how_its_case_stands(language: str) -> None:
    def shown(state: str, status: str, urgency: str = "normal") -> str:
        blocks = card({**FACTS, "state": state, "status": status, "urgency": urgency}, language)
        check_message("x", blocks)
        return json.dumps(blocks)

    assert ["speech_balloon" in shown("staff", one) for one in ("pending", "on_hold", "open")] == [True, False, False]
    assert ["double_vertical_bar" in shown("queued", one) for one in ("pending", "on_hold")] == [False, True]
    assert "speech_balloon" not in shown("bot", "pending"), "what was handed back waits for nobody here"
    low = json.dumps(say("priority_low", language))[1:-1]
    assert [low in shown("staff", "open", one) for one in ("low", "normal", "nonsense")] == [True, False, False]


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_card_says_who_was_given_its_case_until_somebody_has_it(language: str) -> None:
    assigned = say("card_assigned", language, name="Grace")
    facts = {**FACTS, "assigned": assigned}
    waiting = posts.card_now(facts, OwnershipState.QUEUED, None)
    blocks = card(waiting.meta["facts"], language)
    check_message("x", blocks)
    assert "Grace" in json.dumps(blocks)
    claimed = posts.card_now(facts, OwnershipState.STAFF, "Linus")
    assert "Grace" not in json.dumps(card(claimed.meta["facts"], language))


@pytest.mark.parametrize("character", ["&", "<", "é", "字"])
def test_what_slack_makes_longer_does_not_keep_a_card_from_staff(character: str) -> None:
    full = character * 280
    summed = [{"kind": kind, "text": full, "place": place} for place, kind in enumerate(("asked", "tried", "last"), 2)]
    suggested = {"text": character * 2_000, "sources": [character * 80] * 3}
    facts = {**FACTS, "customer": full, "reason": character * 900, "summary": summed, "suggestion": suggested}
    links = {place: LINKS[place] + "?thread_ts=1795276137.000003&cid=C0STAFF01" for place in LINKS}
    blocks = card({**facts, "state": "queued"}, "de", links)
    check_message("x", blocks)
    assert "&…" not in json.dumps(blocks), "what is cut is not cut within an escape"


def test_a_card_says_that_a_code_has_proven_who_writes() -> None:
    for verified in (True, False):
        head = shown_in(card({**FACTS, "verified": verified, "linked": True, "state": "queued"}, "en")[0])
        assert "proven by a code" in head
        assert "verified" not in head


@pytest.mark.parametrize(
    ("verified", "language", "words", "other"),
    [
        (True, "en", "verified", "not verified"),
        (False, "en", "not verified", None),
        (True, "de", "bestätigt", "nicht bestätigt"),
        (False, "de", "nicht bestätigt", None),
    ],
)
def test_a_card_says_whether_the_customer_is_verified(
    verified: bool, language: str, words: str, other: str | None
) -> None:
    head = shown_in(card({**FACTS, "customer": "Ada", "verified": verified, "state": "queued"}, language)[0])
    assert f" · {words} · " in head
    assert other is None or other not in head


def test_a_suggested_reply_shows_no_signs_of_markdown() -> None:
    suggested = {
        "text": "Press **Forgot password?** in [the app](https://example.com/in).\n\n- one\n- two",
        "sources": [],
    }
    shown = json.dumps(card({**FACTS, "suggestion": suggested, "state": "queued"}))
    assert "Press Forgot password? in the app" in shown
    assert "https://example.com/in" in shown
    assert "**" not in shown


def test_a_card_of_before_summaries_shows_the_last_words() -> None:
    old = {name: value for name, value in FACTS.items() if name not in ("summary", "suggestion")}
    assert '"rich_text_quote", "elements": [{"type": "text", "text": "Where is my parcel?"' in json.dumps(
        card({**old, "state": "queued", "last": "Where is my parcel?"})
    )


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_form_is_one_that_slack_takes(language: str) -> None:
    carried = {"case": "c.1", "thread": "T1/C1/1.1"}
    macros = [Macro(f"m{number}", "How refunds work " * 10, {"en": "x"}) for number in range(100)]
    case = PastCase(1, LONG, AT, AT, "TKT-1", "resolved", 5, LONG)
    ticket = Ticket("TKT-2", "ada", "c1", LONG, TicketStatus.OPEN, TicketPriority.NORMAL, AT, AT)
    past = [
        PastConversation(f"c{number}", ConversationKey("web", "main", "c"), AT, LONG, 3, (case,) * 30, (ticket,) * 30)
        for number in range(slack_forms.PER_PAGE)
    ]
    views = [
        slack_forms.reply(carried, language, LONG, macros, claims=True, sources=[LONG] * 3),
        slack_forms.reply(carried, language, "", [], claims=False),
        slack_forms.words_form(StaffAction.NOTE, carried, language),
        slack_forms.assign(carried, language),
        slack_forms.words_form(StaffAction.MERGE, carried, language),
        ticket_form(carried, language, replace(ticket, category=LONG)),
        ticket_form(carried, language, ticket),
        ticket_form(carried, language, replace(ticket, status=TicketStatus.RESOLVED), over=True),
        ticket_form(carried, language, replace(ticket, category=LONG, fields=OWN_VALUES), OWN_FIELDS),
        issue_form(carried, language, FACTS, creates=True),
        issue_form(carried, language, {}, creates=True),
        issue_form(carried, language, FACTS, creates=False),
        slack_forms.history(carried, language, past, "c1", page=1, more=True, proof="history_unproved"),
        slack_forms.history(carried, language, [], "c1", page=0, more=False),
    ]
    for view in views:
        check_modal(dict(view))
        for block in Block.parse_all(view["blocks"]):
            block.validate_json()
        assert carried.items() <= json.loads(view["private_metadata"]).items()
        assert not any(block["type"] == "section" for block in view["blocks"]), "nothing that Slack parses"


def said(place: int, author: Author, text: str, kind: MessageKind | None = None, *sources: str) -> Message:
    citations = tuple(Citation(one, one, "…", one, 0.9) for one in sources)
    return Message(f"m{place}", "c", place, author, text, AT, kind=kind, citations=citations)


HISTORY = (
    said(1, Author.CUSTOMER, "Hi"),
    said(2, Author.AGENT, "Hello!", MessageKind.SMALL_TALK),
    said(3, Author.CUSTOMER, "How long do returns take?"),
    said(4, Author.AGENT, "14 days.", MessageKind.ANSWER, "Returns", "Terms"),
    said(5, Author.CUSTOMER, "And to Norway?"),
    said(6, Author.AGENT, "I do not know.", MessageKind.UNKNOWN),
)
WISH = said(7, Author.CUSTOMER, "A person please")


def test_the_summary_rests_on_messages() -> None:
    lines = summary(HISTORY, [WISH], "en")
    assert [(one.kind, one.text, one.about) for one in lines] == [
        ("asked", "How long do returns take?", "m3"),
        ("tried", "answered from Returns, Terms, did not know (1×)", "m6"),
        ("last", "A person please", "m7"),
    ]


def test_of_one_message_there_is_no_last_word() -> None:
    lines = summary([], [WISH], "de")
    assert [(one.kind, one.about) for one in lines] == [("asked", "m7"), ("tried", None)]
    assert lines[1].text == "hat nicht geantwortet"


def test_only_a_grounded_answer_to_the_last_question_is_suggested() -> None:
    assert suggestion(HISTORY, (), lambda since: False) is None
    assert suggestion(HISTORY[:4], (), lambda since: True) is None, "something else was asked since"
    assert suggestion(HISTORY[:4], (), lambda since: False) == {"text": "14 days.", "sources": ["Returns", "Terms"]}
    besides = NewMessage(Author.AGENT, "Yes.", MessageKind.ANSWER, citations=HISTORY[3].citations)
    notice = NewMessage(Author.SYSTEM, "Passed on.", MessageKind.NOTICE)
    assert suggestion(HISTORY, (besides, notice), lambda since: True) == {
        "text": "Yes.",
        "sources": ["Returns", "Terms"],
    }


def test_what_the_summary_rests_on_begins_a_post() -> None:
    told = posts.transcript(HISTORY, {"m3", "m6"})
    assert [[line["id"] for line in one.meta["lines"]] for one in told] == [["m1", "m2"], ["m3", "m4", "m5"], ["m6"]]
    assert posts.places([*told, posts.customer_post(WISH)], first=2) == {
        "m1": 2,
        "m2": 2,
        "m3": 3,
        "m4": 3,
        "m5": 3,
        "m6": 4,
        "m7": 5,
    }


def test_the_status_is_chosen_while_the_case_is_open() -> None:
    ticket = Ticket("TKT-2", "ada", "c1", "", TicketStatus.PENDING, TicketPriority.NORMAL, AT, AT)

    def menus(view: Any) -> dict[str, str]:
        found = [one["element"] for one in view["blocks"]]
        return {one["action_id"]: one["initial_option"]["value"] for one in found if "initial_option" in one}

    assert menus(ticket_form({}, "en", ticket)) == {"ticket_status": "pending", "ticket_priority": "normal"}
    assert "ticket_status" not in menus(ticket_form({}, "en", ticket, over=True))
    ended = replace(ticket, status=TicketStatus.CLOSED)
    assert "ticket_status" not in menus(ticket_form({}, "en", ended)), "the agent closed it for the customer"


def test_own_fields_show_what_is_kept_and_can_be_emptied() -> None:
    ticket = Ticket("TKT-2", "ada", "c1", "", TicketStatus.OPEN, TicketPriority.NORMAL, AT, AT)
    fields = parse_fields("Plan: free, pro; Order")
    view = ticket_form({}, "en", replace(ticket, fields={"Plan": "gold", "Order": "A-1"}), fields)
    plan, order = (one for one in view["blocks"] if "field" in one["block_id"])
    assert [one["value"] for one in plan["element"]["options"]] == ["–", "gold", "free", "pro"]
    assert plan["element"]["initial_option"]["value"] == "gold"
    assert (order["element"]["initial_value"], order["optional"]) == ("A-1", True)
    stood = json.loads(view["private_metadata"])
    assert (stood["ticket_field:Plan"], stood["ticket_field:Order"]) == ("gold", "A-1")
    (plan, _) = (one for one in ticket_form({}, "en", ticket, fields)["blocks"] if "field" in one["block_id"])
    assert plan["element"]["initial_option"]["value"] == "–"
