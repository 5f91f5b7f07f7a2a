"""What the transport makes of responses: repeated or not, followed or not, and which error; and where the key goes."""

from __future__ import annotations

import gc
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestApiError,
    HarvestAuthError,
    HarvestConnectionError,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRateLimited,
    HarvestRequestRejected,
    HarvestResponseLost,
    HarvestServerError,
    HarvestUnavailable,
)
from airflow_provider_harvest.portal.http import transport as module
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from airflow_provider_harvest.portal.http.transport import Transport
from tests.support.fake_portal.response_faults import Pass, Reply, Reset, Step, Truncated, failure_of, garbage, html
from tests.support.fake_portal.server import API, Always, Door, refusing_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fake_portal.scripted import FakeClock

PATH = "/harvest/sources/"
WRITES = ("POST", "PUT", "DELETE")


class TestRequest:
    def test_carries_what_it_was_given(self, newest: Door, transport: Transport) -> None:
        transport.call("GET", PATH, params={"page": 1, "q": None}, fields="data{id}")
        request = newest.requests[0]
        assert (request.path, request.query, request.fields) == (PATH, {"page": "1"}, "data{id}")
        assert request.headers["user-agent"] == module.USER_AGENT
        assert request.headers["accept"] == "application/json"

    @pytest.mark.parametrize(
        "given, sent",
        [
            pytest.param({"body": {"name": "Cités"}}, {"name": "Cités"}, id="a JSON body"),
            pytest.param({"text": "0 4 * * *"}, "0 4 * * *", id="a string, without quotes"),
        ],
    )
    def test_labels_each_body_as_json(
        self, given: dict[str, Any], sent: Any, newest: Door, transport: Transport
    ) -> None:
        newest.script("POST", PATH, Reply(201, {}))
        transport.call("POST", PATH, **given)
        assert newest.requests[0].body == sent
        assert newest.requests[0].headers["content-type"] == "application/json"

    def test_without_a_body_names_no_type(self, newest: Door, transport: Transport) -> None:
        transport.call("GET", PATH)
        assert "content-type" not in newest.requests[0].headers


@pytest.fixture
def no_collection() -> Iterator[None]:
    """No garbage collection: what other tests left would fail to be finalized in a recursion near Python's limit."""
    gc.disable()
    yield
    gc.enable()


class TestAnswer:
    @pytest.mark.parametrize(
        "step, body",
        [
            pytest.param(Reply(200, {"a": [1]}), {"a": [1]}, id="JSON"),
            pytest.param(Reply(201, {"a": 1}), {"a": 1}, id="created"),
            pytest.param(Reply(204), None, id="no content"),
            pytest.param(Reply(200, ""), None, id="empty"),
        ],
    )
    def test_is_decoded(self, step: Step, body: Any, newest: Door, transport: Transport) -> None:
        newest.script("GET", PATH, step)
        answer = transport.call("GET", PATH)
        assert (answer.status, answer.body) == (getattr(step, "status"), body)  # noqa: B009

    @pytest.mark.parametrize(
        "step, kind, says",
        [
            pytest.param(html(200), HarvestProtocolError, "a web page", id="a web page"),
            pytest.param(garbage(), HarvestResponseLost, "is garbled", id="garbage"),
            pytest.param(Reply(300, {}), HarvestProtocolError, "the status 300", id="another status"),
        ],
    )
    def test_that_is_not_of_udata(self, step: Step, kind: type, says: str, newest: Door, transport: Transport) -> None:
        newest.script("GET", PATH, Always(step))
        error = failure_of(lambda: transport.call("GET", PATH))
        assert type(error) is kind
        assert says in str(error)

    def test_that_is_nested_too_deeply(self, newest: Door, transport: Transport, no_collection: None) -> None:
        newest.script("GET", PATH, Always(Reply(200, "[" * 100_000)))
        error = failure_of(lambda: transport.call("GET", PATH))
        assert type(error) is HarvestResponseLost
        assert "is garbled" in str(error)


