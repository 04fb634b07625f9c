"""Files that customers send: asked for by their id, then fetched from Telegram's own host and from nowhere else."""

from __future__ import annotations

from typing import Final

from channels.download import Download, Downloads
from channels.telegram.client import BotApi, Refused
from channels.transport import Transport
from core.domain.attachments import AttachmentRef
from core.domain.errors import TooLarge

_GIVEN: Final = 20 * 1024 * 1024
"""What Telegram's own server gives to bots (https://core.telegram.org/bots/api#getfile)."""


class Files:
    """``limit`` in bytes is the hub's own."""

    def __init__(self, api: BotApi, origin: str, transport: Transport, limit: int) -> None:
        self._api = api
        self._limit = limit
        self._downloads = Downloads(transport.session, (), limit=limit, base=origin)

    async def open(self, ref: AttachmentRef) -> Download:
        """Raises Rejected for a file that is gone, TooLarge, AuthFailed, RateLimited, Unreachable."""
        if (ref.size or 0) > self._limit:
            raise TooLarge(f"The file has more than {self._limit // 1024} kB.")
        try:
            found = await self._api.call("getFile", {"file_id": ref.id})
        except Refused as refused:
            if refused.says("too big"):
                raise TooLarge(f"Telegram gives bots no file over {_GIVEN // 1024} kB.") from None
            raise
        url = self._api.file_url(str(found.file_path or ""))
        return await self._downloads.open(url, name=ref.name, media_type=ref.media_type)
