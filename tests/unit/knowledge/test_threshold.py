"""The figure under which nothing is quoted belongs to the model."""

from __future__ import annotations

import pytest

from knowledge.threshold import threshold_for


@pytest.mark.parametrize(
    "model", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", "/models/all-MiniLM-L6-v2/"]
)
def test_the_bundled_model_is_known_by_its_name(model: str) -> None:
    assert threshold_for(model) == 0.42


def test_a_model_that_was_not_measured_gets_a_cautious_figure() -> None:
    assert threshold_for("some/other-model") > 0.42