MESSAGE = {"message": "The portal's own words"}
ERRORS = [
    (Reply(400, {"errors": {"name": ["Too long"]}}), HarvestRequestRejected, "name: Too long"),
    (Reply(400, {"errors": {"name": "Too long"}, "message": "Wrong"}), HarvestRequestRejected, "name: Too long; Wrong"),
    (Reply(401, MESSAGE), HarvestAuthError, "wrong, expired or revoked"),
    (Reply(403, MESSAGE), HarvestAuthError, "lacks this right"),
    (Reply(404, MESSAGE), HarvestNotFound, "The portal's own words"),
    (html(404), HarvestNotFound, "not the API's own words"),
    (html(405), HarvestRequestRejected, "no such endpoint"),
    (Reply(407, MESSAGE), HarvestRequestRejected, "HTTPS_PROXY"),
    (Reply(409, MESSAGE), HarvestRequestRejected, "The portal's own words"),
    (Reply(415, MESSAGE), HarvestRequestRejected, "The portal's own words"),
    (Reply(422, MESSAGE), HarvestRequestRejected, "The portal's own words"),
    (Reply(423, MESSAGE), HarvestUnavailable, "read-only mode"),
    (Reply(429, MESSAGE), HarvestRateLimited, "The portal's own words"),
    (Reply(500, MESSAGE), HarvestServerError, "The portal's own words"),
    (html(502), HarvestServerError, "not the API's own words"),
    (Reply(503, b"\xff\xfe"), HarvestServerError, "responded with 503"),
]


class TestErrorAnswer:
    @pytest.mark.parametrize("step, kind, says", ERRORS, ids=[f"{s.status}-{i}" for i, (s, *_) in enumerate(ERRORS)])
    def test_becomes_the_error_of_its_status(
        self, step: Reply, kind: type, says: str, newest: Door, transport: Transport
    ) -> None:
        newest.script("POST", PATH, Always(step))
        error = failure_of(lambda: transport.call("POST", PATH, body={}, keyed=True))
        assert type(error) is kind
        assert isinstance(error, HarvestApiError)
        assert (error.status_code, error.method, error.url) == (step.status, "POST", f"{newest.url}{API}{PATH}")
        assert says in str(error)

    @pytest.mark.parametrize("status", [401, 403])
    def test_says_that_no_key_was_needed(self, status: int, newest: Door, transport: Transport) -> None:
        newest.script("GET", PATH, Reply(status, MESSAGE))
        assert "a firewall is in front of the portal" in str(failure_of(lambda: transport.call("GET", PATH)))

    def test_says_that_a_key_is_missing(self, newest: Door) -> None:
        keyless = Transport(f"{newest.url}{API}", timeout=5)
        error = failure_of(lambda: keyless.call("POST", PATH, body={}, keyed=True))
        keyless.close()
        assert "needs an API key: put it into the argument api_key" in str(error)


#: For each fault whether a request that may be carried out twice is repeated, and whether a POST is.
REPEATS = [
    (Reply(429, MESSAGE), True, True),
    (Reply(502, MESSAGE), True, False),
    (Reply(503, MESSAGE), True, False),
    (Reply(504, MESSAGE), True, False),
    (Reset(), True, False),
    (Reset(handled=True), True, False),
    (Truncated(), True, False),
    (Truncated(chunked=True), True, False),
    (garbage(), True, False),
    (Reply(500, MESSAGE), False, False),
    (Reply(501, MESSAGE), False, False),
    (Reply(400, MESSAGE), False, False),
    (Reply(401, MESSAGE), False, False),
    (Reply(404, MESSAGE), False, False),
    (Reply(423, MESSAGE), False, False),
    (html(200), False, False),
]


