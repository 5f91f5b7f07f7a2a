"""Whether a failed exchange is tried again, and when."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestConnectionError,
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRateLimited,
    HarvestRedirected,
    HarvestRequestRejected,
    HarvestResponseLost,
    HarvestServerError,
    HarvestUnavailable,
)
from airflow_provider_harvest.portal.http.retry import RetryPolicy, may_repeat, parse_http_date, parse_retry_after

NOW = 1_775_000_000.0  # Tue, 31 Mar 2026 23:33:20 GMT


@pytest.mark.parametrize(
    "value, seconds",
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("17", 17.0),
        (" 17 ", 17.0),
        ("Tue, 31 Mar 2026 23:34:20 GMT", 60.0),
        ("Tue, 31 Mar 2026 23:30:00 GMT", 0.0),
        ("Tue, 31 Mar 2026 23:34:20 -0000", 60.0),
        ("Tue, 31 Mar 2099 23:34:20 GMT", 86_400.0),
        ("9" * 400, 86_400.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Tue, 31 Mar 99999 23:34:20 GMT", None),
    ],
)
def test_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value, epoch",
    [("Tue, 31 Mar 2026 23:33:20 GMT", NOW), ("Wed, 01 Apr 2026 01:33:20 +0200", NOW), ("", None), ("today", None)],
)
def test_http_dates_are_read(value: str, epoch: float | None) -> None:
    assert parse_http_date(value) == epoch


#: For each error whether a request that may be carried out twice may be repeated, and whether a POST may.
MAY_REPEAT: list[tuple[HarvestError, bool, bool]] = [
    (HarvestConnectionError("x"), True, True),
    (HarvestRateLimited("x", status_code=429), True, True),
    (HarvestResponseLost("x"), True, False),
    (HarvestServerError("x", status_code=502), True, False),
    (HarvestServerError("x", status_code=503), True, False),
    (HarvestServerError("x", status_code=504), True, False),
    (HarvestServerError("x", status_code=500), False, False),
    (HarvestAuthError("x", status_code=401), False, False),
    (HarvestNotFound("x", status_code=404), False, False),
    (HarvestRequestRejected("x", status_code=400), False, False),
    (HarvestUnavailable("x", status_code=423), False, False),
    (HarvestRedirected("x"), False, False),
    (HarvestProtocolError("x"), False, False),
    (HarvestInvalidInput("x"), False, False),
]


@pytest.mark.parametrize(
    "error, repeatable, post", MAY_REPEAT, ids=[repr(e) + str(getattr(e, "status_code", "")) for e, *_ in MAY_REPEAT]
)
def test_what_may_be_repeated(error: HarvestError, repeatable: bool, post: bool) -> None:
    assert [may_repeat(method, error) for method in ("GET", "PUT", "DELETE", "POST")] == [repeatable] * 3 + [post]


def most(_: float, upper: float) -> float:
    return upper


@pytest.mark.parametrize("attempt, upper", [(1, 2), (2, 4), (3, 8), (4, 10), (5, 10), (6, None)])
def test_delays_double_up_to_the_cap_and_end(attempt: int, upper: float | None) -> None:
    policy = RetryPolicy(attempts=6, base=2, cap=10)
    assert policy.delay("GET", HarvestResponseLost("x"), attempt, most) == upper


@pytest.mark.parametrize(
    "told, delay",
    [
        pytest.param(0.0, 2.0, id="at once: a little later"),
        pytest.param(60.0, 62.0, id="at the cap"),
        pytest.param(61.0, None, id="beyond the cap: not at all"),
    ],
)
def test_a_requested_delay_is_kept_or_left_to_the_caller(told: float, delay: float | None) -> None:
    error = HarvestRateLimited("x", retry_after=told, status_code=429)
    assert RetryPolicy(base=2, cap=60).delay("POST", error, 1, most) == delay


def test_delays_are_drawn_from_zero_up() -> None:
    drawn: list[tuple[float, float]] = []
    RetryPolicy(base=3).delay("GET", HarvestConnectionError("x"), 1, lambda low, high: drawn.append((low, high)) or 0.0)
    assert drawn == [(0.0, 3.0)]
