"""What to change where the address to listen on cannot be had."""

from __future__ import annotations

import errno
import http.client
import socket

from config.settings import Settings
from core.ports.channel import Diagnosis

_SECONDS = 1.0
_LIVE = "/health/live"


def listening_trouble(host: str, port: int, error: OSError) -> Diagnosis:
    """Names the setting that is wrong: PORT where the port is taken or not ours, else HOST."""
    said = error.strerror or str(error)
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        return Diagnosis(
            "PORT", False, f"Cannot listen on {host}:{port}: {said}", "Set PORT to a free port above 1023."
        )
    fix = "Set HOST to an address of this machine: 127.0.0.1 for this machine alone, 0.0.0.0 for all networks."
    return Diagnosis("HOST", False, f"Cannot listen on {host}: {said}", fix)


def check_listening(settings: Settings) -> list[Diagnosis]:
    """Listens for a moment. A port that a running hub has is no fault."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as place:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind(address)
            place.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_hub(settings):
            return []
        return [listening_trouble(settings.host, settings.port, error)]
    except UnicodeError:
        return [listening_trouble(settings.host, settings.port, OSError(0, "this is no name of a host"))]
    return []


def _is_hub(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=_SECONDS)
    try:
        connection.request("GET", _LIVE)
        answer = connection.getresponse()
        return answer.status == http.client.OK and b'"status"' in answer.read(1024)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
