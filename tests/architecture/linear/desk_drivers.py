"""Calls of the functions that show a case to staff in Slack, with the text wherever a customer or the agent may write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from core.domain.conversation import OwnershipState
from core.domain.issues import issue_at
from core.domain.keys import ConversationKey
from core.domain.messages import ORIGINAL, Author, MessageKind, OutboundMessage, StaffAction
from handoff.places import reply_goes_to
from handoff.posts import POST, Post
from handoff.slack import posts
from handoff.slack.agent_posts import gaps
from handoff.slack.card import card
from handoff.slack.forms import form, words_form
from handoff.slack.transcript import transcript
from handoff.translating.translations import BELOW

Call = Callable[[], object]
_FEED = ConversationKey("desk", "default", "a.1")
_AT = 1_700_000_000.0


def _facts(text: str) -> Mapping[str, Any]:
    names = ("customer", "email", "phone", "language", "reason", "mood", "owner", "team", "category", "ticket")
    return {
        "case": "c.1",
        "number": 1,
        "verified": False,
        "channel": "email",
        "urgency": "high",
        "opened_at": _AT,
        "state": str(OwnershipState.STAFF),
        "summary": [{"kind": kind, "text": text, "place": 1} for kind in ("asked", "tried", "last")],
        "suggestion": {"text": text, "sources": text.split("\n")},
        **dict.fromkeys(names, text),
    }


def _line(text: str) -> Mapping[str, Any]:
    names = text.split("\n")
    return {
        "id": "m1",
        "author": "customer",
        "name": text,
        "at": _AT,
        "text": text,
        "files": names,
        "sources": names,
    }


def _cluster(text: str) -> Mapping[str, Any]:
    near = {"title": text, "url": f"https://example.com/{text}"}
    return {"count": 1, "example": text, "languages": text.split("\n"), "near": near, "staff": text.split("\n")}


def _meta(text: str) -> Mapping[str, Any]:
    """Everything that a post of any kind may carry."""
    names = text.split("\n")
    places = [{"place": line, "url": f"https://example.com/{line}"} for line in names]
    of_customer = ("name", "question", "answer", "origin", "verdict", "language", "caution", "emoji", BELOW, ORIGINAL)
    of_call = {"tool": text, "arguments": json.dumps(dict.fromkeys(names, text)), "said": text, "until": _AT}
    return {
        **dict.fromkeys(of_customer, text),
        "facts": _facts(text),
        "lines": [_line(text), *map(_line, names)],
        "clusters": [_cluster(text)],
        "sources": places,
        "missing": names,
        "coming": names,
        "left_out": names,
        "author": "customer",
        "case": "c.1",
        "id": "a1",
        "approval": of_call,
        "customer": text,
        "proof": text,
        "mentions": ["U1"],
        "buttons": [str(StaffAction.CLAIM)],
        "loud": True,
        "at": _AT,
        "to": "U1",
        "on": "m0",
        "sign": "eyes",
        "earlier": "c.0",
        "form": "f1",
        "source": "m0",
    }


def _post(kind: Post) -> Callable[[str], Call]:
    def prepare(text: str) -> Call:
        meta = {**_meta(text), POST: str(kind)}
        message = OutboundMessage("m1", _FEED, Author.CUSTOMER, text, MessageKind.ANSWER, text, meta=meta)
        return lambda: posts.bodies(message)

    return prepare


def _transcript(text: str) -> Call:
    meta = {"lines": [_line(text), *map(_line, text.split("\n"))]}
    return lambda: transcript(meta)


DRIVERS: Mapping[str, Callable[[str], Call]] = {
    "core.domain.issues:issue_at": lambda text: lambda: issue_at("https://example.com/1", key=text, title=text),
    "core.domain.issues:issue_at by address": lambda text: lambda: issue_at(f"https://example.com/{text}"),
    "handoff.slack.card:card": lambda text: lambda: card(_facts(text)),
    "handoff.slack.forms:form": lambda text: lambda: form(StaffAction.NOTE, {"text": text}, "en", [], "form_send"),
    "handoff.slack.forms:words_form": lambda text: lambda: words_form(StaffAction.NOTE, {}, "en", text),
    "handoff.slack.agent_posts:gaps": lambda text: (
        lambda: gaps([_cluster(line) for line in [text, *text.split("\n")]], "en")
    ),
    "handoff.places:reply_goes_to": lambda text: (
        lambda: reply_goes_to(
            [{"address": text, "name": text, "answered": answered} for answered in (True, False)], "en"
        )
    ),
    "handoff.slack.posts:bodies": _post(Post.SAID),
    **{f"handoff.slack.posts:bodies of {kind}": _post(kind) for kind in Post if kind is not Post.SAID},
    "handoff.slack.transcript:transcript": _transcript,
}
"""See drivers.DRIVERS."""
