"""What was not answered as Slack shows it. Pure. Customers wrote it, so it is escaped and mentions nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import context, section
from handoff.texts import say

_WEB = ("http://", "https://")


def gaps(clusters: Sequence[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    """A block for each, below a title."""
    found: list[dict[str, Any]] = [section(f":mag: *{escaped(say('gaps_title', language))}*")]
    for one in clusters:
        names = f" · {escaped(', '.join(one['languages']))}" if one["languages"] else ""
        found.append(section(f"*{one['count']}×* {escaped(one['example'])}{names}"))
        found.append(context("\n".join([_near(one["near"], language), *map(escaped, one["staff"])])))
    found.append(context(escaped(say("gaps_all", language))))
    return found


def _near(near: Mapping[str, Any] | None, language: str) -> str:
    if near is None:
        return escaped(say("gaps_nothing_near", language))
    title = escaped(str(near["title"]))
    url = str(near["url"] or "")
    if url.startswith(_WEB) and not set(url) & set("<>| "):
        title = f"<{escaped(url)}|{title}>"
    return say("gaps_nearest", language, title=title)
