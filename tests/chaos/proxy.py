"""A proxy on loopback that goes wrong at random between the operators and a real portal; for the chaos cycles only.

Each cycle has an address of its own (``http://127.0.0.1:.../cycle-7``). What happens to its n-th request follows from
the seed, the cycle and n alone, so that a cycle can be run again by itself, whatever else runs at the same time.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_PORTAL_SECONDS = 60.0
#: Headers of one connection, not of the message.
_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "host", "content-length")
_GARBAGE = b"\x00\xff{]not json"
_DOWN = b"<html><head><title>Bad gateway</title></head><body><h1>nginx</h1></body></html>"
#: Requests in a row that an outage turns away.
_OUTAGE_REQUESTS = 8


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    :param name: as in the table of faults.
    :param handled: whether the portal gets the request, and carries it out, before anything goes wrong.
    :param status: of the response instead of the portal's; None if nothing or something worse is.
    :param body: the body of that response.
    :param retry_after: seconds that the response asks to wait, None for no such header.
    """

    name: str
    handled: bool
    status: int | None = None
    body: bytes = b""
    retry_after: int | None = None


RESET_BEFORE = Fault("reset before handling", handled=False)
RESET_AFTER = Fault("reset after handling", handled=True)
TRUNCATED = Fault("answer cut short", handled=True)
GARBAGE = Fault("answer garbled", handled=True)
TOO_SLOW = Fault("answer too late", handled=True)
SLOW = Fault("answer slow, in time", handled=True)
OUTAGE = Fault("outage (502 in a row)", handled=False, status=502, body=_DOWN)

#: Each with its share of all faults; outages come in addition.
SHARES: dict[Fault, float] = {
    RESET_BEFORE: 3,
    RESET_AFTER: 3,
    TRUNCATED: 2,
    GARBAGE: 2,
    TOO_SLOW: 1,
    SLOW: 2,
    Fault("429 with Retry-After", handled=False, status=429, body=b'{"message": "Too many"}', retry_after=1): 2,
    Fault("502 before handling", handled=False, status=502, body=_DOWN): 1,
    Fault("502 after handling", handled=True, status=502, body=_DOWN): 1,
    Fault("503 before handling", handled=False, status=503, body=_DOWN): 1,
    Fault("503 after handling", handled=True, status=503, body=_DOWN): 1,
    Fault("500 before handling", handled=False, status=500, body=b'{"message": "Internal Server Error"}'): 1,
    Fault("500 after handling", handled=True, status=500, body=b'{"message": "Internal Server Error"}'): 2,
}
FAULTS = (*SHARES, OUTAGE)


@dataclass(frozen=True)
class Weather:
    """How often something goes wrong.

    :param seed: what all chance comes from.
    :param fault_rate: share of the requests that meet a fault, 0 to 1.
    :param outage_rate: share of the requests that fall into an outage, 0 to 1.
    :param slow: seconds that a slow response takes, which a client waits for.
    :param too_slow: seconds by which a read, and a write, has been given up, as (read, write).
    """

    seed: int
    fault_rate: float = 0.2
    outage_rate: float = 0.04
    slow: float = 0.3
    too_slow: tuple[float, float] = (1.3, 3.3)

    def fault(self, cycle: str, number: int) -> Fault | None:
        """Return what goes wrong with the n-th request of a cycle, None for nothing."""
        stretch = random.Random(f"{self.seed}/{cycle}/outage/{number // _OUTAGE_REQUESTS}")
        if stretch.random() < self.outage_rate:
            return OUTAGE
        chance = random.Random(f"{self.seed}/{cycle}/{number}")
        if chance.random() >= self.fault_rate:
            return None
        return chance.choices(list(SHARES), list(SHARES.values()))[0]

    def delay(self, fault: Fault, method: str) -> float:
        """Return the seconds that a response is kept back."""
        if fault is TOO_SLOW:
            return self.too_slow[0 if method in ("GET", "DELETE") else 1]
        return self.slow if fault is SLOW else 0.0


