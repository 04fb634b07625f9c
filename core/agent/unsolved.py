"""Understands that what a customer says of a conversation that is over is more than a comment: it is not over for them.

"It broke again" asks nothing and wishes for nobody. ``[question] unsolved`` of the language files holds phrases that say so
("still not", "same problem", "please call"). Somebody who looks at a case once too often costs less than a customer who is
thanked for a comment and waits.
"""

from __future__ import annotations

import functools
import re

from core.agent.language import packs
from core.agent.phrases import any_of
from core.agent.wording import plain


@functools.cache
def _unsolved() -> re.Pattern[str]:
    entries = (entry for pack in packs().values() for entry in pack.words("question", "unsolved"))
    return re.compile(rf"(?<!\w){any_of(entries)}(?!\w)")


def says_unsolved(text: str) -> bool:
    """Whether it says that something is still, or again, to be done."""
    return bool(_unsolved().search(plain(text)))
