"""A proxy on loopback in front of a portal: it loses chosen responses, and can act as if it were down."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_PORTAL_SECONDS = 60.0
#: Headers of one connection, not of the message.
_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "host", "content-length")


class LossyProxy:
    """Passes everything on, but loses the responses of some requests after the portal has handled them.

    While ``is_down`` it passes nothing on, and ends each connection without a response.

    :param portal_url: where the portal is.
    """

    def __init__(self, portal_url: str) -> None:
        self._portal = urlsplit(portal_url).netloc
        self.is_down = False
        self._to_lose: set[tuple[str, str]] = set()
        self._lost: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="lossy-proxy", daemon=True).start()

    def __enter__(self) -> LossyProxy:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def lose_answer(self, path: str, method: str = "POST") -> None:
        """Lose the response of the next such request whose path is this one, a final slash aside."""
        with self._lock:
            self._to_lose.add((method, path.rstrip("/")))

    @property
    def lost(self) -> list[str]:
        """The paths whose responses were lost."""
        with self._lock:
            return list(self._lost)

    def loses(self, method: str, path: str) -> bool:
        """Whether the response of this request is to be lost; asked once for each."""
        plain = urlsplit(path).path.rstrip("/")
        with self._lock:
            if (method, plain) not in self._to_lose:
                return False
            self._to_lose.remove((method, plain))
            self._lost.append(plain)
            return True

    def ask_portal(self, method: str, path: str, headers: dict[str, str], body: bytes) -> http.client.HTTPResponse:
        """Send a request to the portal; the response is read whole by the caller, which ends the connection."""
        connection = http.client.HTTPConnection(self._portal, timeout=_PORTAL_SECONDS)
        connection.request(method, path, body or None, {**headers, "Connection": "close"})
        return connection.getresponse()


def _handler(proxy: LossyProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if proxy.is_down:
                self.close_connection = True
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            answer = proxy.ask_portal(self.command, self.path, headers, body)
            content = answer.read()
            self.close_connection = True
            if proxy.loses(self.command, self.path):
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - the names that http.server calls

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    return Handler