@dataclass(frozen=True)
class Passage:
    """One request that came to the proxy.

    :param target: path and query, as the portal got it or would have got it.
    :param fault: what went wrong with it.
    :param status: of the portal's response; None if it never got the request.
    """

    method: str
    target: str
    fault: Fault | None
    status: int | None

    @property
    def path(self) -> str:
        """The path, without query and final slash."""
        return urlsplit(self.target).path.rstrip("/")

    @property
    def carried_out(self) -> bool:
        """Whether the portal did what was asked."""
        return self.status is not None and self.status < 300


class FaultyProxy:
    """Passes requests on to a portal, spoils some, and remembers all; a context manager.

    :param portal_url: where the portal is.
    :param weather: how often something goes wrong.
    """

    def __init__(self, portal_url: str, weather: Weather) -> None:
        self.weather = weather
        self._portal = urlsplit(portal_url).netloc
        self._passages: dict[str, list[Passage]] = {}
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="faulty-proxy", daemon=True).start()

    def __enter__(self) -> FaultyProxy:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, cycle: str) -> str:
        """Return the address that a cycle finds the portal at."""
        return f"http://127.0.0.1:{self._server.server_port}/{cycle}"

    def passages(self, cycle: str) -> list[Passage]:
        """Return the requests of a cycle, in the order in which their handling ended."""
        with self._lock:
            return list(self._passages.get(cycle, ()))

    def next_fault(self, cycle: str) -> Fault | None:
        """Count a request, and return what is to go wrong with it."""
        with self._lock:
            self._numbers[cycle] += 1
            return self.weather.fault(cycle, self._numbers[cycle])

    def note(self, cycle: str, passage: Passage) -> None:
        """Remember a request, before its response leaves."""
        with self._lock:
            self._passages.setdefault(cycle, []).append(passage)

    def ask_portal(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request to the portal; return status, headers and body of its response."""
        connection = http.client.HTTPConnection(self._portal, timeout=_PORTAL_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, target, body or None, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: connections are broken here on purpose."""


def _handler(proxy: FaultyProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            cycle, _, rest = self.path.removeprefix("/").partition("/")
            target = f"/{rest}"
            fault = proxy.next_fault(cycle)
            if fault is not None and not fault.handled:
                proxy.note(cycle, Passage(self.command, target, fault, None))
                self._spoil(fault, [], b"")
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            status, answered, content = proxy.ask_portal(self.command, target, headers, body)
            proxy.note(cycle, Passage(self.command, target, fault, status))
            if fault is not None:
                time.sleep(proxy.weather.delay(fault, self.command))
            if fault is None or fault in (SLOW, TOO_SLOW):
                self._send(status, answered, content)
            else:
                self._spoil(fault, answered, content)

        do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - the names that http.server calls

        def _spoil(self, fault: Fault, headers: list[tuple[str, str]], content: bytes) -> None:
            if fault.status is not None:
                told = [("Retry-After", str(fault.retry_after))] if fault.retry_after is not None else []
                self._send(fault.status, told, fault.body)
            elif fault is GARBAGE:
                self._send(200, headers, _GARBAGE)
            elif fault is TRUNCATED:
                self._send(200, headers, content[: len(content) // 2], announced=len(content) + 10)
                self.close_connection = True
            else:
                self._reset()

        def _send(
            self, status: int, headers: list[tuple[str, str]], content: bytes, announced: int | None = None
        ) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if status != http.client.NO_CONTENT:
                self.send_header("Content-Length", str(len(content) if announced is None else announced))
            self.end_headers()
            self.wfile.write(content)

        def _reset(self) -> None:
            """Make the kernel respond with RST: with no time to linger, closing drops what is unsent."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.rfile.close()  # it holds on to the connection
            self.connection.close()

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    return Handler
