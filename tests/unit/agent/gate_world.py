"""A gate over a few sources, and a verifier that is told what to say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from core.agent.answer_gate import AnswerGate
from core.agent.answer_unit import AnswerUnit
from core.agent.evidence import AnswerEvidence
from core.agent.settings import Strictness
from core.agent.sources import Source, Sources
from core.domain.messages import Citation
from core.ports.verifier import Verdict, Verification, Verifier

TRIAL = "Every workspace starts with a trial of the Business plan that lasts 14 days. No credit card is needed."
PRICES = "The Team plan costs $9 per member and month with yearly billing, or $11 with monthly billing."
REFUNDS = (
    "Yearly plans can be refunded within 30 days. Ask at https://tidepool.example/refunds or billing@tidepool.example."
)


class Oracle:
    """A verifier that gives each sentence the verdict of the first of some words that it holds, else SUPPORTED."""

    def __init__(
        self, verdicts: Mapping[str, Verdict | None] | None = None, *, wait: asyncio.Event | None = None
    ) -> None:
        self.verdicts = verdicts or {}
        self.wait = wait
        self.requests: list[Verification] = []

    @property
    def asked(self) -> list[list[str]]:
        return [[one.text for one in request.sentences] for request in self.requests]

    async def verify(self, request: Verification) -> Mapping[int, Verdict]:
        self.requests.append(request)
        if self.wait is not None:
            await self.wait.wait()
        found = [self._verdict(one.text) for one in request.sentences]
        return {place: verdict for place, verdict in enumerate(found) if verdict is not None}

    def _verdict(self, text: str) -> Verdict | None:
        return next((verdict for word, verdict in self.verdicts.items() if word in text), Verdict.SUPPORTED)


class World:
    """A gate over three sources, with what it showed and cited."""

    def __init__(
        self,
        verifier: Verifier | None = None,
        *,
        said: str = "",
        earlier: Sequence[str] = (),
        texts: Sequence[str] = (TRIAL, PRICES, REFUNDS),
        strictness: Strictness = Strictness.VERIFY,
        seconds: float | None = None,
    ) -> None:
        sources = Sources()
        for number, text in enumerate(texts, start=1):
            sources.add(Source(Citation(f"c{number}", f"Title {number}", text, "a.md", 0.6), text))
        self.evidence = AnswerEvidence(sources, said, earlier)
        self.verifier = verifier
        self.emitted: list[str] = []
        self.shown = asyncio.Event()
        self.cited: list[tuple[str, ...]] = []
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        self.gate = AnswerGate(
            self.evidence, self._emit, self._announce, verifier=verifier, strictness=strictness, until=until
        )

    async def _emit(self, text: str) -> None:
        self.emitted.append(text)
        self.shown.set()

    async def _announce(self, citations: Sequence[Citation]) -> None:
        self.cited.append(tuple(citation.id for citation in citations))

    async def show(self, text: str, *, size: int = 7) -> str:
        """What is shown of a text that arrives in pieces."""
        for start in range(0, len(text), size):
            await self.gate.feed(text[start : start + size])
        await self.gate.finish()
        await self.gate.close()
        assert "".join(self.emitted) == self.gate.text
        return self.gate.text

    async def show_parts(self, *units: AnswerUnit) -> str:
        for unit in units:
            await self.gate.add(unit)
        await self.gate.finish()
        await self.gate.close()
        return self.gate.text
