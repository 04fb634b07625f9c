"""The product's own ``config.simulation.telegram_fake``, which takes what ``telegram_api`` here describes."""

import sys

from config.simulation import telegram_fake
from tests.servers import telegram_api  # noqa: F401 - says which description counts

sys.modules[__name__] = telegram_fake
