"""Says of sound and film that the agent cannot hear or see them, and that people can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.agent.texts import Texts
from core.domain.attachments import Attachment
from core.ports.responder import Reply

_SAID = {"audio/": "audio_unheard", "video/": "video_unseen"}


def recordings_note(files: Sequence[Attachment], texts: Texts) -> str:
    """Names the recordings among these files to the customer; empty where there are none."""
    named = {
        text: ", ".join(file.name for file in files if file.is_recording and file.media_type.startswith(kind))
        for kind, text in _SAID.items()
    }
    return " ".join(texts.say(text, name=names) for text, names in named.items() if names)


def mention_recordings(reply: Reply, files: Sequence[Attachment], texts: Texts) -> Reply:
    """The reply with that note behind it, and an offer of a person. A transfer to a person needs none."""
    note = recordings_note(files, texts)
    if not note or reply.escalation is not None or note in reply.text:
        return reply
    if not reply.offers_person:
        note = f"{note} {texts.say('offer')}"
    return replace(reply, text=f"{reply.text}\n\n{note}", offers_person=True)
