"""Who got a mail, and whom an answer to it goes to. Pure.

An answer goes to the mail's author and to everybody whom the mail names in To and Cc, as "reply to all" does. It never goes to us
or to a machine; of a mail that fails its domain's check it goes to the author alone. A mail whose Reply-To leads elsewhere, as a
form's does, is answered there alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from channels.email.address import Mailbox
from channels.email.letter import Letter
from core.domain.readers import MessageReader, NamedIn


def readers(mail: Letter, known: Collection[str] | None) -> tuple[MessageReader, ...]:
    """Its author first; nobody where no one but its author and us is named. ``known``: only they may be answered besides the
    author; None: everybody.
    """
    author = mail.author
    return tuple(_listed(mail, author, known)) if author is not None and mail.is_shared else ()


def _listed(mail: Letter, author: Mailbox, known: Collection[str] | None) -> Iterator[MessageReader]:
    never = {one.address for one in mail.unanswered}

    def may_be_answered(one: Mailbox) -> bool:
        return not mail.refuted and one.address not in never and (known is None or one.address in known)

    wished = {one.address for one in mail.reply_to}
    elsewhere = author.address not in wished and any(map(may_be_answered, mail.reply_to))
    yield MessageReader(author.address, author.name, NamedIn.FROM, not elsewhere)
    listed = {author.address}
    fields = ((NamedIn.REPLY_TO, mail.reply_to), (NamedIn.TO, mail.others), (NamedIn.CC, mail.others))
    in_cc = {one.address for one in mail.cc}
    for field, people in fields:
        for one in people:
            if one.address in listed or (field is NamedIn.TO and one.address in in_cc):
                continue
            listed.add(one.address)
            answered = may_be_answered(one) and (field is NamedIn.REPLY_TO or not elsewhere)
            yield MessageReader(one.address, one.name, field, answered)
