"""What staff write in Slack's own markup, as the Markdown that every channel renders in its own way. Pure.

Slack's bold is one star, which in Markdown is italics, and its strike one tilde; emoji come as their names between colons
(docs.slack.dev/messaging/formatting-message-text). Code, links and mentions are left as they are.
"""

from __future__ import annotations

import re

from channels.slack.emoji import character

_KEPT = re.compile(r"```.*?```|`[^`\n]+`|<[^<>]+>", re.DOTALL)
_PLACE = re.compile("\ue000(\\d+)\ue001")
_BOLD = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")
_STRIKE = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]*[^\s~])~(?![\w~])")
_EMOJI = re.compile(r"(?<!\w):([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):(?!\w)")


def markdown(text: str) -> str:
    """Still with Slack's links, mentions and escapes in it."""
    if "\ue000" in text:
        return text
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\ue000{len(kept) - 1}\ue001"

    said = _KEPT.sub(keep, text)
    said = _STRIKE.sub(r"~~\1~~", _BOLD.sub(r"**\1**", said))
    said = _EMOJI.sub(lambda match: character(match[1]), said)
    return _PLACE.sub(lambda match: kept[int(match[1])], said)
