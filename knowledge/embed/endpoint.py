"""Embedding by a server that speaks OpenAI's protocol: POST {base}/embeddings (OpenAI, Azure, vLLM, TEI, Ollama, LM Studio).

The answer's order is not promised, so ``index`` decides (OpenAI's API reference, "Create embeddings").
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from core.domain.errors import ConfigError, KnowledgeUnavailable
from core.domain.personal_data import Placeholders
from knowledge.embed.embedder import TextRefused, Vectors, unit
from knowledge.embed.prompts import Prompts, prompts_for
from knowledge.embed.retry_after import retry_after
from knowledge.embed.token_estimate import estimated_tokens, start_within
from knowledge.embed.wellformed import well_formed
from knowledge.settings import KnowledgeSettings

_LIMITS = ((re.compile(r"^text-embedding-(3|ada)"), 8191),)
_CAUTIOUS_LIMIT = 512
"""Tokens. What most models that people serve themselves read; EMBEDDING_LIMIT says better."""
_TOKENS_AT_ONCE = 100_000
"""Estimated. OpenAI takes 300,000 in one request."""
_TOO_LONG = re.compile(r"token|context|length|too (long|large)", re.IGNORECASE)
_HALVINGS = 5
_HARMLESS = "warm up"
_FIRST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long somebody waits: a customer little, an index run much. Seconds."""

    timeout: float
    tries: int
    longest_pause: float


_CUSTOMER = Patience(8.0, 2, 3.0)
_INDEX_RUN = Patience(60.0, 7, 60.0)
_LOOKING = Patience(60.0, 2, 60.0)
"""Where one text of several is looked for over which the server fails, although it takes others."""


