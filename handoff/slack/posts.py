"""What staff are told, as calls to Slack with blocks. Pure. What customers wrote is only text there, and stands in a quote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.slack.render import NOTHING
from core.domain.messages import COLLEAGUE, Author, OutboundMessage, StaffAction
from handoff.posts import POST, Post
from handoff.slack.agent_posts import advice, approval, below, gaps, proposal, sent_as
from handoff.slack.card import button, card
from handoff.slack.rich_text import (
    LONGEST,
    Block,
    Emoji,
    Line,
    Mention,
    Moment,
    Words,
    fallback,
    one_line,
    paragraph,
    phrase,
    small,
    spaced,
    words,
)
from handoff.slack.speech import pieces_of, recipients_lines, something, speaker, speech
from handoff.slack.transcript import transcript
from handoff.texts import by_way, say

_PIECE = 2_800
_NAMED = 1_000
_WARNING: Line = (Emoji("warning"),)


def bodies(message: OutboundMessage, language: str = "en") -> list[dict[str, Any]]:
    """The calls that show a message of a case's feed; ``do`` says which. ``language``: the staff's."""
    meta = message.meta
    match Post(str(meta.get(POST))):
        case Post.CARD | Post.CARD_NOW as post:
            what = "card" if post is Post.CARD else "update_card"
            return [{"do": what, "facts": meta["facts"], **_body(words(message.text), card(meta["facts"], language))}]
        case Post.TRANSCRIPT | Post.FILES | Post.LEADS_ON as post:
            return _earlier_calls(meta, post, language)
        case Post.REMARK | Post.WHISPER | Post.DIRECT as post:
            return _desk_calls(message, post)
        case Post.REMINDER:
            return [reminder(message, language)]
        case (
            Post.ADVICE | Post.SENT_AS | Post.PROPOSAL | Post.JUDGED | Post.GAPS | Post.APPROVAL | Post.DECIDED as post
        ):
            return [_agent_call(message, post, language)]
        case Post.MARK:
            return _sign_calls(meta)
        case Post.EDITED | Post.DELETED | Post.REACTED as post:
            return _change_calls(message, post, language)
        case Post.NOTE:
            return _speech_calls(
                message, language, (Emoji("lock"), Words(" "), *phrase("card_note", language, italic=True))
            )
        case Post.OUTGOING:
            return _outgoing_calls(message, language)
        case _:
            by = meta.get("by")
            return _speech_calls(message, language, words(by_way(str(by), language), italic=True) if by else ())


def _desk_calls(message: OutboundMessage, post: Post) -> list[dict[str, Any]]:
    if post is not Post.REMARK:
        return [{"do": str(post), "to": message.meta["to"], **_body(words(message.text), [])}]
    lines = [words(piece) for piece in pieces_of(message.text, LONGEST)] or [words(NOTHING)]
    return [{"do": "reply", **_body(line, small(line))} for line in lines]


def _earlier_calls(meta: Mapping[str, Any], post: Post, language: str) -> list[dict[str, Any]]:
    """Of the time before the case."""
    match post:
        case Post.TRANSCRIPT:
            return [{"do": "reply", **_body(one.told, one.blocks)} for one in transcript(meta, language)]
        case Post.FILES:
            return [_files_of(meta, language)]
        case _:
            return [
                {"do": "lead_on", "from": meta["earlier"], "text": meta.get("line") or say("card_continued", language)}
            ]


def _files_of(meta: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Whose they are and from when; the files themselves follow. What does not follow is named."""
    who = speaker(meta["author"], meta["name"], language)
    head = spaced((Emoji("paperclip"),), who, (Moment(meta["at"]),))
    blocks = small(head)
    for key, names in (("card_missing", meta["missing"]), ("card_files_left_out", meta["left_out"])):
        if names:
            blocks += small(spaced(_WARNING, phrase(key, language, files=one_line(", ".join(names), _NAMED))))
    return {"do": "reply", **_body(head, blocks)}


def _agent_call(message: OutboundMessage, post: Post, language: str) -> dict[str, Any]:
    """What it tells staff, of its own accord or because they asked."""
    match post:
        case Post.ADVICE:
            return advice(message)
        case Post.SENT_AS:
            return sent_as(message)
        case Post.GAPS:
            return {"do": "reply", **_body(words(message.text), gaps(message.meta["clusters"], language))}
        case Post.APPROVAL | Post.DECIDED:
            return approval(message, language)
        case _:
            return proposal(message, language)


