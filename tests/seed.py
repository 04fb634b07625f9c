"""One seed for everything random in a run: printed first, and set again by SWITCHBOARD_SEED to repeat the run."""

from __future__ import annotations

import os
import secrets

VARIABLE = "SWITCHBOARD_SEED"
FIXED = 20_261_121


def run_seed() -> int:
    """The seed of this run; made once by the first process and inherited by the others."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = str(secrets.randbelow(2**31))
    return int(os.environ[VARIABLE])
