"""What never leaves for another address: redirects, the key, cookies, passwords of this machine."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestInvalidInput,
    HarvestProtocolError,
    HarvestRedirected,
)
from airflow_provider_harvest.portal.http import transport as exchanges
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from airflow_provider_harvest.portal.http.transport import Transport
from tests.support.examples import examples
from tests.support.fake_portal.response_faults import (
    Pass,
    Reply,
    Reset,
    Step,
    Truncated,
    failure_of,
    garbage,
    html,
    redirect,
)
from tests.support.fake_portal.server import API, Always, Door, InProcess
from tests.support.fake_portal.state import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "/harvest/sources/"
WRITES = ("POST", "PUT", "DELETE")


class TestRedirect:
    def test_of_a_read_within_the_portal_is_followed(self, newest: Door, transport: Transport) -> None:
        newest.script("GET", "/old/", redirect(f"{newest.url}{API}/me/"))
        assert transport.call("GET", "/old/", keyed=True).body["id"]
        assert [request.key for request in newest.requests] == [KEY, KEY]

    def test_keeps_what_the_address_asks(self, newest: Door, transport: Transport) -> None:
        newest.script("GET", "/old/", redirect(f"{API}{PATH}?page_size=1"))
        transport.call("GET", "/old/", params={"page_size": 7})
        assert newest.requests[1].query == {"page_size": "1"}

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("method", ["GET", *WRITES])
    def test_to_another_address_is_not(self, method: str, status: int, newest: Door, transport: Transport) -> None:
        with InProcess() as other:
            newest.script(method, PATH, redirect(f"{other.url}{API}{PATH}", status))
            error = failure_of(lambda: transport.call(method, PATH, keyed=True))
            assert other.requests == []
        assert isinstance(error, HarvestRedirected)
        assert error.location == other.url
        assert "set the argument site to it" in str(error)

    @pytest.mark.parametrize(
        "location",
        [
            "https://127.0.0.1:{port}/api/1/",
            "http://localhost:{port}/api/1/",
            "//evil.example/",
        ],
    )
    def test_to_another_scheme_or_host_is_not(self, location: str, newest: Door, transport: Transport) -> None:
        port = newest.url.rsplit(":", 1)[1]
        newest.script("GET", PATH, redirect(location.format(port=port)))
        error = failure_of(lambda: transport.call("GET", PATH, keyed=True))
        assert isinstance(error, HarvestRedirected)
        assert len(newest.requests) == 1

    @pytest.mark.parametrize("method", WRITES)
    def test_of_a_write_is_not_followed(self, method: str, newest: Door, transport: Transport) -> None:
        newest.script(method, PATH, redirect(f"{newest.url}{API}/harvest/elsewhere/"))
        error = failure_of(lambda: transport.call(method, PATH, keyed=True))
        assert "Writes follow no redirect" in str(error)
        assert len(newest.requests) == 1

    def test_in_a_circle_ends(self, newest: Door, transport: Transport) -> None:
        newest.script("GET", PATH, Always(redirect(f"{API}{PATH}")))
        assert "redirected more than 3 times" in str(failure_of(lambda: transport.call("GET", PATH)))
        assert newest.count("GET") == 4

    @pytest.mark.parametrize("headers", [{}, {"Location": "http://127.0.0.1:port/"}], ids=["nowhere", "nonsense"])
    def test_to_nowhere(self, headers: dict[str, str], newest: Door, transport: Transport) -> None:
        newest.script("GET", PATH, Reply(308, None, headers))
        assert isinstance(failure_of(lambda: transport.call("GET", PATH)), HarvestProtocolError)


class TestKey:
    def test_goes_only_where_it_is_requested(self, newest: Door, transport: Transport) -> None:
        transport.call("GET", PATH)
        transport.call("GET", PATH, keyed=True)
        assert [request.key for request in newest.requests] == [None, KEY]

    @pytest.mark.parametrize("value", ["", None], ids=["empty", "none"])
    def test_may_be_missing(self, value: str | None, newest: Door) -> None:
        keyless = Transport(f"{newest.url}{API}", value, timeout=5)
        keyless.call("GET", PATH, keyed=True)
        keyless.close()
        assert not keyless.has_key
        assert "x-api-key" not in newest.requests[0].headers

    @pytest.mark.parametrize("spoil", ["{}\n", " {}", "{}\r\nX: y", "{}é", "{}€", "\ufeff{}", "{}\x00"])
    def test_that_no_header_can_carry_is_refused_unseen(self, spoil: str) -> None:
        error = failure_of(lambda: Transport("http://127.0.0.1:1/api/1", spoil.format(KEY), timeout=5))
        assert isinstance(error, HarvestInvalidInput)
        assert_unseen(error)

    FAULTS = (
        Reply(401, {"message": f"Unknown key {KEY}"}), Reply(400, {"errors": {KEY: [KEY]}}), html(403, KEY),
        Reply(429, KEY), Reply(503, KEY), Reset(), Truncated(), garbage(), html(200, KEY), redirect("https://evil.example"),
        Reply(200, KEY), Reply(300),
    )  # fmt: skip

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("step", FAULTS, ids=[str(step)[:30] for step in FAULTS])
    def test_is_in_no_error_and_no_log(
        self, step: Step, method: str, newest: Door, transport: Transport, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        newest.script(method, PATH, Always(step))
        assert_unseen(failure_of(lambda: transport.call(method, PATH, body={}, keyed=True)))
        assert newest.requests[0].key == KEY
        assert KEY not in caplog.text
        assert KEY not in repr(transport)

    def test_is_taken_out_of_answers(self, newest: Door, transport: Transport) -> None:
        assert transport.call("GET", "/me/", keyed=True).body["apikey"] == "***"


class TestSession:
    def test_sends_no_cookie_back(self, newest: Door, transport: Transport) -> None:
        newest.script("GET", PATH, Pass({"Set-Cookie": "session=somebody; Path=/"}))
        transport.call("GET", PATH)
        transport.call("GET", PATH)
        assert "cookie" not in newest.requests[1].headers

    def test_reads_no_netrc(
        self, newest: Door, transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / ".netrc"
        netrc.write_text("machine 127.0.0.1 login me password secret\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        transport.call("GET", PATH)
        transport.call("POST", PATH, body={"name": "n", "url": "u", "backend": "dcat"}, keyed=True)
        assert all("authorization" not in request.headers for request in newest.requests)


def assert_unseen(error: BaseException) -> None:
    """No text reachable from an error holds the key: not its chain, nor anything kept in them."""
    pending: list[Any] = [error]
    seen: set[int] = set()
    while pending:
        thing = pending.pop()
        if thing is None or id(thing) in seen:
            continue
        seen.add(id(thing))
        assert KEY not in f"{thing!s}{thing!r}"
        if isinstance(thing, BaseException):
            pending += [thing.__cause__, thing.__context__, *thing.args, *vars(thing).values()]
        elif hasattr(thing, "__dict__"):
            pending += vars(thing).values()
        elif isinstance(thing, (dict, list, tuple)):
            assert KEY not in json.dumps(thing, default=repr)


#: Pieces that parsers of addresses disagree on, and innocent ones.
PIECES = (
    "http:", "https:", "HTTP://", "//", "/", "\\", "@", ":", "?", "#", ".", "..", ";", ",", "%40", "%5c", "%2f", "%00",
    "\t", " ", "\x00", "\x0b", "\xa0", "\xad", "\xe9", "[", "]", "[::1]", "a", "localhost", "127.0.0.1", "127.1",
    "api/1/", "0x7f000001", "{home}", "{other}", "{home_port}", "{other_port}", "user:pw",
)  # fmt: skip


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Door, Door]]:
    """A portal, and another one where the key of the first must not arrive."""
    with InProcess() as home, InProcess() as other:
        yield home, other


class TestKeyNeverLeaves:
    @staticmethod
    def follow(home: Door, location: str) -> None:
        """Read by key from a portal that redirects there, whatever the response is."""
        home.requests.clear()
        home.script("GET", "/old/", Reply(302, None, {"Location": location}))
        transport = Transport(f"{home.url}{API}", KEY, timeout=2, connect_timeout=1, retry=RetryPolicy(attempts=1))
        with contextlib.suppress(HarvestError):
            transport.call("GET", "/old/", keyed=True)
        transport.close()
        assert home.requests[0].key == KEY, "the key was sent at all"

    @pytest.mark.parametrize(
        "location",
        [
            r"http://{other}\@{home}/x",
            r"http://{other}\\@{home}/x",
            "http://{other}#@{home}/",
            "http://{home}@{other}/",
            "http://{other}/;@{home}/",
            "http:\\\\{other}/",
            "/\\{other}/",
            "\t//{other}/",
            "http://{home}\t@{other}/",
            "http://{other}?@{home}/",
            "http://{other}\xa0@{home}/",
            "http:{other}/",
            "http:///{other}/",
        ],
    )
    def test_by_an_address_that_parsers_read_differently(self, location: str, pair: tuple[Door, Door]) -> None:
        home, other = pair
        self.follow(home, location.format(home=home.url.removeprefix("http://"), other=other.url[7:]))
        assert other.requests == []

    @examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9))
    def test_by_any_address(self, pair: tuple[Door, Door], pieces: list[str]) -> None:
        home, other = pair
        names = {
            "home": home.url[7:], "other": other.url[7:],
            "home_port": home.url.rsplit(":", 1)[1], "other_port": other.url.rsplit(":", 1)[1],
        }  # fmt: skip
        self.follow(home, "".join(piece.format(**names) if "{" in piece else piece for piece in pieces))
        assert other.requests == []

    def test_even_if_an_address_slips_through(self, pair: tuple[Door, Door], monkeypatch: pytest.MonkeyPatch) -> None:
        """The last check stands where the connection is chosen."""
        home, other = pair
        monkeypatch.setattr(exchanges, "next_address", lambda *_: f"{other.url}{API}/me/")
        self.follow(home, "/anything")
        assert other.requests == []
