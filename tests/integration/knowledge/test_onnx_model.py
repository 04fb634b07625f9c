"""What ONNX Runtime makes of a text is what sentence-transformers makes of it, and nothing of torch is loaded for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.embed.export import LEAST_LIKE_INT8, MOST_APART, NotExportable, export_fp32, export_int8
from knowledge.embed.exported import Precision, describe, description_of
from knowledge.embed.model_files import ModelFiles, locate
from knowledge.embed.onnx_model import OnnxEmbedder
from knowledge.embed.prompts import Prompts
from knowledge.embed.ready import make_ready
from knowledge.embed.samples import compare, sample_texts
from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
from knowledge.process.frames import encode
from knowledge.process.wire import settings_frame
from knowledge.settings import KnowledgeSettings
from tests.integration.knowledge.small_models import FAMILIES, save
from tests.scale import run_scale
from tests.servers.models import MODELS
from tests.servers.programs import ROOT

pytestmark = pytest.mark.slow

_PIECES = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.sampled_from([*sample_texts(), "word " * 10_000, "[SEP] [MASK] [PAD]", "\x00\u200b", "e\u0301" * 300]),
)
_TEXTS = st.lists(_PIECES, min_size=1, max_size=5).map(" ".join)


@pytest.fixture(scope="module")
def bundled() -> OnnxEmbedder:
    return OnnxEmbedder(make_ready(None, Precision.FP32, MODELS), "bundled", Prompts())


@pytest.fixture(scope="module")
def reference() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@settings(max_examples=run_scale().pick(small=4, full=100))
@given(texts=st.lists(_TEXTS, min_size=1, max_size=4))
def test_any_texts_have_the_vectors_of_the_reference(
    bundled: OnnxEmbedder, reference: SentenceTransformerEmbedder, texts: list[str]
) -> None:
    np.testing.assert_allclose(bundled.embed_documents(texts), reference.embed_documents(texts), atol=MOST_APART)
    assert bundled.count(texts) == reference.count(texts)


def test_both_ways_of_running_the_model_share_one_index(
    bundled: OnnxEmbedder, reference: SentenceTransformerEmbedder
) -> None:
    assert (bundled.fingerprint, bundled.limit, bundled.dimensions) == (
        reference.fingerprint,
        reference.limit,
        reference.dimensions,
    )


def test_a_text_has_the_same_vector_whatever_it_is_embedded_with(bundled: OnnxEmbedder) -> None:
    texts = sample_texts()[::4]
    together = bundled.embed_documents(texts)
    alone = np.concatenate([bundled.embed_documents([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_no_texts_have_no_vectors(bundled: OnnxEmbedder) -> None:
    assert bundled.embed_documents([]).shape == (0, bundled.dimensions)
    assert bundled.count([]) == []


@pytest.mark.soak(small=False)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_of_each_family_is_exported_and_is_like_its_reference(family: str, tmp_path: Path) -> None:
    """The check is part of the export: pooling, dense layers, prompts, padding side and limit are those of the model."""
    prompts = {"query": "task: search result | query: ", "document": "title: none | text: "}
    folder = save(family, tmp_path / family, prompts)
    made = tmp_path / "made"
    made.mkdir()
    description = export_fp32(locate(str(folder)), made)
    assert description.likeness > 0.9999
    assert description.prompts == prompts
    assert description_of(made) == description


class _Scrambled:
    """A reference that is another model."""

    def __init__(self, embedder: OnnxEmbedder) -> None:
        self._embedder = embedder

    def embed(self, texts: list[str]) -> Any:
        return self._embedder.embed_documents([text[::-1] for text in texts])


def test_the_comparison_tells_models_apart(bundled: OnnxEmbedder) -> None:
    assert compare(bundled.embed_documents, bundled.embed_documents).furthest == 0
    assert compare(bundled.embed_documents, lambda texts: _Scrambled(bundled).embed(list(texts))).lowest < 0.9
    broken = compare(bundled.embed_documents, lambda texts: bundled.embed_documents(texts) * np.float32("nan"))
    assert broken.lowest == 0.0


def test_a_model_that_does_not_fit_its_reference_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.embed.export.MOST_APART", -1.0)
    with pytest.raises(NotExportable, match="not those of sentence-transformers"):
        export_fp32(ModelFiles("small", save("bert", tmp_path / "model")), tmp_path)


def test_int8_is_near_enough_for_the_bundled_model_and_has_a_fingerprint_of_its_own(bundled: OnnxEmbedder) -> None:
    folder = make_ready(None, Precision.INT8, MODELS)
    rounded = OnnxEmbedder(folder, "bundled", Prompts())
    likeness = compare(rounded.embed_documents, bundled.embed_documents)
    assert LEAST_LIKE_INT8 <= likeness.lowest < 1
    assert rounded.fingerprint != bundled.fingerprint
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size < 30_000_000


def test_int8_that_changes_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.embed.export.LEAST_LIKE_INT8", 0.9999)
    with pytest.raises(NotExportable, match="rounded to int8 its vectors change too much"):
        export_int8(make_ready(None, Precision.FP32, MODELS), tmp_path)


def test_a_folder_without_a_description_is_no_model(tmp_path: Path, bundled: OnnxEmbedder) -> None:
    with pytest.raises(ValueError, match="no model that was made ready"):
        OnnxEmbedder(tmp_path, "x", Prompts())
    made = description_of(make_ready(None, Precision.FP32, MODELS))
    assert made is not None
    describe(tmp_path, made)
    assert description_of(tmp_path) is None  # its files are not there


def test_the_running_process_loads_nothing_of_torch(tmp_path: Path) -> None:
    """Python itself writes down what the process imports, from its start until it has said that it is ready."""
    make_ready(None, Precision.FP32, MODELS)
    told = settings_frame(KnowledgeSettings(directory=tmp_path / "chroma", models=MODELS))
    with (
        (tmp_path / "imports").open("wb") as imports,
        subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "knowledge.process.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=imports,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode({"settings": told}))
        process.stdin.flush()
        assert b'"ready"' in process.stdout.read1(65536)  # type: ignore[attr-defined]
        maps = Path(f"/proc/{process.pid}/maps")
        mapped = maps.read_text() if maps.exists() else ""
        process.stdin.close()
    lines = (tmp_path / "imports").read_text(errors="replace").splitlines()
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in lines if line.startswith("import time:")}
    assert {"onnxruntime", "tokenizers"} <= imported
    heavy = {
        "torch",
        "transformers",
        "sentence_transformers",
        "onnx",
        "onnxscript",
        "sklearn",
        "scipy",
        "chromadb",
        "bs4",
    }
    assert imported & heavy == set()
    assert "libtorch" not in mapped
