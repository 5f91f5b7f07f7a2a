"""How many requests a poll loop may send: what is saved up, what is owed, and what a change of the allowance means."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.portal.waiting.request_budget import Budget

HOUR, DAY = 3600.0, 24 * 3600.0


@pytest.mark.parametrize(
    "per_hour, sent, later, wait",
    [
        pytest.param(None, 1000, 0, 0, id="no allowance"),
        pytest.param(60, 4, 0, 0, id="five minutes are saved up: one is left"),
        pytest.param(60, 5, 0, 60, id="none is left"),
        pytest.param(60, 65, 0, 61 * 60, id="a burst is paid off"),
        pytest.param(60, 65, 1000, 61 * 60 - 1000, id="by the time that passes"),
        pytest.param(60, 65, DAY, 0, id="until nothing is owed"),
        pytest.param(6, 1, 0, 600, id="a small allowance saves up one request"),
    ],
)
def test_what_is_sent_must_be_waited_for(per_hour: float | None, sent: int, later: float, wait: float) -> None:
    budget = Budget(0.0)
    budget.allow(per_hour)
    budget.spend(sent, 10.0)
    assert budget.wait(10.0 + later) == pytest.approx(wait)


def test_time_without_requests_saves_up_no_more() -> None:
    budget = Budget(0.0)
    budget.allow(60)
    assert budget.wait(DAY) == 0
    budget.spend(5, DAY)
    assert budget.wait(DAY) == pytest.approx(60)


@pytest.mark.parametrize(
    "before, after, wait",
    [
        pytest.param(None, 60, 0, id="none before: what was sent without one is not owed"),
        pytest.param(6000, 60, 60, id="a larger one before: no more than one request is waited for"),
        pytest.param(60, 60, 996 * 60, id="the same, as when another watch joins"),
        pytest.param(60, None, 0, id="none any more"),
    ],
)
def test_a_changed_allowance_does_not_silence_the_loop_for_hours(
    before: float | None, after: float | None, wait: float
) -> None:
    """A connection may get an allowance after the loop has polled for weeks without one."""
    budget = Budget(0.0)
    budget.allow(before)
    budget.spend(1000, 0.0)
    budget.allow(after)
    assert budget.wait(0.0) == pytest.approx(wait)
