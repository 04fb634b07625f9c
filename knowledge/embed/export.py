"""Makes a model ready for ONNX Runtime, and compares what it made with sentence-transformers before anything uses it.

The whole of the model is exported, its pooling and dense layers included, so that none of them is written twice.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.embed.embedder import Vectors
from knowledge.embed.exported import GRAPH, TOKENIZER, WEIGHTS, Description, Precision, describe, description_of
from knowledge.embed.model_files import ModelFiles, locate
from knowledge.embed.onnx_model import OnnxEmbedder
from knowledge.embed.prompts import Prompts, prompts_for
from knowledge.embed.reference import load_reference, longest_of, prompts_of
from knowledge.embed.samples import compare
from knowledge.embed.wellformed import well_formed
from knowledge.process.memory import give_back

MOST_APART = 1e-4
"""Of any two figures of a text's vectors. fp32 in another order of additions stays far below it."""
LEAST_LIKE_INT8, USUALLY_LIKE_INT8 = 0.95, 0.98
"""The lowest and the mean cosine of the sample texts' int8 vectors and their fp32 vectors. The bundled model: .967, .986."""
_AT_ONCE = 4
"""Texts that the reference embeds together: enough for padding to be tried, and few, since each may be long."""
_BESIDE = 1024
"""Bytes. Larger tensors lie beside the graph, from where ONNX Runtime maps them instead of copying them."""


class NotExportable(Exception):
    """The model cannot be run in this way; the text says why."""


def export_fp32(files: ModelFiles, folder: Path) -> Description:
    """Fills ``folder``. Raises ConfigError when there is no such model, NotExportable when this one is not like its reference."""
    model = load_reference(files).eval()
    digest = files.digest or locate(files.name).digest
    if digest is None:
        raise NotExportable("its files were not found after it was loaded")
    try:
        _write_tokenizer(model, folder)
        _write_graph(model, folder)
        give_back()
        dimensions = int(model.get_embedding_dimension())
    except Exception as error:
        raise NotExportable(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}") from error
    sizes = _sizes(folder, GRAPH, WEIGHTS, TOKENIZER)
    made = Description(files.name, digest, Precision.FP32, longest_of(model), dimensions, prompts_of(model), 1.0, sizes)
    return _checked_against_reference(model, folder, made)


def export_int8(fp32: Path, folder: Path) -> Description:
    """Rounds the weights of an exported model. Raises NotExportable when its vectors change too much.

    Seven bits are used: with eight, products overflow on processors without VNNI (onnxruntime's page on quantization).
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    exact = description_of(fp32)
    if exact is None:
        raise NotExportable("the fp32 model is not whole")
    shutil.copyfile(fp32 / TOKENIZER, folder / TOKENIZER)
    quantize_dynamic(fp32 / GRAPH, folder / GRAPH, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    made = replace(exact, precision=Precision.INT8, sizes=_sizes(folder, GRAPH, TOKENIZER))
    describe(folder, made)
    reference = OnnxEmbedder(fp32, exact.source, Prompts())
    likeness = compare(OnnxEmbedder(folder, exact.source, Prompts()).embed_documents, reference.embed_documents)
    if likeness.lowest < LEAST_LIKE_INT8 or likeness.mean < USUALLY_LIKE_INT8:
        raise NotExportable(
            f"rounded to int8 its vectors change too much: cosines to fp32 are {likeness.mean:.3f} on the mean and "
            f"{likeness.lowest:.3f} at the lowest, and {USUALLY_LIKE_INT8} and {LEAST_LIKE_INT8} are asked for"
        )
    made = replace(made, likeness=likeness.lowest)
    describe(folder, made)
    return made


def _checked_against_reference(model: Any, folder: Path, made: Description) -> Description:
    """With each prompt that the model would be used with, since pooling may leave a prompt out."""
    describe(folder, made)
    usual = prompts_for(made.source, made.prompts, None, None)
    for prompt in sorted({"", usual.question, usual.document}):
        ours = OnnxEmbedder(folder, made.source, Prompts(prompt, prompt))
        likeness = compare(ours.embed_documents, _Reference(model, prompt).embed)
        if not likeness.furthest <= MOST_APART:
            raise NotExportable(
                f"its vectors are not those of sentence-transformers: they differ by up to {likeness.furthest:.2g}, "
                f"the lowest cosine is {likeness.lowest:.4f}"
            )
        made = replace(made, likeness=min(made.likeness, likeness.lowest))
    describe(folder, made)
    return made


class _Reference:
    """sentence-transformers, asked as it is meant to be: in batches of any lengths."""

    def __init__(self, model: Any, prompt: str) -> None:
        self._model = model
        self._prompt = prompt

    def embed(self, texts: Sequence[str]) -> Vectors:
        found = self._model.encode(
            well_formed(texts),
            prompt=self._prompt or None,
            batch_size=_AT_ONCE,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(found, np.float32)


def _write_tokenizer(model: Any, folder: Path) -> None:
    """As it is after loading: libraries change it by the model's configuration."""
    fast = model.tokenizer.backend_tokenizer
    fast.no_padding()
    fast.enable_truncation(longest_of(model), direction=model.tokenizer.truncation_side)
    fast.save(str(folder / TOKENIZER))


def _write_graph(model: Any, folder: Path) -> None:
    import torch
    from onnxscript import ir

    class Sentence(torch.nn.Module):  # type: ignore[misc]
        """Token numbers to the vector of the text."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask, "modality": "text"}
            return self.model.forward(features)["sentence_embedding"]

    ids = torch.arange(4, 18).reshape(2, 7)
    texts, tokens = torch.export.Dim("texts", min=1), torch.export.Dim("tokens", min=1)
    shape = {0: texts, 1: tokens}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Sentence().eval(),
            (ids, torch.ones_like(ids)),
            input_names=["input_ids", "attention_mask"],
            output_names=["sentence_embedding"],
            dynamic_shapes={"input_ids": shape, "attention_mask": shape},
            dynamo=True,
            verbose=False,
        )
    ir.save(program.model, folder / GRAPH, external_data=WEIGHTS, size_threshold_bytes=_BESIDE)


def _sizes(folder: Path, *names: str) -> dict[str, int]:
    return {name: (folder / name).stat().st_size for name in names}
