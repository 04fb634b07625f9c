"""Texts by which a model that was made ready is compared with its reference: short and too long, of many languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.embed.embedder import Vectors

_SENTENCES = (
    "Refunds arrive within five working days on the card that you paid with.",
    "How do I reset my password?",
    "Wie kündige ich meinen Vertrag, und bis wann muss das geschehen?",
    "La facture de mars n'est pas encore arrivée, pourriez-vous me la renvoyer ?",
    "¿Cuánto cuesta el envío a las Islas Canarias?",
    "Il pacco risulta consegnato, ma non l'ho ricevuto.",
    "Nasıl iade edebilirim? Sipariş numaram 4711.",
    "Не могу войти в личный кабинет после обновления приложения.",
    "我的订单什么时候发货？请帮我查询一下物流信息。",
    "領収書を再発行していただけますか。",
    "환불은 며칠 안에 처리되나요?",
    "متى سيصل طلبي؟ لم أتلق أي إشعار.",
    "मेरा पार्सल अभी तक नहीं आया है।",
    "| Plan | Seats | Price |\n|---|---|---|\n| Team | 10 | 49.00 € |\n| Company | 100 | 390.00 € |",
    "def total(items):\n    return sum(item.price * item.count for item in items)",
    "Error 0x80070005: access denied (E_ACCESSDENIED) in C:\\Program Files\\App\\setup.log",
    "GET https://api.example.com/v2/orders/4711?expand=items&limit=50 HTTP/1.1 → 404",
    "🎉🙂 thanks!!! 👍🏽",
)
_EDGES = ("", " ", "a", "?", "€", "\ud800 half a character", "\n\t\n", "x" * 3000)
_LENGTHS = (20, 70, 128, 250, 600)
"""Words; the last one is beyond what most models read."""


def sample_texts() -> list[str]:
    """Of every length from nothing to far too long."""
    words = " ".join(_SENTENCES).split()
    long = [" ".join((words * 8)[start : start + length]) for start, length in enumerate(_LENGTHS)]
    return [*_SENTENCES, *_EDGES, *long]


@dataclass(frozen=True, slots=True)
class Likeness:
    """``lowest`` and ``mean`` cosine of a text's two vectors; ``furthest`` any two figures of them lie apart."""

    lowest: float
    mean: float
    furthest: float


def compare(ours: Callable[[Sequence[str]], Vectors], reference: Callable[[Sequence[str]], Vectors]) -> Likeness:
    """Embeds the samples with both. What is no number is like nothing; two vectors of zeros are the same."""
    texts = sample_texts()
    mine, theirs = ours(texts), reference(texts)
    if mine.shape != theirs.shape or not (np.isfinite(mine).all() and np.isfinite(theirs).all()):
        return Likeness(0.0, 0.0, float("inf"))
    both_nothing = ~(mine.any(axis=1) | theirs.any(axis=1))
    cosines = np.where(both_nothing, 1.0, np.sum(mine * theirs, axis=1))
    return Likeness(round(float(cosines.min()), 6), round(float(cosines.mean()), 6), float(np.abs(mine - theirs).max()))
