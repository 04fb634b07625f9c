"""Addresses with the passwords taken out of them, for everything that people or a log get to see."""

from __future__ import annotations

import re

_SECRET = re.compile(r"(://)[^/@\s]+@")


def without_secret(text: str) -> str:
    """Whatever is before the ``@`` goes, since a token may stand in the place of the user."""
    return _SECRET.sub(r"\1", text)
