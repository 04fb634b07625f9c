"""The product's own ``config.simulation.telegram_api``, with the whole Bot API's description where CORPUS_DIR has it."""

import sys

from config.simulation import telegram_api
from tests.corpus import CORPUS_DIR

if CORPUS_DIR is not None and (_FILE := CORPUS_DIR / "telegram" / "bot-api.json").exists():
    telegram_api.description = _FILE
sys.modules[__name__] = telegram_api
