"""What a task refuses before it waits: arguments that no wait can have."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    whole_job,
)
from tests.support.task_life import Task, run_operator


@pytest.mark.parametrize(
    "given, words",
    [
        pytest.param({"job_id": "None"}, "returned nothing", id="nothing came from the task before"),
        pytest.param({"job_id": "my-source"}, "an id (24 hexadecimal digits)", id="a slug"),
        pytest.param(
            {"source_id": SOURCE_ID, "known_job_ids": 7},
            "known_job_ids must be a list of ids",
            id="a number",
        ),
    ],
)
def test_a_sensor_refuses_what_is_no_job(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], words: str) -> None:
    task = Task(monkeypatch, (), lambda: HarvestJobSensor(task_id="task", **given))

    assert task.try_() == "failed"
    assert words in task.message
    assert task.client.requests == []


@pytest.mark.parametrize("value", ["10", None, -1, True])
def test_max_poll_failures_is_checked_before_anything_is_requested(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    for make in (
        run_operator(max_poll_failures=value),
        lambda: HarvestJobSensor(task_id="task", source_id=SOURCE_ID, max_poll_failures=value),
    ):
        task = Task(monkeypatch, (), make)

        assert task.try_() == "failed"
        assert "max_poll_failures must be a whole number" in task.message
        assert task.client.requests == []


@pytest.mark.parametrize("swallowing", ["never_fail", "silent_fail"])
def test_a_rescheduled_sensor_that_swallows_failures_waits_all_the_same(
    monkeypatch: pytest.MonkeyPatch, swallowing: str
) -> None:
    given: dict[str, Any] = {"mode": "reschedule", swallowing: True}
    task = Task(
        monkeypatch,
        whole_job("portal", 20 * 60.0),
        lambda: HarvestJobSensor(task_id="task", source_id=SOURCE_ID, **given),
    )
    assert task.try_() == "success"
    assert task.result["job_id"] == "portal"
    assert not [line for line in task.lines if "Sensor poke failed" in line]
