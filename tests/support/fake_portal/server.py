"""The two doors of an imitated portal: HTTP on loopback, and the same exchange in the process of the test.

`InProcess` is for whatever calls a portal. It parses the bytes that the client sends, and responds, without a socket or
a thread. `PortalServer` is for what is about sockets (timeouts, connections that are held open), and for clients in
other processes. Both misbehave on purpose:

    with PortalServer("D") as server:
        source = server.portal.add_source("Cities")
        server.script("POST", f"/harvest/source/{source}/run/", Reset(handled=True), Reply(503))
        ...
        assert server.count("POST") == 2

Each scripted step responds to one request of its route; then the portal responds properly again. Paths are those below
``/api/1``; a ``*`` matches anything. `Always(step)` as the last one responds to all further requests.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import socket
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from email.utils import formatdate
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from airflow_provider_harvest.portal.http import transport
from airflow_provider_harvest.portal.http.sockets import Exchange
from tests.support.fake_portal import in_process_sockets
from tests.support.fake_portal.response_faults import Step, send
from tests.support.fake_portal.state import PortalState, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

API = "/api/1"


@dataclass(frozen=True)
class Request:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    #: The port it came from: requests with the same one shared a connection.
    peer: int

    @property
    def key(self) -> str | None:
        """The API key that came with it."""
        return self.headers.get("x-api-key")

    @property
    def fields(self) -> str | None:
        """The ``X-Fields`` mask that came with it."""
        return self.headers.get("x-fields")


@dataclass(frozen=True)
class Always:
    """A step that is played from now on."""

    step: Step


@dataclass
class _Script:
    method: str
    path: str
    steps: deque[Step | Always] = field(default_factory=deque)

    def next_step(self) -> Step | None:
        if not self.steps:
            return None
        first = self.steps[0]
        return first.step if isinstance(first, Always) else self.steps.popleft()  # type: ignore[return-value]


class Door:
    """A portal that records what is requested, and responds properly or as it is scripted.

    :param generation: whose shapes it returns, ``A`` to ``D``.
    :param base: what stands before ``/api/1`` in its paths, as behind a proxy.
    """

    url: str

    def __init__(self, generation: str = "D", base: str = "") -> None:
        self.portal = PortalState(generation)
        self.requests: list[Request] = []
        #: Connections that clients hold open.
        self.open_connections = 0
        self.changed = threading.Condition()
        self._scripts: list[_Script] = []
        self._base = base
        self._handler = _handler(self, f"{base}{API}")

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(self, *error: object) -> None:
        raise NotImplementedError

    def script(self, method: str, path: str, *steps: Step | Always) -> None:
        """Respond to the next requests of a route by these steps, one each."""
        self._scripts.append(_Script(method, path, deque(steps)))

    def count(self, method: str, path: str = "*") -> int:
        """How many requests of a route have come, whatever the response was."""
        return sum(request.method == method and fnmatchcase(request.path, path) for request in self.requests)

    def step_for(self, request: Request) -> Step | None:
        """Record a request, and return what is scripted for it."""
        with self.changed:
            self.requests.append(request)
            for script in self._scripts:
                if script.method == request.method and fnmatchcase(request.path, script.path):
                    step = script.next_step()
                    if step is not None:
                        return step
        return None

    def answer(self, request: Request) -> Response:
        """Respond to a request properly."""
        with self.changed:
            return self.portal.answer(request.method, request.path, request.query, request.body, request.key)

    def connection_changed(self, by: int) -> None:
        """Note that a client has connected, or gone."""
        with self.changed:
            self.open_connections += by
            self.changed.notify_all()

    def wait_until_disconnected(self) -> bool:
        """Whether all clients close their connections, which takes them a moment."""
        with self.changed:
            return self.changed.wait_for(lambda: self.open_connections == 0, timeout=10)


class PortalServer(Door):
    """The door for real clients: HTTP on loopback."""

    def __init__(self, generation: str = "D", base: str = "") -> None:
        super().__init__(generation, base)
        self._http = _Http(("127.0.0.1", 0), self._handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}{base}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        _opened(self, +1)
        return self

    def __exit__(self, *_: object) -> None:
        _opened(self, -1)
        self._http.shutdown()
        self._http.server_close()


class InProcess(Door):
    """The door in the process of the test, see `in_process_sockets`."""

    #: Nobody but root can listen on these.
    _ports = itertools.cycle(range(100, 1000))

    def __init__(self, generation: str = "D", base: str = "") -> None:
        super().__init__(generation, base)
        self._port = next(self._ports)
        self.url = f"http://127.0.0.1:{self._port}{base}"

    def script(self, method: str, path: str, *steps: Step | Always) -> None:
        waiting = [step for step in steps if (step.step if isinstance(step, Always) else step).waits]
        assert not waiting, "this takes sockets: use PortalServer"
        super().script(method, path, *steps)

    def __enter__(self) -> Self:
        in_process_sockets.serve(self._port, self._handler, self.connection_changed)
        _opened(self, +1)
        return self

    def __exit__(self, *_: object) -> None:
        _opened(self, -1)
        in_process_sockets.stop(self._port)


class _NoTimer:
    """What limits the time of an exchange in which nothing can wait: a thread for each took a third of its CPU."""

    daemon = True

    def __init__(self, limit: float, cut: Callable[[], None]) -> None:
        """Forget both."""

    def start(self) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Do nothing."""


_open: Counter[type[Door]] = Counter()


def _opened(door: Door, by: int) -> None:
    """Note that a door was opened, or closed; exchanges have a timer unless all doors are in this process."""
    _open[type(door)] += by
    needs_none = _open[InProcess] and not _open[PortalServer]
    exchange = functools.partial(Exchange, timer=_NoTimer) if needs_none else Exchange
    vars(transport)["Exchange"] = exchange


@contextlib.contextmanager
def refusing_address() -> Iterator[str]:
    """The address of a server that nobody runs: connections to it are refused."""
    with socket.socket() as held:  # bound, so that nobody else gets the port, and not listening
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: clients break connections here on purpose."""


def _handler(server: Door, api: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each response waits 40 ms for the client's acknowledgement

        def handle(self) -> None:
            server.connection_changed(+1)
            try:
                with contextlib.suppress(ConnectionError):
                    super().handle()
            finally:
                server.connection_changed(-1)

        def serve(self) -> None:
            request = self._request()
            step = server.step_for(request)
            if step is None:
                send(self, server.answer(request))
            else:
                step.play(self, lambda: server.answer(request))

        do_GET = do_POST = do_PUT = do_DELETE = serve  # noqa: N815

        def _request(self) -> Request:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            try:
                body = json.loads(content) if content else None
            except ValueError:
                body = content  # a cron comes as plain text
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = parts.path.removeprefix(api)
            return Request(self.command, path, dict(parse_qsl(parts.query)), headers, body, self.client_address[1])

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(server.portal.now() if timestamp is None else timestamp, usegmt=True)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Log nothing."""

    return Handler
