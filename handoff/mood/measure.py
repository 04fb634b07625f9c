"""The mood of one message, by word lists and a few rules.

The rules are those that Hutto and Gilbert found to matter (VADER, ICWSM 2014): negation, degree words, capitals,
repeated marks, "but", and a sum squeezed to -1..1; frustration adds evidence like independent witnesses. No state, no
chance, no network: the same text gives the same mood. Time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from handoff.mood.lexicon import LANGUAGES, Lexicon, MoodWords, lexicons
from handoff.mood.mood import Mood
from handoff.mood.reading import Reading
from handoff.mood.repetition import repeats, says_itself_again
from handoff.mood.wording import Word, words

LIMIT = 32_000  # characters; what follows does not change the mood of what came before
_FLATTENS = 1.0  # at this sum of weights polarity is 0.7
_SHOUTING, _MARKS, _MANY_MARKS, _REPEATED, _SAID_AGAIN = 0.35, 0.12, 0.2, 0.35, 0.2
_NEGATIVE_SHARE = 0.25
_PUNCTUATION = re.compile(r"[!?؟！？]{2,}")
_TELLING = 200  # words that tell the language
_OWN_WORDS = MoodWords()


def measure(
    text: str, locale: str | None = None, *, words_of: MoodWords = _OWN_WORDS, earlier: Sequence[str] = ()
) -> Mood:
    """Polarity from -1 to 1 and frustration from 0 to 1 of one message.

    ``locale`` decides where the words themselves do not tell the language. ``earlier``: the customer's messages before
    this one; asking the same again is a sign of frustration. A language without lists is judged by emoji, marks and capitals.
    """
    text = text[:LIMIT]
    spoken = words(text)
    lexicon = _lexicon(spoken, locale, lexicons(words_of))
    reading = Reading(lexicon, len(spoken))
    reading.read(spoken)
    reading.look(text)
    polarity = reading.sum / (reading.sum**2 + _FLATTENS) ** 0.5
    witnesses = [*reading.witnesses, _NEGATIVE_SHARE * max(0.0, -polarity)]
    if reading.sum <= 0:
        witnesses += [_shouting(spoken), _punctuation(text)]
    witnesses += [_REPEATED] * repeats(spoken, earlier)
    witnesses.append(_SAID_AGAIN if says_itself_again(spoken) else 0.0)
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
    counts = dict.fromkeys(order, 0)
    for word in spoken[:_TELLING]:
        for language in order:
            counts[language] += 2 * (word.text in known[language].signs) + (word.text in known[language].lengths)
    return known[max(order, key=lambda language: counts[language])]


def _shouting(spoken: Sequence[Word]) -> float:
    """Most of the words in capitals, and enough of them not to be a product's name."""
    lettered = [word for word in spoken if any(char.isalpha() for char in word.text)]
    shouted = sum(word.shouted for word in lettered)
    letters = sum(len(word.text) for word in lettered if word.shouted)
    return _SHOUTING if shouted >= 2 and letters >= 8 and shouted * 2 > len(lettered) else 0.0


def _punctuation(text: str) -> float:
    longest = max((len(run) for run in _PUNCTUATION.findall(text)), default=0)
    return 0.0 if longest < 2 else _MARKS if longest == 2 else _MANY_MARKS
