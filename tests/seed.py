"""One seed for everything random in a run: printed first, and set again by SWITCHBOARD_SEED to repeat the run."""

from __future__ import annotations

import os
import secrets

VARIABLE = "SWITCHBOARD_SEED"
FIXED = 20_261_121
JUDGED = bool(os.environ.get("CI"))


def run_seed() -> int:
    """The seed of this run; made once by the first process and inherited by the others.

    Where a change is judged (``CI``) it is always the same: what is new in the change fails there, not the dice.
    """
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = str(FIXED if JUDGED else secrets.randbelow(2**31))
    return int(os.environ[VARIABLE])
