"""A server of vectors as strict as those of OpenAI: what they refuse, it refuses with their words.

From OpenAI's API reference, "Create embeddings": ``input`` holds 1 to 2048 strings, none of them empty and none longer than
the model reads; ``dimensions`` only for models that can shorten their vectors.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-tests-0123456789abcdef"
MODEL, DIMENSIONS = "text-embedding-3-small", 16
_MOST_TEXTS = 2048


@dataclass(frozen=True)
class Answer:
    """What the server says instead of what it would."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class EmbeddingServer:
    """``instead``: the next answers. ``longest``: characters of a text that count as too many tokens."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    instead: deque[Answer] = field(default_factory=deque)
    longest: int = 40_000
    reverse: bool = True
    refuses: Callable[[dict[str, Any]], Answer | None] = lambda asked: None
    """Whether it takes exception to what it is asked for, by what is in it."""

    def answer(self, path: str, key: str | None, body: dict[str, Any]) -> Answer:
        """To a request that arrived."""
        if path != "/v1/embeddings":
            return _refusal(404, f"Invalid URL (POST {path})")
        if key != f"Bearer {KEY}":
            return _refusal(401, f"Incorrect API key provided: {key}. You can find your API key at the platform.")
        self.requests.append(body)
        if self.instead:
            return self.instead.popleft()
        return self._refused(body) or self.refuses(body) or self._vectors(body)

    def _refused(self, body: dict[str, Any]) -> Answer | None:
        unknown = body.keys() - {"model", "input", "encoding_format", "dimensions", "user"}
        if unknown:
            return _refusal(400, f"Unrecognized request argument supplied: {', '.join(unknown)}")
        if body.get("model") != MODEL:
            return _refusal(404, f"The model `{body.get('model')}` does not exist or you do not have access to it.")
        texts = body.get("input")
        if not isinstance(texts, list) or not texts or len(texts) > _MOST_TEXTS:
            return _refusal(400, "'$.input' is invalid.")
        if not all(isinstance(text, str) and text.strip() for text in texts):
            return _refusal(400, "'$.input' is invalid: input cannot be an empty string.")
        if any(len(text) > self.longest for text in texts):
            return _refusal(400, "This model's maximum context length is 8192 tokens, however you requested more.")
        return None

    def _vectors(self, body: dict[str, Any]) -> Answer:
        dimensions = body.get("dimensions", DIMENSIONS)
        data = [
            {"object": "embedding", "index": number, "embedding": vector_of(text, dimensions)}
            for number, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        ordered = data[::-1] if self.reverse else data
        return Answer(200, {"object": "list", "data": ordered, "model": MODEL, "usage": usage})


def vector_of(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Of no length in particular, and different for each text."""
    digest = hashlib.sha256(text.encode()).digest()
    return [byte / 100 - 1 for byte in (digest * (dimensions // 32 + 1))[:dimensions]]


def _refusal(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}})


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """Runs on a port of its own until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = server.answer(self.path, self.headers.get("authorization"), body)
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(content)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = EmbeddingServer(f"http://127.0.0.1:{listening.server_port}/v1")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