class EndpointEmbedder:
    """Safe from several threads. Raises KnowledgeUnavailable for what may pass, ConfigError for what only settings mend.

    ``masks``: personal data in texts is replaced by placeholders before they are sent.
    """

    lanes, batch = 2, 64

    def __init__(
        self,
        base_url: str,
        key: str | None,
        model: str,
        *,
        dimensions: int | None = None,
        limit: int | None = None,
        prompts: Prompts | None = None,
        masks: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = model
        self._prompts = prompts or Prompts()
        self._asked_dimensions = dimensions
        self._key = key or ""
        self._masks = masks
        self._sleep = sleep
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(base_url=base_url.rstrip("/") + "/", headers=headers)
        whole = limit or next((tokens for name, tokens in _LIMITS if name.search(model)), _CAUTIOUS_LIMIT)
        self.limit = max(16, whole - max(self.count([self._prompts.question, self._prompts.document])))
        first = self._vectors([_HARMLESS], _CUSTOMER)
        self.dimensions = first.shape[1]
        parts = [
            base_url.rstrip("/"),
            model,
            self.dimensions,
            self.limit,
            self._prompts.question,
            self._prompts.document,
            *(["masked"] if masks else []),
        ]
        self.fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    @classmethod
    def of(cls, settings: KnowledgeSettings) -> EndpointEmbedder:
        """The one that is configured, which has answered once."""
        if not settings.embedding_model:
            raise ConfigError("EMBEDDING_BASE_URL is set: name that server's model in EMBEDDING_MODEL.")
        return cls(
            settings.embedding_url or "",
            settings.embedding_key,
            settings.embedding_model,
            dimensions=settings.embedding_dimensions,
            limit=settings.embedding_limit,
            prompts=prompts_for(settings.embedding_model, {}, settings.query_prompt, settings.document_prompt),
            masks=settings.mask_personal_data,
        )

    def count(self, texts: Sequence[str]) -> list[int]:
        """An estimate that is rather too high: the model's tokenizer is at the other end."""
        return [estimated_tokens(text) for text in texts]

    def knows(self, word: str) -> bool:
        """Its vocabulary is at the other end; large models read typing errors by themselves."""
        return True

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, soon or not at all: a customer waits."""
        return self._embed(texts, self._prompts.question, _CUSTOMER)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages. A server that is busy is waited for."""
        return self._embed(texts, self._prompts.document, _INDEX_RUN)

    def _embed(self, texts: Sequence[str], prompt: str, patience: Patience) -> Vectors:
        """A text of nothing but space is not sent, since servers refuse it: its vector is zeros."""
        if self._masks:
            texts = [Placeholders(text).mask(text) for text in texts]
        ready = [prompt + start_within(text, self.limit) if text.strip() else "" for text in well_formed(texts)]
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for places in _requests(ready, self.batch):
            vectors[places] = self._vectors([ready[place] for place in places], patience)
        return vectors

    def _vectors(self, texts: Sequence[str], patience: Patience) -> Vectors:
        """A batch that holds a text of too many tokens, whatever the estimate said, is halved, and at last that text is. So is
        one that holds a text which the server refuses or fails over, down to that text: the others are none the worse for it.
        """
        halvings = 0
        while True:
            try:
                return self._answer(texts, patience)
            except _TooLong as error:
                if len(texts) > 1:
                    return self._halves(texts, patience)
                halvings += 1
                if halvings > _HALVINGS:
                    raise TextRefused(str(error)) from error
                texts = [texts[0][: max(1, len(texts[0]) // 2)]]
            except TextRefused:
                if len(texts) == 1:
                    raise
                return self._halves(texts, patience)
            except _Failing as error:
                if patience is _CUSTOMER or not self._takes_others():
                    raise
                if len(texts) == 1:
                    raise TextRefused(error.detail) from error
                return self._halves(texts, _LOOKING)

    def _halves(self, texts: Sequence[str], patience: Patience) -> Vectors:
        middle = len(texts) // 2
        return np.concatenate([self._vectors(part, patience) for part in (texts[:middle], texts[middle:])])

    def _takes_others(self) -> bool:
        try:
            self._answer([_HARMLESS], _CUSTOMER)
        except KnowledgeUnavailable:
            return False
        return True

    def _answer(self, texts: Sequence[str], patience: Patience) -> Vectors:
        body: dict[str, Any] = {"model": self.name, "input": list(texts), "encoding_format": "float"}
        if self._asked_dimensions is not None:
            body["dimensions"] = self._asked_dimensions
        response = self._posted(body, patience)
        try:
            found = sorted(response.json()["data"], key=lambda entry: entry["index"])
            vectors = np.asarray([entry["embedding"] for entry in found], np.float32)
        except (ValueError, KeyError, TypeError) as error:
            raise KnowledgeUnavailable(f"{self._who} answered what is no list of vectors") from error
        dimensions = getattr(self, "dimensions", self._asked_dimensions)
        if vectors.ndim != 2 or len(vectors) != len(texts) or (dimensions and vectors.shape[1] != dimensions):
            wanted = f"{len(texts)} vectors" + (f" of {dimensions} figures" if dimensions else "")
            raise KnowledgeUnavailable(f"{self._who} answered {vectors.shape}, and {wanted} were asked for")
        if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
            raise TextRefused(f"{self._who} answered a vector without a direction")
        return unit(vectors)

    def _posted(self, body: dict[str, Any], patience: Patience) -> httpx.Response:
        pause, failing = _FIRST_PAUSE, False
        for left in reversed(range(patience.tries)):
            wait: float | None = None
            try:
                response = self._client.post("embeddings", json=body, timeout=patience.timeout)
                if response.is_success:
                    return response
                reason, failing = self._refused(response), response.status_code >= 500
                wait = retry_after(response.headers.get("retry-after"), time.time())
            except httpx.TransportError as error:
                reason, failing = f"{self._who} does not answer: {type(error).__name__} {error}".strip(), False
            wait = pause * random.uniform(0.8, 1.2) if wait is None else wait  # noqa: S311 - no secret depends on it
            if not left or wait > patience.longest_pause:
                break
            self._sleep(wait)
            pause *= 2
        raise (_Failing if failing else KnowledgeUnavailable)(reason)

    def _refused(self, response: httpx.Response) -> str:
        """What may pass comes back as text. Raises for what will not."""
        said = self._error_text(response)
        reason = f"{self._who} answered {response.status_code}: {said}"
        if response.status_code in (401, 403):
            raise ConfigError(f"{reason}. Look at EMBEDDING_API_KEY.")
        if response.status_code == 404:
            raise ConfigError(f"{reason}. Look at EMBEDDING_BASE_URL (most end in /v1) and EMBEDDING_MODEL.")
        if response.status_code in (400, 413, 422) and _TOO_LONG.search(said):
            raise _TooLong(reason)
        passing = response.status_code in (408, 409, 425, 429) or response.status_code >= 500
        if "insufficient_quota" in response.text:
            raise KnowledgeUnavailable(reason)
        if not passing:
            raise (TextRefused if response.status_code in (400, 413, 422) else KnowledgeUnavailable)(reason)
        return reason

    def _error_text(self, response: httpx.Response) -> str:
        try:
            error = response.json()["error"]
            said = str(error["message"] if isinstance(error, dict) else error)
        except (ValueError, KeyError, TypeError):
            said = response.text
        said = " ".join(said.split())[:200] or response.reason_phrase
        return said.replace(self._key, "…") if self._key else said

    @property
    def _who(self) -> str:
        return f"the embedding server {self._client.base_url.host}"


class _TooLong(Exception):
    """The server counts more tokens than it takes."""


class _Failing(KnowledgeUnavailable):
    """The server answered with an error of its own as often as it was asked."""


def _requests(texts: Sequence[str], most: int) -> Iterator[list[int]]:
    """Places of texts that go together."""
    batch: list[int] = []
    tokens = 0
    for place, text in enumerate(texts):
        if not text:
            continue
        size = estimated_tokens(text)
        if batch and (len(batch) == most or tokens + size > _TOKENS_AT_ONCE):
            yield batch
            batch, tokens = [], 0
        batch.append(place)
        tokens += size
    if batch:
        yield batch
