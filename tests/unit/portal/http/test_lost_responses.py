"""What is said of a request that got no whole response."""

from __future__ import annotations

import pytest
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ProxyError, ReadTimeout
from urllib3.exceptions import ProtocolError

from airflow_provider_harvest.exceptions import HarvestAnswerTimeout, HarvestConnectionError, HarvestResponseLost
from airflow_provider_harvest.portal.http.lost_responses import UNKNOWN_FATE, loss
from airflow_provider_harvest.portal.http.sockets import Exchange

REQUEST = "POST https://portal.example/api/1/harvest/sources/"
ABORTED = NoConnection(ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer")))


def exchange(sent: bool, was_cut: bool = False) -> Exchange:
    made = Exchange(60)
    made.sent, made.was_cut = sent, was_cut
    return made


@pytest.mark.parametrize(
    "error, was_cut, says",
    [
        pytest.param(ReadTimeout("x"), False, "no response, or no more of it, for 30 s", id="silence"),
        pytest.param(ABORTED, False, "the connection broke before the response was complete", id="a reset"),
        pytest.param(ABORTED, False, "(Connection reset by peer)", id="a reset's reason"),
        pytest.param(ABORTED, True, "no complete response within 95 s, so the connection was cut", id="a cut"),
        pytest.param(
            None, True, "no complete response within 95 s, so the connection was cut", id="a cut taken for the end"
        ),
        pytest.param(ProxyError("x"), False, "the connection broke", id="a proxy's fault after the request had left"),
    ],
)
def test_what_was_sent_may_have_been_carried_out(error: Exception | None, was_cut: bool, says: str) -> None:
    lost = loss(REQUEST, error, exchange(sent=True, was_cut=was_cut), 5, 30, 95)
    took_too_long = says.startswith(("no response", "no complete response"))
    assert type(lost) is (HarvestAnswerTimeout if took_too_long else HarvestResponseLost)
    assert str(lost).startswith(f"{REQUEST}: ")
    assert says in str(lost)
    assert str(lost).endswith(UNKNOWN_FATE)


def test_what_was_not_sent_may_be_sent_again() -> None:
    lost = loss(REQUEST, ABORTED, exchange(sent=False), 5, 30, 95)
    assert type(lost) is HarvestConnectionError
    assert str(lost).startswith(f"{REQUEST}: no connection; nothing was sent (Connection reset by peer). ")
    assert UNKNOWN_FATE not in str(lost)


def test_a_log_repeats_no_advice() -> None:
    lost = loss(REQUEST, ABORTED, exchange(sent=False), 5, 30, 95)
    assert lost.brief == f"{REQUEST}: no connection; nothing was sent (Connection reset by peer)."
