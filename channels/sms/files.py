"""Files: which ones a customer's side takes as they are, which ones go as a link, and where customers' own are fetched from."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from channels.download import Download, Downloads
from channels.sms import keywords
from channels.sms.address import Address, Pair
from channels.sms.settings import SmsSettings
from core.domain.attachments import Attachment, AttachmentRef
from core.domain.errors import AuthFailed, NotFound, Rejected, Unreachable
from core.ports.surroundings import Surroundings

_API = (".twilio.com",)
_STORES = (".twiliocdn.com", "s3-external-1.amazonaws.com")
"""Where Twilio's API redirects to; nothing is asked of these that a message named itself, and they get no credentials."""

_log = structlog.get_logger(__name__)

_MMS_REGIONS = frozenset({"US", "CA"})
_MMS_IMAGE, _MMS_OTHER, _WHATSAPP_MOST = 5_000_000, 600_000, 16_000_000
_MMS_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif"})
_MMS_TYPES = re.compile(
    r"image/(jpeg|png|gif|bmp|tiff|heic)$|audio/(ogg|amr|3gpp|mpeg|mp4|wav|webm)$|video/(mp4|quicktime|webm|3gpp)$"
    r"|text/(vcard|x-vcard|plain|csv|calendar)$|application/(pdf|vcard)$"
).match
"""Of https://www.twilio.com/docs/messaging/guides/accepted-mime-types what the hub knows by these names."""
_WHATSAPP_TYPES = re.compile(
    r"image/(jpeg|png|webp)$|audio/(ogg|amr|3gpp|aac|mpeg|mp4)$|video/mp4$|text/(vcard|x-vcard|plain|csv)$"
    r"|application/(pdf|msword|vnd\.(openxmlformats-officedocument|ms-excel|ms-powerpoint))"
).match


def as_media(file: Attachment, pair: Pair) -> bool:
    """Whether the file itself can be sent: by MMS in North America only, by WhatsApp in kinds that it shows."""
    if pair.whatsapp:
        return file.size <= _WHATSAPP_MOST and _WHATSAPP_TYPES(file.media_type) is not None
    if {Address.read(end).region for end in (pair.ours, pair.theirs)} - _MMS_REGIONS:
        return False
    most = _MMS_IMAGE if file.media_type in _MMS_IMAGES else _MMS_OTHER
    return file.size <= most and _MMS_TYPES(file.media_type) is not None


class Outgoing:
    """Turns a rendered file into the fields of Twilio's request."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._link = surroundings.link
        self._store = surroundings.files

    async def fields(self, body: Mapping[str, Any], pair: Pair) -> dict[str, str]:
        """The file, or its link as text where it would not be taken, or that it cannot be shown."""
        file = Attachment(**body["file"])
        link = await self._working_link(file)
        if link is not None and as_media(file, pair):
            return {"media_url": link}
        return {"body": await self.text(body)}

    async def text(self, body: Mapping[str, Any]) -> str:
        """A link that expires, made anew each time."""
        file = Attachment(**body["file"])
        link = await self._working_link(file)
        return f"{file.name}: {link}" if link is not None else keywords.no_file(file.name, body.get("locale"))

    async def _working_link(self, file: Attachment) -> str | None:
        """None for a file that is gone. A store that is away now may be back when somebody follows the link."""
        with contextlib.suppress(Unreachable):
            try:
                async for _ in self._store.open(file):
                    break
            except NotFound:
                _log.error("sms.file_gone", attachment=file.id)
                return None
        return self._link(file)


class Incoming:
    """Customers' files, from Twilio's API and from where it redirects to."""

    def __init__(self, http: aiohttp.ClientSession, settings: SmsSettings, limit: int) -> None:
        self._origin = urlsplit(settings.origin)[:2]
        self._downloads = Downloads(http, (*_API, *_STORES), limit=limit, base=settings.origin, credentialed=_API)

    async def open(self, ref: AttachmentRef, authorizations: Sequence[str]) -> Download:
        """Each of the account's credentials may be the one that works. Raises a ChannelError."""
        try:
            parts = urlsplit(ref.id)
        except ValueError as error:
            raise Rejected("The file's address is none.") from error
        if parts[:2] != self._origin and not (parts.hostname or "").endswith(_API):
            raise Rejected(f"{parts.hostname} is not Twilio's: no file is fetched from it.")
        for number, authorization in enumerate(authorizations, 1):
            try:
                return await self._downloads.open(
                    ref.id,
                    name=ref.name,
                    media_type=ref.media_type,
                    headers={"Authorization": authorization},
                    host_names=True,
                )
            except AuthFailed:
                if number == len(authorizations):
                    raise
        raise AuthFailed("There is no auth token.")
