"""The run operator on real portals: whose job it waits for, its verdict, what bad input gets."""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestJobNotStarted,
    HarvestSourceBusy,
)
from airflow_provider_harvest.links.harvest import JOB_URL_KEY, SOURCE_URL_KEY
from airflow_provider_harvest.operators._retries import HarvestFailException
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from tests.support.expected_failures import fails
from tests.support.task_processes import Task, job_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox

pytestmark = pytest.mark.integration


@pytest.fixture
def task(portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A task that has not run yet."""
    return Task(portal, monkeypatch)


@pytest.fixture
def runs(portal: Sandbox) -> Callable[[], int]:
    """How often the portal was asked to run a source since the test began."""
    mark = portal.mark()
    return lambda: sum(1 for r in portal.requests(mark) if r.method == "POST" and r.path.rstrip("/").endswith("/run"))


# --- running ---------------------------------------------------------------------------------------------------------


def test_a_run_waits_for_its_own_job(task: Task, admin: HarvestClient, new_harvest: Any, runs: Any) -> None:
    source = new_harvest(datasets=3)
    before = job_ids(admin, source)

    result = task.harvest(source)

    assert (result["outcome"], result["how"], result["items"]["done"]) == ("success", "started", 3)
    assert [job for job in job_ids(admin, source) if job not in before] == [result["job_id"]]
    assert runs() == 1


def test_a_run_publishes_its_result_and_links(task: Task, new_harvest: Any) -> None:
    result = task.harvest(new_harvest(datasets=1))

    assert task.xcoms["harvest_result"] == result
    assert json.loads(json.dumps(result)) == result
    assert result["job_id"] in task.xcoms[JOB_URL_KEY]
    assert result["source_id"] in task.xcoms[SOURCE_URL_KEY]


@pytest.mark.parametrize(
    "contents, policy, kind",
    [
        pytest.param({"datasets": 3, "failing": 1}, {}, "items", id="an item failed"),
        pytest.param({"datasets": 9, "failing": 1}, {"max_failed_ratio": 0.05}, "items", id="a tenth failed, 5 % may"),
        pytest.param({"datasets": 0}, {}, "empty", id="an empty catalogue"),
        pytest.param({"mode": "error-404"}, {}, "job", id="no catalogue there"),
        pytest.param({"mode": "html"}, {}, "job", id="a web page instead of a catalogue"),
        pytest.param({"mode": "reset"}, {}, "remote_unreachable", id="the remote server hangs up"),
    ],
)
def test_a_harvest_that_is_not_as_required_fails_the_task(
    task: Task, new_harvest: Any, contents: dict[str, Any], policy: dict[str, Any], kind: str
) -> None:
    with fails("does not meet the criteria", Exception) as caught:
        task.harvest(new_harvest(**contents), **policy)

    assert caught.value.result["failure_kind"] == kind
    assert task.xcoms["harvest_result"]["outcome"] == "failure"
    assert isinstance(caught.value, HarvestFailException) is (kind != "remote_unreachable")


@pytest.mark.parametrize(
    "contents, policy",
    [
        pytest.param({"datasets": 3, "failing": 1}, {"max_failed_items": 1}, id="as many failed as may"),
        pytest.param({"datasets": 9, "failing": 1}, {"max_failed_ratio": 0.1}, id="as large a share failed as may"),
        pytest.param({"datasets": 0}, {"min_done_items": 0}, id="an empty catalogue is fine"),
        pytest.param({"datasets": 3, "failing": 1}, {"fail_on_outcome": False}, id="whatever happens"),
    ],
)
def test_what_is_allowed_is_green(task: Task, new_harvest: Any, contents: Any, policy: Any) -> None:
    assert task.harvest(new_harvest(**contents), **policy)["schema"] == 1


@pytest.mark.every_release
def test_a_catalogue_that_loses_its_identifiers_is_red(task: Task, new_harvest: Any, catalogue_server: Any) -> None:
    source = new_harvest(datasets=30)
    catalogue_server.put(source.url.rsplit("/", 1)[1].removesuffix(".xml"), datasets=1, missing_id=29)

    with fails("29 of 30 items skipped: missing identifier"):
        task.harvest(source)
    assert task.xcoms["harvest_result"]["failure_kind"] == "skipped"
    assert task.xcoms["harvest_result"]["skip_reasons"] == {"missing identifier": 29}
    task.store.clear()
    with fails("had 30 done"):  # red until a person says that it is right
        task.harvest(source)
    task.store.clear()
    assert task.harvest(source, max_skipped_ratio=1)["outcome"] == "success"


@pytest.mark.every_release
def test_a_catalogue_that_shrinks_fails_beyond_its_limit(task: Task, new_harvest: Any, catalogue_server: Any) -> None:
    source = new_harvest(datasets=10)
    catalogue_server.put(source.url.rsplit("/", 1)[1].removesuffix(".xml"), datasets=2)

    for _ in range(2):
        with fails("2 items done, and 10 in one of the last ten harvests: 80.0% fewer; 50.0% may be"):
            task.harvest(source, max_drop_ratio=0.5)
        assert task.xcoms["harvest_result"]["failure_kind"] == "loss"
        task.store.clear()
    assert task.harvest(source, max_drop_ratio=0.8)["outcome"] == "success"


def test_only_my_records_count(task: Task, portal: Sandbox, new_catalogue: Any, admin: HarvestClient) -> None:
    catalogue = new_catalogue(datasets=3, failing=1, prefix="mine-")
    source = admin.create_source(catalogue.name, catalogue.url, "dcat", organization=portal.organization.id)
    admin.validate_source(source.id)
    portal.control.wait_until_idle()

    result = task.harvest(source, remote_ids=["mine-1", "mine-3"])

    assert result["outcome"] == "success"
    assert result["remote_ids"]["done"] == 2
    assert not any(result["remote_ids"]["counts"].values())


def test_remote_ids_that_do_not_occur_are_answered_by_some_that_do(task: Task, new_harvest: Any) -> None:
    with pytest.raises(HarvestFailException) as caught:
        task.harvest(new_harvest(datasets=3, prefix="mine-"), remote_ids=["other-1"])

    assert "'mine-1', 'mine-2', 'mine-3'" in str(caught.value)
    assert "dct:identifier" in str(caught.value)


# --- never twice -----------------------------------------------------------------------------------------------------


def test_a_retry_waits_for_the_job_that_the_first_try_requested(
    task: Task, portal: Sandbox, new_harvest: Any, runs: Any
) -> None:
    source = new_harvest(datasets=2)
    portal.control.hold_jobs()
    with pytest.raises(HarvestJobNotStarted):
        task.harvest(source, start_timeout=1)
    portal.control.release_jobs()

    result = task.harvest(source)

    assert (result["outcome"], result["how"]) == ("success", "started")
    assert runs() == 1


def test_a_retry_after_an_unreachable_remote_asks_for_a_new_harvest(
    task: Task, portal: Sandbox, new_catalogue: Any, admin: HarvestClient, runs: Any
) -> None:
    catalogue = new_catalogue(mode="reset")
    source = admin.create_source(catalogue.name, catalogue.url, "dcat", organization=portal.organization.id)
    admin.validate_source(source.id)
    portal.control.wait_until_idle()
    with fails("could not reach the remote catalogue", Exception):
        task.harvest(source)
    catalogue.put(datasets=2)

    assert task.harvest(source)["outcome"] == "success"
    assert runs() == 2


def test_a_running_job_may_end_before_mine_starts(
    task: Task, portal: Sandbox, admin: HarvestClient, new_harvest: Any, runs: Any
) -> None:
    source = new_harvest(datasets=2)
    portal.control.delay_items(0.7)
    portal.control.run_scheduled(source.id)
    other = _first_running(admin, source)

    result = task.harvest(source)

    jobs: dict[Any, Any] = {job.id: job for job in admin.iter_jobs(source.id)}
    assert result["job_id"] != other
    assert jobs[other].ended <= jobs[result["job_id"]].created
    assert runs() == 1


def test_a_running_job_may_be_joined(
    task: Task, portal: Sandbox, admin: HarvestClient, new_harvest: Any, runs: Any
) -> None:
    source = new_harvest(datasets=2)
    portal.control.delay_items(0.7)
    portal.control.run_scheduled(source.id)
    other = _first_running(admin, source)

    result = task.harvest(source, if_running="attach")

    assert (result["how"], result["job_id"], runs()) == ("attached", other, 0)


def test_a_running_job_may_be_a_failure(
    task: Task, portal: Sandbox, admin: HarvestClient, new_harvest: Any, runs: Any
) -> None:
    source = new_harvest(datasets=2)
    portal.control.delay_items(0.7)
    portal.control.run_scheduled(source.id)
    other = _first_running(admin, source)

    with pytest.raises(HarvestSourceBusy, match=other):
        task.harvest(source, if_running="fail")
    assert runs() == 0


def test_a_dead_job_is_named_and_passed_over(
    task: Task, portal: Sandbox, admin: HarvestClient, new_harvest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = new_harvest(datasets=3)
    portal.control.freeze_before_item(2)
    portal.control.run_scheduled(source.id)
    (dead,) = portal.control.wait_until_frozen()
    portal.control.backdate_job(dead, 3 * 3600)

    with caplog.at_level(logging.WARNING):
        result = task.harvest(source)

    assert (result["outcome"], result["how"]) == ("success", "started")
    assert result["job_id"] != dead


# --- refused ---------------------------------------------------------------------------------------------------------


def test_a_key_without_the_right_learns_what_to_do(task: Task, new_harvest: Any, runs: Any) -> None:
    with fails("on_run_refused='wait'"):
        task.harvest(new_harvest(datasets=1), key="user")


def test_a_key_without_the_right_may_wait_for_the_portal(
    task: Task, portal: Sandbox, admin: HarvestClient, new_harvest: Any
) -> None:
    source = new_harvest(datasets=2)
    admin.schedule_source(source.id, "* * * * *")  # due within a minute, so polled often
    mark = portal.mark()
    own_run = threading.Thread(target=_run_once_looked_at, args=(portal, source, mark))
    own_run.start()

    result = task.harvest(source, key="org_editor" if portal.generation == "D" else None, on_run_refused="wait")
    own_run.join()

    assert (result["outcome"], result["how"]) == ("success", "waited")


def test_manual_runs_switched_off_may_be_waited_out(
    task: Task, portal: Sandbox, new_harvest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = new_harvest(datasets=2)
    portal.control.set(HARVEST_ENABLE_MANUAL_RUN=False)
    begun = datetime.now(timezone.utc) - timedelta(minutes=5)

    # The harvest that accepting the source started began after this time, and has ended: it counts.
    result = task.harvest(source, key="org_admin", on_run_refused="wait", after=begun)

    assert (result["outcome"], result["how"]) == ("success", "waited")


def test_a_source_without_a_schedule_is_not_waited_for(task: Task, admin: HarvestClient, new_harvest: Any) -> None:
    source = new_harvest(datasets=1)
    admin.unschedule_source(source.id)

    with fails("has no schedule"):
        task.harvest(source, key=None, on_run_refused="wait")


@pytest.mark.parametrize("on_run_refused", ["fail", "wait"])
def test_a_wrong_key_always_fails(task: Task, new_harvest: Any, runs: Any, on_run_refused: str) -> None:
    source = new_harvest(datasets=1)

    with pytest.raises(HarvestFailException) as caught:
        task.harvest(source, key="not-a-key-of-this-portal", on_run_refused=on_run_refused)

    assert isinstance(caught.value.error, HarvestAuthError)
    assert "not-a-key-of-this-portal" not in str(caught.value)


@pytest.mark.parametrize("what", ["inactive", "deleted", "pending", "refused"])
def test_a_source_that_would_not_be_harvested_is_refused_before_asking(
    task: Task, admin: HarvestClient, new_source: Any, new_harvest: Any, runs: Any, what: str
) -> None:
    source = new_source(datasets=1) if what == "pending" else new_harvest(datasets=1)
    if what == "inactive":
        admin.update_source(source.id, active=False)
    elif what == "deleted":
        admin.delete_source(source.id)
    elif what == "refused":
        admin.validate_source(source.id, "refused", "Not ours.")

    with fails("accept" if what == "pending" else what):
        task.harvest(source)
    assert runs() == 0


@pytest.mark.parametrize(
    "bad, words",
    [
        pytest.param({"on_run_refused": "maybe"}, "on_run_refused", id="on_run_refused"),
        pytest.param({"if_running": "kill"}, "if_running", id="if_running"),
        pytest.param({"start_timeout": -1}, "start_timeout", id="negative time"),
        pytest.param({"after": "2026-11-24T00:00:00"}, "after", id="time without a zone"),
        pytest.param({"max_failed_ratio": 5}, "max_failed_ratio", id="ratio above 1"),
        pytest.param({"remote_ids": []}, "remote_ids", id="no records"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_sent(
    portal_17: Sandbox, monkeypatch: pytest.MonkeyPatch, bad: dict[str, Any], words: str
) -> None:
    mark = portal_17.mark()

    with fails(words):
        Task(portal_17, monkeypatch).run(HarvestRunSourceOperator, source_id="5f00000000000000000000ff", **bad)
    assert portal_17.requests(mark) == []


def test_no_such_source(task: Task) -> None:
    with fails("5f00000000000000000000ff"):
        task.run(HarvestRunSourceOperator, source_id="5f00000000000000000000ff")


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_the_key_is_shown_nowhere(
    task: Task, portal: Sandbox, new_harvest: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    source = new_harvest(datasets=1, failing=1)

    with caplog.at_level(logging.DEBUG), pytest.raises(HarvestFailException) as caught:
        task.harvest(source)

    printed = capfd.readouterr()
    shown = [caplog.text, printed.out, printed.err, repr(caught.value), repr(task.xcoms), repr(task.store)]
    assert not [text for text in shown if portal.keys.admin in text]


def _first_running(client: HarvestClient, source: HarvestSource) -> str:
    """Wait until a job of a source is running; return its id."""
    pause = threading.Event()
    for _ in range(200):
        running = [str(job.id) for job in client.recent_jobs(source.id) if not job.has_ended]
        if running:
            return running[0]
        pause.wait(0.05)
    raise AssertionError("No job of the source was running within 10 s.")


def _run_once_looked_at(portal: Sandbox, source: HarvestSource, mark: int) -> None:
    """Be the portal's scheduler: start the harvest as soon as the task has read the list of jobs."""
    pause = threading.Event()
    for _ in range(300):
        if any(request.path.rstrip("/").endswith(f"{source.id}/jobs") for request in portal.requests(mark)):
            portal.control.run_scheduled(source.id)
            return
        pause.wait(0.1)
