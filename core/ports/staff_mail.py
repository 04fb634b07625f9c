"""Mail between the desk and staff who answer by replying to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from core.domain.attachments import Attachment
from core.domain.messages import Receipt

REPLY_MARK: Final = "##-"
"""A line that begins with it ends what somebody wrote: everything below is what their mail program quotes."""
UNPROVEN: Final = "unproven"
"""``caution`` of a reply that names a staff member as its sender, which the mail server does not confirm."""
NOTHING_NEW: Final = "nothing_new"
"""``caution`` of a reply that holds nothing but what it quotes."""
NO_COMMAND: Final = "no_command"
"""``caution`` of a reply with a line that looks like a command and cannot be carried out: it may be meant for the hub alone."""
NOT_STAFF: Final = "not_staff"
"""``caution`` of an answer to a mail of staff's by an address that may not answer for the company."""
_CASE: Final = "case/"


def reply_thread(case_id: str) -> str:
    """The thread of the conversation in which staff's replies about a case are taken, on the channel that takes them."""
    return _CASE + case_id


def case_of_thread(thread: str) -> str | None:
    """The case that such a thread is about; None for any other thread."""
    return thread.removeprefix(_CASE) if thread.startswith(_CASE) else None


@dataclass(frozen=True, slots=True)
class StaffMail:
    """One mail about a case. ``text`` is plain. All mails of a case are one mail thread, under the first one's ``subject``."""

    case_id: str
    subject: str
    text: str
    locale: str
    attachments: tuple[Attachment, ...] = ()


@runtime_checkable
class StaffMailer(Protocol):
    """A channel that can write to staff and takes their replies."""

    name: str
    account: str

    async def write_to_staff(self, mail: StaffMail, *, idempotency_key: str) -> Receipt:
        """Raises what Channel.send raises."""

    async def written_to_staff(self, mail: StaffMail, *, idempotency_key: str) -> Receipt | None:
        """As SupportsOutcomeQuery.outcome."""
