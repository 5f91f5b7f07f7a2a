"""A harvest is requested once, and the verdict on it is right, whatever is killed on the way; see ``conftest``."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.live_airflow import wait_until
from tests.crash.releases import REMEMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox
    from tests.crash.conftest import Source
    from tests.crash.live_airflow import LiveAirflow, Run
    from tests.support.lossy_proxy import LossyProxy

    JobIds = Callable[[], list[str]]

pytestmark = pytest.mark.slow

#: Status of the portal's response to a request to run a source.
OK = 200
SECONDS = 60.0


needs_memory = pytest.mark.skipif(
    not REMEMBERS,
    reason="Before Airflow 3.3 a retry does not know of an earlier request until a job begins: it sends another.",
)

needs_told_clear = pytest.mark.skipif(
    not REMEMBERS,
    reason="Airflow 2.11 leaves max_tries as it is if a running task is cleared, so that it looks like a retry.",
)


def assert_harvested(run: Run, job_id: str, how: str = "started") -> None:
    """The task's result is that of this job, which it started, with all four data sets."""
    result: dict[str, Any] = run.result or {}
    assert (result["outcome"], result["job_id"], result["how"]) == ("success", job_id, how)
    assert result["items"]["done"] == 4


#: What a retry says of the job that an earlier try requested: if nothing is remembered, it has joined it.
HOW_AFTER_RETRY = "started" if REMEMBERS else "attached"


def trigger_deferred(airflow: LiveAirflow, portal: Sandbox, source: Source, **params: Any) -> Run:
    """Start a run that defers for certain: its harvest, which could end at its first look, stands still until then."""
    portal.control.freeze_before_item(3)
    run = airflow.trigger("deferred", source_id=source.id, **params)
    run.wait_for("deferred")
    portal.control.wait_until_frozen(timeout=SECONDS)
    portal.control.unfreeze()
    return run


def wait_until_watched(source: Source, job_id: str, looks: int = 3) -> None:
    """Wait until a job has been polled so often from now on."""
    seen = source.looks_at(job_id)
    wait_until(lambda: source.looks_at(job_id) >= seen + looks, SECONDS, lambda: f"Nobody polls job {job_id}.")


# --- killed around the request ---------------------------------------------------------------------------------------


def test_killed_before_the_intent_is_stored_the_retry_asks(
    airflow: LiveAirflow, source: Source, jobs_of_task: JobIds
) -> None:
    run = airflow.trigger("on_worker", source_id=source.id, at="before-intent")

    assert run.wait_for() == "success"
    assert (run.tries, source.answers("run")) == (2, [OK])
    (job_id,) = jobs_of_task()
    assert_harvested(run, job_id)


@needs_memory
def test_killed_between_the_intent_and_the_request_only_a_clear_asks(
    airflow: LiveAirflow, source: Source, jobs_of_task: JobIds
) -> None:
    run = airflow.trigger("impatient", source_id=source.id, at="before-run")

    assert run.wait_for() == "failed"
    assert "HarvestJobNotStarted" in run.log
    assert (run.tries, source.answers("run"), jobs_of_task(), run.result) == (3, [], [], None)

    run.clear()

    assert run.wait_for() == "success"
    assert source.answers("run") == [OK]
    (job_id,) = jobs_of_task()
    assert_harvested(run, job_id)


def test_killed_after_the_request_the_retry_finds_the_ended_job(
    airflow: LiveAirflow, source: Source, jobs_of_task: JobIds
) -> None:
    run = airflow.trigger("on_worker", source_id=source.id, at="after-run")

    assert run.wait_for() == "success"
    assert (run.tries, source.answers("run")) == (2, [OK])
    (job_id,) = jobs_of_task()
    assert_harvested(run, job_id, HOW_AFTER_RETRY)


@needs_memory
def test_killed_after_the_request_the_retry_waits_for_the_queued_job(
    airflow: LiveAirflow, portal: Sandbox, source: Source, jobs_of_task: JobIds
) -> None:
    portal.control.hold_jobs()
    run = airflow.trigger("on_worker", source_id=source.id, at="after-run")
    run.wait_for("running", tries=2)
    portal.control.wait_until_held()
    assert jobs_of_task() == []

    portal.control.release_jobs()

    assert run.wait_for() == "success"
    assert (run.tries, source.answers("run")) == (2, [OK])
    (job_id,) = jobs_of_task()
    assert_harvested(run, job_id)


def test_a_lost_answer_is_searched_for_and_not_requested_again(
    airflow: LiveAirflow, proxy: LossyProxy, source: Source, jobs_of_task: JobIds
) -> None:
    proxy.lose_answer(source.path_of("run"))
    run = airflow.trigger("on_worker", source_id=source.id, connection="harvest_lossy")

    assert run.wait_for() == "success"
    assert proxy.lost == [source.path_of("run")]
    assert (run.tries, source.answers("run")) == (1, [OK])
    (job_id,) = jobs_of_task()
    assert_harvested(run, job_id)


