"""Staff change, delete or mark a message, and the customer's copy follows where their channel can do that. Pure but for reads."""

from __future__ import annotations

from core.domain.alterations import Alteration, Altering
from core.domain.capabilities import Capabilities
from core.domain.messages import Author, Message, MessageKind
from core.ports.cases import Cases
from core.ports.store import NewMessage


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
    done = Alteration(Altering.DELETE if gone else Altering.EDIT, tuple(parts))
    kind = MessageKind.NOTICE if gone else MessageKind.ANSWER
    text = "" if gone else source.text
    return NewMessage(Author.STAFF, text, kind, author_name=name, meta=done.meta(), followed=True)


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
