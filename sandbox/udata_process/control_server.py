"""The way in for steering: one POST per call, on a port of its own next to the portal's; started by ``__main__``."""

from __future__ import annotations

import json
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from sandbox.udata_process.steering import Steering

if TYPE_CHECKING:
    from flask import Flask


class ControlServer:
    """Responds to ``POST <url>/<call>`` with the call's result; its URL holds a secret, so that nobody else steers.

    :param app: The udata application, for the context that calls need.
    :param steering: What the calls are methods of.
    """

    def __init__(self, app: Flask, steering: Steering) -> None:
        secret = secrets.token_urlsafe(16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(app, steering, f"/{secret}/"))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/{secret}"

    def start(self) -> None:
        """Serve from now on, in a thread that ends with the process."""
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()


def _handler(app: Flask, steering: Steering, prefix: str) -> type[BaseHTTPRequestHandler]:
    class ControlHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arguments = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = self.path.removeprefix(prefix)
            if not self.path.startswith(prefix) or name.startswith("_") or not hasattr(Steering, name):
                self._answer(HTTPStatus.NOT_FOUND, {"error": f"There is no call {name!r}."})
                return
            try:
                with app.app_context():
                    result = getattr(steering, name)(**arguments)
            except Exception as error:
                self._answer(HTTPStatus.BAD_REQUEST, {"error": f"{type(error).__name__}: {error}"})
            else:
                self._answer(HTTPStatus.OK, {"result": result})

        def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Log nothing: the path holds the secret."""

    return ControlHandler