def test_the_key_is_in_no_log(airflow: LiveAirflow, proxy: LossyProxy, portal: Sandbox, source: Source) -> None:
    proxy.lose_answer(source.path_of("run"))
    run = airflow.trigger("deferred", source_id=source.id, connection="harvest_lossy")

    assert run.wait_for() == "success"
    logs = [path for path in airflow.home.rglob("*.log") if portal.keys.admin in path.read_text(errors="replace")]
    assert "Waiting for the job instead of requesting again" in run.log
    assert logs == []


# --- killed while waiting --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failing, state",
    [pytest.param(0, "success", id="sound harvest"), pytest.param(1, "failed", id="an item fails")],
)
def test_killed_while_polling_the_retry_goes_on_with_the_same_job(
    airflow: LiveAirflow, portal: Sandbox, source: Source, jobs_of_task: JobIds, failing: int, state: str
) -> None:
    source.serve(datasets=4, failing=failing)
    portal.control.freeze_before_item(3)
    run = airflow.trigger("on_worker", source_id=source.id)
    (job_id,) = portal.control.wait_until_frozen(timeout=SECONDS)
    wait_until_watched(source, job_id)

    os.kill(run.wait_for_mark("after-run"), signal.SIGKILL)
    run.wait_for("running", tries=2)
    wait_until_watched(source, job_id)
    portal.control.unfreeze()

    assert run.wait_for() == state
    assert (run.tries, source.answers("run"), jobs_of_task()) == (2, [OK], [job_id])
    result = run.result or {}
    assert (result["job_id"], result["items"]["done"], result["items"]["failed"]) == (job_id, 4, failing)


def test_a_deferred_task_outlives_its_triggerer(
    airflow: LiveAirflow, portal: Sandbox, source: Source, jobs_of_task: JobIds
) -> None:
    portal.control.freeze_before_item(3)
    run = airflow.trigger("deferred", source_id=source.id)
    run.wait_for("deferred")
    (job_id,) = portal.control.wait_until_frozen(timeout=SECONDS)
    wait_until_watched(source, job_id)

    airflow.kill("triggerer")
    portal.control.unfreeze()
    portal.control.wait_until_idle()  # the job ends while nobody looks
    assert run.task["state"] == "deferred"
    airflow.revive()

    assert run.wait_for() == "success"
    assert (run.tries, source.answers("run"), jobs_of_task()) == (1, [OK], [job_id])
    assert_harvested(run, job_id)


def test_killed_on_resuming_the_retry_judges_the_same_job(
    airflow: LiveAirflow, portal: Sandbox, source: Source, jobs_of_task: JobIds
) -> None:
    run = trigger_deferred(airflow, portal, source, at="resumed")

    assert run.wait_for() == "success"
    assert (len(run.marks("resumed")), run.tries, source.answers("run")) == (1, 2, [OK])
    (job_id,) = jobs_of_task()
    assert_harvested(run, job_id, HOW_AFTER_RETRY)


def test_a_dead_scheduler_makes_a_resuming_task_request_nothing_again(
    airflow: LiveAirflow, portal: Sandbox, source: Source, jobs_of_task: JobIds
) -> None:
    """The scheduler that takes over forgets the deferral and executes again (3.3), or resumes once more (2.11)."""
    run = trigger_deferred(airflow, portal, source, at="resumed", signal="SIGSTOP")
    run.wait_for_mark("resumed")

    airflow.kill("scheduler")
    airflow.revive()

    assert run.wait_for() == "success"
    assert (len(run.marks("resumed")), source.answers("run")) == (1 if REMEMBERS else 2, [OK])
    (job_id,) = jobs_of_task()
    assert_harvested(run, job_id)


# --- cleared by a user -----------------------------------------------------------------------------------------------


def test_cleared_after_its_end_it_asks_for_another_harvest(
    airflow: LiveAirflow, source: Source, jobs_of_task: JobIds
) -> None:
    run = airflow.trigger("on_worker", source_id=source.id)
    assert run.wait_for() == "success"
    (first,) = jobs_of_task()
    assert_harvested(run, first)

    run.clear()

    assert run.wait_for() == "success"
    assert source.answers("run") == [OK, OK]
    earlier, second = jobs_of_task()
    assert earlier == first
    assert_harvested(run, second)


@pytest.mark.parametrize(
    "dag_id, state",
    [pytest.param("on_worker", "running", marks=needs_told_clear), pytest.param("deferred", "deferred")],
)
def test_cleared_while_its_job_runs_it_lets_that_end_before_it_asks_again(
    airflow: LiveAirflow, portal: Sandbox, source: Source, jobs_of_task: JobIds, dag_id: str, state: str
) -> None:
    portal.control.freeze_before_item(3)
    run = airflow.trigger(dag_id, source_id=source.id)
    run.wait_for(state)
    (first,) = portal.control.wait_until_frozen(timeout=SECONDS)
    wait_until_watched(source, first)

    run.clear()
    run.wait_for(state, tries=2)
    wait_until_watched(source, first)
    assert source.answers("run") == [OK]
    portal.control.unfreeze()

    assert run.wait_for() == "success"
    assert source.answers("run") == [OK, OK]
    earlier, second = (source.client.get_job(job_id) for job_id in jobs_of_task())
    assert earlier.id == first
    assert earlier.ended is not None
    assert second.created is not None
    assert second.created >= earlier.ended
    assert_harvested(run, str(second.id))
