"""A model's answer that nobody is shown while it is written."""

from __future__ import annotations

from core.domain.errors import ModelError
from core.ports.chat_model import ChatModel, ChatRequest, Finished, TextDelta


async def whole_answer(model: ChatModel, request: ChatRequest) -> str:
    """The complete answer. Raises ModelError for one that was cut off: half a message says something else."""
    pieces: list[str] = []
    end: Finished | None = None
    stream = model.stream(request)
    try:
        async for item in stream:
            match item:
                case TextDelta(text=text):
                    pieces.append(text)
                case Finished():
                    end = item
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
    said = "".join(pieces).strip()
    if end is None or end.reason != "stop" or not said:
        raise ModelError("The model's answer has no proper end.")
    return said
