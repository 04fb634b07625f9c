"""Wire to domain: what a client sends, checked field by field. Pure."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from channels.web.refusals import BadFrame, Empty, TooLong, TooManyAttachments
from channels.web.settings import WebLimits
from channels.web.tokens import ACCOUNT, CHANNEL, Session
from core.domain.keys import EventKey
from core.domain.messages import CustomerAction, MessageReceived

_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe0f\ufeff]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")
"""The unreserved characters of RFC 3986, so that the id has one written form in keys."""
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_no_constant)
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
_LAST_CURSOR = 2**31 - 1  # what the column holds
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")

_ACTIONS = (CustomerAction.REQUEST_PERSON, CustomerAction.CONTACT, CustomerAction.WITHDRAW)
"""What the widget has buttons for."""

_EMAIL = re.compile(r"(?<=[^\s<>@,;:|])@[^\s<>@,;:|]{1,255}\.[^\s<>@,;:|.]")
_NUMBER = re.compile(r"(?<![\w.])[+(]?\d[\d\s()./-]{4,24}\d(?!\w)")
_NUMBER_ALONE = re.compile(r"[\W_]{0,9}\d(?:[\W_]{0,9}\d){6,14}(?:\D{1,14}\d{1,6})?\D{0,2}")
"""On a line of its own, with an extension in any wording; reachable.ts of the widget takes nothing else for one."""
_QUESTION = re.compile(r"[?？؟¿]")
_INTERNATIONAL = ("+", "00", "0", "(")
_DIGITS = range(7, 16)  # ITU-T E.164 allows 15

FrameType = Literal["auth", "message", "typing", "resume", "ping"]
_TYPES: frozenset[str] = frozenset({"auth", "message", "typing", "resume", "ping"})


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """A message as the client wrote it, with every field checked."""

    content: str
    client_id: str
    attachments: tuple[str, ...] = ()
    action: CustomerAction | None = None
    locale: str | None = None

    def event(self, session: Session, now: datetime, origin: str | None = None) -> MessageReceived:
        """As the event of this session; the session and the client's own id make its key. ``origin``: see Caller."""
        return MessageReceived(
            key=event_key(session, self.client_id),
            conversation=session.key,
            sender=session.identity,
            text=self.content,
            sent_at=now,
            stored_attachments=self.attachments,
            action=self.action,
            locale=self.locale or session.locale,
            origin=origin,
        )


def event_key(session: Session, client_id: str) -> EventKey:
    """The key under which a client's message is stored once, however often it is sent."""
    return EventKey(CHANNEL, ACCOUNT, f"{session.id}/{client_id}")


def decode(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises BadFrame."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadFrame(f"Not UTF-8 (byte {error.start}).") from None
    try:
        value = _JSON.decode(text)
    except (ValueError, RecursionError):
        raise BadFrame("Not JSON.") from None
    if not isinstance(value, dict):
        raise BadFrame("Not a JSON object.")
    return value


def frame_type(frame: Mapping[str, Any]) -> FrameType:
    """The frame's type. Raises BadFrame for one that clients do not send."""
    kind = frame.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise BadFrame(f"Unknown frame type. Known are: {', '.join(sorted(_TYPES))}.")
    return kind  # type: ignore[return-value] # narrowed by membership


def client_message(fields: Mapping[str, Any], limits: WebLimits, *, text: str) -> ClientMessage:
    """A message from a frame (``text="content"``) or a posted body (``text="message"``).

    One that brings no id of its own gets a random one: sent again, it is another message. Raises BadFrame, TooLong, Empty
    or TooManyAttachments.
    """
    content = _content(fields.get(text, ""), text, limits)
    files = _files(fields.get("attachments"), limits)
    if not files and (not content or _INVISIBLE.fullmatch(content)):
        raise Empty("The message has neither text nor a file.")
    return ClientMessage(
        content=content,
        client_id=client_id(fields) or secrets.token_hex(16),
        attachments=files,
        action=_meant(_action(fields.get("action")), content),
        locale=locale(fields.get("locale")),
    )


def client_id(fields: Mapping[str, Any]) -> str | None:
    """The client's own id of its message, None when it brings none. Raises BadFrame."""
    value = fields.get("client_id")
    if value is None:
        return None
    if not isinstance(value, str) or not _CLIENT_ID.fullmatch(value):
        raise BadFrame("client_id is a text of 1 to 64 characters out of A-Z a-z 0-9 . _ ~ -")
    return value


def locale(value: Any) -> str | None:
    """A language tag (BCP 47). Raises BadFrame."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _LOCALE.fullmatch(value) or len(value) > 35:
        raise BadFrame("locale is a language tag like en or pt-BR.")
    return value


def cursor(value: Any, name: str = "after") -> int:
    """A place in the log. Raises BadFrame."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LAST_CURSOR:
        raise BadFrame(f"{name} is a cursor: a whole number from 0 to {_LAST_CURSOR}.")
    return value


def seconds(value: str, name: str, longest: float) -> float:
    """A time to wait, ``longest`` for any that is longer. Raises BadFrame, also for ``nan`` and ``inf``."""
    if not _DECIMAL.fullmatch(value):
        raise BadFrame(f"{name} is a number of seconds from 0 to {longest:g} (a larger one counts as {longest:g}).")
    return min(float(value), longest)


def plain_text(value: Any, name: str, limit: int) -> str:
    """A text that can be stored and shown. Raises BadFrame or TooLong."""
    if not isinstance(value, str):
        raise BadFrame(f"{name} is a text.")
    if len(value) > limit:
        raise TooLong(f"{name} has {len(value)} characters. At most {limit} are taken.")
    found = _FORBIDDEN.search(value)
    if found and found.group() >= "\ud800":
        raise BadFrame(f"{name} holds half a surrogate pair.")
    if found:
        raise BadFrame(f"{name} holds a control character (U+{ord(found.group()):04X}).")
    return value


def _content(value: Any, name: str, limits: WebLimits) -> str:
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return plain_text(value, name, limits.message_chars)


def _files(value: Any, limits: WebLimits) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) and _FILE_ID.fullmatch(item) for item in value):
        raise BadFrame("attachments is a list of ids that uploads answered.")
    files = tuple(dict.fromkeys(value))
    if len(files) > limits.attachments:
        raise TooManyAttachments(f"At most {limits.attachments} files fit in one message.")
    return files


def _action(value: Any) -> CustomerAction | None:
    if value is None or value == "":
        return None
    if value not in _ACTIONS:
        raise BadFrame(f"action is one of: {', '.join(_ACTIONS)}.")
    return CustomerAction(value)


def _meant(action: CustomerAction | None, content: str) -> CustomerAction | None:
    """A text without any contact details is a message like others, whatever the client calls it: it gets its answer."""
    return None if action is CustomerAction.CONTACT and not _names_contact(content) else action


def _names_contact(text: str) -> bool:
    """Whether a text holds an e-mail address or a telephone number.

    A number without a prefix counts, since people write it as at home, but not inside a question: there it is an order's.
    """
    if _EMAIL.search(text):
        return True
    asks = _QUESTION.search(text) is not None
    if not asks and any(_NUMBER_ALONE.fullmatch(line.strip()) for line in text.splitlines()):
        return True
    return any(
        sum(char.isdigit() for char in match.group()) in _DIGITS
        and (not asks or match.group().startswith(_INTERNATIONAL))
        for match in _NUMBER.finditer(text)
    )
