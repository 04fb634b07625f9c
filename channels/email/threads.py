"""Which conversation a mail belongs to, who takes part in it, and what the next answer refers to.

A mail joins a thread when it answers one of that thread's mails *and* its author takes part: whoever wrote it, and whoever a
participant put in To or Cc. Once an author was proven (DMARC), an unproven mail in their name does not join, and one that fails
that check joins nothing. A stranger who quotes an id, or uses it again, begins a thread of their own, and learns nothing.

A thread that we begin, for somebody who has left another channel, is for that address alone: whoever they copy in begins a thread
too. What is said in it belongs to their conversation on that other channel, and nobody else may read or continue it.

A mail that answers one of ours to staff begins no conversation of a customer's, also after STAFF_EMAIL has changed.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from channels.bounded import Bounded
from channels.email.address import Mailbox
from channels.email.letter import Letter
from channels.email.settings import CHANNEL
from channels.email.tokens import MOST_ANSWERED, Tokens, event_id
from core.domain.errors import StoreUnavailable
from core.domain.messages import Note
from core.domain.readers import Recipient
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_QUOTED: Final = 6_000
_CHAIN: Final = 25
_PEOPLE: Final = 30
_TRIES: Final = 10
_MOST_RECENT: Final = 2_000
_MOST_MAILS: Final = 20_000
_CERTAIN: Final = 30.0
"""Seconds for which a thread is not read again. Only the process that reads the folder writes it, under a longer lease; another
process may use values that are this old."""


@dataclass(frozen=True, slots=True)
class Place:
    """``joined``: the thread was there before this mail. ``known``: this mail was noted before.

    ``was``: what is remembered of the thread, as JSON. ``case``: the one that the thread tells staff about. ``by_staff``: whether
    the mail's author may answer for the company, or is a colleague in a customer's thread. ``inside``: not every customer who
    takes part has got what the colleague wrote. ``begun_by_us``: the thread is a mail of ours to one customer.
    ``people``: who may be answered besides the author; None: everybody whom the mail names.
    """

    thread: str
    joined: bool
    known: bool = False
    was: str | None = None
    case: str | None = None
    by_staff: bool = False
    inside: bool = False
    begun_by_us: bool = False
    people: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class NewMail:
    """What is remembered with a mail. ``change``: the thread with it."""

    place: Place
    mail: Letter
    notes: tuple[Note, ...]
    change: Callable[[Thread | None], Thread]


@dataclass(frozen=True, slots=True)
class Thread:
    """What an answer needs. ``people``: by address, whether a mail of theirs was proven to be theirs. ``doubted``: the sender's
    domain does not stand behind the last mail, so nothing goes there by itself. ``only``: for whom we began it. ``by``: who wrote
    the last mail, which is not always where answers are to go (Reply-To); None of a thread that was kept before.
    ``case``: that staff are told of in it; customers never join such a thread. ``read_by``: who wrote or got the last mail.
    ``common_subject``: of the last mail that everybody got who took part by then.
    ``copies``: who gets an answer besides ``to``, with names; it is not remembered.
    """

    to: str
    name: str | None
    subject: str
    answers: str | None
    chain: tuple[str, ...] = ()
    people: Mapping[str, bool] = field(default_factory=dict)
    quote: str = ""
    quote_at: str = ""
    locale: str | None = None
    doubted: bool = False
    only: str | None = None
    by: str | None = None
    case: str | None = None
    read_by: tuple[str, ...] = ()
    common_subject: str = ""
    copies: tuple[tuple[str, str | None], ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether we began it, and nobody has answered yet."""
        return not self.quote_at

    @classmethod
    def from_json(cls, text: str) -> Thread:
        """Read what `to_json` wrote, also in a newer version, whose further fields are passed over."""
        values: dict[str, Any] = json.loads(text)
        known = {one.name: values[one.name] for one in fields(cls) if one.name in values}
        return cls(**{**known, "chain": tuple(values["chain"]), "read_by": tuple(values.get("read_by", ()))})

    def to_json(self) -> str:
        """For the channel's memory."""
        left_out = {"copies"} if self.case is not None else {"copies", "case"}  # older versions do not know "case"
        return json.dumps({k: v for k, v in asdict(self).items() if k not in left_out}, ensure_ascii=False)

    def answering(self, recipients: Sequence[Recipient]) -> Thread:
        """The thread for an answer to these people. It quotes the last mail only to its author, and if all of them got it."""
        (to, name), *copies = [(one["address"], one["name"]) for one in recipients]
        knows = set(self.read_by).issuperset({to, *(address for address, _ in copies)})
        found = replace(self if knows else self.without_last_mail(), to=to, name=name, copies=tuple(copies))
        return found if to == self.to else replace(found, quote="")

    def without(self, addresses: Collection[str]) -> Thread | None:
        """The thread without people whose data is erased, and without the last mail's words; None where nobody is left."""
        people = {one: proven for one, proven in self.people.items() if one not in addresses}
        by, left = self.by if self.by in people else None, self.to not in addresses
        to, name = (self.to, self.name) if left else (by or next(reversed(people), ""), None)
        readers = tuple(one for one in self.read_by if one not in addresses)
        return replace(self, to=to, name=name, by=by, people=people, quote="", read_by=readers) if people else None

    def without_last_mail(self) -> Thread:
        """The thread for an answer to people who did not get the last mail."""
        return replace(self, quote="", subject=self.common_subject or self.subject)


