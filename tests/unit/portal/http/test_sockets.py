"""What is known of an exchange that broke off, and what keeps one from lasting or growing forever."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestConnectionError,
    HarvestError,
    HarvestProtocolError,
    HarvestResponseLost,
)
from airflow_provider_harvest.portal.http import transport as module
from airflow_provider_harvest.portal.http.lost_responses import UNKNOWN_FATE
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from airflow_provider_harvest.portal.http.sockets import Exchange
from airflow_provider_harvest.portal.http.transport import Transport
from tests.support.fake_portal.response_faults import Endless, Reset, Stall, Truncated
from tests.support.fake_portal.server import API, PortalServer, refusing_address
from tests.support.fake_portal.state import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = "/harvest/sources/"
BODY = {"name": "n", "url": "https://catalogue.example/", "backend": "dcat"}
NOTHING_SENT = "nothing was sent"
NEVER = 3600.0  # seconds; no test waits for them


@pytest.fixture
def no_proxy_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the environment keeps a proxy from being used, and there is none yet."""
    for name in ("NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def newest() -> Iterator[PortalServer]:
    """A portal behind real sockets, which are the subject here."""
    with PortalServer("D") as running:
        yield running


def once(site: str, **options: Any) -> Transport:
    """A transport that repeats nothing."""
    return Transport(f"{site}{API}", KEY, retry=RetryPolicy(attempts=1), **{"timeout": 5, **options})


def failure_of(transport: Transport, method: str = "POST") -> HarvestError:
    """The error that a write ends with; the transport is closed after it."""
    with pytest.raises(HarvestError) as caught:
        transport.call(method, PATH, body=BODY, keyed=True)
    transport.close()
    return caught.value


class TestNothingWasSent:
    """A request that never left may be repeated, a POST too."""

    def test_where_nobody_listens(self) -> None:
        with refusing_address() as nobody:
            error = failure_of(once(nobody))
        assert isinstance(error, HarvestConnectionError)
        assert NOTHING_SENT in str(error)
        assert "Connection refused" in str(error)

    def test_where_the_name_is_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        error = failure_of(once("http://portal.example"))
        assert isinstance(error, HarvestConnectionError)
        assert NOTHING_SENT in str(error)

    def test_where_the_connection_takes_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def silent(*_: object, **__: object) -> None:
            raise TimeoutError("timed out")

        monkeypatch.setattr("urllib3.util.connection.create_connection", silent)
        error = failure_of(once("http://portal.example", connect_timeout=7))
        assert isinstance(error, HarvestConnectionError)
        assert "no connection within 7 s; nothing was sent" in str(error)

    def test_where_the_server_speaks_no_tls(self, newest: PortalServer) -> None:
        error = failure_of(once(newest.url.replace("http://", "https://")))
        assert isinstance(error, HarvestConnectionError)
        assert NOTHING_SENT in str(error)
        assert newest.requests == []

    @pytest.mark.usefixtures("no_proxy_exceptions")
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_where_the_proxy_is_down(self, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with refusing_address() as nobody:
            monkeypatch.setenv(f"{scheme}_proxy", nobody)
            error = failure_of(once(f"{scheme}://portal.example"))
        assert isinstance(error, HarvestConnectionError)
        assert "through the proxy that the environment names; nothing was sent" in str(error)

    @pytest.mark.usefixtures("no_proxy_exceptions")
    def test_where_the_proxy_opens_no_tunnel(self, newest: PortalServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("https_proxy", newest.url)  # which responds to CONNECT with 501
        error = failure_of(once("https://portal.example"))
        assert isinstance(error, HarvestConnectionError)
        assert NOTHING_SENT in str(error)


class TestOutcomeUnknown:
    """A request that has left may have been carried out: the caller must check before it sends another."""

    @pytest.mark.parametrize("step", [Reset(), Reset(handled=True), Truncated(handled=True), Truncated(chunked=True)])
    def test_where_the_answer_breaks_off(self, step: Any, newest: PortalServer) -> None:
        newest.script("POST", PATH, step)
        error = failure_of(once(newest.url))
        assert isinstance(error, HarvestResponseLost)
        assert UNKNOWN_FATE in str(error)
        assert "Connection aborted" not in str(error)  # what urllib3 wraps the reason into
        assert len(newest.portal.sources) == step.handled

    def test_where_no_answer_comes(self, newest: PortalServer) -> None:
        step = Stall(handled=True)
        newest.script("POST", PATH, step)
        error = failure_of(once(newest.url, timeout=0.05))
        step.let_go.set()
        assert isinstance(error, HarvestResponseLost)
        assert "no response, or no more of it, for 0.05 s" in str(error)
        assert len(newest.portal.sources) == 1

    @pytest.mark.usefixtures("no_proxy_exceptions")
    def test_where_a_proxy_breaks_off(self, newest: PortalServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """urllib3 1.26 calls this "Cannot connect to proxy"."""
        monkeypatch.setenv("http_proxy", newest.url)
        newest.script("POST", "*", Reset(handled=True))
        error = failure_of(once("http://portal.example"))
        assert isinstance(error, HarvestResponseLost)
        assert len(newest.requests) == 1

    def test_where_the_key_is_not_part_of_the_error(self, newest: PortalServer) -> None:
        newest.script("POST", PATH, Reset())
        error = failure_of(once(newest.url))
        assert error.__cause__ is None
        assert error.__context__ is None


class TestLimits:
    """A server that is lively, but never done, keeps nobody forever."""

    STATUS = b"HTTP/1.1 200 OK\r\n"
    HEADERS = STATUS + b"Content-Type: application/json\r\n"

    @pytest.mark.parametrize(
        "first",
        [
            pytest.param(b"", id="before the answer"),
            pytest.param(STATUS + b"Content-Ty", id="within the headers"),
            pytest.param(HEADERS + b"Content-Length: 9\r\n\r\n{", id="within a body of known length"),
            pytest.param(HEADERS + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{", id="within a chunk"),
            pytest.param(HEADERS + b"Connection: close\r\n\r\n{}", id="within a body that ends with the connection"),
        ],
    )
    def test_an_exchange_is_cut_when_its_time_is_up(
        self, first: bytes, newest: PortalServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        step = Stall(first)
        newest.script("POST", PATH, step)
        monkeypatch.setattr(module, "Exchange", partial(Exchange, timer=timer_for(step.begun)))
        error = failure_of(once(newest.url, timeout=NEVER, connect_timeout=1))
        step.let_go.set()
        assert isinstance(error, HarvestResponseLost)
        assert "no complete response within 10801 s, so the connection was cut" in str(error)

    def test_a_cut_before_there_is_a_connection_cuts_it_when_it_is_made(self) -> None:
        ours, theirs = socket.socketpair()
        theirs.settimeout(5)
        with ours, theirs:
            exchange = Exchange(NEVER)
            exchange.cut()
            exchange.uses(ours)
            assert theirs.recv(1) == b""

    def test_a_cut_that_comes_too_late_hits_nobody_else(self, newest: PortalServer) -> None:
        transport = once(newest.url)
        with Exchange(NEVER) as exchange:
            transport._session.get(f"{newest.url}{API}{PATH}")
        transport.call("GET", PATH)  # on the same connection
        exchange.cut()
        transport.call("GET", PATH)
        transport.close()
        assert len({request.peer for request in newest.requests}) == 1

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_body_without_end_is_left(
        self, method: str, newest: PortalServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MAX_BODY", 2**20)
        newest.script(method, PATH, Endless())
        error = failure_of(once(newest.url), method)
        assert isinstance(error, HarvestProtocolError)
        assert "more than 1 MiB" in str(error)
        assert (UNKNOWN_FATE in str(error)) == (method == "POST")
        assert newest.wait_until_disconnected()

    def test_a_large_body_is_taken(self, newest: PortalServer) -> None:
        source = newest.portal.add_source(description="x" * 3_000_000)
        with_source = once(newest.url)
        assert len(with_source.call("GET", f"/harvest/source/{source}/").body["description"]) == 3_000_000
        with_source.close()


class TestConnections:
    def test_of_reads_are_kept(self, newest: PortalServer) -> None:
        transport = once(newest.url)
        for _ in range(3):
            transport.call("GET", PATH)
        assert len({request.peer for request in newest.requests}) == 1
        assert newest.open_connections == 1
        transport.close()
        assert newest.wait_until_disconnected()

    def test_of_a_post_is_its_own(self, newest: PortalServer) -> None:
        transport = once(newest.url)
        transport.call("GET", PATH)
        transport.call("POST", PATH, body=BODY, keyed=True)
        transport.call("GET", PATH)
        first, post, last = (request.peer for request in newest.requests)
        assert first == last != post
        transport.close()
        assert newest.wait_until_disconnected()

    def test_may_be_closed_twice(self, newest: PortalServer) -> None:
        transport = once(newest.url)
        transport.call("GET", PATH)
        transport.close()
        transport.close()
        assert newest.wait_until_disconnected()

    def test_of_several_threads_do_not_mix(self, newest: PortalServer) -> None:
        transport = once(newest.url)
        sources = [newest.portal.add_source(f"Source {number}") for number in range(8)]
        newest.script("GET", f"/harvest/source/{sources[0]}/", *[Reset()] * 5)

        def read(source: str) -> list[str]:
            names = []
            for _ in range(10):
                try:
                    names.append(transport.call("GET", f"/harvest/source/{source}/").body["name"])
                except HarvestResponseLost:
                    names.append("lost")
            return names

        with ThreadPoolExecutor(8) as pool:
            read_names = list(pool.map(read, sources))
        transport.close()
        assert read_names == [["lost"] * 5 + ["Source 0"] * 5, *([f"Source {n}"] * 10 for n in range(1, 8))]


@pytest.mark.usefixtures("no_proxy_exceptions")
class TestProxy:
    def test_of_the_environment_is_used(self, newest: PortalServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", newest.url)
        transport = once("http://portal.example")
        assert transport.call("GET", PATH).body["total"] == 0
        transport.close()
        assert newest.requests[0].headers["host"] == "portal.example"

    def test_is_not_used_for_those_that_need_none(self, newest: PortalServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        transport = once(newest.url)
        assert transport.call("GET", PATH).body["total"] == 0
        transport.close()

    def test_never_sees_the_key_of_a_portal_on_this_machine(
        self, newest: PortalServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may be unencrypted there, since it does not leave the machine."""
        with PortalServer() as proxy:
            for name in ("http_proxy", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
            transport = once(newest.url)
            transport.call("GET", PATH, keyed=True)
            transport.call("POST", PATH, body=BODY, keyed=True)
            transport.close()
            assert proxy.requests == []
        assert [request.key for request in newest.requests] == [KEY, KEY]


def timer_for(event: threading.Event) -> Callable[[float, Callable[[], None]], threading.Thread]:
    """Makes timers that fire when an event is set, not when their time is up."""

    class Timer(threading.Thread):
        def __init__(self, _seconds: float, fire: Callable[[], None]) -> None:
            super().__init__(daemon=True)
            self._fire = fire
            self._cancelled = False

        def run(self) -> None:
            if event.wait(30) and not self._cancelled:
                self._fire()

        def cancel(self) -> None:
            self._cancelled = True

    return Timer
