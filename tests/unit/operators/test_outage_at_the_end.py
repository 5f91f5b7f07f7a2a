"""The portal is down when a harvest has ended and is to be judged: by a run, by a sensor, on the worker and deferred.

Nobody else judges that harvest, and a retry that remembers nothing would request a second one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestConnectionError, HarvestPortalUnreachable
from airflow_provider_harvest.operators import _task_wait
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.fake_portal.scripted import SOURCE_ID, T0, job_appears, job_ends, outage, whole_job
from tests.support.task_life import Store, Task, run_operator
from tests.support.task_stories import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest._compat import TaskDeferred

#: The job ends at 120 s, and the portal is away from a moment later on.
HARVEST = whole_job("new", 60)


class SlowToResume(Task):
    """Airflow takes 30 s from a trigger's event until a worker has resumed the task."""

    def _trigger(self, deferred: TaskDeferred) -> dict[str, Any]:
        event = super()._trigger(deferred)
        self.clock.advance(30)
        return event


def sensor(**arguments: Any) -> Callable[[], HarvestJobSensor]:
    given = {"task_id": "task", "source_id": SOURCE_ID, "known_job_ids": [], "retries": 0, **arguments}
    return lambda: HarvestJobSensor(**given)


@pytest.mark.parametrize("store", [True, False], ids=["3.3", "3.0 to 3.2"])
@pytest.mark.parametrize("lasts", [60, 300, 0.5 * HOUR])
def test_a_deferred_run_bears_it_and_requests_no_second_harvest(
    monkeypatch: pytest.MonkeyPatch, store: bool, lasts: float
) -> None:
    timeline = [*HARVEST, *outage(150, 150 + lasts), *whole_job("second", 9 * HOUR)]
    task = SlowToResume(monkeypatch, timeline, run_operator(), store=Store() if store else None)
    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.client.count("run")) == ("new", 1)


@pytest.mark.parametrize(
    "make", [run_operator(retries=0), sensor(deferrable=True)], ids=["run operator", "sensor"]
)  # fmt: skip
def test_a_deferred_task_without_retries_bears_it(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any]) -> None:
    task = SlowToResume(monkeypatch, [*HARVEST, *outage(150, 270)], make)
    assert task.try_() == "success", task.message


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(run_operator(retries=0, deferrable=False), id="run operator"),
        pytest.param(sensor(mode="poke"), id="sensor that pokes"),
        pytest.param(sensor(mode="reschedule"), id="sensor that is rescheduled"),
    ],
)
def test_on_the_worker_too(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any]) -> None:
    """The job's end is seen, and the next request already fails."""
    read, failures = conclude, [HarvestConnectionError("The portal is away.")] * 5

    def fail_at_first(*given: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return read(*given, **named)

    monkeypatch.setattr(_task_wait, "conclude", fail_at_first)
    task = Task(monkeypatch, HARVEST, make)
    assert task.try_() == "success", task.message
    assert failures == []


def test_it_is_given_up_after_as_many_failures_as_while_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    task = SlowToResume(monkeypatch, [*HARVEST, *outage(150, 99 * HOUR)], run_operator(max_poll_failures=3))
    assert task.try_() == "HarvestPortalUnreachable"
    assert "4 times in a row" in task.message
    assert task.client.count("run") == 1


def test_it_is_borne_no_longer_than_the_task_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow ends no deferred task for its execution_timeout."""
    limit = timedelta(minutes=30)
    task = SlowToResume(monkeypatch, [*HARVEST, *outage(150, 99 * HOUR)], run_operator(execution_timeout=limit))
    assert task.try_() == "HarvestPortalUnreachable"
    assert task.clock.now() <= T0 + limit.total_seconds()


def test_a_run_that_has_let_another_job_end_bears_it_before_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    other = [(-60.0, job_appears("other")), (60.0, job_ends("other"))]
    task = SlowToResume(monkeypatch, [*other, *outage(85, 400), *whole_job("new", HOUR)], run_operator(retries=0))
    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.client.count("run")) == ("new", 1)


def test_the_comparison_of_a_guarded_run_bears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def check_loss(*given: Any, **named: Any) -> guarded_run.LossCheck:
        compared.append(1)
        if len(compared) < 4:
            raise HarvestPortalUnreachable("The harvest could not be compared, so archiving stays off: 503")
        return guarded_run.LossCheck()

    monkeypatch.setattr(guarded_run, "begin", lambda *given: None)
    monkeypatch.setattr(guarded_run, "check_loss", check_loss)
    task = Task(monkeypatch, HARVEST, run_operator(guard=True, deferrable=False))
    assert task.try_() == "success", task.message
    assert (len(compared), task.client.count("run")) == (4, 1)


def test_a_refusal_counts_once_it_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(monkeypatch, HARVEST, run_operator(deferrable=False))

    def refuse(*given: Any, **named: Any) -> Any:
        raise HarvestAuthError("Forbidden", status_code=403, method="GET", url="/")

    monkeypatch.setattr(_task_wait, "conclude", refuse)
    begun = task.clock.now()
    assert task.try_() == "failed"
    assert task.clock.now() - begun < 10 * 60