class Threads:
    """The memory of one mailbox. Everything here raises StoreUnavailable.

    What this process noted itself it need not read again: a thread that another process has changed meanwhile is found out when
    it is written, and for an answer only what was noted or read a moment ago counts.
    """

    def __init__(
        self,
        memory: ChannelMemory,
        clock: Clock,
        tokens: Tokens,
        account: str,
        is_staff: Callable[[Mailbox], bool] = lambda author: False,
    ) -> None:
        self._is_staff = is_staff
        self._memory = memory
        self._clock = clock
        self._tokens = tokens
        self._account = account
        self._recent: Bounded[str, tuple[str, float]] = Bounded(_MOST_RECENT)
        self._mails: Bounded[str, str] = Bounded(_MOST_MAILS)
        self._noting: Counter[str] = Counter()

    async def find(self, mail: Letter) -> Place:
        """Where a mail belongs; changes nothing."""
        return self._find_here(mail) or await self._look_up(mail)

    def _find_here(self, mail: Letter) -> Place | None:
        """Found without the database; None where it takes more than what this process noted itself."""
        for one in mail.answers:
            thread = self._tokens.thread_of(one) or self._mails.get(_mail_key(one))
            was = self._recent.get(thread) if thread is not None else None
            if thread is None or was is None:
                return None
            place = self._place_in(thread, was[0], mail)
            if place is not None:
                return place
        return Place(self._tokens.new_thread(mail.event_id), joined=False)

    async def _look_up(self, mail: Letter) -> Place:
        keys = [_mail_key(one) for one in mail.answers]
        own = _own_key(mail)
        stored = await self._memory.recall_many(CHANNEL, self._account, [own, *keys])
        known = {**{key: self._mails[key] for key in keys if key in self._mails}, **stored}
        if own in stored:
            thread, joined = stored[own].split(" ")[:2]
            was = await self._newest(thread)
            found = _read(was)
            if found is not None and self._may_join(found, mail):
                return replace(self._joined(thread, found, was, mail), joined=joined == "joined", known=True)
        quoted = [
            self._tokens.thread_of(one) or known.get(key, "").partition(" ")[0]
            for one, key in zip(mail.answers, keys, strict=True)
        ]
        for thread in dict.fromkeys(filter(None, quoted)):
            place = self._place_in(thread, await self._newest(thread), mail)
            if place is not None:
                return place
        return Place(self._tokens.new_thread(mail.event_id), joined=False)

    def _place_in(self, thread: str, was: str | None, mail: Letter) -> Place | None:
        """The mail's place in a thread that it quotes; None where it may not join that."""
        found = _read(was)
        if found is not None and found.case is not None:
            by_staff = mail.author is not None and not mail.several and self._is_staff(mail.author)
            return Place(thread, joined=True, was=was, case=found.case, by_staff=by_staff)
        if found is None or not self._may_join(found, mail):
            return None
        return self._joined(thread, found, was, mail)

    def _joined(self, thread: str, found: Thread, was: str | None, mail: Letter) -> Place:
        """A colleague is somebody of the staff, proven, in a thread that another began."""
        assert mail.author is not None
        began = next(iter(found.people), None) == mail.author.address
        colleague = mail.proven and not mail.several and not began and self._is_staff(mail.author)
        readers = {one.address for one in mail.others}
        customers = (one for one in found.people if not self._is_staff(Mailbox(one)))
        inside = colleague and not readers.issuperset(customers)
        people = None if _brings(found, mail) else () if found.only is not None else tuple(found.people)
        place = Place(thread, joined=True, was=was, begun_by_us=found.only is not None, people=people)
        return replace(place, by_staff=colleague, inside=inside)

    def note(self, place: Place, mail: Letter, text: str, sent_at: datetime) -> NewMail:
        """Remember the mail: for this process at once, durably with the event that has the notes.

        Whoever calls it writes the mail inside ``noting``, and says ``write`` where the notes were outdated. The same mail again
        changes nothing that matters.
        """
        change = partial(_with_colleague if place.by_staff else _with, mail=mail, text=text, sent_at=sent_at)
        after = change(_read(place.was)).to_json()
        self._keep(place.thread, after)
        self._mails.setdefault(_own_key(mail), place.thread)
        self._noting[place.thread] += 1
        how = "joined" if place.joined else "began"
        content = f" {mail.event_id} {mail.content}" if mail.content else ""
        notes = [Note(CHANNEL, self._account, _own_key(mail), None, f"{place.thread} {how}{content}")]
        if place.was != after:
            notes.append(Note(CHANNEL, self._account, f"thread/{place.thread}", place.was, after, needed=True))
        return NewMail(place, mail, tuple(notes), change)

    async def reusing(self, mail: Letter) -> Letter | None:
        """A mail that was accepted before, as one of its own where that one had another content; None where it is the same."""
        noted = await self._memory.recall(CHANNEL, self._account, _own_key(mail))
        *_, event, content = ["", "", *(noted or "").split(" ")]
        if mail.message_id is None or mail.reuses_id or event != mail.event_id or mail.content in ("", content):
            return None
        answers = (mail.message_id, *mail.answers)[:MOST_ANSWERED]
        return replace(mail, event_id=f"{mail.event_id}/{mail.content}", reuses_id=True, answers=answers)

    @contextlib.contextmanager
    def noting(self, new: NewMail | None) -> Iterator[None]:
        """While it is written."""
        try:
            yield
        except BaseException:
            if new is not None:
                self.forget(new)
            raise
        finally:
            if new is not None:
                self._noting.subtract((new.place.thread,))
                self._noting += Counter()  # without those that are zero

    def forget(self, new: NewMail) -> None:
        """It was not written, or that is not known."""
        self._recent.pop(new.place.thread, None)
        self._mails.pop(_own_key(new.mail), None)

    async def write(self, new: NewMail) -> None:
        """Into the thread as it is by now."""
        place, mail = new.place, new.mail
        self.forget(new)
        own = new.notes[0]
        if not await self._replace(own.key, None, own.new) and await self._is_noted(place, mail):
            return
        for _ in range(_TRIES):
            before = await self._text(place.thread)
            if place.joined and not self._may_join(_read(before), mail):
                break
            after = new.change(_read(before)).to_json()
            if before == after or await self._replace(f"thread/{place.thread}", before, after):
                self._keep(place.thread, after)
                return
        raise StoreUnavailable("The thread is being changed by others.")

    async def _is_noted(self, place: Place, mail: Letter) -> bool:
        known = await self._memory.recall(CHANNEL, self._account, _own_key(mail))
        return known is not None and known.partition(" ")[0] == place.thread

    async def begin(self, thread: str, to: str, subject: str, locale: str | None, case: str | None = None) -> Thread:
        """One that we begin. Whoever has that address takes part in it, and nobody else ever does; that it is whose it was said
        to be is not proven. All mails about a ``case`` answer one id that no mail has, so that mail programs show them together.
        """
        answers = self._tokens.message_id(thread, "root") if case is not None else None
        new = Thread(to, None, subject, answers, people={to: False}, locale=locale, only=to, case=case)
        await self._replace(f"thread/{thread}", None, new.to_json())
        return await self.recall(thread) or new

    async def recall(self, thread: str) -> Thread | None:
        """None when nothing is known of it."""
        found = self._recent.get(thread)
        if found is not None and self._clock.monotonic() - found[1] < _CERTAIN:
            return _read(found[0])
        return _read(await self._text(thread))

    async def _newest(self, thread: str) -> str | None:
        """As it is with what is being written."""
        noted = self._recent.get(thread) if self._noting[thread] > 0 else None
        return noted[0] if noted is not None else await self._text(thread)

    async def _text(self, thread: str) -> str | None:
        before = self._recent.get(thread)
        text = await self._memory.recall(CHANNEL, self._account, f"thread/{thread}")
        if text is not None and self._recent.get(thread) is before:
            self._keep(thread, text)
        return text

    def _keep(self, thread: str, text: str) -> None:
        self._recent[thread] = (text, self._clock.monotonic())

    async def _replace(self, key: str, old: str | None, new: str) -> bool:
        return old == new or await self._memory.replace(CHANNEL, self._account, key, old, new)

    def _may_join(self, thread: Thread | None, mail: Letter) -> bool:
        if thread is None or mail.author is None or mail.refuted or thread.case is not None:
            return False
        if thread.only is not None and mail.author.address != thread.only:
            return False
        proven = thread.people.get(mail.author.address)
        return proven is not None and (mail.proven or not proven)


