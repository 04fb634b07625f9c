"""What staff are told, as calls to Slack with blocks. Pure. What customers wrote is escaped, so that it mentions nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import NOTHING, context, mrkdwn, section
from core.domain.messages import Author, OutboundMessage, StaffAction
from handoff.posts import POST, Post
from handoff.slack.advice import advice
from handoff.slack.card import button, card, cut, date
from handoff.slack.gaps import gaps
from handoff.slack.proposals import proposal
from handoff.slack.transcript import WHO, transcript
from handoff.slack.translations import below, sent_as
from handoff.texts import by_way, say

Block = dict[str, Any]
_LONGEST = 2_900
_NAMED = 1_000


def bodies(message: OutboundMessage, language: str = "en") -> list[dict[str, Any]]:
    """The calls that show a message of a case's feed; ``do`` says which. ``language``: the staff's."""
    meta = message.meta
    match Post(str(meta.get(POST))):
        case Post.CARD | Post.CARD_NOW as post:
            what = "card" if post is Post.CARD else "update_card"
            return [{"do": what, "facts": meta["facts"], **_said(message.text, card(meta["facts"], language))}]
        case Post.TRANSCRIPT | Post.FILES | Post.LEADS_ON as post:
            return _before(meta, post, language)
        case Post.REMARK:
            return [{"do": "reply", **_said(message.text, [context(piece)])} for piece in _small(message.text)]
        case Post.REMINDER:
            return [reminder(message, language)]
        case Post.ADVICE | Post.SENT_AS | Post.PROPOSAL | Post.JUDGED | Post.GAPS as post:
            return [_by_the_agent(message, post, language)]
        case Post.MARK:
            return _marked(meta)
        case Post.EDITED | Post.DELETED | Post.REACTED as post:
            return _happened(message, post, language)
        case Post.NOTE:
            return _spoken(message, language, sign=f":lock: _{say('card_note', language)}_")
        case Post.OUTGOING:
            return _outgoing(message, language)
        case _:
            by = meta.get("by")
            return _spoken(message, language, sign=f"_{by_way(by, language)}_" if by else "")


def _before(meta: Mapping[str, Any], post: Post, language: str) -> list[dict[str, Any]]:
    """Of the time before the case."""
    match post:
        case Post.TRANSCRIPT:
            return [{"do": "reply", **_said(one.text, [section(one.text)])} for one in transcript(meta, language)]
        case Post.FILES:
            return [_files_of(meta, language)]
        case _:
            return [{"do": "lead_on", "from": meta["earlier"], "text": say("card_continued", language)}]


def _files_of(meta: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Whose they are and from when; the files themselves follow. What does not follow is named."""
    lines = [f":paperclip: {cut(meta['name'] or say(WHO[Author(meta['author'])], language))} {date(meta['at'])}"]
    for key, names in (("card_missing", meta["missing"]), ("card_files_left_out", meta["left_out"])):
        if names:
            lines.append(":warning: " + say(key, language, files=cut(", ".join(names), _NAMED)))
    return {"do": "reply", **_said(lines[0], [context("\n".join(lines))])}


def _by_the_agent(message: OutboundMessage, post: Post, language: str) -> dict[str, Any]:
    """What it tells staff, of its own accord or because they asked."""
    match post:
        case Post.ADVICE:
            return advice(message)
        case Post.SENT_AS:
            return sent_as(message)
        case Post.GAPS:
            return {"do": "reply", **_said(message.text, gaps(message.meta["clusters"], language))}
        case _:
            return proposal(message, language)


