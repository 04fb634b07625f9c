"""Implements core.ports.drafter over a language model: it may leave something out, and must not add anything."""

from __future__ import annotations

import asyncio
import json
import logging
import re

from core.agent.fidelity import added
from core.agent.prompting import system_prompt
from core.agent.whole_answer import whole_answer
from core.domain.errors import ModelError
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest
from core.ports.drafter import Draft

logger = logging.getLogger(__name__)

_FENCE = re.compile(r"^```(?:json)?\s*|\s*```$")
_GAP = "[…]"


class ModelDrafter:
    """``seconds``: how long it may take; others wait for the timer that asks for it."""

    def __init__(self, model: ChatModel, company: str, *, seconds: float = 8.0) -> None:
        self._model = model
        self._company = company
        self._seconds = seconds

    async def draft(self, question: str, answer: str) -> Draft | None:
        """See Drafter.draft."""
        given = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
        prompt = (system_prompt(self._company, "draft"), ChatMessage("user", given))
        try:
            async with asyncio.timeout(self._seconds):
                said = await whole_answer(self._model, ChatRequest(prompt))
        except ModelError as error:
            logger.warning("draft failed: %s", error.detail)
        except TimeoutError:
            logger.warning("draft out of time", extra={"seconds": self._seconds})
        except Exception:
            logger.exception("draft failed")
        else:
            return _checked(said, question, answer)
        return None


def _checked(said: str, question: str, answer: str) -> Draft | None:
    """Nothing is in it that was not said: neither an amount nor a link."""
    try:
        found = json.loads(_FENCE.sub("", said.strip()))
        draft = Draft(str(found["question"]).strip(), str(found["answer"]).strip())
    except (ValueError, KeyError, TypeError):
        return None
    whole = f"{draft.question} {draft.answer}"
    made_up = _GAP in whole or added(f"{question} {answer}", whole)
    return None if made_up or not draft.question or not draft.answer else draft
