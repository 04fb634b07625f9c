"""Rows to domain values and back. JSON columns are text, so that both databases hold the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from itertools import chain
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import Row

from core.domain.attachments import Attachment, ExtractionStatus, Refusal
from core.domain.contact_route import ContactRoute
from core.domain.conversation import Conversation, OwnershipState, Sharing
from core.domain.customer import ContactDetails, Customer, Evidence
from core.domain.keys import ConversationKey
from core.domain.memory import CustomerMemory, Fact, FactKind
from core.domain.messages import Audience, Author, Citation, Message, MessageKind, action_named
from core.storage.tables import message

Value = TypeVar("Value")
UNREADABLE = (ValueError, KeyError, TypeError, OverflowError)
"""What reading a row raises that a newer version wrote, or that was damaged."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def when(seconds: float) -> datetime:
    """A time column as a datetime in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def when_given(seconds: float | None) -> datetime | None:
    """``when`` where there may be nothing."""
    return None if seconds is None else when(seconds)


def from_row(kind: type[Value], row: Row[Any], /, **given: Any) -> Value:
    """A dataclass from the columns that are named as its fields, except those that are ``given``."""
    names = (one.name for one in fields(kind) if one.name not in given)  # type: ignore[arg-type]  # dataclasses alone
    return kind(**{name: getattr(row, name) for name in names}, **given)


def dump(value: Any) -> str | None:
    """JSON text that both databases store, or None for nothing."""
    return clean(_encode(value)) if value else None


def load(text: str | None) -> dict[str, Any]:
    """The object that ``dump`` wrote; an empty one for None. Raises ValueError for anything else."""
    found = json.loads(text) if text else {}
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - it is the text that is wrong
    return found


def load_citations(text: str | None) -> tuple[Citation, ...]:
    """What ``dump_citations`` wrote. Raises one of UNREADABLE."""
    return tuple(Citation(**item) for item in json.loads(text)) if text else ()


def clean(text: str) -> str:
    """Text that both databases store: PostgreSQL refuses NUL, neither takes a lone surrogate. The raw event keeps both."""
    text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def cleaned(text: str | None) -> str | None:
    """``clean`` where there may be nothing."""
    return None if text is None else clean(text)


def locale(text: str | None) -> str | None:
    """A language tag as the column holds it (BCP 47 asks for 35 characters); a longer one is no language."""
    return clean(text) if text and len(text) <= 35 else None


def storable(text: str) -> bool:
    """Whether both databases store it as it is: an id must come back unchanged, so it cannot be mended by ``clean``."""
    return clean(text) == text


def dump_citations(citations: Sequence[Citation]) -> str | None:
    """Citations as a JSON list."""
    return dump([asdict(citation) for citation in citations])


def conversation_from(row: Row[Any]) -> Conversation:
    """A ``conversation`` row."""
    return Conversation(
        id=row.id,
        key=ConversationKey(row.channel, row.account, row.thread),
        customer_id=row.customer_id,
        state=OwnershipState(row.state),
        owner=row.owner,
        epoch=row.epoch,
        ownership_epoch=row.ownership_epoch,
        last_seq=row.last_seq,
        done_seq=row.done_seq,
        attempts=row.attempts,
        created_at=when(row.created_at),
        locale=row.locale,
        escalation_reason=row.escalation_reason,
        audience=Audience(row.audience),
        ended_at=when_given(row.ended_at),
        route=route_from(row.road),
        shared=sharing(row.shared),
        reopen_until=when_given(row.reopen_until),
        summary=row.summary,
    )


def sharing(text: str | None) -> Sharing:
    """A conversation's column; nothing stands there while it is private. Raises ValueError."""
    return Sharing.NEVER if text is None else Sharing(text)


def route_to(route: ContactRoute, *, taken: bool) -> str | None:
    """As a conversation's row keeps it. ``taken``: the customer has answered there, so that it is where they are."""
    return dump({"key": str(route.key), "address": route.address, "contact": route.contact, "taken": taken})


def route_from(text: str | None) -> ContactRoute | None:
    """What ``route_to`` wrote, where the customer has taken it. Raises one of UNREADABLE."""
    kept = load(text)
    if not kept.get("taken"):
        return None
    return ContactRoute(ConversationKey.parse(kept["key"]), kept["address"], kept["contact"])


def customer_from(row: Row[Any], *, private: bool = True) -> Customer:
    """A row of the columns ``links.PERSON``. ``private``: nobody else reads along, so a name given elsewhere may be used."""
    return Customer(
        id=row.id,
        external_id=row.external_id,
        display_name=row.display_name or (row.linked_name if private else None),
        verified=bool(row.verified),
        contact=ContactDetails(row.email, row.phone),
        locale=row.locale,
        since=when(row.created_at),
        evidence=Evidence.of(verified=bool(row.verified), linked=bool(row.is_linked)),
    )


