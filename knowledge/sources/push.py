"""Which sources a push to a repository concerns."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from core.domain.jobs import Push
from knowledge.sources.options import GIT, SourceOptions

_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")
_PORTS = {"http": 80, "https": 443, "ssh": 22, "git": 9418}


def concerns(push: Push, source: SourceOptions) -> bool:
    """Whether this source reads what was pushed. One without a branch of its own reads the default branch."""
    if source.its_kind != GIT or place_of(source.address) not in {place_of(address) for address in push.addresses}:
        return False
    branch = source.branch or push.default_branch
    return branch is None or push.ref in (f"refs/heads/{branch}", f"refs/tags/{branch}")


def place_of(address: str) -> str:
    """Host and path, the same by whatever protocol, name and password the repository is reached. Capitals do not count."""
    bare = address.strip().removeprefix("git+")
    short = _SCP.fullmatch(bare) if "://" not in bare else None
    if short is not None:
        host, path = short.group(1), short.group(2)
    else:
        try:
            parts = urlsplit(bare)
            port = "" if parts.port in (None, _PORTS.get(parts.scheme.lower())) else f":{parts.port}"
        except ValueError:
            return bare
        host, path = f"{parts.hostname or ''}{port}", parts.path
    return f"{host}/{unquote(path).strip('/').removesuffix('.git')}".casefold()
