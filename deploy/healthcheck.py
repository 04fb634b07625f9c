"""Exit code 0 while the server in this container answers; for ``HEALTHCHECK``, where no curl is installed."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection


def main() -> int:
    """Asks ``/health/live`` on the container's own loopback."""
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8080")), timeout=2.5)
    try:
        connection.request("GET", "/health/live")
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
