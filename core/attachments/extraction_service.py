"""Text of uploaded files, taken once, kept with the file, and waited for by the turn that needs it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace

from core.attachments.fair_turns import FairTurns
from core.attachments.known_texts import KnownTexts
from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.errors import ExtractionFailed, HubError
from core.ports.extractor import AttachmentStore, Extractor
from core.ports.metrics import Counter, Metrics, NoMetrics, Timing
from core.ports.store import Records

_log = logging.getLogger(__name__)
_UNFORESEEN = "The file could not be read."
_PUT_ASIDE = "The file was put aside: the hub stopped twice while it was read."
_BEGUN = "begun "
_MOST_CALLS = 8
"""Files that models read at once; they wait for the network, and keep no other file from being read."""
_MOST_TRIES = 2
"""How often the reading of one file is begun. It is counted in the file's record before, since it may end this process."""


@dataclass(slots=True, eq=False)
class ExtractionService:
    """``begin`` after an upload, ``ensure`` before an answer. Doing the same file twice (two processes) is harmless.

    ``concurrency`` files are read at once, and senders take turns, so a sender of many files delays only those.
    ``by_models``: how the media types begin that models read. That costs money, so only the turn that needs them has them read.
    """

    records: Records
    store: AttachmentStore
    extractor: Extractor
    patience: float = 20.0
    concurrency: int = 2
    by_models: tuple[str, ...] = ()
    metrics: Metrics = field(default_factory=NoMetrics)
    _turns: FairTurns = field(init=False)
    _calls: FairTurns = field(init=False)
    _running: dict[str, asyncio.Task[Attachment]] = field(default_factory=dict, init=False)
    _stopping: bool = field(default=False, init=False)
    _known: KnownTexts = field(default_factory=KnownTexts, init=False)

    def __post_init__(self) -> None:
        self._turns = FairTurns(self.concurrency, time.monotonic)
        self._calls = FairTurns(_MOST_CALLS, time.monotonic)

    def begin(self, attachment: Attachment, sender: str) -> None:
        """Start in the background; call it once the file is recorded. What is lost in a crash is done by ``ensure``.

        ``sender``: for whom the reading time counts, an address or a customer.
        """
        is_free = not attachment.media_type.startswith(self.by_models)
        if attachment.extraction is ExtractionStatus.PENDING and is_free and not self._stopping:
            self._task(attachment, sender)

    async def ensure(self, attachment: Attachment, sender: str) -> Attachment:
        """The file with its text, or still pending when that took longer than ``patience`` seconds. Never raises HubError."""
        if attachment.extraction is not ExtractionStatus.PENDING or self._stopping:
            return attachment
        try:
            recorded = await self.records.attachment(attachment.id)
        except HubError:
            recorded = None
        if recorded is not None and recorded[1].extraction is not ExtractionStatus.PENDING:
            return recorded[1]
        task = self._task(recorded[1] if recorded is not None else attachment, sender)
        done, _ = await asyncio.wait({task}, timeout=self.patience)
        return task.result() if done and not task.cancelled() else attachment

    async def ensure_all(self, attachments: tuple[Attachment, ...], sender: str) -> tuple[Attachment, ...]:
        """All of one turn's files at once, within one ``patience``, in the same order."""
        return tuple(await asyncio.gather(*(self.ensure(attachment, sender) for attachment in attachments)))

    async def stop(self) -> None:
        """End the children. Their files stay pending and are done again when a turn needs them."""
        self._stopping = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _task(self, attachment: Attachment, sender: str) -> asyncio.Task[Attachment]:
        task = self._running.get(attachment.id)
        if task is None:
            task = asyncio.create_task(self._extract_in_turn(attachment, sender), name=f"extract {attachment.id}")
            self._running[attachment.id] = task
            task.add_done_callback(lambda _: self._running.pop(attachment.id, None))
        return task

    async def _extract_in_turn(self, attachment: Attachment, sender: str) -> Attachment:
        """A file that only waits has not been tried."""
        turns = self._calls if attachment.media_type.startswith(self.by_models) else self._turns
        async with turns.turn(sender):
            return await self._extract(attachment)

    async def _extract(self, attachment: Attachment) -> Attachment:
        tries = _tries(attachment)
        if tries >= _MOST_TRIES:
            _log.error("attachment put aside", extra={"attachment": attachment.id, "tries": tries})
            return await self._end(replace(attachment, extraction=ExtractionStatus.FAILED, text=None, error=_PUT_ASIDE))
        await self._record(replace(attachment, error=f"{_BEGUN}{tries + 1}"))
        try:
            result = await self._read(attachment)
        except asyncio.CancelledError:
            await self._record(attachment)
            raise
        if result is attachment:  # not now, which is not the file's fault
            await self._record(attachment)
            return attachment
        return await self._end(result)

    async def _read(self, attachment: Attachment) -> Attachment:
        """The file with its text, or without; the same object when it cannot be read now."""
        started = time.perf_counter()
        try:
            if (text := self._known.get(attachment)) is None:
                path = await self.store.local_path(attachment)
                text = await self.extractor.extract(path, name=attachment.name, media_type=attachment.media_type)
            self._known.put(attachment, text)
            status = ExtractionStatus.READY if text else ExtractionStatus.EMPTY
            result = replace(attachment, extraction=status, text=text or None, error=None)
        except ExtractionFailed as error:
            result = replace(attachment, extraction=ExtractionStatus.FAILED, text=None, error=error.detail)
        except HubError as error:
            _log.warning("attachment not readable now", extra={"attachment": attachment.id, "reason": error.code})
            return attachment
        except OSError:  # no process to be had, or the file vanished between two calls: a later turn tries again
            _log.exception("extraction could not start", extra={"attachment": attachment.id})
            return attachment
        except Exception:  # the next turn would meet it again, and the one after that: this file has no text
            _log.exception("extraction failed in an unforeseen way", extra={"attachment": attachment.id})
            result = replace(attachment, extraction=ExtractionStatus.FAILED, text=None, error=_UNFORESEEN)
        self.metrics.observe(Timing.EXTRACTION, time.perf_counter() - started)
        return result

    async def _end(self, result: Attachment) -> Attachment:
        """A text that cannot be recorded is still used in this turn."""
        self.metrics.count(Counter.EXTRACTIONS, outcome=result.extraction.value)
        await self._record(result)
        return result

    async def _record(self, result: Attachment) -> None:
        try:
            await self.records.set_extraction(result.id, result.extraction, result.text, result.error)
        except HubError as error:
            _log.warning("extraction not recorded", extra={"attachment": result.id, "reason": error.code})


def _tries(attachment: Attachment) -> int:
    """How often the reading was begun and not brought to an end, by whichever process."""
    error = attachment.error or ""
    return int(error.removeprefix(_BEGUN)) if error.startswith(_BEGUN) else 0
