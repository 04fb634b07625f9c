"""Exports a cross-encoder for ONNX Runtime: ``python -m knowledge.rerank.export FOLDER TARGET``. Its memory ends with it."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.rerank.cross_encoder import GRAPHS, TOKENIZER, CrossEncoder

_PAIRS = [
    ("How do refunds work?", "The money goes back to the card."),
    ("Is it free?", "Guests are free of charge. " * 9),
]
_MOST_APART = 1e-3
_FOREVER = float("inf")
_SMALL = 1024
"""Bytes. Larger tensors lie beside the graph."""


def export(source: Path, target: Path) -> None:
    """Raises SystemExit with the reason where the model is no cross-encoder, or the graph does not do what the model does."""
    import torch
    from sentence_transformers import CrossEncoder as Reference

    try:
        reference = Reference(str(source), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"it is no cross-encoder: {' '.join(str(error).split())[:200]}") from error
    reference.tokenizer.backend_tokenizer.save(str(target / TOKENIZER))
    _write_graph(reference.model.eval(), reference.tokenizer, target)
    expected = reference.predict(_PAIRS, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False)
    ours = CrossEncoder(target, source.name)
    for (question, passage), wanted in zip(
        _PAIRS, np.atleast_1d(expected).reshape(len(_PAIRS), -1)[:, -1], strict=True
    ):
        found = ours.scores(question, [passage], _FOREVER)
        if found is None or (wanted.ndim == 0 and abs(float(found[0]) - float(wanted)) > _MOST_APART):
            raise SystemExit("its graph gives other scores than the model")


def _write_graph(model: Any, tokenizer: Any, target: Path) -> None:
    import torch
    from onnxscript import ir

    class Pair(torch.nn.Module):  # type: ignore[misc]
        """Token numbers to logits."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            more = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
            return self.model(input_ids=input_ids, attention_mask=attention_mask, **more).logits

    names = ["input_ids", "attention_mask"]
    if "token_type_ids" in tokenizer.model_input_names:
        names.append("token_type_ids")
    ids = torch.arange(4, 18).reshape(2, 7)
    values = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    pairs, tokens = torch.export.Dim("pairs", min=1), torch.export.Dim("tokens", min=1)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Pair().eval(),
            tuple(values[name] for name in names),
            input_names=names,
            output_names=["logits"],
            dynamic_shapes=[{0: pairs, 1: tokens}] * len(names),
            dynamo=True,
            verbose=False,
        )
    ir.save(program.model, target / GRAPHS[0], external_data="weights.bin", size_threshold_bytes=_SMALL)


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
