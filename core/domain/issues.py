"""An issue in the company's tracker that cases follow: how it is told from others, what it is called, and how it stands."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from core.domain.errors import InvalidInput

ISSUES: Final = "issues"
"""In ``Message.meta`` of what shows staff the issues of a case: all of them, as they stood then."""
MOST_ISSUES: Final = 5
"""That one case follows."""
URL, TITLE, TEXT = "issue_url", "issue_title", "issue_text"
"""The fields of the form in which staff create an issue, or link one by its address."""
LONGEST_TITLE = 200
_ADDRESS = re.compile(r"(?i:https?)://[!#-;=?-\[\]-{}~]{1,480}")
_NAMED = re.compile(r"(?:[A-Za-z][A-Za-z0-9_]*-)?[0-9]+")
_OF_PROJECT = re.compile(r"([^/]+)/(?:-/)?(?:issues|work_items)/([0-9]+)\Z")
_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Issue:
    """``key``: what people call it. ``is_open``: None as long as nobody has said it. ``at``: since when it stands so, in seconds
    by the tracker's clock; 0 where that is not known.
    """

    url: str
    key: str
    title: str = ""
    is_open: bool | None = None
    at: float = 0.0

    @property
    def ref(self) -> str:
        """The same for every address of the issue (32 hex digits). Raises InvalidInput."""
        return hashlib.blake2b(_known_by(self.url).encode(), digest_size=16).hexdigest()

    @property
    def named(self) -> str:
        """In a sentence."""
        return " ".join(filter(None, (self.key, self.title, f"({self.url})")))

    def after(self, news: Issue) -> Issue:
        """As it stands after its tracker has said ``news``. Trackers deliver in any order: older news change nothing."""
        if news.at and news.at < self.at:
            return self
        return replace(self, is_open=news.is_open, at=max(self.at, news.at), title=news.title or self.title)


def issue_at(url: str, *, key: str = "", title: str = "", is_open: bool | None = None, at: float = 0.0) -> Issue:
    """The issue with that address, in bounded words. Raises InvalidInput for what is no address of a page."""
    address = url.strip()
    known_by = _known_by(address)
    project = _OF_PROJECT.search(urlsplit(address).path.rstrip("/"))
    name = f"{project[1]}#{project[2]}" if project else urlsplit(address).path.rstrip("/").rpartition("/")[2]
    called = " ".join(key.split()) or name or known_by
    return Issue(address, called[:_LONGEST_KEY], " ".join(title.split())[:LONGEST_TITLE], is_open, at)


def _known_by(url: str) -> str:
    """Without what differs between two addresses of one issue: letter case, a comment's anchor, a title in the path.

    What stands behind a question mark names the issue in some trackers; where the path ends in its number, it does not.
    """
    try:
        parts = urlsplit(url if _ADDRESS.fullmatch(url) else "")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        raise InvalidInput("That is no address of an issue.") from None
    if not parts.hostname or "@" in parts.netloc:
        raise InvalidInput("That is no address of an issue.")
    path = parts.path.rstrip("/").replace("/-/work_items/", "/-/issues/")
    if parts.hostname == "linear.app":
        path = "/".join(path.split("/")[:4])
    query = "" if _NAMED.fullmatch(path.rpartition("/")[2]) or not parts.query else f"?{parts.query}"
    return f"{parts.hostname}{port}{path}{query}".casefold()
