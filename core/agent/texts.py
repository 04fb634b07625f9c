"""The fixed sentences of both responders in the customer's language (``[texts]`` of the language files)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.agent.language import DEFAULT, choose, packs
from core.agent.routing import asked
from core.domain.messages import Author
from core.ports.store import TurnState


@dataclass(frozen=True, slots=True)
class Texts:
    """``say`` gives one text by its name in the language files; unknown names are programming errors (KeyError)."""

    language: str
    company: str

    def say(self, name: str, /, **values: Any) -> str:
        texts = packs()[self.language].texts or packs()[DEFAULT].texts
        text = texts[name]
        for key, value in {"company": self.company, **values}.items():
            text = text.replace("{" + key + "}", str(value))
        return text


def texts_for(turn: TurnState, company: str) -> Texts:
    """The texts in the language of this turn: its locale's, else that of what the customer says now or said before."""
    said = "\n".join(message.text for message in asked(turn))
    earlier = (m.text for m in reversed(turn.history) if m.author is Author.CUSTOMER and m.deleted_at is None)
    return Texts(choose(said, turn.conversation.locale, turn.customer.locale, earlier=earlier), company)
