"""Token counts without a tokenizer to download: a careful estimate from the text's bytes."""

from __future__ import annotations

import math

from core.ports.chat_model import ChatMessage

_BYTES_PER_TOKEN = 3.5
_PER_MESSAGE = 6
_PER_PICTURE = 1_600
"""Of 1,568 dots: what the costlier models charge."""
MARK = " … [shortened]"


def estimate(text: str) -> int:
    """Rather too many than too few: English has about four bytes to a token, Arabic and Chinese about three."""
    return math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN)


def estimate_message(message: ChatMessage) -> int:
    """A prompt entry with its tool calls, its pictures and its frame."""
    calls = sum(estimate(call.name) + estimate(call.arguments) + _PER_MESSAGE for call in message.tool_calls)
    return _PER_MESSAGE + estimate(message.content) + calls + _PER_PICTURE * len(message.pictures)


def trim(text: str, budget: int) -> str:
    """The beginning of a text that fits into ``budget`` tokens, cut between words, with a mark where something is missing."""
    if estimate(text) <= budget:
        return text
    room = max(0, int((budget - estimate(MARK)) * _BYTES_PER_TOKEN))
    head = text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
    cut = head.rsplit(None, 1)[0] if len(head.split()) > 1 else head
    return f"{cut}{MARK}" if cut else MARK.strip()
