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
        if len(found) != 1 or unicodedata.category(found) != "So":  # it also knows the names of letters
            return f":{plain}:"
    return found + _TONES.get(tone, "")


def name_of(emoji: str) -> str:
    """Slack's name for a character; what stands between colons is one already."""
    if emoji.startswith(":") and emoji.endswith(":") and len(emoji) > 2:
        return emoji[1:-1]
    tone = next((name for name, mark in _TONES.items() if emoji.endswith(mark)), "")
    plain = emoji[:-1] if tone else emoji
    bare = plain.replace("\ufe0f", "")
    found = next((name for name, known in _NAMES.items() if known.replace("\ufe0f", "") == bare), None)
    if found is None:
        found = "_".join(unicodedata.name(one, "").lower().replace("-", "_").replace(" ", "_") for one in bare[:1])
    return f"{found}::{tone}" if tone else found
