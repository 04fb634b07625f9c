"""The menu of commands, in each language that we speak (https://core.telegram.org/bots/api#setmycommands)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from channels.telegram.client import BotApi
from channels.telegram.settings import CHANNEL
from channels.telegram.words import COMMANDS
from core.ports.channel_memory import ChannelMemory

_KEY: Final = "menu"


async def show_menu(api: BotApi, memory: ChannelMemory, account: str) -> None:
    """Tell Telegram, unless it was told the same before. Raises ChannelError, StoreUnavailable."""
    mark = hashlib.blake2b(json.dumps(COMMANDS).encode(), digest_size=8).hexdigest()
    if await memory.recall(CHANNEL, account, _KEY) == mark:
        return
    for language, commands in COMMANDS.items():
        params: dict[str, Any] = {"commands": list(commands.items())}
        if language != "en":  # which is also for all languages that are not listed
            params["language_code"] = language
        await api.call("setMyCommands", params)
    await memory.remember(CHANNEL, account, _KEY, mark)
