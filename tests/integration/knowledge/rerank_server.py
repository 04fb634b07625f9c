"""A server that reranks, as strict as those that people use: what they refuse, it refuses.

Cohere's body (https://docs.cohere.com/reference/rerank; Jina's and vLLM's are the same) at /v2/rerank, and that of Text
Embeddings Inference at /rerank, which takes 32 texts at once unless it is started otherwise.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "rr-tests-0123456789"
MODEL = "rerank-tests"
_MOST_AT_ONCE = 32


@dataclass
class RerankServer:
    """The more often ``word`` stands in a text, the better it fits. ``instead``: one answer in place of its own.

    ``silent``: requests are not answered until it is set.
    """

    base: str
    word: str = "otter"
    requests: list[dict[str, Any]] = field(default_factory=list)
    instead: tuple[int, Any] | None = None
    silent: threading.Event | None = None

    def answer(self, path: str, key: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        self.requests.append(body)
        if self.silent is not None:
            self.silent.wait(60)
        if self.instead is not None:
            return self.instead
        if path == "/v2/rerank":
            return self._cohere(key, body)
        if path == "/rerank":
            return self._tei(body)
        return 404, {"message": f"no route {path}"}

    def _cohere(self, key: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        if key != f"Bearer {KEY}":
            return 401, {"message": "invalid api token"}
        unknown = body.keys() - {"model", "query", "documents", "top_n", "max_tokens_per_doc", "priority"}
        if unknown:
            return 400, {"message": f"invalid request: unknown field(s) {sorted(unknown)}"}
        if body.get("model") != MODEL:
            return 404, {"message": f"model '{body.get('model')}' not found"}
        if not body.get("query") or not body.get("documents"):
            return 400, {"message": "invalid request: query and documents must not be empty"}
        ranked = self._ranked(body["documents"])
        return 200, {"id": "r1", "results": [{"index": n, "relevance_score": score} for n, score in ranked], "meta": {}}

    def _tei(self, body: dict[str, Any]) -> tuple[int, Any]:
        unknown = body.keys() - {"query", "texts", "raw_scores", "return_text", "truncate", "truncation_direction"}
        if unknown or not body.get("texts"):
            return 422, {"error": f"unknown field {sorted(unknown)}, or no texts", "error_type": "validation"}
        if len(body["texts"]) > _MOST_AT_ONCE:
            return 422, {"error": f"batch size {len(body['texts'])} > {_MOST_AT_ONCE}", "error_type": "validation"}
        return 200, [{"index": n, "score": score} for n, score in self._ranked(body["texts"])]

    def _ranked(self, texts: list[str]) -> list[tuple[int, float]]:
        """The best first, as servers answer: not in the order of the texts."""
        scores = [text.lower().count(self.word) / 10 for text in texts]
        return sorted(enumerate(scores), key=lambda each: -each[1])


@contextmanager
def running() -> Iterator[RerankServer]:
    """On a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = server.answer(self.path, self.headers.get("authorization"), body)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                pass  # who asked has gone

        def log_message(self, *args: object) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = RerankServer(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        if server.silent is not None:
            server.silent.set()
        http.shutdown()
        http.server_close()
        thread.join()