def facts_from(row: Row[Any], conversation_id: str) -> tuple[Fact, ...]:
    """All facts of a row of ``links.PERSON``; of a customer who has proven nothing those of that conversation alone."""
    facts = known_facts([row.memory, *(row.linked_memory or "").split("\n")])
    proven = row.verified or row.is_linked
    return tuple(one for one in facts if proven or one.conversation_id == conversation_id)


def known_facts(memories: Iterable[str | None]) -> list[Fact]:
    """Of one person, whose identities have a memory each: the newest of a key, which corrects what another was told."""
    facts = chain.from_iterable(memory_from(text).facts for text in memories if text)
    return list({one.key: one for one in sorted(facts, key=lambda one: one.said_at)}.values())


def memory_from(text: str | None) -> CustomerMemory:
    """What of it can be read; nobody's answer waits for what is remembered."""
    try:
        return open_memory(text)[0]
    except UNREADABLE:
        return CustomerMemory()


def open_memory(text: str | None) -> tuple[CustomerMemory, dict[str, Any]]:
    """What ``dump_memory`` wrote, and beside it what cannot be read: facts of a newer version, damaged ones, other keys.

    Raises one of UNREADABLE where nothing can be.
    """
    unread = load(text)
    until, kept = unread.pop("forgotten_until", None), unread.pop("facts", [])
    forgotten = tuple(((kind, subject), when(at)) for kind, subject, at in unread.pop("forgotten", ()))
    if not isinstance(kept, list):
        raise ValueError("not a list of facts")  # noqa: TRY004 - it is the text that is wrong
    facts, unread["facts"] = [], []
    for one in kept:
        try:
            facts.append(_fact(one))
        except UNREADABLE:
            unread["facts"].append(one)
    return CustomerMemory(tuple(facts), when_given(until), forgotten), unread


def dump_memory(memory: CustomerMemory, unread: Mapping[str, Any]) -> str | None:
    """A customer's facts, with times in seconds; and what ``open_memory`` could not read."""
    times = ("said_at", "used_at")
    facts = [{**asdict(one), **{name: getattr(one, name).timestamp() for name in times}} for one in memory.facts]
    until = None if memory.forgotten_until is None else memory.forgotten_until.timestamp()
    forgotten = [(*key, at.timestamp()) for key, at in memory.forgotten]
    known = {"facts": [*unread.get("facts", ()), *facts], "forgotten_until": until, "forgotten": forgotten}
    kept = {**unread, **known}
    return dump({name: value for name, value in kept.items() if value})


def _fact(kept: Mapping[str, Any]) -> Fact:
    times = {"said_at": when(kept["said_at"]), "used_at": when(kept["used_at"])}
    return Fact(**{**kept, **times, "kind": FactKind(kept["kind"])})


def attachment_from(row: Row[Any]) -> Attachment:
    """An ``attachment`` row."""
    refused, error = _why(row.error)
    return from_row(Attachment, row, extraction=ExtractionStatus(row.extraction), error=error, refused=refused)


def _why(written: str | None) -> tuple[Refusal | None, str | None]:
    """The column holds the code of a refusal before its sentence; any other error stands there as it is."""
    code, _, sentence = (written or "").partition(": ")
    found = next((one for one in Refusal if one == code), None)
    return found, written if found is None else sentence


def attachment_row(
    file: Attachment, key: str, conversation_id: str, message_id: str | None, now: float
) -> dict[str, Any]:
    """A file as a row under the id ``key``."""
    return {
        "id": key,
        "conversation_id": conversation_id,
        "message_id": message_id,
        "name": clean(file.name),
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "storage_key": file.storage_key,
        "extraction": file.extraction,
        "text": cleaned(file.text),
        "created_at": now,
        "error": cleaned(f"{file.refused}: {file.error or ''}" if file.refused else file.error),
    }


def message_from(row: Any, files: Sequence[Row[Any]] = ()) -> Message:
    """A ``message`` row with the ``attachment`` rows of its files."""
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        seq=row.seq,
        author=Author(row.author),
        text=row.text,
        created_at=when(row.created_at),
        author_name=row.author_name,
        kind=MessageKind(row.kind) if row.kind else None,
        action=action_named(row.action) if row.action else None,
        attachments=tuple(attachment_from(file) for file in files),
        citations=load_citations(row.citations),
        meta=load(row.meta),
        edited_at=when_given(row.edited_at),
        deleted_at=when_given(row.deleted_at),
        sent_at=when(row.sent_at),
        customer_id=row.customer_id,
    )


def message_written(row: Mapping[str, Any]) -> Message:
    """A message as it will be read from the row that was just written for it, which has no files."""
    return message_from(SimpleNamespace(**{**dict.fromkeys(message.c.keys()), **row}))
