"""A digest of a model's files tells two models of one name apart, without loading them."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.embed.exported import Description, Precision, describe, description_of, find, folder_name
from knowledge.embed.model_files import BUNDLED, ModelFiles, locate

_BIG = 6 * 1024 * 1024


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean"}')
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * (_BIG // 256))
    (folder / "README.md").write_text("# A model")
    return folder


def _digest(folder: Path) -> str | None:
    return ModelFiles("name", folder).digest


def test_the_digest_changes_with_what_changes_vectors(model: Path) -> None:
    before = _digest(model)
    assert _digest(model) == before

    (model / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
    pooled_otherwise = _digest(model)
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[:] = bytes((byte + 1) % 256 for byte in weights)
    (model / "model.safetensors").write_bytes(weights)

    assert len({before, pooled_otherwise, _digest(model)}) == 3


def test_the_digest_does_not_change_with_the_folder_or_what_is_told_about_the_model(model: Path) -> None:
    before = _digest(model)
    (model / "README.md").write_text("# The same model, described better")
    (model / "onnx").mkdir()
    (model / "onnx" / "config.json").write_text("{}")
    moved = model.rename(model.with_name("elsewhere"))
    assert _digest(moved) == before


def test_the_bundled_model_needs_no_network_and_a_name_that_was_never_downloaded_has_no_folder() -> None:
    assert locate(None).name == BUNDLED
    assert locate(None).folder is not None
    assert locate("nobody/never-made-this") == ModelFiles("nobody/never-made-this", None)


def _made(cache: Path, precision: Precision = Precision.FP32) -> Path:
    folder = cache / folder_name("abc", precision)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"graph")
    describe(folder, Description("name", "abc", precision, 256, 384, {"query": "q: "}, 1.0, {"model.onnx": 5}))
    return folder


def test_what_was_made_ready_is_found_by_its_digest_or_by_its_name_when_its_files_are_gone(tmp_path: Path) -> None:
    folder = _made(tmp_path)
    assert find((tmp_path / "none", tmp_path), "name", "abc", Precision.FP32) == folder
    assert find((tmp_path,), "name", None, Precision.FP32) == folder
    assert find((tmp_path,), "name", "another", Precision.FP32) is None
    assert find((tmp_path,), "another", None, Precision.FP32) is None
    assert find((tmp_path,), "name", "abc", Precision.INT8) is None


@pytest.mark.parametrize("damage", ["torn", "gone", "no description", "not JSON", "another format"])
def test_what_is_not_whole_is_not_used(tmp_path: Path, damage: str) -> None:
    folder = _made(tmp_path)
    description = folder / "model.json"
    match damage:
        case "torn":
            (folder / "model.onnx").write_bytes(b"gra")
        case "gone":
            (folder / "model.onnx").unlink()
        case "no description":
            description.unlink()
        case "not JSON":
            description.write_text('{"source"')
        case _:
            description.write_text(description.read_text().replace('"format": 1', '"format": 0'))
    assert description_of(folder) is None
    assert find((tmp_path,), "name", "abc", Precision.FP32) is None
