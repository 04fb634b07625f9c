"""The file of replies that staff have saved."""

from __future__ import annotations

from config.settings import Settings
from core.domain.errors import ConfigError
from handoff.thread.macros import BadMacros, Macros, parse_macros


def read_macros(settings: Settings) -> Macros:
    """None where there is no file. Raises ConfigError: a reply that cannot be said is found at the start, not in a thread."""
    path = settings.desk_macros_file
    if path is None:
        return Macros()
    try:
        return parse_macros(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"DESK_MACROS_FILE: {path} cannot be read: {error}") from error
    except BadMacros as error:
        raise ConfigError(f"DESK_MACROS_FILE: {path}: {error}") from error
