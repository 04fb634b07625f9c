"""Understands "never mind, I don't need a person any more", in the languages of ``languages/*.toml``.

Who is taken from the queue against their will loses their place in it, so a message counts only when it says so plainly:

- a person is named as no longer needed (``unneeded``, a word for a person, ``any_more``), and that is the whole clause;
- or it is nothing but a withdrawal (``withdrawn``: "forget it", "cancel that") with what is often said ``beside`` it
  ("I found the answer"), thanks and courtesies. A question may follow it. ``dropped`` needs a word for a person behind it
  ("forget about the human"); ``withdrawn_alone`` must be all that stands between two commas ("doch nicht, danke");
- or it says that the matter is ``solved`` ("found it, thanks"), and nothing else at all: whoever goes on ("I found it. The
  number is 12.") may be telling what a person is to know.

A lone "no" does not: the notice asks for contact details, so it may well be the answer to that.

A message that asks for a person never takes it back. Who presses the button takes it back, whatever the button says.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.agent.language import LanguagePack, packs
from core.agent.person_wish import wants_person
from core.agent.phrases import any_of, one_of
from core.agent.sentences import sentences
from core.agent.small_talk import small_talk
from core.agent.wording import phrase
from core.domain.messages import CustomerAction, Message

_BREAK = re.compile(r"(?<=[,;:،；，、—–])\s*")
_ASKED = re.compile(r"[?؟？]\s*$")
_ASKED_ANYWHERE = re.compile(r"[?؟？]")
_LEAD = 4  # words before "don't need"
_COURTESIES = ("thanks", "no", "farewell", "filler")


def _unneeded(pack: LanguagePack) -> str:
    """Not needed gap* person more*, or person not needed more* where the verb comes last."""

    def one(name: str) -> str:
        return one_of(pack, name)

    anybody = f"(?:{one('person')}|{one('person_after_talk')})"
    more = rf"(?: (?:{one('any_more')}|{one('polite')}))*"
    lead = rf"^(?:[^ ]+ ){{0,{_LEAD}}}"
    return (
        rf"{lead}{one('unneeded')}(?: (?:{one('gap')}|{one('any_more')}))* {anybody}{more}$"
        rf"|{lead}{anybody}(?: {one('any_more')})* {one('unneeded')}{more}$"
    )


@functools.cache
def _no_longer() -> re.Pattern[str]:
    return re.compile("|".join(_unneeded(pack) for pack in packs().values()))


def _words(entries: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){any_of(entries)}(?!\w)")


@functools.cache
def _withdrawn() -> re.Pattern[str]:
    dropped = "|".join(map(_dropped, packs().values()))
    plain = (entry for pack in packs().values() for entry in pack.words("person", "withdrawn"))
    return re.compile(rf"(?<!\w)(?:{dropped}|{any_of(plain)})(?!\w)")


def _dropped(pack: LanguagePack) -> str:
    return rf"{one_of(pack, 'dropped')}(?: {one_of(pack, 'gap')})* {one_of(pack, 'person')}"


@functools.cache
def _kept() -> re.Pattern[str]:
    """A negation right before it, in the same breath ("no cancele mi solicitud"; not "no, cancele …")."""
    negated = (
        rf"{one_of(pack, 'never_before')} (?:{_dropped(pack)}|{one_of(pack, 'withdrawn')})" for pack in packs().values()
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(negated)})(?!\w)")


@functools.cache
def _may() -> re.Pattern[str]:
    return _words(entry for pack in packs().values() for entry in pack.words("person", "may"))


@functools.cache
def _alone() -> frozenset[str]:
    return frozenset(phrase(entry) for pack in packs().values() for entry in pack.words("person", "withdrawn_alone"))


@functools.cache
def _courteous() -> re.Pattern[str]:
    polite = (entry for pack in packs().values() for entry in pack.words("person", "polite"))
    thanks = (entry for pack in packs().values() for entry in pack.words("talk", "thanks"))
    return _words([*polite, *thanks])


@functools.cache
def _beside() -> re.Pattern[str]:
    own = [entry for pack in packs().values() for name in ("beside", "polite") for entry in pack.words("person", name)]
    return _words([*own, *(e for pack in packs().values() for name in _COURTESIES for e in pack.words("talk", name))])


@functools.cache
def _solved() -> re.Pattern[str]:
    return _words(entry for pack in packs().values() for entry in pack.words("person", "solved"))


@functools.cache
def _beside_solved() -> re.Pattern[str]:
    """Without a no: "no resuelto" says the opposite."""
    refusals = {phrase(entry) for pack in packs().values() for entry in pack.words("talk", "no")}
    names = (*((name, "person") for name in ("beside", "withdrawn", "polite")), *((n, "talk") for n in _COURTESIES))
    every = {phrase(e) for pack in packs().values() for name, section in names for e in pack.words(section, name)}
    return _words(every - refusals)


def _only_says_solved(text: str) -> bool:
    if _ASKED_ANYWHERE.search(text):
        return False
    rest, found = _solved().subn(" ", phrase(text))
    return bool(found) and not _beside_solved().sub(" ", " ".join(rest.split())).strip()


def names_it_unneeded(text: str) -> bool:
    """Whether it says in so many words that no person is needed."""
    return any(_no_longer().search(phrase(part)) for sentence in sentences(text) for part in _BREAK.split(sentence))


def _only_withdraws(text: str) -> bool:
    parts = [part for part in map(phrase, _BREAK.split(text)) if part]
    if any(map(_kept().search, parts)):
        return False
    spoken = [part for part in parts if " ".join(_courteous().sub(" ", part).split()) not in _alone()]
    rest, found = _withdrawn().subn(" ", " ".join(spoken))
    taken = bool(found) or len(spoken) < len(parts)
    return taken and not _beside().sub(" ", " ".join(rest.split())).strip()


def _sentence_takes_back(sentence: str) -> bool:
    asked = bool(_ASKED.search(sentence))
    if names_it_unneeded(sentence) or (
        _only_withdraws(sentence) and not (asked and not _may().search(phrase(sentence)))
    ):
        return True
    parts = _BREAK.split(sentence)
    return len(parts) > 1 and asked and _only_withdraws(parts[0])


def takes_back(text: str) -> bool:
    """Whether a wish for a person is taken back in this message."""
    return not wants_person(text) and (_takes_back_plainly(text) or _only_says_solved(text))


@functools.lru_cache(maxsize=256)
def _takes_back_plainly(text: str) -> bool:
    return any(map(_sentence_takes_back, sentences(text)))


def left_of(text: str) -> str:
    """A message that takes a wish back, without the sentences and clauses that do."""
    return "" if _only_says_solved(text) else "".join(map(_left_of_sentence, sentences(text))).strip()


def _left_of_sentence(sentence: str) -> str:
    if not _sentence_takes_back(sentence):
        return sentence
    if not _ASKED.search(sentence):
        return ""
    return " ".join(part for part in _BREAK.split(sentence)[1:] if not _sentence_takes_back(part))


def last_withdrawn(messages: Sequence[Message]) -> int | None:
    """The place of the message that takes a wish back, unless a person is asked for after it."""
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if _wishes(message):
            return None
        if message.action is CustomerAction.WITHDRAW:
            return place
        if takes_back(message.text) and (_takes_back_plainly(message.text) or _all_said(messages[place + 1 :])):
            return place
    return None


def _all_said(messages: Sequence[Message]) -> bool:
    """Whether nothing more is told in them: thanks and the like, if anything."""
    return all(small_talk(message.text) and not message.attachments for message in messages)


def without_withdrawal(messages: Sequence[Message]) -> tuple[Message, ...]:
    """What stands of these messages: without the withdrawal, and without the wishes before it."""
    place = last_withdrawn(messages)
    if place is None:
        return tuple(messages)
    before = (one for one in messages[:place] if not _wishes(one) and not takes_back(one.text))
    pressed = messages[place].action is CustomerAction.WITHDRAW
    taken = replace(messages[place], text="" if pressed else left_of(messages[place].text))
    return tuple(one for one in (*before, taken, *messages[place + 1 :]) if one.text.strip() or one.attachments)


def _wishes(message: Message) -> bool:
    return message.action is CustomerAction.REQUEST_PERSON or wants_person(message.text)
