"""The fixed sentences of both responders in the customer's language (``[texts]`` of the language files)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.agent.choosing import Sense, pick_of
from core.agent.language import DEFAULT, choose, detect, detect_surely, packs, supported
from core.agent.own_words import is_own
from core.agent.routing import asked
from core.domain.memory import FactKind
from core.ports.store import TurnState


@dataclass(frozen=True, slots=True)
class Texts:
    """``say`` gives one text by its name in the language files; unknown names are programming errors (KeyError)."""

    language: str
    company: str

    def say(self, name: str, /, **values: Any) -> str:
        texts = packs()[self.language].texts or packs()[DEFAULT].texts
        text = texts[name]
        for key, value in {"company": self.company or texts["unnamed_company"], **values}.items():
            text = text.replace("{" + key + "}", str(value))
        return text


def texts_for(turn: TurnState, company: str) -> Texts:
    """The texts in the language of this turn (see ``choose``)."""
    return Texts(_language(turn), company)


def in_written_language(turn: TurnState) -> TurnState:
    """The turn with the language that the customer writes as its locale; the locale's region stays."""
    known = turn.conversation.locale or turn.customer.locale
    language = _language(turn)
    if supported(known) == language:
        return turn
    said, earlier = _customer_texts(turn)
    if not any(map(detect, (said, *earlier))):
        return turn  # what they wrote shows no language: the desk's own default holds
    parts = (known or "").replace("_", "-").split("-")
    region = next((part for part in parts[1:] if len(part) == 2), None)
    locale = f"{language}-{region}" if region else language
    return replace(turn, conversation=replace(turn.conversation, locale=locale))


def _customer_texts(turn: TurnState) -> tuple[str, list[str]]:
    """What the customer says now, and what they said before, the newest first. A title that they chose is in ours."""
    earlier = [message.text for message in reversed(turn.history) if is_own(turn, message)]
    now = asked(turn)
    pick = pick_of(now, turn.history)
    chose = pick is not None and pick.sense is Sense.CHOSEN
    return "" if chose else "\n".join(message.text for message in now), earlier


def _language(turn: TurnState) -> str:
    """What they plainly write now, else what they asked for, else what can be told from the conversation."""
    said, earlier = _customer_texts(turn)
    asked_for = (one for one in turn.customer.facts if one.kind is FactKind.LANGUAGE)
    newest = max(asked_for, key=lambda one: one.said_at, default=None)
    stated = None if newest is None else supported(newest.text)
    if stated is not None:
        return supported(detect_surely(said)) or stated
    return choose(said, turn.conversation.locale, turn.customer.locale, earlier=earlier)
