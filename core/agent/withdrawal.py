"""Recognise "never mind, I don't need a person any more", in the languages of ``languages/*.toml``.

Whoever is taken from the queue by mistake loses their place in it, so a message counts only when it says so plainly:

- a person is named as no longer needed (``unneeded``, a word for a person, ``any_more``), and that is the whole clause;
- or a sentence is nothing but a withdrawal (``withdrawn``: "forget it") with what is often said ``beside`` it and courtesies.
  A question may follow it;
- or the whole message says that the matter is ``solved`` ("found it, thanks"): whoever goes on ("I found it. The number is 12.")
  may be telling what a person is to know.

A lone "no" does not: the notice asks for contact details, so it may well be the answer to that. A message that asks for a person
never takes it back. A press of the button does, whatever the button says.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import replace

from core.agent.language import LanguagePack, packs
from core.agent.person_wish import wants_person
from core.agent.phrases import Phrases, one_of
from core.agent.sentences import sentences
from core.agent.small_talk import small_talk
from core.agent.wording import phrase
from core.domain.messages import CustomerAction, Message

_BREAK = re.compile(r"(?<=[,;:،；，、—–])\s*")
_ASKED = re.compile(r"[?؟？]\s*$")
_ASKED_ANYWHERE = re.compile(r"[?؟？]")
_LEAD = 4  # words before "don't need"
_COURTESIES = ("person.beside", "person.polite", "talk.thanks", "talk.farewell", "talk.filler")
_WITHDRAWN = Phrases("person.withdrawn")
_SOLVED = Phrases("person.solved")
_BESIDE_WITHDRAWN = Phrases("person.solved", "person.person", "person.gap", "talk.no", *_COURTESIES)
_BESIDE_SOLVED = Phrases("person.withdrawn", *_COURTESIES, without=["talk.no"])
"""Without a no: "no resuelto" says the opposite."""
_ABLE = Phrases("person.able")


@functools.cache
def _no_longer() -> re.Pattern[str]:
    return re.compile("|".join(map(_unneeded, packs().values())))


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
def _denied() -> re.Pattern[str]:
    """A negation right before it, in the same clause ("no cancele mi solicitud"; not "no, cancele …")."""
    denied = (
        rf"{one_of(pack, 'never_before')} (?:{one_of(pack, 'withdrawn')}|{one_of(pack, 'solved')})"
        for pack in packs().values()
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(denied)})(?!\w)")


def _only_says(text: str, meant: Phrases, beside: Phrases) -> bool:
    parts = [phrase(part) for part in _BREAK.split(text)]
    if any(map(_denied().search, parts)):
        return False
    rest, found = meant.pattern.subn(" ", " ".join(parts))
    return bool(found) and not beside.removed_from(" ".join(rest.split()))


def _only_withdraws(text: str) -> bool:
    return _only_says(text, _WITHDRAWN, _BESIDE_WITHDRAWN)


def _only_says_solved(text: str) -> bool:
    return not _ASKED_ANYWHERE.search(text) and _only_says(text, _SOLVED, _BESIDE_SOLVED)


def names_it_unneeded(text: str) -> bool:
    """Whether it says in so many words that no person is needed."""
    return any(_no_longer().search(phrase(part)) for sentence in sentences(text) for part in _BREAK.split(sentence))


def _sentence_takes_back(sentence: str) -> bool:
    if names_it_unneeded(sentence):
        return True
    if not _ASKED.search(sentence):
        return _only_withdraws(sentence)
    parts = _BREAK.split(sentence)
    asked_for = _only_withdraws(sentence) and _ABLE.are_in(phrase(sentence))  # "Can I go back to the bot?"
    return asked_for or (len(parts) > 1 and _only_withdraws(parts[0]))


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
