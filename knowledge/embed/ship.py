"""``python -m knowledge.embed.ship [MODEL]``: makes a model ready while an image is built, so that the image needs no torch.

The bundled model without a name. Both precisions, as far as the model stands them; the image then runs either.
"""

from __future__ import annotations

import sys

from core.domain.errors import ConfigError
from knowledge.embed.exported import SHIPPED, Precision
from knowledge.embed.ready import NotReady, make_ready


def main(model: str | None) -> int:
    """The exit status. int8 that is refused is told and no failure."""
    try:
        print(make_ready(model, Precision.FP32, SHIPPED))
    except (ConfigError, NotReady) as error:
        print(f"{model or 'The bundled model'} cannot be shipped: {error}", file=sys.stderr)
        return 1
    try:
        print(make_ready(model, Precision.INT8, SHIPPED))
    except NotReady as reason:
        print(f"without int8: {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
