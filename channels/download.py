"""Fetches files from a provider's own hosts and from nowhere else, whatever a message or a redirect says."""

from __future__ import annotations

import mimetypes
import warnings
from collections.abc import AsyncIterator, Collection, Mapping
from http import HTTPStatus
from pathlib import PurePath
from urllib.parse import urljoin, urlsplit

import aiohttp

from channels.transport import FAILURES, describe_failure
from core.domain.errors import AuthFailed, RateLimited, Rejected, TooLarge, Unreachable

_LONGEST_HEADER = 2_000
_CHUNK = 64 * 1024
_HOPS = 5
_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=10, sock_read=30)


class Download:
    """A file on its way (an AttachmentStream). ``aclose`` when not all of it is read."""

    def __init__(self, response: aiohttp.ClientResponse, name: str, media_type: str | None, limit: int) -> None:
        self.name = name
        self.media_type = media_type
        self._response = response
        self._limit = limit

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises TooLarge, Unreachable when the provider breaks off."""
        size = 0
        try:
            async for chunk in self._response.content.iter_chunked(_CHUNK):
                size += len(chunk)
                if size > self._limit:
                    raise TooLarge(f"The file has more than {self._limit // 1024} kB.")
                yield chunk
        except FAILURES as error:
            raise Unreachable(f"The file broke off: {describe_failure(error)}") from None
        finally:
            self._response.close()

    async def aclose(self) -> None:
        """Give the connection up."""
        self._response.close()


class Downloads:
    """``hosts``: names that may be asked; one that begins with a dot stands for all below it.

    ``base``: a configured base URL, whose host (and port) is the provider's own, with or without TLS. ``credentialed``:
    those of the hosts that get ``headers``; a redirect elsewhere goes without them.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        hosts: Collection[str],
        *,
        limit: int,
        base: str | None = None,
        credentialed: Collection[str] | None = None,
    ) -> None:
        self._http = http
        self._hosts = tuple(host.lower() for host in hosts)
        self._base = _place(base) if base else None
        self._credentialed = self._hosts if credentialed is None else tuple(host.lower() for host in credentialed)
        self._limit = limit

    async def open(
        self,
        url: str,
        *,
        name: str,
        media_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        host_names: bool = False,
    ) -> Download:
        """Raises Rejected for a foreign host or a file that is gone, AuthFailed, RateLimited, TooLarge, Unreachable.

        ``host_names``: only the host knows what the sender called the file; ``name`` is for one that it has no name for.
        """
        for _ in range(_HOPS):
            try:
                self._check(url)
            except ValueError as error:
                raise Rejected("The file's address is none.") from error
            trusted = _place(url) == self._base or _matches(urlsplit(url).hostname, self._credentialed)
            sent = headers if trusted else None
            try:
                response = await self._http.get(url, headers=sent, allow_redirects=False, timeout=_TIMEOUT)
            except FAILURES as error:
                raise Unreachable(f"The file could not be fetched: {describe_failure(error)}") from None
            target = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or target is None:
                begun = self._begun(response, name, media_type)
                if host_names:
                    begun.name = given_name(response.headers.get("Content-Disposition", ""), name, begun.media_type)
                return begun
            response.close()
            try:
                url = urljoin(url, target)
            except ValueError as error:
                raise Rejected("The file's address leads to none.") from error
        raise Rejected("The file's address leads in a circle.")

    def _check(self, url: str) -> None:
        if _place(url) == self._base:
            return
        parts = urlsplit(url)
        if not _matches(parts.hostname, self._hosts):
            raise Rejected(f"{parts.hostname} is not one of the provider's hosts: nothing is fetched from it.")
        if parts.scheme != "https":
            raise Rejected("Files are fetched over https only.")

    def _begun(self, response: aiohttp.ClientResponse, name: str, media_type: str | None) -> Download:
        status = response.status
        if status == HTTPStatus.OK:
            if (response.content_length or 0) > self._limit:
                response.close()
                raise TooLarge(f"The file has more than {self._limit // 1024} kB.")
            kind = media_type or response.headers.get("Content-Type", "").partition(";")[0] or None
            return Download(response, name, kind, self._limit)
        pause = response.headers.get("Retry-After", "")
        response.close()
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited("The provider asks for a pause.", retry_after=float(pause) if pause.isdigit() else 5.0)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise AuthFailed(f"The provider does not let us have the file ({status}).")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"The provider answered {status} for the file.")
        raise Rejected(f"The provider does not have the file any more ({status}).")


def given_name(disposition: str, name: str, media_type: str | None) -> str:
    """The name of a Content-Disposition header (RFC 6266), with an ending that agrees with the type; else ``name``."""
    try:
        with warnings.catch_warnings(action="ignore"):  # a header that is none is the sender's fault
            _, parameters = aiohttp.parse_content_disposition(disposition[:_LONGEST_HEADER])
            shown = aiohttp.content_disposition_filename(parameters) or ""
    except (ValueError, LookupError):
        return name
    given = PurePath(shown.replace("\\", "/")).name
    told = mimetypes.guess_type(given)[0]
    ending = PurePath(name).suffix
    if not given.strip(" ."):
        return name
    if media_type is None or not ending or told == media_type or (told and _kind(told) == _kind(media_type)):
        return given
    return f"{PurePath(given).stem if told else given}".removesuffix(ending) + ending


def _kind(media_type: str) -> str:
    """Phones mislabel one picture, recording or text as another; the content decides which it is."""
    major = media_type.partition("/")[0]
    return {"video": "audio", "application": media_type}.get(major, major)


def _place(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port


def _matches(host: str | None, patterns: Collection[str]) -> bool:
    name = (host or "").lower()
    return any(name.endswith(one) if one.startswith(".") else name == one for one in patterns)