class TestRepeating:
    @pytest.mark.parametrize("method", ["GET", *WRITES])
    @pytest.mark.parametrize("step, repeatable, post", REPEATS, ids=[str(step)[:45] for step, *_ in REPEATS])
    def test_only_where_it_is_safe(
        self,
        step: Step,
        repeatable: bool,
        post: bool,
        method: str,
        newest: Door,
        transport: Transport,
    ) -> None:
        newest.script(method, PATH, step, Always(Reply(200, {"id": 1})))
        repeats = post if method == "POST" else repeatable
        if repeats:
            assert transport.call(method, PATH).body == {"id": 1}
        else:
            failure_of(lambda: transport.call(method, PATH))
        assert newest.count(method) == (2 if repeats else 1)

    @pytest.mark.parametrize("method", ["GET", *WRITES])
    def test_after_nothing_was_sent(self, method: str, clock: FakeClock) -> None:
        with refusing_address() as nobody:
            transport = Transport(f"{nobody}{API}", timeout=5, clock=clock)
            error = failure_of(lambda: transport.call(method, PATH))
        assert isinstance(error, HarvestConnectionError)
        assert len(clock.slept) == 3

    def test_ends_with_the_last_attempt(self, newest: Door, transport: Transport, clock: FakeClock) -> None:
        newest.script("GET", PATH, Always(Reply(503)))
        failure_of(lambda: transport.call("GET", PATH))
        assert newest.count("GET") == 4
        assert all(delay <= bound for delay, bound in zip(clock.slept, (1, 2, 4), strict=True))

    def test_is_left_to_poll_loops_that_have_a_budget(self, newest: Door, clock: FakeClock) -> None:
        transport = Transport(f"{newest.url}{API}", timeout=5, clock=clock, retry=RetryPolicy(attempts=1))
        newest.script("GET", PATH, Always(Reply(503)))
        failure_of(lambda: transport.call("GET", PATH))
        transport.close()
        assert (newest.count("GET"), clock.slept) == (1, [])

    def test_is_logged_with_its_reason(
        self, newest: Door, transport: Transport, caplog: pytest.LogCaptureFixture
    ) -> None:
        newest.script("GET", PATH, Reply(503, MESSAGE))
        transport.call("GET", PATH)
        assert "responded with 503: The portal's own words. Trying again in" in caplog.text
        assert "(2 of 4)" in caplog.text


class TestRetryAfter:
    @pytest.mark.parametrize("status, method", [(429, "GET"), (429, "POST"), (503, "GET")])
    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_is_obeyed(
        self, form: str, status: int, method: str, newest: Door, transport: Transport, clock: FakeClock
    ) -> None:
        told = {"seconds": "17", "date": formatdate(clock.now() + 17, usegmt=True)}[form]
        newest.script(method, PATH, Reply(status, None, {"Retry-After": told}), Reply(200, {}))
        transport.call(method, PATH)
        assert 17 <= clock.slept[0] <= 18

    @pytest.mark.parametrize("ahead", [-600, 0, 600], ids=["this machine ahead", "same clock", "this machine behind"])
    def test_a_date_is_compared_with_the_portals_clock(
        self, ahead: int, newest: Door, transport: Transport, clock: FakeClock
    ) -> None:
        newest.portal.now = lambda: clock.now() + ahead
        later = formatdate(clock.now() + ahead + 30, usegmt=True)
        newest.script("GET", PATH, Reply(429, None, {"Retry-After": later}), Reply(200, {}))
        transport.call("GET", PATH)
        assert 30 <= clock.slept[0] <= 31

    def test_beyond_the_cap_is_reported_to_the_caller(
        self, newest: Door, transport: Transport, clock: FakeClock
    ) -> None:
        newest.script("GET", PATH, Reply(429, None, {"Retry-After": "3600"}))
        error = failure_of(lambda: transport.call("GET", PATH))
        assert isinstance(error, HarvestRateLimited)
        assert error.retry_after == 3600
        assert "asks to wait 3600 s" in str(error)
        assert clock.slept == []


class TestPortalClock:
    @pytest.mark.parametrize(
        "headers, ahead",
        [
            pytest.param({}, 3600, id="as its answers are dated"),
            pytest.param({"Age": "30"}, 3630, id="as a cache has kept them"),
            pytest.param({"Age": "old"}, 3600, id="with an invalid age"),
            pytest.param({"Age": "9" * 400}, 3600, id="with an age that no number of this machine holds"),
        ],
    )
    def test_is_read(
        self, headers: dict[str, str], ahead: int, newest: Door, transport: Transport, clock: FakeClock
    ) -> None:
        newest.portal.now = lambda: clock.now() + 3600
        newest.script("GET", PATH, Pass(headers))
        transport.call("GET", PATH)
        clock.advance(10)
        assert transport.portal_now() == clock.now() + ahead

    def test_is_read_from_errors_too(self, newest: Door, transport: Transport, clock: FakeClock) -> None:
        newest.portal.now = lambda: clock.now() - 60
        newest.script("GET", PATH, Reply(404))
        failure_of(lambda: transport.call("GET", PATH))
        assert transport.portal_now() == clock.now() - 60

    def test_is_unknown_at_first(self, transport: Transport) -> None:
        assert transport.portal_now() is None
