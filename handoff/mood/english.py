"""The English words of TextBlob's polarity lexicon, as a ground under our own lists.

Only its data file is read: the lexicon is well kept and broad, but importing the package brings NLTK and takes seconds,
and its rules know English alone. Ours are the same for every language.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from defusedxml.ElementTree import parse  # type: ignore[import-untyped]

_PACKAGE = "textblob"
_SURE = 0.35  # weaker entries are mostly words of many senses: "new", "right", "long"
_SHARE = 0.6  # of its weight: these words speak of things as often as of the company


def library_words() -> Mapping[str, float]:
    """Single words with their polarity from -1 to 1, the mean over a word's senses, without those near 0.

    Raises LookupError where the package is not installed.
    """
    senses: dict[str, list[float]] = {}
    for entry in parse(_file()).getroot().iter("word"):
        form = (entry.get("form") or "").casefold()
        if form.isalpha():
            senses.setdefault(form, []).append(float(entry.get("polarity") or 0))
    means = {form: sum(values) / len(values) for form, values in senses.items()}
    return {form: mean * _SHARE for form, mean in means.items() if abs(mean) >= _SURE}


def _file() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    places = found.submodule_search_locations if found else None
    if not places:
        raise LookupError(f"The package {_PACKAGE} is not installed.")
    return Path(next(iter(places))) / "en" / "en-sentiment.xml"
