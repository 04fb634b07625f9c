"""The mood of one message, by word lists and a few rules.

The rules are those that Hutto and Gilbert found to matter (VADER, ICWSM 2014): negation, degree words, capitals,
repeated marks, "but", and a sum squeezed to -1..1; frustration adds evidence like independent witnesses. No state, no
chance, no network: the same text gives the same mood. Time is linear in the text.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from handoff.mood.lexicon import LANGUAGES, Lexicon, MoodWords, lexicons
from handoff.mood.mood import Mood
from handoff.mood.reading import Reading
from handoff.mood.wording import Word, words

LIMIT = 32_000  # characters; what follows does not change the mood of what came before
_FLATTENS = 1.0  # at this sum of weights polarity is 0.7
_SHOUTING, _MARKS, _MANY_MARKS, _REPEATED, _SAID_AGAIN = 0.35, 0.12, 0.2, 0.35, 0.2
_NEGATIVE_SHARE = 0.25
_PUNCTUATION = re.compile(r"[!?؟！？]{2,}")
_TELLING = 200  # words that tell the language
_ALIKE = 0.8  # share of common words, of all words that either has
_ENOUGH = 3  # words; shorter ones ("yes", "thank you") may be said twice
_BACK = 6  # earlier messages
_LOOKED_AT = 2_000  # characters of each
_OWN_WORDS = MoodWords()


def measure(
    text: str, locale: str | None = None, *, words_of: MoodWords = _OWN_WORDS, earlier: Sequence[str] = ()
) -> Mood:
    """Polarity from -1 to 1 and frustration from 0 to 1 of one message.

    ``locale`` decides where the words themselves do not tell the language. ``earlier``: the customer's messages before
    this one; asking the same again is a sign of frustration. A language without lists is judged by emoji, marks and capitals.
    """
    return _measure(text[:LIMIT], locale, words_of, tuple(one[:_LOOKED_AT] for one in earlier[-_BACK:]))


@functools.lru_cache(maxsize=64)
def _measure(text: str, locale: str | None, words_of: MoodWords, earlier: tuple[str, ...]) -> Mood:
    """Kept for the turn that asks twice, and for the next one, which looks at the same messages again."""
    spoken = words(text)
    lexicon = _lexicon(spoken, locale, lexicons(words_of))
    reading = Reading(lexicon, len(spoken))
    reading.read(spoken)
    reading.look(text)
    polarity = reading.sum / (reading.sum**2 + _FLATTENS) ** 0.5
    witnesses = [*reading.witnesses, _NEGATIVE_SHARE * max(0.0, -polarity)]
    if reading.sum <= 0:
        witnesses += [_shouting(spoken), _punctuation(text)]
    witnesses += [_REPEATED] * _repeats(spoken, earlier)
    witnesses.append(_SAID_AGAIN if _says_itself_again(spoken) else 0.0)
    return Mood(round(polarity, 4), round(_together(witnesses, glad=polarity > 0.2), 4))


def _together(witnesses: Sequence[float], *, glad: bool) -> float:
    """Independent signs: each takes its share of the calm that the others left. Thanks take away half."""
    calm = 1.0
    for weight in witnesses:
        calm *= 1.0 - min(weight, 0.95)
    return (1.0 - calm) / (2 if glad else 1)


def _lexicon(spoken: Sequence[Word], locale: str | None, known: Mapping[str, Lexicon]) -> Lexicon:
    """The language of most words: a function word tells more than one of a list. Ties go to the locale, then to English."""
    code = (locale or "").lower().replace("_", "-").partition("-")[0]
    order = sorted(LANGUAGES, key=lambda language: language != code)
    texts = [word.text for word in spoken[:_TELLING]]

    def count(language: str) -> int:
        signs, listed = known[language].signs, known[language].lengths
        return sum(2 * (text in signs) + (text in listed) for text in texts)

    return known[max(order, key=count)]


def _shouting(spoken: Sequence[Word]) -> float:
    """Most of the words in capitals, and enough of them not to be a product's name."""
    lettered = [word for word in spoken if any(char.isalpha() for char in word.text)]
    shouted = sum(word.shouted for word in lettered)
    letters = sum(len(word.text) for word in lettered if word.shouted)
    return _SHOUTING if shouted >= 2 and letters >= 8 and shouted * 2 > len(lettered) else 0.0


def _punctuation(text: str) -> float:
    longest = max((len(run) for run in _PUNCTUATION.findall(text)), default=0)
    return 0.0 if longest < 2 else _MARKS if longest == 2 else _MANY_MARKS


def _repeats(spoken: Sequence[Word], earlier: Sequence[str]) -> int:
    """How many of the last messages said nearly the same, at most two."""
    mine = {word.text for word in spoken}
    if len(mine) < _ENOUGH:
        return 0
    return min(2, sum(len(mine & one) / len(mine | one) >= _ALIKE for one in map(_different_words, earlier)))


@functools.lru_cache(maxsize=128)
def _different_words(text: str) -> frozenset[str]:
    return frozenset(word.text for word in words(text))


def _says_itself_again(spoken: Sequence[Word]) -> bool:
    """The same clause three times: "hello? hello? hello?"."""
    clauses: dict[int, list[str]] = {}
    for word in spoken:
        clauses.setdefault(word.clause, []).append(word.text)
    counted = Counter(" ".join(said) for said in clauses.values())
    return any(count >= 3 and not said.replace(" ", "").isdigit() for said, count in counted.items())
