"""Ids that people paste in upper case name the same source and the same job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.fake_portal.scripted import SOURCE_ID, whole_job
from tests.support.task_life import Task, run_operator

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, JOB = "65f00000000000000000000a", "65f00000000000000000000b"


def sensor(**arguments: Any) -> Callable[[], HarvestJobSensor]:
    given = {"source_id": SOURCE_ID.upper(), "poke_interval": 30, **arguments}
    return lambda: HarvestJobSensor(task_id="task", **given)


@pytest.mark.parametrize(
    "make, begins",
    [
        pytest.param(sensor(job_id=JOB.upper()), -5, id="a sensor of a job"),
        pytest.param(sensor(known_job_ids=[OLD.upper()]), 60, id="a sensor with known jobs"),
        pytest.param(sensor(known_job_ids=[OLD.upper()], mode="reschedule"), 60, id="a sensor that is rescheduled"),
        pytest.param(sensor(known_job_ids=[OLD.upper()], deferrable=True), 60, id="a sensor that is deferred"),
        pytest.param(run_operator(source_id=SOURCE_ID.upper()), 60, id="a run"),
    ],
)
def test_a_task_finds_its_job(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any], begins: float) -> None:
    task = Task(monkeypatch, [*whole_job(OLD, -3600), *whole_job(JOB, begins)], make)
    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.result["source_id"]) == (JOB, SOURCE_ID)
