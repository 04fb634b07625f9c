"""Tools in plain Python files: what ``TOOLS_PATH`` names is run once, and every function marked with ``@tool`` is taken."""

from __future__ import annotations

import sys
import traceback
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from core.agent.tools import Tool
from core.domain.errors import ConfigError

SETTING = "TOOLS_PATH"
_PACKAGE = "switchboard_tools_in_"
_MARK = "Write @tool(effect=False) or @tool(effect=True) above each function, with: from core.agent.tools import tool"


@cache
def tools_in(path: Path) -> tuple[Tool, ...]:
    """The tools of a file, or of a folder's files by name. Files that begin with ``_`` are for the others to import.

    Raises ConfigError that names the file, the line and what to do.
    """
    if path.is_dir():
        files = sorted(one for one in path.glob("*.py") if not one.name.startswith("_"))
    elif path.suffix == ".py" and path.is_file():
        files = [path]
    else:
        raise ConfigError(f"{SETTING}: {path} is neither a folder nor a file that ends in .py.")
    folder = str(path if path.is_dir() else path.parent)
    if folder not in sys.path:
        sys.path.append(folder)  # the last, so that no file there takes the place of a package
    found = {id(one): one for file in files for one in vars(_loaded(file)).values() if isinstance(one, Tool)}
    if not found:
        raise ConfigError(f"{SETTING}: there is no tool in {path}. {_MARK}.")
    return tuple(found.values())


def _loaded(file: Path) -> ModuleType:
    name = f"{_PACKAGE}{file.stem}"
    spec = spec_from_file_location(name, file)
    assert spec is not None, "it ends in .py"
    assert spec.loader is not None, "it ends in .py"
    module = sys.modules[name] = module_from_spec(spec)  # where annotations are looked up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        said = error.msg if isinstance(error, SyntaxError) else str(error) or "it gave no reason"
        reason = f"{type(error).__name__}: {said}"
        raise ConfigError(f"{SETTING}: {file}, line {_line(error, file)}: {reason}. Correct that line.") from error
    return module


def _line(error: BaseException, file: Path) -> int:
    """Where in the file it broke, also when that lies deeper."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno or 1 for one in reversed(frames) if one.filename == str(file)), 1)