def reminder(message: OutboundMessage, language: str = "en") -> dict[str, Any]:
    """Mentions are the desk's own."""
    meta = message.meta
    line = spaced((Emoji("bell"),), *((Mention(one),) for one in meta["mentions"]), one_line(message.text, LONGEST))
    blocks = [paragraph(line)]
    if meta["buttons"]:
        buttons = [button(one, meta["case"], language) for one in meta["buttons"]]
        blocks.append({"type": "actions", "elements": buttons})
    return {"do": "reply", **_body(line, blocks), "loud": meta["loud"]}


def _sign_calls(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The new sign first, so that there is always one."""
    found = [{"do": "react", "on": meta["on"], "sign": meta["sign"]}]
    if meta.get("instead_of"):
        found.append({"do": "unreact", "on": meta["on"], "sign": meta["instead_of"]})
    return found


def _speech_calls(message: OutboundMessage, language: str, sign: Line = ()) -> list[dict[str, Any]]:
    """Somebody's words, under their name. The hub's own are set small: they went to the customer already."""
    who = _who(message, language)
    head = spaced(who, sign)
    found = [
        {"do": "reply", **_body((*who, Words(": "), *words(piece)), blocks)}
        for piece, blocks in speech(message.author, head, message.text, _PIECE)
    ]
    notes = _notes(message.meta, language)
    if not found and (notes or not message.attachments):
        found = [{"do": "reply", **_body((*who, Words(": "), *(notes[0] if notes else ())), [paragraph(head)])}]
    if found:
        found[-1]["blocks"] += [block for note in notes for block in small(note)]
        found[-1]["blocks"] += below(message.meta)
    return found


def _who(message: OutboundMessage, language: str) -> Line:
    """Who speaks. A colleague who writes where the customer does is told apart from the customer."""
    if not message.meta.get(COLLEAGUE):
        return speaker(message.author, message.author_name, language)
    who = speaker(Author.STAFF, message.author_name, language)
    return spaced(who, phrase("card_by_colleague", language, italic=True))


def _notes(meta: Mapping[str, Any], language: str) -> list[Line]:
    """Which files are not there, and what staff must know before they take a message for the customer's, and for a new one."""
    found: list[Line] = []
    if missing := meta.get("missing"):
        found.append(spaced(_WARNING, phrase("card_missing", language, files=one_line(", ".join(missing), _NAMED))))
    if coming := meta.get("coming"):
        named = phrase("card_coming", language, files=one_line(", ".join(coming), _NAMED))
        found.append((Emoji("hourglass_flowing_sand"), *named))
    if meta.get("caution"):
        found.append(spaced(_WARNING, one_line(str(meta["caution"]), _NAMED)))
    found += recipients_lines(meta, language)
    if meta.get("old"):
        found.append(spaced((Emoji("file_folder"),), phrase("card_for_record", language), (Moment(meta["old"]),)))
    return found


def _outgoing_calls(message: OutboundMessage, language: str) -> list[dict[str, Any]]:
    """As the customer gets it. The last part has the button that takes it back, and gets the signs of its delivery."""
    sign = spaced((Emoji("arrow_right"),), phrase("card_to_customer", language, italic=True))
    found = _speech_calls(message, language, sign)
    if message.meta.get("source"):
        back = button(StaffAction.TAKE_BACK, str(message.meta["source"]), language)
        found[-1]["blocks"] = [*found[-1]["blocks"], {"type": "actions", "elements": [back]}]
        found[-1]["form"] = message.meta["form"]
    return found


def _change_calls(message: OutboundMessage, post: Post, language: str) -> list[dict[str, Any]]:
    """What was shown is changed; where a text has become longer than one post may be, the rest follows below."""
    who = _who(message, language)
    if post is Post.REACTED:
        key = "card_reacted" if message.meta.get("present") else "card_unreacted"
        line = phrase(key, language, name=who, emoji=one_line(str(message.meta.get("emoji"))))
        return [{"do": "reply", **_body(line, small(line))}]
    if post is Post.DELETED:
        gone = phrase("card_deleted", language, italic=True)
        found = [{"do": "reply", **_body(spaced(who, gone), [paragraph(spaced(who, gone))])}]
    else:
        head = spaced(who, phrase("card_edited", language, italic=True))
        found = [
            {"do": "reply", **_body((*who, Words(": "), *words(piece)), blocks)}
            for piece, blocks in speech(message.author, head, something(message.text), _PIECE)
        ]
    found[-1]["blocks"] += below(message.meta)
    if copy := message.meta.get("copy"):
        found[0] |= {"do": "update", "of": copy}
    return found


def _body(told: Line, blocks: Sequence[Block]) -> dict[str, Any]:
    """``told``: what a notification says."""
    return {"text": fallback(told), "blocks": list(blocks)}
