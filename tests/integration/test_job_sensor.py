"""The sensor on real portals: which job it waits for, how it ends, and that it needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import AirflowSensorTimeout, AirflowSkipException
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.expected_failures import fails
from tests.support.task_processes import Task, job_ids

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from sandbox import Sandbox

pytestmark = pytest.mark.integration


@pytest.fixture
def task(portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A task that has not run yet."""
    return Task(portal, monkeypatch)


def test_the_sensor_finds_the_first_job_after_those_known(
    task: Task, portal: Sandbox, admin: HarvestClient, new_harvest: Any
) -> None:
    source = new_harvest(datasets=2)
    known = job_ids(admin, source)
    portal.control.run_scheduled(source.id)
    portal.control.wait_until_idle()
    second = job_ids(admin, source)[0]
    portal.control.run_scheduled(source.id)
    portal.control.wait_until_idle()

    assert task.sense(source_id=source.id, known_job_ids=known)["job_id"] == second


def test_the_sensor_waits_for_a_job_by_its_id_alone(task: Task, admin: HarvestClient, new_harvest: Any) -> None:
    source = new_harvest(datasets=2)
    (job_id,) = job_ids(admin, source)

    result = task.sense(job_id=job_id)

    assert (result["source_id"], result["outcome"]) == (source.id, "success")


def test_the_sensor_sends_no_key_even_where_the_connection_has_one(
    task: Task, portal: Sandbox, admin: HarvestClient, new_harvest: Any
) -> None:
    source = new_harvest(datasets=1)
    mark = portal.mark()

    task.run(HarvestJobSensor, key="admin", source_id=source.id, known_job_ids=[], timeout=30)

    assert {request.user for request in portal.requests(mark) if "/job" in request.path} == {None}


def test_the_sensor_times_out(task: Task, new_harvest: Any) -> None:
    with pytest.raises(AirflowSensorTimeout):
        task.sense(source_id=new_harvest(datasets=1).id, timeout=2)


def test_a_soft_failing_sensor_skips_when_its_time_is_over(task: Task, new_harvest: Any) -> None:
    with pytest.raises(AirflowSkipException):
        task.sense(source_id=new_harvest(datasets=1).id, timeout=2, soft_fail=True)


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
@pytest.mark.parametrize("what", ["deleted", "inactive"])
def test_no_job_is_waited_for_where_none_can_come(
    task: Task, admin: HarvestClient, new_harvest: Any, what: str, mode: str
) -> None:
    source = new_harvest(datasets=1)
    if what == "deleted":
        admin.delete_source(source.id)
    else:
        admin.update_source(source.id, active=False)

    with fails(what):
        task.sense(source_id=source.id, known_job_ids=job_ids(admin, source), mode=mode)


@pytest.mark.parametrize("soft_fail", [False, True])
def test_a_failed_harvest_fails_the_sensor(task: Task, new_harvest: Any, soft_fail: bool) -> None:
    source = new_harvest(datasets=1, failing=1)

    with fails("does not meet the criteria", Exception) as caught:
        task.sense(source_id=source.id, known_job_ids=[], soft_fail=soft_fail)
    assert not isinstance(caught.value, AirflowSkipException)
