"""Tasks at a portal that shows the jobs of an earlier time: none ends by a job of before its request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.fake_portal.out_of_date import OutOfDate
from tests.support.fake_portal.scripted import whole_job
from tests.support.task_life import Store, Task, run_operator
from tests.support.task_stories import HOUR

DAY = 24 * HOUR
OLD = [*whole_job("old", -3 * DAY), *whole_job("newer", -1.5 * DAY), *whole_job("newest", -HOUR / 2)]


class Killed(BaseException):
    """The worker is killed."""


@pytest.mark.parametrize("deferrable", [False, True], ids=["on the worker", "deferred"])
@pytest.mark.parametrize("lag", [HOUR, 2 * DAY, 9 * DAY], ids=["an hour", "days", "before all jobs"])
def test_a_run_waits_for_its_own_job(monkeypatch: pytest.MonkeyPatch, lag: float, deferrable: bool) -> None:
    task = Task(monkeypatch, [*OLD, *whole_job("mine", HOUR)], run_operator(deferrable=deferrable), store=Store())
    OutOfDate(task.client, lag=lag, source_lag=lag)
    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("mine", 1)


def test_a_list_that_is_older_than_the_source_is_read_again_by_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hide a job that is running. Nothing is requested by it."""
    task = Task(monkeypatch, [*OLD, *whole_job("mine", HOUR)], run_operator(), store=Store())
    cache: Any = OutOfDate(task.client, lag=2 * DAY)
    assert task.try_() == "HarvestProtocolError"
    assert task.client.count("run") == 0
    task.client.answer = cache._answer  # type: ignore[method-assign]
    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("mine", 1)


def test_a_retry_of_a_worker_that_died_at_the_request_takes_no_job_of_days_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = [*whole_job("old", -3 * DAY), *whole_job("newer", -1.5 * DAY)]
    task = Task(monkeypatch, [*old, *whole_job("mine", HOUR)], run_operator(), store=Store())
    OutOfDate(task.client, lag=2 * DAY, source_lag=2 * DAY)
    run_source = task.client.run_source

    def die(source_id: str) -> None:
        run_source(source_id)
        raise Killed

    monkeypatch.setattr(task.client, "run_source", die)
    with pytest.raises(Killed):
        task.try_()
    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("mine", 1)
