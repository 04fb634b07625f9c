"""What the agent tells staff, as Slack shows it: its answers, what was not answered, and what it proposes to learn. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from channels.markdown.pieces import unmarked
from channels.slack.views import OPENS
from core.domain.messages import ORIGINAL, OutboundMessage, StaffAction
from handoff.learning.personal import has_gap
from handoff.posts import POST, Post
from handoff.slack.rich_text import (
    LONGEST,
    Block,
    Emoji,
    Line,
    Mention,
    Moment,
    Words,
    fallback,
    joined,
    lined,
    one_line,
    paragraph,
    phrase,
    plain_button,
    plain_text,
    quoted_below,
    small,
    source,
    spaced,
    words,
)
from handoff.slack.speech import formatted, pieces_of
from handoff.texts import say
from handoff.translating.translations import BELOW

_MOST_PIECES = 10
_LINE = 300
_SOURCES = 10
_BUTTONS = (
    (str(StaffAction.LEARN), "learn_approve"),
    (f"{OPENS}reword", "learn_edit"),
    (str(StaffAction.DISCARD), "learn_discard"),
)


def advice(message: OutboundMessage) -> dict[str, Any]:
    """One reply in the thread. Only who asked is mentioned; of what stands in questions and documents nobody is."""
    meta = message.meta
    asker = (Mention(str(meta["asked_by"])),) if meta.get("asked_by") else ()
    asked = spaced((Emoji("robot_face"), Emoji("lock")), asker, one_line(str(meta["question"]), LONGEST))
    blocks = [*small(asked), *formatted(message.text)[:_MOST_PIECES]]
    sources = [
        spaced((Emoji("book"), Words(f" [{number}]")), source(str(one["place"]), one.get("url"), _LINE))
        for number, one in enumerate(meta["sources"][:_SOURCES], start=1)
    ]
    if sources:
        blocks.append(paragraph(lined(*sources)))
    return {"do": "reply", "text": fallback(words(unmarked(message.text))), "blocks": blocks}


def gaps(clusters: Sequence[Mapping[str, Any]], language: str) -> list[Block]:
    """A block for each, below a title."""
    found = [paragraph(spaced((Emoji("mag"),), phrase("gaps_title", language, bold=True)))]
    for one in clusters:
        asked = spaced((Words(f"{one['count']}×", bold=True),), one_line(one["example"], _LINE))
        found.append(paragraph(joined(" · ", [asked, one_line(", ".join(one["languages"]))])))
        found += small(lined(_near(one["near"], language), *(one_line(did, _LINE) for did in one["staff"])))
    return [*found, *small(phrase("gaps_all", language))]


def _near(near: Mapping[str, Any] | None, language: str) -> Line:
    if near is None:
        return phrase("gaps_nothing_near", language)
    return phrase("gaps_nearest", language, title=source(str(near["title"]), near["url"], _LINE))


def proposal(message: OutboundMessage, language: str) -> dict[str, Any]:
    """Question and answer as customers would get them. Once it is decided the buttons are gone."""
    meta = message.meta
    open_ = meta.get(POST) == Post.PROPOSAL
    proposed = spaced((Emoji("bulb"),), phrase("learn_proposed", language, origin=one_line(str(meta["origin"]))))
    question = one_line(str(meta["question"]), LONGEST, bold=True)
    blocks = [*small(proposed), paragraph(question), *formatted(str(meta["answer"]))]
    if open_ and has_gap(f"{meta['question']} {meta['answer']}"):
        blocks += small(spaced((Emoji("warning"),), phrase("learn_gaps", language)))
    if open_:
        elements = [plain_button(action, say(key, language), str(meta["case"])) for action, key in _BUTTONS]
        elements[0]["style"] = "primary"
        blocks.append({"type": "actions", "elements": elements})
    else:
        blocks += small(one_line(str(meta["verdict"]), LONGEST))
    body: dict[str, Any] = {"do": "reply", "text": fallback(words(unmarked(message.text))), "blocks": blocks}
    return body if open_ or not meta.get("copy") else body | {"do": "update", "of": meta["copy"]}


_VALUE = 1_600
"""Characters: all of what may be approved (core.domain.approvals), with what JSON adds to it."""


def approval(message: OutboundMessage, language: str) -> dict[str, Any]:
    """Once it is decided the buttons are gone, and what came of it stands there."""
    meta = message.meta
    asked: Mapping[str, Any] = meta["approval"]
    asks = spaced((Emoji("raised_hand"),), phrase("approval_asks", language))
    tool = one_line(str(asked["tool"]).replace("_", " "), bold=True)
    who = joined(" · ", [one_line(str(meta["customer"]), bold=True), words(str(meta["proof"]))])
    blocks = [*small(asks), paragraph(lined(tool, *_details(str(asked["arguments"])))), paragraph(who)]
    if asked["said"]:
        blocks.append(quoted_below(phrase("approval_said", language), one_line(str(asked["said"]), LONGEST)))
    if meta[POST] == Post.APPROVAL:
        blocks += small((*phrase("approval_until", language), Words(" "), Moment(float(asked["until"]))))
        value = f"{meta['case']} {meta['id']}"
        blocks.append({"type": "actions", "elements": _buttons(value, language)})
    else:
        blocks += small(one_line(str(meta["verdict"]), LONGEST))
    body = {"do": "reply", "text": fallback(words(message.text)), "blocks": blocks}
    return body | {"do": "update", "of": meta["copy"]} if meta.get("copy") else body


def _details(arguments: str) -> list[Line]:
    """Each argument with its value, none left out: staff answer for all of it."""
    return [
        spaced(one_line(f"{name.replace('_', ' ')}:", _VALUE), one_line(_readable(value), _VALUE))
        for name, value in json.loads(arguments).items()
    ]


def _readable(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _buttons(value: str, language: str) -> list[Block]:
    """Slack asks once more before it tells us of an approval; the other opens a form for the reason."""
    yes, no = say("press_approve", language), say("press_decline", language)
    sure = {
        "title": plain_text(yes),
        "text": plain_text(say("approval_sure", language)),
        "confirm": plain_text(yes),
        "deny": plain_text(say("approval_back", language)),
    }
    approve = plain_button(str(StaffAction.APPROVE), yes, value) | {"style": "primary", "confirm": sure}
    return [approve, plain_button(f"{OPENS}decline", no, value)]


_PIECE = 2_000
"""Characters: Slack refuses more than 13,200 in a message."""
_MOST_TRANSLATED = 4
_NOTE = 1_000


def below(meta: Mapping[str, Any]) -> list[Block]:
    """The original, readable without a click, and what is to be said about it. Nothing where nothing was translated."""
    pieces = pieces_of(str(meta.get(ORIGINAL) or ""), _PIECE)[:_MOST_TRANSLATED]
    lines = [spaced((Emoji("speech_balloon"),), words(piece)) for piece in pieces]
    if meta.get(BELOW):
        lines.append(spaced((Emoji("warning"),), one_line(str(meta[BELOW]), _NOTE)))
    return [block for line in lines for block in small(line)]


def sent_as(message: OutboundMessage) -> dict[str, Any]:
    """What the customer reads of what the owner wrote above."""
    into = (Words("→"), *one_line(str(message.meta["language"])))
    label = small(spaced((Emoji("globe_with_meridians"),), into))
    blocks = [*label, *formatted(message.text)[:_MOST_TRANSLATED]]
    return {"do": "reply", "text": fallback(words(unmarked(message.text))), "blocks": blocks}
