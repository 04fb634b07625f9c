"""What a site's robots.txt allows (RFC 9309), and how fast it wants to be asked."""

from __future__ import annotations

from urllib.parse import urlsplit

from protego import Protego

from knowledge.sources.address import Scope, normal
from knowledge.sources.web import AGENT, Unfetched, Web

_MOST_BYTES = 512 * 1024
"""RFC 9309, 2.5 asks for at least 500 KiB."""
_MOST_HOPS = 5
_LONGEST_PAUSE = 30.0
"""Seconds. Some sites ask for minutes, which would make a crawl last for days."""


class RobotsUnknown(Unfetched):
    """A server that fails to say what it allows allows nothing (RFC 9309, 2.3.1.4)."""


class Robots:
    """The rules of each host that a crawl meets, asked for once."""

    def __init__(self, web: Web, scope: Scope) -> None:
        self._web = web
        self._scope = scope
        self._rules: dict[str, Protego] = {}
        self._unknown: dict[str, RobotsUnknown] = {}

    async def allows(self, address: str) -> bool:
        """Whether the page may be asked for. Raises RobotsUnknown."""
        rules = await self._rules_of(address)
        return bool(rules.can_fetch(address, AGENT))

    async def pause(self, address: str) -> float:
        """Seconds that its host wants between two requests; 0 when it says nothing. Raises RobotsUnknown."""
        rules = await self._rules_of(address)
        rate = rules.request_rate(AGENT)
        by_rate = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return min(_LONGEST_PAUSE, max(float(rules.crawl_delay(AGENT) or 0.0), by_rate))

    async def sitemaps(self, address: str) -> list[str]:
        """The sitemaps that its host names, on hosts that the crawl may enter. Raises RobotsUnknown."""
        rules = await self._rules_of(address)
        found = (normal(one, address) for one in rules.sitemaps)
        return [one for one in found if one is not None and self._scope.allows_host(one)]

    async def _rules_of(self, address: str) -> Protego:
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin in self._unknown:
            raise self._unknown[origin]
        if origin not in self._rules:
            try:
                self._rules[origin] = Protego.parse(await self._read(f"{origin}/robots.txt"))
            except Unfetched as error:
                self._unknown[origin] = RobotsUnknown(f"its robots.txt {error.reason}", passing=error.passing)
                raise self._unknown[origin] from error
        return self._rules[origin]

    async def _read(self, address: str) -> str:
        """The rules; none where there is no such file (RFC 9309, 2.3.1.3)."""
        for _ in range(_MOST_HOPS + 1):
            answer = await self._web.get(address, most=_MOST_BYTES)
            target = normal(answer.headers.get("Location", ""), address) if answer.status // 100 == 3 else None
            if target is not None:  # "even across authorities" (2.3.1.2): many hosts send to those of the main one
                address = target
                continue
            if answer.status >= 500 or answer.status == 429:
                raise Unfetched(f"answers {answer.status}")
            page = answer.body.lstrip()[:1] == b"<"  # a site that answers everything with its start page
            return answer.body.decode("utf-8", "replace") if answer.status == 200 and not page else ""
        return ""
