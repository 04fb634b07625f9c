"""Limits the bytes of files that were uploaded and not yet sent, by address and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from channels.web.access import Caller
from channels.web.settings import WebLimits
from core.domain.attachments import Attachment, human_size
from core.domain.budget import Budget, group_total, strangers_total
from core.domain.errors import TooManyRequests

_FRESH = 1.0
_LIFE = 86_400.0
"""Seconds after which the daily sweep removes unsent files."""
_RETRY = 60.0


class UnsentRecords(Protocol):
    """What the database knows of files that no message refers to."""

    async def unsent_bytes(self) -> int:
        """Their sizes together. Raises StoreUnavailable."""
        ...

    async def unsent_among(self, ids: Sequence[str]) -> Collection[str]:
        """Those of the files with these ids. Raises StoreUnavailable."""
        ...


@dataclass(slots=True)
class _File:
    keys: tuple[str, ...]
    size: int
    at: float
    recorded: bool = False


class UnsentFiles:
    """The total is the database's, read at most once a second and only while files come, plus what came since.

    So it is right after a restart, and with several processes it may be overrun by what the others take within a second. The
    share of an address is counted in this process alone and begins anew with it; when it is used up, the files that were sent
    through other processes are looked up.
    """

    def __init__(self, records: UnsentRecords, limits: WebLimits, monotonic: Callable[[], float]) -> None:
        self._records = records
        self._share = limits.unsent_bytes_per_address
        self._total = limits.unsent_bytes_in_all
        self._of_network = group_total(Budget("unsent-bytes", self._share, self._total, seconds=0))
        self._monotonic = monotonic
        self._files: dict[str, _File] = {}
        self._by_key: Counter[str] = Counter()
        self._stored = 0
        self._since = 0
        self._coming = 0
        self._read_at: float | None = None

    @asynccontextmanager
    async def room(self, caller: Caller, size: int) -> AsyncIterator[None]:
        """Hold ``size`` bytes while a file comes in; then say how large it is with ``stored``.

        Raises TooManyRequests, StoreUnavailable.
        """
        await self._refresh()
        if self._exceeds_share(caller, size) or self._exceeds_network(caller, size):
            await self._drop_sent(caller)
        self._check(caller, size)
        self._hold(_keys(caller), size)
        try:
            yield
        finally:
            self._hold(_keys(caller), -size)

    def stored(self, caller: Caller, file: Attachment) -> None:
        """Count a file that was stored and is not yet in the database."""
        self._files[file.id] = _File(_keys(caller), file.size, self._monotonic())
        self._hold(_keys(caller), file.size)

    def recorded(self, file: Attachment) -> None:
        """Count a file that is in the database and that no message refers to."""
        if (known := self._files.get(file.id)) is not None:
            known.recorded = True
            self._coming -= known.size
            self._since += known.size

    def forget(self, ids: Iterable[str]) -> None:
        """Stop counting files that a message refers to, or that were removed."""
        for one in ids:
            if (file := self._drop(one)) is None:
                continue
            if file.recorded:
                self._since -= file.size
            else:
                self._coming -= file.size

    def _hold(self, keys: Iterable[str], size: int) -> None:
        self._coming += size
        self._add(keys, size)

    def _add(self, keys: Iterable[str], size: int) -> None:
        for key in keys:
            self._by_key[key] += size
            if self._by_key[key] <= 0:
                del self._by_key[key]

    def _exceeds_share(self, caller: Caller, size: int) -> bool:
        return 0 < self._share < self._by_key[caller.key] + size

    def _exceeds_network(self, caller: Caller, size: int) -> bool:
        """Whether the IPv6 /48 around a stranger's address would hold more than such a group may."""
        held = sum(self._by_key[key] for key in _keys(caller)[1:])
        return caller.network is not None and 0 < self._of_network < held + size

    def _check(self, caller: Caller, size: int) -> None:
        if self._exceeds_share(caller, size):
            raise TooManyRequests(
                f"At most {human_size(self._share)} of files may wait to be sent. Send the files that you have uploaded, "
                "or start again with smaller ones.",
                retry_after=_RETRY,
            )
        total = self._total if caller.known else strangers_total(self._total)
        if self._exceeds_network(caller, size) or 0 < total < self._stored + self._since + self._coming + size:
            raise TooManyRequests(
                "Too many files wait to be sent by others. Try again in a minute, or send your message without the file.",
                retry_after=_RETRY,
            )

    async def _refresh(self) -> None:
        now = self._monotonic()
        if self._read_at is not None and now - self._read_at < _FRESH:
            return
        self._drop_old(now)
        counted, self._read_at = self._since, now
        try:
            stored = await self._records.unsent_bytes() if self._total > 0 else 0
        except BaseException:
            self._read_at = None
            raise
        self._stored, self._since = stored, self._since - counted

    def _drop_old(self, now: float) -> None:
        """Forget files that the sweep has removed."""
        for one in [one for one, file in self._files.items() if file.recorded and now - file.at > _LIFE]:
            self._drop(one)

    async def _drop_sent(self, caller: Caller) -> None:
        """Forget the caller's files that were sent, or removed, through another process."""
        keys = set(_keys(caller))
        recorded = [one for one, file in self._files.items() if file.recorded and not keys.isdisjoint(file.keys)]
        for one in set(recorded).difference(await self._records.unsent_among(recorded)):
            self._drop(one)

    def _drop(self, file_id: str) -> _File | None:
        """Stop counting a file in the shares of its address and network."""
        file = self._files.pop(file_id, None)
        if file is not None:
            self._add(file.keys, -file.size)
        return file


def _keys(caller: Caller) -> tuple[str, ...]:
    """What a caller's files count for: the address, and its network where it has one."""
    return (caller.key,) if caller.network is None else (caller.key, f"network:{caller.network}")
