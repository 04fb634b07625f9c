"""Events that could not be read, of somebody who is erased.

An event goes only where it is plain that they sent it. One that only names their address may be somebody else's message that
nobody has answered: its id is reported, and the operator looks at it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs, unquote_to_bytes

from sqlalchemy import Connection, delete, select

from core.storage.among import among
from core.storage.tables import quarantine

_PAGE = 50
_FROM = re.compile(r"^from:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_LONGEST_HEAD = 64_000
_MOST_FIELDS = 100


def erase_unread(
    connection: Connection, channel: str, account: str, external_id: str, *, is_theirs_alone: bool
) -> list[str]:
    """Delete what this identity sent. Returns the ids of what only names its address, and of what another customer with the same
    address may have sent, whose identity is proven or is not.
    """
    address = external_id.lower() if "@" in external_id else external_id.rpartition(":")[2]
    bare = address.rpartition("/")[2].lstrip("+").encode()
    if not bare:
        return []
    named = re.compile(rb"(?<![\w.+-])\+?" + re.escape(bare) + rb"(?!\w|\.\w)", re.IGNORECASE)
    columns = quarantine.c
    page = (
        select(columns.id, columns.body, columns.headers)
        .where(columns.channel == channel, columns.account == account)
        .order_by(columns.id)
        .limit(_PAGE)
    )
    unsure: list[str] = []
    last = ""
    while rows := connection.execute(page.where(columns.id > last)).all():
        found = [
            row for row in rows if any(map(named.search, _texts(row.body, row.headers, is_form="@" not in address)))
        ]
        theirs = [row.id for row in found if _sender(channel, row.body) == address and is_theirs_alone]
        connection.execute(delete(quarantine).where(among(columns.id, "ids")), {"ids": theirs})
        unsure += [row.id for row in found if row.id not in theirs]
        last = rows[-1].id
    return unsure


def _texts(body: bytes, headers: str, *, is_form: bool) -> Iterator[bytes]:
    yield body
    yield headers.encode()
    if is_form:
        yield unquote_to_bytes(body.replace(b"+", b" "))


def _sender(channel: str, body: bytes) -> str | None:
    """Who sent it, as its platform says it; None where that is not plain to see."""
    read = _SENDERS.get(channel)
    try:
        return read(body.decode("utf-8", "replace")) if read else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _of_mail(text: str) -> str | None:
    """Of one header with one address: alone, or in brackets behind a name."""
    head = text[:_LONGEST_HEAD].replace("\r\n", "\n").partition("\n\n")[0]
    (author,) = _FROM.findall(head)
    name, bracket, address = author.strip().lower().partition("<")
    if not bracket:
        return str(name)
    return None if "@" in name else str(address.removesuffix(">").strip())


def _of_form(text: str) -> str:
    (sender,) = parse_qs(text, max_num_fields=_MOST_FIELDS)["From"]
    return sender.rpartition(":")[2]


def _of_telegram(text: str) -> str:
    """Of an update: whoever wrote, pressed or reacted; a chat where somebody hides behind it."""
    (event,) = (value for value in json.loads(text).values() if isinstance(value, dict))
    chat = event.get("sender_chat") or event.get("actor_chat")
    return f"chat/{chat['id']}" if chat else str((event.get("from") or event["user"])["id"])


def _of_slack(text: str) -> str:
    if not text.startswith("{"):
        form = parse_qs(text, max_num_fields=_MOST_FIELDS)
        if "payload" not in form:
            return form["user_id"][0]
        (text,) = form["payload"]
    whole = json.loads(text)
    if "event" in whole:
        event = whole["event"]
        return str((event.get("message") or event)["user"])
    return str(whole["user"]["id"])


_SENDERS: Mapping[str, Callable[[str], str | None]] = {
    "email": _of_mail,
    "sms": _of_form,
    "telegram": _of_telegram,
    "slack": _of_slack,
}
