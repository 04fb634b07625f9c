"""Mail that no person wrote to us just now: it is left alone (RFC 3834, section 2), so that no two machines ever talk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message
from enum import StrEnum
from typing import Final

from channels.email.address import Mailbox, mailboxes
from channels.email.charset import header, raw_headers


class Origin(StrEnum):
    """Why it is left alone."""

    OURSELVES = "ourselves"
    AUTOMATIC = "automatic"
    LIST = "list"
    NO_REPLY = "no_reply"


_NO_REPLY = re.compile(
    r"(?:.*[._-])?(?:no|do-?not|donot)[._-]?reply(?:[._-].*)?|noreply.*|.*noreply", re.IGNORECASE
).fullmatch
_MACHINES: Final = frozenset(
    ("mailer-daemon", "bounce", "bounces", "majordomo", "listserv", "mailer", "autoreply", "auto-reply")
)
_AUTOMATIC_HEADERS: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-AutoReply-From", "X-Mail-Autoreply")
_OWN_NAMES: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "List-Post", "X-BeenThere")
"""Headers that name the address or the list by which a mail came to our mailbox."""
_LIST_HEADERS: Final = ("List-Id", "List-Post", "List-Unsubscribe", "X-Mailing-List", "X-BeenThere")
_AWAY = re.compile(
    r"^\s*(?:auto(?:matic|mated)?[- ]?(?:reply|response|antwort)|out of (?:the )?office|away from[^:]*(?=:)|"
    r"automatische antwort|abwesenheits(?:notiz|meldung|assistent)|abwesend|nicht im b[üu]ro|r[ée]ponse automatique|"
    r"absence du bureau|absent du bureau|respuesta autom[áa]tica|fuera de (?:la )?oficina|risposta automatica|"
    r"resposta autom[áa]tica|automatisch antwoord|afwezig|رد تلقائي|الرد التلقائي|خارج المكتب)\s*:",
    re.IGNORECASE,
)
"""What mail programs put before the subject that they answer. People write such words too: see `_says_away`."""
_SUPPRESSED: Final = frozenset(("all", "autoreply", "oof"))


def origin(message: Message, sender: Mailbox, own: str, own_lists: tuple[str, ...] = ()) -> Origin | None:
    """None for a person's mail. Headers decide; a no-reply address only where nobody else is named to answer to."""
    if sender.address == own.lower():
        return Origin.OURSELVES
    if machine_wrote(message):
        return Origin.AUTOMATIC
    if _through_list(message, own_lists):
        return Origin.LIST
    wished = [one for one in mailboxes(message, "Reply-To") if one.address != own.lower()] or [sender]
    if any(map(is_person, wished)):
        return None
    return Origin.AUTOMATIC if _is_machine(sender) else Origin.NO_REPLY


def speaker(message: Message, sender: Mailbox) -> Mailbox:
    """Who speaks: behind a form or a shop that writes from a no-reply address, the person whom Reply-To names."""
    if is_person(sender):
        return sender
    return next((one for one in mailboxes(message, "Reply-To") if is_person(one)), sender)


def unanswered(message: Message, named: Iterable[Mailbox], own: Mailbox) -> tuple[Mailbox, ...]:
    """Of those whom a mail names, whom no answer goes to: machines, and other names of our own mailbox."""
    ours = {one.address for header in _OWN_NAMES for one in mailboxes(message, header)}
    mine = own.local, own.domain
    return tuple(one for one in named if not is_person(one) or one.address in ours or (one.local, one.domain) == mine)


def is_person(one: Mailbox) -> bool:
    """Whether the address does not say that a machine has it, or that nobody reads it."""
    return not _is_machine(one) and not _NO_REPLY(one.local)


def _is_machine(one: Mailbox) -> bool:
    """RFC 3834, section 2, and what list and mail programs call themselves."""
    return one.local in _MACHINES or one.local.startswith(("bounce-", "bounces-", "owner-"))


def machine_wrote(message: Message) -> bool:
    """Whether a program says of itself that it is one (RFC 3834, sections 3.1.8 and 5)."""
    submitted = header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if header(message, "Precedence").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    if any(raw_headers(message, name) for name in _AUTOMATIC_HEADERS):
        return True
    if "".join(raw_headers(message, "Return-Path")).replace(" ", "") == "<>":
        return True
    suppressed = {word.strip().lower() for word in header(message, "X-Auto-Response-Suppress").split(",")}
    return bool(suppressed & _SUPPRESSED) or _says_away(message, suppressed)


def is_marked_as_spam(message: Message) -> bool:
    """By a mail server on its way, as SpamAssassin and Rspamd do, while none says that it is not: nobody knows which is ours."""
    headers = [value for name in ("X-Spam-Flag", "X-Spam", "X-Spam-Status") for value in raw_headers(message, name)]
    marks = {value.strip().lower()[:2] for value in headers}
    return "ye" in marks and "no" not in marks


def _says_away(message: Message, suppressed: set[str]) -> bool:
    """A subject alone may be a customer's own words. It counts beside a second sign: the mail answers one, or wants no notes."""
    answers = bool(raw_headers(message, "In-Reply-To") or raw_headers(message, "References"))
    return bool(_AWAY.match(header(message, "Subject"))) and (answers or bool(suppressed - {"", "none"}))


def _through_list(message: Message, own_lists: tuple[str, ...]) -> bool:
    identifier = header(message, "List-Id").lower()
    if any(known.strip("<> ").lower() and known.strip("<> ").lower() in identifier for known in own_lists):
        return False
    if any(raw_headers(message, name) for name in _LIST_HEADERS):
        return True
    return header(message, "Precedence").strip().lower() in ("bulk", "junk", "list")
