"""Staff change, delete or mark a message, and the customer's copy follows where their channel can do that. Pure but for reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.domain.alterations import CORRECTS, WITHDRAWS, Alteration, Altering, alteration_in
from core.domain.capabilities import Capabilities
from core.domain.messages import Author, Message, MessageKind
from core.ports.cases import Cases
from core.ports.store import NewMessage
from handoff.texts import languages, say


def correcting(copy_id: str, *, gone: bool) -> Mapping[str, Any]:
    """The meta of a message that tells the customer so, where their copy cannot be changed."""
    return {CORRECTS: copy_id, WITHDRAWS: gone}


def withdrawn_by(message: Message) -> str | None:
    """The id of what a message takes back, where the customer's copy could not be taken away."""
    return str(message.meta[CORRECTS]) if message.meta.get(WITHDRAWS) else None


def as_corrected(said: Sequence[Message]) -> list[Message]:
    """What is to be read of it: a message that nobody has read yet needs no correction, but its right words.

    What was deleted is not read, and a correction of what is not among these stays what it is.
    """
    last = {str(one.meta[CORRECTS]): one for one in said if CORRECTS in one.meta}
    known = {one.id for one in said}
    found = []
    for one in said:
        right = last.get(one.id)
        if one.deleted_at is not None or (right is not None and right.meta.get(WITHDRAWS)):
            continue
        if one.meta.get(CORRECTS) not in known:
            found.append(one if right is None else replace(one, text=corrected(right.text)))
    return found


def corrected(text: str) -> str:
    """Without the word that a correction begins with; one that was translated may begin with another, which is kept."""
    signs = (say("correction", language) for language in sorted(languages()))
    return next((text.removeprefix(sign).strip() for sign in signs if text.startswith(sign)), text)


async def altered(
    cases: Cases, channel: Capabilities | None, copy_id: str, source: Message, name: str, *, gone: bool
) -> NewMessage | None:
    """What makes the customer's copy right; None where it has to be corrected by another message.

    A text that went out in several parts cannot be changed in all of them at once; what has files keeps them.
    """
    if channel is None or not (channel.delete if gone else channel.edit):
        return None
    parts = (await cases.parts([copy_id])).get(copy_id, ())
    if not parts or (not gone and (len(parts) > 1 or source.attachments or not source.text.strip())):
        return None
    done = Alteration(Altering.DELETE if gone else Altering.EDIT, tuple(parts), message_id=copy_id)
    kind = MessageKind.NOTICE if gone else MessageKind.ANSWER
    text = "" if gone else source.text
    return NewMessage(Author.STAFF, text, kind, author_name=name, meta=done.meta(), followed=True)


def is_whole(done: NewMessage, source: Message) -> bool:
    """Whether all of a message goes with it: a channel does not name every file that it took."""
    alteration = alteration_in(done.meta)
    sent = len(source.attachments) + bool(source.text.strip())
    return alteration is not None and len(alteration.of) >= sent


async def reacted(
    cases: Cases, channel: Capabilities | None, account: str, shown_at: str, emoji: str, *, present: bool
) -> NewMessage | None:
    """An emoji on what the customer wrote; None where it stays inside. ``shown_at``: the copy that staff put it on."""
    if channel is None or not channel.reactions:
        return None
    original = await cases.copied_from(account, shown_at)
    if original is None:
        return None
    done = Alteration(Altering.REACT, (original,), emoji, present)
    return NewMessage(Author.STAFF, "", MessageKind.NOTICE, meta=done.meta(), followed=True)