def reminder(message: OutboundMessage, language: str = "en") -> dict[str, Any]:
    """Mentions are the desk's own, so they are the only part that is not escaped."""
    meta = message.meta
    named = " ".join(f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>" for one in meta["mentions"])
    text = f":bell: {named} {escaped(message.text)}".replace("  ", " ")[:_LONGEST]
    blocks = [section(text)]
    if meta["buttons"]:
        buttons = [button(StaffAction(one), meta["case"], language) for one in meta["buttons"]]
        blocks.append({"type": "actions", "elements": buttons})
    return {"do": "reply", "text": text, "blocks": blocks, "loud": meta["loud"]}


def _small(text: str) -> list[str]:
    """A remark; one that keeps what somebody wrote may be long."""
    said = escaped(text)
    return [said[start : start + _LONGEST] for start in range(0, len(said), _LONGEST)] or [NOTHING]


def _marked(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The new sign first, so that there is always one."""
    found = [{"do": "react", "on": meta["on"], "sign": meta["sign"]}]
    if meta.get("instead_of"):
        found.append({"do": "unreact", "on": meta["on"], "sign": meta["instead_of"]})
    return found


def _spoken(message: OutboundMessage, language: str, *, sign: str = "") -> list[dict[str, Any]]:
    """Somebody's words, under their name. The hub's own are set small: they went to the customer already."""
    who = cut(message.author_name or say(WHO[message.author], language))
    head = f"*{who}* {sign}".rstrip()
    parts = [part for part in mrkdwn(message.text, 2_800) if part.strip()]
    if missing := message.meta.get("missing"):
        parts.append(":warning: " + say("card_missing", language, files=escaped(", ".join(missing))))
    if coming := message.meta.get("coming"):
        parts.append(":hourglass_flowing_sand: " + say("card_coming", language, files=escaped(", ".join(coming))))
    parts += _doubts(message.meta, language)
    found: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        text = f"{head}\n{part}" if number == 0 else part
        own = message.author in (Author.AGENT, Author.SYSTEM)
        found.append({"do": "reply", **_said(f"{who}: {part}", [context(text) if own else section(text)])})
    if not found and not message.attachments:
        found = [{"do": "reply", **_said(f"{who}: {NOTHING}", [section(f"{head}\n{NOTHING}")])}]
    if found:
        found[-1]["blocks"] += below(message.meta)
    return found


def _doubts(meta: Mapping[str, Any], language: str) -> list[str]:
    """What staff must know before they take a message for the customer's, and for a new one."""
    found = [f":warning: {escaped(str(meta['caution']))}"] if meta.get("caution") else []
    if meta.get("old"):
        found.append(f":file_folder: {say('card_for_record', language)} {date(meta['old'])}")
    return found


def _outgoing(message: OutboundMessage, language: str) -> list[dict[str, Any]]:
    """As the customer gets it. The last part has the button that takes it back, and gets the signs of its delivery."""
    found = _spoken(message, language, sign=f":arrow_right: _{say('card_to_customer', language)}_")
    if message.meta.get("source"):
        back = button(StaffAction.TAKE_BACK, str(message.meta["source"]), language)
        found[-1]["blocks"] = [*found[-1]["blocks"], {"type": "actions", "elements": [back]}]
        found[-1]["form"] = message.meta["form"]
    return found


def _happened(message: OutboundMessage, post: Post, language: str) -> list[dict[str, Any]]:
    """What was shown is changed; where a text has become longer than one post may be, the rest follows below."""
    who = cut(message.author_name or say(WHO[message.author], language))
    if post is Post.REACTED:
        key = "card_reacted" if message.meta.get("present") else "card_unreacted"
        text = say(key, language, name=who, emoji=escaped(str(message.meta.get("emoji"))))
        return [{"do": "reply", **_said(text, [context(text)])}]
    if post is Post.DELETED:
        parts = [f"_{say('card_deleted', language)}_"]
    else:
        pieces = [part for part in mrkdwn(message.text, 2_800) if part.strip()] or [NOTHING]
        parts = [f"{part}\n_{say('card_edited', language)}_" for part in pieces]
    found: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        text = f"*{who}*\n{part}" if number == 0 else part
        found.append({"do": "reply", **_said(f"{who}: {part}", [section(text)])})
    found[-1]["blocks"] += below(message.meta)
    if copy := message.meta.get("copy"):
        found[0] |= {"do": "update", "of": copy}
    return found


def _said(text: str, blocks: Sequence[Block]) -> dict[str, Any]:
    return {"text": cut(text, 1_000) or NOTHING, "blocks": list(blocks)}
