"""Says which of a customer's files the agent cannot use at all: sound and film, which only people can hear or see, and files that
did not arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from core.agent.texts import Texts
from core.domain.attachments import Attachment
from core.ports.responder import Reply

_SAID: Final[Mapping[str, Callable[[Attachment], bool]]] = {
    "audio_unheard": lambda file: file.is_recording and file.media_type.startswith("audio/"),
    "video_unseen": lambda file: file.is_recording and file.media_type.startswith("video/"),
    "file_missing": lambda file: file.is_missing,
}
"""The text for each kind of such files."""


def unread_note(files: Sequence[Attachment], texts: Texts) -> str:
    """Names such files among these to the customer; empty where there are none."""
    named = {text: ", ".join(file.name for file in files if fits(file)) for text, fits in _SAID.items()}
    return " ".join(texts.say(text, name=names) for text, names in named.items() if names)


def mention_unread(reply: Reply, files: Sequence[Attachment], texts: Texts) -> Reply:
    """The reply with that note behind it, and an offer of a person. A transfer to a person needs none."""
    note = unread_note(files, texts)
    if not note or reply.escalation is not None or note in reply.text:
        return reply
    if not reply.offers_person:
        note = f"{note} {texts.say('offer')}"
    return replace(reply, text=f"{reply.text}\n\n{note}", offers_person=True)
