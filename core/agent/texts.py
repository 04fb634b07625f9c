"""The fixed sentences of both responders in the customer's language (``[texts]`` of the language files)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.agent.language import DEFAULT, packs


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
