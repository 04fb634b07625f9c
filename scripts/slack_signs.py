"""The emoji that the desk uses, drawn: a machine that takes pictures need not have a font with emoji."""

from __future__ import annotations

from html import escape
from typing import Final

_LINE: Final = (
    '<svg class="sign" viewBox="0 0 24 24" fill="none" stroke="{}" stroke-width="2.2" stroke-linejoin="round"'
    ' stroke-linecap="round"><path d="{}"/></svg>'
)
_FULL: Final = '<svg class="sign" viewBox="0 0 24 24" fill="{}"><path fill-rule="evenodd" d="{}"/></svg>'
_DOT: Final = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18"
_GREY, _GREEN, _YELLOW, _RED, _BLUE = "#616061", "#2bac76", "#e8a800", "#d7263d", "#1264a3"

_SIGNS: Final = {
    "alarm_clock": _LINE.format(_RED, "M12 6a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm0 3v4l3 2M4 6l3-3m13 3-3-3"),
    "arrow_right": _LINE.format(_BLUE, "M4 12h15m-6-6 6 6-6 6"),
    "bell": _LINE.format(_YELLOW, "M5 17h14l-2-3v-4a5 5 0 0 0-10 0v4l-2 3Zm5 3h4"),
    "book": _LINE.format(_GREY, "M4 5h6l2 2 2-2h6v14h-6l-2 2-2-2H4V5Zm8 2v14"),
    "bulb": _LINE.format(_YELLOW, "M9 17v-2a6 6 0 1 1 6 0v2H9Zm1 4h4"),
    "bust_in_silhouette": _LINE.format(_GREY, "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4 21c0-9 16-9 16 0"),
    "busts_in_silhouette": _LINE.format(
        _GREY, "M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM3 20c0-8 12-8 12 0m1-15a3 3 0 0 1 0 6m2 3c2 1 3 3 3 6"
    ),
    "double_vertical_bar": _FULL.format(_BLUE, "M6 4h4v16H6ZM14 4h4v16h-4Z"),
    "eyes": _LINE.format(_GREY, "M7 6c-5 0-5 12 0 12s5-12 0-12Zm10 0c-5 0-5 12 0 12s5-12 0-12ZM8 12v1m10-1v1"),
    "file_folder": _LINE.format(_YELLOW, "M3 6h7l2 2h9v11H3V6Z"),
    "globe_with_meridians": _LINE.format(
        _BLUE, "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm-9 9h18M12 3c-5 5-5 13 0 18 5-5 5-13 0-18"
    ),
    "hourglass_flowing_sand": _LINE.format(_YELLOW, "M6 3h12M6 21h12M7 3v4l5 5 5-5V3M7 21v-4l5-5 5 5v4"),
    "large_green_circle": _FULL.format(_GREEN, _DOT),
    "large_yellow_circle": _FULL.format("#f2c744", _DOT),
    "lock": _LINE.format(_YELLOW, "M5 11h14v10H5V11Zm3 0V8a4 4 0 0 1 8 0v3"),
    "mag": _LINE.format(_GREY, "M10 4a6 6 0 1 0 0 12 6 6 0 0 0 0-12Zm5 11 6 6"),
    "paperclip": _LINE.format(_GREY, "m20 11-8 8a5 5 0 0 1-7-7l8-8a3 3 0 0 1 5 5l-8 8a1 1 0 0 1-2-2l7-7"),
    "raised_hand": _LINE.format(
        _YELLOW,
        "M7 13V6a1.5 1.5 0 0 1 3 0V4a1.5 1.5 0 0 1 3 0v1a1.5 1.5 0 0 1 3 0v2a1.5 1.5 0 0 1 3 0v7a7 7 0 0 1-12 5l-3-5 1-1Z",
    ),
    "robot_face": _LINE.format(_GREY, "M5 8h14v11H5V8Zm4 5v1m6-1v1M12 8V4"),
    "rotating_light": _FULL.format(_RED, "M4 21v-3h16v3ZM6 17v-4a6 6 0 0 1 12 0v4ZM11 2h2v3h-2ZM3 6l2-1 1 2-2 1Z"),
    "speech_balloon": _LINE.format(_BLUE, "M4 5h16v11h-9l-5 4v-4H4V5Z"),
    "star": _FULL.format(_YELLOW, "m12 2 3 7 7 .5-5.5 4.5 2 7-6.5-4-6.5 4 2-7L2 9.5 9 9Z"),
    "warning": _LINE.format(_YELLOW, "M12 4 3 20h18L12 4Zm0 6v4m0 3v.1"),
    "white_check_mark": _FULL.format(_GREEN, "M3 3h18v18H3ZM6.5 12.5l4 4 7-8-1.5-1.5-5.5 6-2.5-2.5Z"),
    "x": _LINE.format(_RED, "M5 5l14 14M19 5 5 19"),
    "zzz": _LINE.format(_BLUE, "M4 13h7l-7 8h7m3-18h6l-6 7h6"),
}


def sign(name: str) -> str:
    """An emoji by Slack's name. Raises ValueError for one that is not drawn here."""
    if name not in _SIGNS:
        raise ValueError(f"No sign for :{name}:")
    return _SIGNS[name].replace("<svg ", f'<svg role="img" aria-label="{escape(name)}" ', 1)
