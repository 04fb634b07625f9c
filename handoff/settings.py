"""What the desk needs to know about the company."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HandoffSettings:
    """``default_region``: ISO country of phone numbers written without a country code, where the locale names none.

    ``note_sign``: what a staff member's message begins with that is not for the customer. ``undo_seconds``: how long what
    they write waits before it is sent. ``reopen_seconds``: how long after a case was resolved the customer comes back to it.
    ``staff_locale``: the language in which the desk speaks to staff.
    """

    default_locale: str = "en"
    default_region: str | None = None
    staff_locale: str = "en"
    note_sign: str = "//"
    undo_seconds: float = 5.0
    reopen_seconds: float = 3 * 24 * 3600.0
