"""YAML and JSON of documents. For whom one is can be said once: of two words the last would win in silence."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml
from yaml.composer import ComposerError

_ONCE = "audience"
_TWICE = f"{_ONCE!r} stands twice in one place"
_BRACKETS = re.compile(r"[\[\]{}]")
_DEEPEST = 500
"""Brackets within brackets; with each token, the library looks through all that are open."""


class _Loader(yaml.SafeLoader):
    """Keys are looked at as they are written, before merges (``<<``) add those of others."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        node: Any = super().compose_mapping_node(anchor)
        said = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value == _ONCE]
        if len(said) > 1:
            raise ComposerError(None, None, _TWICE, said[1].start_mark)
        return node


def load_yaml(text: str) -> Any:
    """Raises yaml.YAMLError, also where it is said twice for whom a document is."""
    _check_depth(text)
    return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth = max(0, depth + (1 if bracket[0] in "[{" else -1))
        if depth > _DEEPEST:
            raise yaml.YAMLError("its brackets are nested too deep")


def load_json(text: str) -> Any:
    """Raises ValueError, also where it is said twice for whom a document is."""
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if sum(key == _ONCE for key, _ in pairs) > 1:
        raise ValueError(_TWICE)
    return dict(pairs)
