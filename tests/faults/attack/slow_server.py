"""``python -m tests.faults.attack.slow_server PORT SECONDS KIND``: a server whose every answer takes long.

``busy``: it computes for so many seconds of processor time. ``idle``: it stands by, as one that gets no processor does.
"""

from __future__ import annotations

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

_NEVER = threading.Event()


class Slow(BaseHTTPRequestHandler):
    """Answers 200 in the end."""

    def do_GET(self) -> None:
        """Take the time that the command line names."""
        seconds = float(sys.argv[2])
        if sys.argv[3] == "idle":
            _NEVER.wait(seconds)
        until = time.process_time() + seconds
        while sys.argv[3] == "busy" and time.process_time() < until:
            pass
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Slow).serve_forever()
