"""Which failed polls pass, which concern the whole portal, and how often one must be seen before it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestConnectionError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRateLimited,
    HarvestRedirected,
    HarvestRequestRejected,
    HarvestServerError,
    HarvestUnavailable,
)
from airflow_provider_harvest.portal.http.temporary_errors import Doubts, concerns_all, times_until_believed

if TYPE_CHECKING:
    from airflow_provider_harvest.exceptions import HarvestError

API = {"message": "no"}


@pytest.mark.parametrize(
    "error, times, of_all",
    [
        pytest.param(HarvestConnectionError("Down."), None, True, id="no connection"),
        pytest.param(HarvestRateLimited("Slow.", status_code=429), None, True, id="429"),
        pytest.param(HarvestUnavailable("Closed.", status_code=423), None, True, id="423"),
        pytest.param(HarvestServerError("Broken.", status_code=500), None, False, id="500"),
        pytest.param(HarvestServerError("Down.", status_code=503), None, True, id="503"),
        pytest.param(HarvestServerError("Wait.", status_code=500, retry_after=5), None, True, id="500 that says when"),
        pytest.param(HarvestProtocolError("No JSON."), None, False, id="no JSON"),
        pytest.param(HarvestRequestRejected("Late.", status_code=408, payload=API), None, False, id="408"),
        pytest.param(HarvestRequestRejected("No.", status_code=400, payload=API), 2, False, id="400"),
        pytest.param(HarvestAuthError("No.", status_code=403, payload=API), 2, False, id="403"),
        pytest.param(HarvestAuthError("No.", status_code=403, payload="<html>"), 5, False, id="403 page"),
        pytest.param(HarvestNotFound("None.", status_code=404, payload=API), 2, False, id="404"),
        pytest.param(HarvestNotFound("None.", status_code=404, payload="<html>"), None, False, id="404 page"),
        pytest.param(HarvestRedirected("Elsewhere."), 5, False, id="a redirect"),
        pytest.param(HarvestInvalidInput("Not an id."), 1, False, id="what no poll mends"),
    ],
)
def test_when_a_failed_poll_counts(error: HarvestError, times: int | None, of_all: bool) -> None:
    assert (times_until_believed(error), concerns_all(error)) == (times, of_all)
    doubts = Doubts()
    seen = [doubts.believes(error) for _ in range(6)]
    assert seen == [times is not None and number >= times for number in range(1, 7)]
    doubts.answered()
    assert doubts.believes(error) == (times == 1)


@pytest.mark.parametrize(
    "between, is_believed",
    [
        pytest.param(HarvestAuthError("No.", status_code=403, payload=API), True, id="another refusal"),
        pytest.param(HarvestServerError("Broken.", status_code=502), False, id="a passing fault"),
        pytest.param(None, False, id="a response"),
    ],
)
def test_what_comes_between_two_refusals(between: HarvestError | None, is_believed: bool) -> None:
    """Of two front servers that refuse in two ways, in turn, none was ever believed: a wait went on without end."""
    doubts, refusal = Doubts(), HarvestRequestRejected("No.", status_code=400, payload=API)
    doubts.believes(refusal)
    doubts.answered() if between is None else doubts.believes(between)
    assert doubts.believes(refusal) == is_believed
