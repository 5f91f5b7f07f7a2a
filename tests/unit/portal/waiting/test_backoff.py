"""How long is paused after failures in a row."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestConnectionError,
    HarvestError,
    HarvestRateLimited,
    HarvestServerError,
)
from airflow_provider_harvest.portal.waiting.backoff import MAX_PAUSE, MAX_RETRY_AFTER, pause_after, pause_of_all

DOWN = HarvestConnectionError("Down.")


def limited(retry_after: float | None) -> HarvestError:
    return HarvestRateLimited("Slow down.", retry_after=retry_after)


@pytest.mark.parametrize(
    "error, failures, pause",
    [
        (DOWN, 1, 30),
        (DOWN, 2, 60),
        (DOWN, 3, 120),
        (DOWN, 9, MAX_PAUSE),
        (DOWN, 10**6, MAX_PAUSE),
        (limited(None), 1, 30),
        (limited(600), 1, 600),
        (limited(10), 1, 30),
        (limited(10**9), 1, MAX_RETRY_AFTER),
    ],
)
def test_pause(error: HarvestError, failures: int, pause: float) -> None:
    assert pause_after(error, failures, 30) == pause


@pytest.mark.parametrize(
    "error, pause",
    [
        (DOWN, 0),
        (limited(None), 60),
        (limited(600), 600),
        (HarvestServerError("Down.", status_code=503), 0),
        (HarvestServerError("Down.", status_code=503, retry_after=5), 5),
    ],
    ids=["down", "429", "429 that says when", "503", "503 that says when"],
)
def test_pause_of_all_that_wait_for_the_portal(error: HarvestError, pause: float) -> None:
    """Only a portal that wants one: others would wait for a failure that concerns one of them."""
    assert pause_of_all(error, 2, 30) == pause
