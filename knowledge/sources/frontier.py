"""The addresses that a crawl has still to visit. Each is taken once, however many pages lead there."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from knowledge.sources.address import Scope

_MOST_WAITING = 50
"""Times the pages that may be taken: beyond, a site makes up addresses faster than anybody could write pages."""
MOST_HOPS = 10
_MOST_EQUAL = 3
"""One folder more often than this in an address means that relative links lead ever deeper into themselves."""


@dataclass(frozen=True, slots=True)
class Stop:
    """An address to visit. ``first``: without it there is no crawl. ``trail``: what was redirected here; ``tries``: failures."""

    address: str
    depth: int = 0
    first: bool = False
    trail: tuple[str, ...] = ()
    tries: int = 0


class Frontier:
    """In the order of discovery, so that pages near the start come before those far from it."""

    def __init__(self, scope: Scope, most_pages: int, depth: int) -> None:
        self._scope = scope
        self._most = most_pages * _MOST_WAITING
        self._depth = depth
        self._waiting: deque[Stop] = deque()
        self._again: deque[Stop] = deque()
        self._seen: set[str] = set()
        self.overflowed = False
        """Addresses were left out for their number."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._again)

    def start(self, stop: Stop) -> None:
        """Whatever the options say of it: it was named itself."""
        self._seen.add(stop.address)
        self._waiting.append(stop)

    def add(self, addresses: Iterable[str], depth: int) -> None:
        """What a page leads to, unless it is too deep, not wanted or known."""
        for address in addresses if depth <= self._depth else ():
            if address in self._seen or not self._scope.wants(address) or _in_itself(address):
                continue
            if len(self._seen) >= self._most:
                self.overflowed = True
                return
            self._seen.add(address)
            self._waiting.append(Stop(address, depth))

    def redirect(self, stop: Stop, target: str) -> bool:
        """Go on at ``target`` in the place of ``stop``. False where that ends nowhere: in a circle, or after too many."""
        trail = (*stop.trail, stop.address)
        if target in trail or len(trail) > MOST_HOPS:
            return False
        if target not in self._seen or stop.first:
            if len(self._seen) >= self._most:
                self.overflowed = True
                return False
            self._seen.add(target)
            self._waiting.appendleft(replace(stop, address=target, trail=trail))
        return True

    def again(self, stop: Stop) -> bool:
        """Try once more when all others were visited. False when it was tried before."""
        if stop.tries:
            return False
        self._again.append(replace(stop, tries=1))
        return True

    def next(self) -> Stop | None:
        """None when there is nothing left."""
        if self._waiting:
            return self._waiting.popleft()
        return self._again.popleft() if self._again else None


def _in_itself(address: str) -> bool:
    parts = Counter(part for part in urlsplit(address).path.split("/") if part)
    return any(count > _MOST_EQUAL for count in parts.values())
