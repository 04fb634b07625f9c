"""One request to a web server, with limits on time and size. Redirects are the caller's to follow: each is a new decision."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from core.domain.attachments import human_size
from knowledge.sources.guard import Guard, GuardedResolver, PrivateAddress

AGENT = "switchboard"
"""The name by which robots.txt may speak to us (RFC 9309, 2.2.1)."""
_USER_AGENT = f"Mozilla/5.0 (compatible; {AGENT}; reads help pages for customer support)"
_ACCEPT = "text/html,application/xhtml+xml,application/pdf,text/markdown,text/plain;q=0.9,*/*;q=0.5"
_HTML = ("text/html", "application/xhtml+xml")
_RULES = "X-Robots-Tag"
"""May come several times, and all of them count (Google Search Central, "Robots meta tag and X-Robots-Tag")."""
_STATUS_WITHOUT_BODY = frozenset({204, 205, 304})


UnfetchedKind = Literal["private", "slow", "large", "failed"]


class Unfetched(Exception):
    """The server gave no answer that can be used; the text says why, for people. ``passing``: it may be better later.

    ``kind``: for who must not repeat the text, which may name the address.
    """

    def __init__(self, reason: str, *, passing: bool = True, kind: UnfetchedKind = "failed") -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a whole answer, bytes of it as unpacked."""

    seconds: float = 30.0
    html_bytes: int = 5 * 1024 * 1024
    other_bytes: int = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. ``body`` is empty for everything but a success."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """In lower case, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """As the server declares it."""
        for part in self.headers.get("Content-Type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or None
        return None

    @property
    def is_html(self) -> bool:
        """Whether it is a page; a server that says nothing may send one as well."""
        return self.media_type in _HTML or (not self.media_type and self.body.lstrip()[:1] == b"<")


class Web:
    """A client for one crawl: no cookies, no proxies, no names that lead into private networks."""

    def __init__(self, guard: Guard, limits: Limits = Limits(), resolver: AbstractResolver | None = None) -> None:
        self._guard = guard
        self._limits = limits
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(guard, resolver or aiohttp.ThreadedResolver()), use_dns_cache=False, limit=2
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=limits.seconds, sock_connect=min(10.0, limits.seconds)),
            headers={"User-Agent": _USER_AGENT, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, address: str, known: Mapping[str, str] | None = None, most: int | None = None) -> Answer:
        """The answer to one request; ``known`` are headers that make it conditional. Raises Unfetched."""
        try:
            self._guard.check((urlsplit(address).hostname or "").lower())
            url = URL(address, encoded=True)
            async with self._session.get(url, headers=known, allow_redirects=False) as response:
                headers = {name.title(): response.headers[name] for name in response.headers}
                if (rules := response.headers.getall(_RULES, [])) and len(rules) > 1:
                    headers[_RULES] = ", ".join(rules)
                answer = Answer(response.status, headers)
                if response.status // 100 != 2 or response.status in _STATUS_WITHOUT_BODY:
                    return answer
                return Answer(response.status, headers, await self._read(response, most or self._most(answer)))
        except PrivateAddress as error:
            raise Unfetched(str(error), passing=False, kind="private") from error
        except TimeoutError as error:
            raise Unfetched(f"no answer within {self._limits.seconds:g} seconds", kind="slow") from error
        except aiohttp.ClientError as error:
            raise _explained(error) from error
        except (ValueError, OSError, asyncio.IncompleteReadError) as error:
            raise Unfetched(f"cannot be fetched: {error}"[:300]) from error

    def _most(self, answer: Answer) -> int:
        return self._limits.html_bytes if answer.media_type in _HTML else self._limits.other_bytes

    async def _read(self, response: aiohttp.ClientResponse, most: int) -> bytes:
        """The body as unpacked. What is announced as too large is not even begun; a bomb is left as soon as it grows."""
        if (response.content_length or 0) > most:
            raise Unfetched(f"is larger than {human_size(most)}", passing=False, kind="large")
        found = bytearray()
        async for chunk in response.content.iter_chunked(65536):
            found += chunk
            if len(found) > most:
                raise Unfetched(f"is larger than {human_size(most)}", passing=False, kind="large")
        return bytes(found)


def _explained(error: aiohttp.ClientError) -> Unfetched:
    """A guard's refusal arrives wrapped into the connector's errors."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PrivateAddress):
            return Unfetched(str(cause), passing=False, kind="private")
        inner = getattr(cause, "os_error", None)
        cause = inner if isinstance(inner, PrivateAddress) else cause.__cause__ or cause.__context__
    return Unfetched(f"cannot be fetched: {str(error) or type(error).__name__}"[:300])
