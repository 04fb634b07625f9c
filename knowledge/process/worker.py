"""The process that holds the model and the index: ``python -m knowledge.process.worker``.

The first frame brings the settings; then it answers ``search``, ``index``, ``close``, ``likeness`` and ``trial`` until
its input closes, which is also how it learns that its parent was killed. SIGINT and SIGTERM are its parent's business.
"""

from __future__ import annotations

import math
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from core.domain.errors import ConfigError, HubError
from knowledge.calibrate.calibrator import Calibrator
from knowledge.embed.onnx_model import OnnxEmbedder
from knowledge.embed.opening import open_embedder
from knowledge.embed.queue import Vector
from knowledge.index.opening import Index
from knowledge.process.engine import Engine, calibrator_for, open_for_search
from knowledge.process.frames import Frame
from knowledge.process.memory import give_back, keep_few_heaps
from knowledge.process.prepared_sample import start_with_sample
from knowledge.process.programs import confine
from knowledge.process.searchable import Searchable
from knowledge.process.stdio import Pipe, leave
from knowledge.process.wire import settings_from
from knowledge.settings import KnowledgeSettings

_SEARCHES_AT_ONCE = 2
_TURN = 0.0005
"""Seconds after which a thread that indexes lets one go on that answers; Python's own 5 ms add up to tens in a question."""


class Worker:
    """Takes requests from the pipe while other threads load the model, search and index."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._engine: Engine | None = None
        self._searches = ThreadPoolExecutor(_SEARCHES_AT_ONCE, "search")
        self._indexing = ThreadPoolExecutor(1, "index")
        self._likeness = ThreadPoolExecutor(1, "likeness")

    def run(self) -> None:
        """Serves until the parent closes the pipe or is gone."""
        keep_few_heaps()
        sys.setswitchinterval(_TURN)
        confine(patient=False)
        first = self._pipe.receive()
        if first is not None:
            threading.Thread(target=self._load, args=(first,), name="load", daemon=True).start()
            while (request := self._pipe.receive()) is not None:
                self._accept(request)
        leave()

    def _load(self, first: Frame) -> None:
        try:
            settings = settings_from(first["settings"])
            embedder = open_embedder(settings)
            if isinstance(embedder, OnnxEmbedder):
                start_with_sample(settings, embedder.folder)
            calibrator = calibrator_for(settings, embedder)
            index = self._open_patiently(settings, embedder.fingerprint, calibrator)
            engine = Engine(settings, embedder, index, calibrator)
            state = engine.state()
            give_back()
        except HubError as error:
            self._pipe.send({"event": "failed", "detail": error.detail, "final": isinstance(error, ConfigError)})
            leave(1)
        except Exception as error:
            self._pipe.send({"event": "failed", "detail": _name(error), "trace": traceback.format_exc()})
            leave(1)
        else:
            self._engine = engine
            self._pipe.send({"event": "ready", "model": engine.model, **state})
            engine.follow(lambda state: self._pipe.send({"event": "epoch", **state}))
            engine.serve_embeddings()

    def _open_patiently(
        self, settings: KnowledgeSettings, fingerprint: str, calibrator: Calibrator
    ) -> Index[Searchable]:
        """A Chroma server may come up after us: the model stays loaded meanwhile. An embedded index fails at once."""
        pause = 0.5
        while True:
            try:
                return open_for_search(settings, fingerprint, calibrator)
            except HubError:
                raise
            except Exception as error:
                if settings.chroma_url is None:
                    raise
                self._pipe.send({"event": "failed", "detail": f"{_away(error)} does not answer: {_name(error)}"})
            time.sleep(pause)
            pause = min(pause * 2, 10.0)

    def _accept(self, request: Frame) -> None:
        engine = self._engine
        if engine is None:
            self._pipe.send({"id": request["id"], "error": "the model is still loading"})
            return
        within = request["within"]
        request["until"] = math.inf if within is None else time.monotonic() + within
        match request["op"]:
            case "search":
                request["query"] = engine.mended(request["query"])
                vector = engine.embed_question(request["query"], request["until"])
                vector.add_done_callback(lambda done: self._search(engine, request, done))
            case "index":
                self._indexing.submit(self._index, engine, request)
            case "close":
                self._indexing.submit(self._answer, request, lambda: engine.close_for_staff(request))
            case "likeness":
                self._likeness.submit(self._answer, request, lambda: engine.likeness(request))
            case "trial":
                self._likeness.submit(self._answer, request, lambda: engine.trial(request))
            case other:
                self._pipe.send({"id": request["id"], "error": f"unknown request {other!r}"})

    def _index(self, engine: Engine, request: Frame) -> None:
        self._answer(request, lambda: engine.index(request, self._reporter(request)))
        give_back()

    def _search(self, engine: Engine, request: Frame, vector: Future[Vector]) -> None:
        self._searches.submit(self._answer, request, lambda: engine.search(request, vector.result()))

    def _answer(self, request: Frame, work: Callable[[], Any]) -> None:
        """What nobody waits for any more is not done. It is answered all the same: who is told that does not think us stuck."""
        if time.monotonic() > request["until"]:
            self._pipe.send({"id": request["id"], "error": "nobody waits for it any more"})
            return
        try:
            self._pipe.send({"id": request["id"], "result": work()})
        except Exception as error:
            detail = error.detail if isinstance(error, HubError) else _name(error)
            self._pipe.send({"id": request["id"], "error": detail, "trace": traceback.format_exc()})

    def _reporter(self, request: Frame) -> Callable[[Frame], None]:
        return lambda progress: self._pipe.send({"id": request["id"], "progress": progress})


def _away(error: Exception) -> str:
    """The setting that names the server which is away."""
    return "DATABASE_URL" if isinstance(error, SQLAlchemyError) else "CHROMA_URL"


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


if __name__ == "__main__":
    Worker(Pipe()).run()
