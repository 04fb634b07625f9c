"""Slack's names for emoji, as characters."""

from __future__ import annotations

import unicodedata

_NAMES = {
    "+1": "👍",
    "thumbsup": "👍",
    "-1": "👎",
    "thumbsdown": "👎",
    "heart": "❤️",
    "tada": "🎉",
    "pray": "🙏",
    "clap": "👏",
    "ok_hand": "👌",
    "wave": "👋",
    "raised_hands": "🙌",
    "muscle": "💪",
    "point_up": "☝️",
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "x": "❌",
    "warning": "⚠️",
    "question": "❓",
    "exclamation": "❗",
    "smile": "😄",
    "smiley": "😃",
    "grinning": "😀",
    "joy": "😂",
    "rolling_on_the_floor_laughing": "🤣",
    "slightly_smiling_face": "🙂",
    "wink": "😉",
    "blush": "😊",
    "heart_eyes": "😍",
    "thinking_face": "🤔",
    "cry": "😢",
    "sob": "😭",
    "angry": "😠",
    "rage": "😡",
    "scream": "😱",
    "disappointed": "😞",
    "confused": "😕",
    "star": "⭐",
    "sparkles": "✨",
    "100": "💯",
    "raising_hand": "🙋",
    "man-shrugging": "🤷‍♂️",
    "woman-shrugging": "🤷‍♀️",
    "shrug": "🤷",
}
_TONES = {f"skin-tone-{number}": chr(0x1F3FB + number - 2) for number in range(2, 7)}


def character(name: str) -> str:
    """The character for ``thumbsup`` or ``+1::skin-tone-3``; the name between colons where there is none."""
    plain, _, tone = name.partition("::")
    found = _NAMES.get(plain)
    if found is None:
        try:
            found = unicodedata.lookup(plain.replace("_", " ").replace("-", " "))
        except KeyError:
            return f":{plain}:"
        if not _pictured(found):
            return f":{plain}:"
    return found + _TONES.get(tone, "")


def _pictured(found: str) -> bool:
    """``unicodedata`` also knows the names of letters."""
    return len(found) == 1 and unicodedata.category(found) == "So"
