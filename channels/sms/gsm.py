"""What a text costs: its alphabet on the air, and the number of segments that it is cut into (3GPP TS 23.038, TS 23.040)."""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Characters behind an escape: two septets each."""
_ONE, _MANY = 160, 153
_UCS2_ONE, _UCS2_MANY = 70, 67

_REPLACED = {
    '"': "“”„‟«»ʺˮ❝❞〝〞＂″",
    "'": "‘’‚‛ʻˈʼʽʹ＇´ˊ`ˋ❛❜‹›′",
    "-": "‐‑‒–—―−﹘－⁃˗",
    "...": "…",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t",
    "": "\u200b\u2060\ufeff\u00ad",
    "\n": "\u2028\u2029",
    "/": "⁄÷∕",
    "*": "•·∗✱",
    "1/4": "¼",
    "1/2": "½",
    "3/4": "¾",
    "<=": "≤",
    ">=": "≥",
    "->": "→",
    "(c)": "©",
    "(R)": "®",
    "TM": "™",
    "x": "×",
}
_SMART = str.maketrans({found: plain for plain, many in _REPLACED.items() for found in many})


def segments(text: str) -> int:
    """The number of segments, each of which is billed. A pair of units that belong together is not parted between two."""
    gsm7 = is_gsm7(text)
    widths = [2 if (char in _EXTENSION if gsm7 else ord(char) > 0xFFFF) else 1 for char in text]
    one, many = (_ONE, _MANY) if gsm7 else (_UCS2_ONE, _UCS2_MANY)
    if sum(widths) <= one:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > many:
            count, used = count + 1, 0
        used += width
    return count


def is_gsm7(text: str) -> bool:
    """Whether every character is in the GSM 7-bit alphabet or its extension."""
    return all(char in _BASIC or char in _EXTENSION for char in text)


def smart(text: str) -> str:
    """With typographic characters replaced where that lets all of it go in GSM-7; otherwise nothing is gained, so as it is."""
    replaced = plain(text)
    return replaced if is_gsm7(replaced) else text


def plain(text: str) -> str:
    """With all typographic characters replaced."""
    return text.translate(_SMART)


def units16(text: str) -> int:
    """Length as Twilio's limit counts it at worst: an emoji is two or more."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def at_most(text: str) -> int:
    """``units16``, with or without the replacements that ``smart`` may make. It only grows with the text."""
    return max(units16(text), units16(plain(text)))
