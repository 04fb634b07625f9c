"""MarkItDown, without what it would bring along for sound (a public service), films and clouds. Importing it takes seconds.

A ``None`` in ``sys.modules`` makes an import fail, which MarkItDown expects of optional libraries.
"""

from __future__ import annotations

import sys

for _module in ("pydub", "speech_recognition", "youtube_transcript_api", "azure"):
    sys.modules.setdefault(_module, None)  # type: ignore[arg-type]

from markitdown import StreamInfo, converters  # noqa: E402 - after the lines above

__all__ = ["StreamInfo", "converters"]
