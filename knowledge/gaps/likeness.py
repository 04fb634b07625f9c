"""How much questions are alike in what they mean: asked of the knowledge process, which has the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from knowledge.process.child import KnowledgeProcess

_PATIENCE = 60.0
_MOST_KEPT = 4_096


class ProcessLikeness:
    """Implements Likeness."""

    def __init__(self, process: KnowledgeProcess) -> None:
        self._process = process

    async def cosines(self, texts: Sequence[str], among: Sequence[str]) -> Sequence[Sequence[float]]:
        """See Likeness.cosines."""
        request = {"op": "likeness", "texts": list(texts), "among": list(among)}
        found: list[list[float]] = await self._process.call(request, _PATIENCE)
        return found


class QuestionVectors:
    """The other end, inside that process. The vectors of questions that lead clusters are kept: they come each time."""

    def __init__(self, embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> None:
        self._embed = embed
        self._kept: dict[str, NDArray[np.float32]] = {}

    def cosines(self, texts: Sequence[str], among: Sequence[str]) -> list[list[float]]:
        """A row for each of ``texts``. Vectors have length 1, so their product is the cosine."""
        import numpy as np

        if not texts or not among:
            return [[] for _ in texts]
        wanted = dict.fromkeys([*among, *texts])
        new = [text for text in wanted if text not in self._kept]
        if new:
            if len(self._kept) + len(new) > _MOST_KEPT:
                self._kept.clear()
                new = list(wanted)
            self._kept.update(zip(new, self._embed(new), strict=True))
        near, far = (np.stack([self._kept[text] for text in some]) for some in (texts, among))
        rows: list[list[float]] = np.round(near @ far.T, 4).tolist()
        return rows