def _read(text: str | None) -> Thread | None:
    return Thread.from_json(text) if text else None


def _brings(thread: Thread | None, mail: Letter) -> bool:
    """Whether those whom the mail names take part from then on. An unproven mail makes us write to nobody new."""
    return (thread is None or (mail.proven and thread.only is None)) and not mail.refuted


def _own_key(mail: Letter) -> str:
    """By which others will name this mail. Whoever uses an id first keeps it: it cannot be taken over by using it again."""
    return _mail_key(mail.message_id) if mail.message_id and not mail.reuses_id else f"mid/{mail.event_id}"


def _mail_key(message_id: str) -> str:
    return f"mid/{event_id(message_id)}"


def _with_colleague(thread: Thread | None, mail: Letter, text: str, sent_at: datetime) -> Thread:
    """Only who takes part: answers go on to the customer, to what they wrote, and never quote what stayed inside."""
    after = _with(thread, mail, text, sent_at)
    return after if thread is None else replace(thread, people=after.people)


def _with(thread: Thread | None, mail: Letter, text: str, sent_at: datetime) -> Thread:
    assert mail.author is not None
    author = mail.author
    people = dict(thread.people) if thread is not None else {}
    brings = _brings(thread, mail)
    people[author.address] = people.get(author.address, False) or mail.proven
    for one in (*mail.reply_to, *mail.others) if brings else ():
        if len(people) < _PEOPLE:
            people.setdefault(one.address, False)
    to, name = author.address, author.name
    wished = mail.reply_to[0] if mail.reply_to else None
    if wished is not None and (brings or wished.address in people):
        to, name = wished.address, wished.name or (name if wished.address == to else None)
    read_by = (author.address, *(one.address for one in (*mail.reply_to, *mail.others)))
    return replace(
        thread or Thread(to, name, mail.subject, None),
        to=to,
        by=author.address,
        name=name,
        subject=mail.subject or (thread.subject if thread is not None else ""),
        common_subject=_common_subject(thread, mail, read_by),
        answers=mail.message_id,
        chain=_chain(mail),
        people=people,
        quote="" if mail.refuted else text[:_QUOTED],
        quote_at=sent_at.isoformat(),
        locale=mail.locale or (thread.locale if thread is not None else None),
        read_by=read_by,
        doubted=mail.refuted or (thread is not None and thread.doubted and not mail.proven),
    )


def _common_subject(thread: Thread | None, mail: Letter, read_by: Collection[str]) -> str:
    if thread is None or (mail.subject and all(one in read_by for one in thread.people)):
        return mail.subject
    return thread.common_subject or thread.subject


def _chain(mail: Letter) -> tuple[str, ...]:
    """References for the answer: the first and the latest of what led here, and the mail itself (RFC 5322, 3.6.4)."""
    ids = list(dict.fromkeys([*reversed(mail.answers), *([mail.message_id] if mail.message_id else [])]))
    return tuple(ids if len(ids) <= _CHAIN else [ids[0], *ids[1 - _CHAIN :]])
