"""Sizes of scenarios: small in ``make test``, as stated in the reports in ``make soak``."""

from __future__ import annotations

import os
from dataclasses import dataclass

VARIABLE = "SWITCHBOARD_SOAK"


@dataclass(frozen=True)
class Scale:
    """``pick`` chooses a size, so that the same test runs both."""

    full: bool

    def pick(self, *, small: int, full: int) -> int:
        """How many."""
        return full if self.full else small


def run_scale() -> Scale:
    """Full when ``make soak`` set the variable."""
    return Scale(full=os.environ.get(VARIABLE) == "1")
