"""What a task does with its tries and its time: retries with and without a memory, deferrals one after the other.

The tasks live on the fake portal and clock of `tests.support.task_life`; Airflow ends a deferral at its timeout.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError, HarvestUnavailable
from airflow_provider_harvest.operators import _memory_between_tries
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    items_move,
    job_appears,
    job_ends,
    outage,
    rate_limited,
    server_error,
    unreachable,
    whole_job,
)
from tests.support.task_life import Store, Task, run_operator
from tests.support.task_stories import HOUR, REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fake_portal.scripted import Timeline


# --- time ----------------------------------------------------------------------------------------------------


def test_a_deferred_sensor_has_all_of_its_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is harvested once a week: no job for longer than one may run."""
    task = Task(
        monkeypatch,
        whole_job("weekly", 100 * HOUR),
        lambda: HarvestJobSensor(task_id="task", source_id=SOURCE_ID, deferrable=True, timeout=168 * HOUR),
    )
    assert task.try_() == "success"
    assert task.result["job_id"] == "weekly"
    assert task.clock.now() > T0 + 100 * HOUR


@pytest.mark.parametrize("deferrable", [False, True], ids=["on the worker", "deferred"])
def test_execution_timeout_spans_all_waits_of_a_try(monkeypatch: pytest.MonkeyPatch, deferrable: bool) -> None:
    """Another job blocks the request for most of it. Airflow itself ends no deferred task for its execution_timeout."""
    others = [(-60.0, job_appears("other")), (0.9 * HOUR, job_ends("other"))]
    operator = run_operator(execution_timeout=timedelta(hours=1), deferrable=deferrable)
    task = Task(monkeypatch, [*others, *whole_job("new", HOUR, HOUR)], operator)

    assert task.try_() == "HarvestTimeout"
    assert task.clock.now() == T0 + HOUR


@pytest.mark.parametrize(
    "timeout, limit, ends, message",
    [
        pytest.param(168, 2, "HarvestTimeout", "Airflow retries this", id="its execution_timeout is over first"),
        pytest.param(2, 168, "AirflowSensorTimeout", "The sensor's timeout is over", id="its timeout is over first"),
    ],
)
def test_a_deferred_sensor_ends_by_whichever_limit_is_over_first(
    timeout: int, limit: int, ends: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow 3 ends no deferred task for its execution_timeout; on a worker it ends, and retries, a sensor so."""
    limits: dict[str, Any] = {"timeout": timeout * HOUR, "execution_timeout": timedelta(hours=limit), "retries": 1}
    task = Task(
        monkeypatch,
        whole_job("late", 100 * HOUR),
        lambda: HarvestJobSensor(task_id="task", source_id=SOURCE_ID, deferrable=True, **limits),
    )
    assert task.try_() == ends
    assert message in task.message
    assert task.clock.now() == T0 + 2 * HOUR


def test_a_rescheduled_sensor_has_all_of_its_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow counts the execution_timeout of each poke by itself."""
    task = Task(
        monkeypatch,
        whole_job("late", 100 * HOUR),
        lambda: HarvestJobSensor(
            task_id="task",
            source_id=SOURCE_ID,
            mode="reschedule",
            timeout=168 * HOUR,
            execution_timeout=timedelta(hours=1),
        ),
    )
    assert task.try_() == "success"
    assert task.clock.now() > T0 + 100 * HOUR


@pytest.mark.parametrize("deferrable", [False, True], ids=["on the worker", "deferred"])
def test_a_portal_that_goes_down_while_another_job_is_let_end(
    monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    task = Task(monkeypatch, [(-60, job_appears("other")), *outage(60, 99 * HOUR)], run_operator(deferrable=deferrable))
    assert task.try_() == "HarvestPortalUnreachable"


# --- tries that Airflow remembers ----------------------------------------------------------------------------


def test_a_harvest_since_the_first_try_counts_although_that_never_reached_the_portal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timeline = [*outage(-1, 100), *whole_job("portal", 200)]
    task = Task(monkeypatch, timeline, run_operator(on_run_refused="wait"), has_key=False, store=Store())
    assert task.try_() == "HarvestConnectionError"
    task.clock.advance(600)

    assert task.try_() == "success"
    assert task.result["job_id"] == "portal"
    assert task.clock.now() == T0 + 600


def test_a_retry_after_an_unreachable_catalogue_requests_again(monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = [(60, job_appears("first")), (90, job_ends("first", "failed", REFUSED)), *whole_job("second", HOUR)]
    task = Task(monkeypatch, timeline, run_operator(), store=Store())
    assert task.try_() == "HarvestOutcomeRejected"

    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("second", 2)


FAILED_FIRST = [(60.0, job_appears("first")), (90.0, job_ends("first", "failed", REFUSED)), *whole_job("second", HOUR)]


@pytest.mark.parametrize("store", [True, False], ids=["3.3", "2.11"])
def test_a_try_that_ended_well_is_repeated_without_a_request(monkeypatch: pytest.MonkeyPatch, store: bool) -> None:
    """The catalogue was unreachable, which `fail_on_outcome=False` accepts; the worker dies before Airflow knows."""
    monkeypatch.setattr(_memory_between_tries, "first_start_of", lambda context: T0)
    operator = run_operator(fail_on_outcome=False, deferrable=False)
    task = Task(monkeypatch, FAILED_FIRST, operator, store=Store() if store else None)
    assert (task.try_(), task.result["failure_kind"]) == ("success", "remote_unreachable")

    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("first", 1)


class Killed(BaseException):
    """SIGKILL: nothing of the task runs on."""


def kill_at_the_request(monkeypatch: pytest.MonkeyPatch, task: Task, *, handled: bool) -> None:
    """Let the first worker die as it asks for the harvest, before or after the portal has taken the request."""
    run_source = task.client.run_source

    def die(source_id: str) -> None:
        monkeypatch.setattr(task.client, "run_source", run_source)
        if handled:
            run_source(source_id)
        raise Killed

    monkeypatch.setattr(task.client, "run_source", die)


def test_a_worker_that_dies_after_asking_is_followed_by_one_that_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(
        monkeypatch,
        [(-60, job_appears("old")), (-30, job_ends("old")), *whole_job("mine", HOUR)],
        run_operator(),
        store=Store(),
    )
    kill_at_the_request(monkeypatch, task, handled=True)
    with pytest.raises(Killed):
        task.try_()

    assert task.try_() == "success"
    assert (task.result["job_id"], task.result["how"], task.client.count("run")) == ("mine", "started", 1)


def test_a_worker_that_dies_before_asking_is_followed_by_one_that_does_not_ask_until_a_clear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = Task(monkeypatch, whole_job("mine", 9 * HOUR), run_operator(start_timeout=HOUR), store=Store())
    kill_at_the_request(monkeypatch, task, handled=False)
    with pytest.raises(Killed):
        task.try_()

    assert task.try_() == "HarvestJobNotStarted"
    assert task.client.count("run") == 0

    task.clear()
    task.clock.advance(T0 + 8.5 * HOUR - task.clock.now())
    assert task.try_() == "success"
    assert task.client.count("run") == 1


def test_a_worker_that_dies_while_waiting_is_followed_by_one_that_waits_for_the_same_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = Task(monkeypatch, whole_job("mine", 60, HOUR), run_operator(deferrable=False), store=Store())
    monkeypatch.setattr(task.client, "peek_job", killer(monkeypatch, task.client, "peek_job", after=3))
    with pytest.raises(Killed):
        task.try_()

    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("mine", 1)


def killer(monkeypatch: pytest.MonkeyPatch, client: Any, name: str, after: int) -> Callable[..., Any]:
    """Make a method that kills the worker once, at its call after so many."""
    original = getattr(client, name)
    calls = iter(range(after))

    def method(*args: Any, **kwargs: Any) -> Any:
        if next(calls, None) is None:
            monkeypatch.setattr(client, name, original)
            raise Killed
        return original(*args, **kwargs)

    return method


def test_a_retry_does_not_go_back_to_the_portals_job_that_was_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = 22 * HOUR
    operator = run_operator(
        on_run_refused="wait", deferrable=False, start_timeout=20 * HOUR, first_item_timeout=3 * HOUR
    )
    timeline = [(midnight, job_appears("dead")), *whole_job("good", midnight + 5 * HOUR)]
    task = Task(monkeypatch, timeline, operator, has_key=False, store=Store())
    recent_jobs = task.client.recent_jobs

    def die_between_the_two(source_id: str, page: int = 1) -> Any:
        if task.clock.now() < T0 + midnight + 4 * HOUR:
            return recent_jobs(source_id, page)
        monkeypatch.setattr(task.client, "recent_jobs", recent_jobs)
        raise Killed

    monkeypatch.setattr(task.client, "recent_jobs", die_between_the_two)
    with pytest.raises(Killed):
        task.try_()

    assert task.try_() == "success"
    assert task.result["job_id"] == "good"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(unreachable(), id="nothing was sent"),
        pytest.param(rate_limited(7200), id="turned away at the door"),
        pytest.param(HarvestUnavailable("Read-only.", status_code=423), id="maintenance"),
    ],
)
def test_a_request_that_was_certainly_not_carried_out_is_made_again(
    monkeypatch: pytest.MonkeyPatch, error: HarvestError
) -> None:
    task = Task(monkeypatch, whole_job("mine", HOUR), run_operator(), store=Store())
    run_source = task.client.run_source

    def fail(source_id: str) -> None:
        monkeypatch.setattr(task.client, "run_source", run_source)
        raise error

    monkeypatch.setattr(task.client, "run_source", fail)
    assert task.try_() == type(error).__name__

    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("mine", 1)


def test_a_retry_passes_over_a_job_that_died_and_requests_again(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(monkeypatch, [(60, job_appears("dead")), *whole_job("second", 9 * HOUR)], run_operator(), store=Store())
    assert task.try_() == "HarvestJobStalled"
    task.clock.advance(T0 + 8.5 * HOUR - task.clock.now())

    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("second", 2)


def test_a_worker_that_dies_with_a_joined_job_is_followed_by_one_that_keeps_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timeline = [(-60, job_appears("joined")), (30, items_move("joined", done=1)), (HOUR, job_ends("joined"))]
    task = Task(monkeypatch, timeline, run_operator(if_running="attach", deferrable=False), store=Store())
    monkeypatch.setattr(task.client, "peek_job", killer(monkeypatch, task.client, "peek_job", after=3))
    with pytest.raises(Killed):
        task.try_()
    task.clock.advance(2 * HOUR)  # it has ended meanwhile

    assert task.try_() == "success"
    assert (task.result["job_id"], task.result["how"], task.client.count("run")) == ("joined", "attached", 0)


def test_after_an_unclear_answer_the_job_is_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(monkeypatch, whole_job("mine", HOUR), run_operator(), store=Store())
    run_source = task.client.run_source

    def lose_answer(source_id: str) -> None:
        run_source(source_id)
        raise server_error(500)

    monkeypatch.setattr(task.client, "run_source", lose_answer)

    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("mine", 1)


def test_a_cleared_task_asks_for_a_harvest_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(monkeypatch, [*whole_job("first", 60), *whole_job("second", HOUR)], run_operator(), store=Store())
    assert task.try_() == "success"

    task.clear()
    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("second", 2)


def test_a_retry_that_is_about_another_source_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    task = Task(monkeypatch, whole_job("mine", HOUR), run_operator(), store=store)
    store.set("harvest_run", {**OLD_INTENT, "source_id": "another"})

    assert task.try_() == "success"
    assert task.client.count("run") == 1


#: What an earlier try of a task with two retries stored.
OLD_INTENT = {
    "source_id": SOURCE_ID,
    "max_tries": 2,
    "first_started": T0 - HOUR,
    "known": [],
    "asked_at": T0 - HOUR,
    "job_id": None,
    "how": "started",
    "passed_over": [],
}


# --- tries before Airflow 3.3: only when the first one started may be known -------------------------------------


@pytest.fixture
def first_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's history says that the first try started with the story."""
    monkeypatch.setattr(_memory_between_tries, "first_start_of", lambda context: T0)


@pytest.mark.usefixtures("first_start")
def test_without_memory_a_retry_takes_a_job_since_the_first_start(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(monkeypatch, whole_job("mine", 60), run_operator())
    task.tried = 1  # that try asked, and was killed
    task.clock.advance(600)

    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("mine", 0)


@pytest.mark.usefixtures("first_start")
@pytest.mark.parametrize(
    "first, end",
    [
        pytest.param(
            [(60, job_appears("first")), (90, job_ends("first", "failed", REFUSED))],
            "HarvestOutcomeRejected",
            id="unreachable catalogue",
        ),
        pytest.param([(60, job_appears("first"))], "HarvestJobStalled", id="dead job"),
    ],
)
def test_without_memory_a_retry_requests_again_where_the_job_is_spent(
    monkeypatch: pytest.MonkeyPatch, first: Timeline, end: str
) -> None:
    task = Task(monkeypatch, [*first, *whole_job("second", 8 * HOUR)], run_operator())
    assert task.try_() == end
    task.clock.advance(T0 + 7.5 * HOUR - task.clock.now())

    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("second", 2)


@pytest.mark.usefixtures("first_start")
def test_without_memory_a_retry_that_knows_the_first_start_does_not_say_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = Task(monkeypatch, whole_job("portal", HOUR), run_operator(on_run_refused="wait"), has_key=False)
    task.tried = 1

    assert task.try_() == "success"
    assert not [line for line in task.lines if "not known here" in line]


def test_a_task_that_waited_for_a_job_polls_again_before_it_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another task waited for the same job, and was quicker: its harvest is let end, too."""
    first = [(-60.0, job_appears("first")), (10.0, job_ends("first"))]
    quicker = [(15.0, job_appears("quicker")), (600.0, job_ends("quicker"))]
    task = Task(
        monkeypatch, [*first, *quicker, *whole_job("mine", 700)], run_operator(deferrable=False, poll_interval=60)
    )
    assert task.try_() == "success"
    assert task.result["job_id"] == "mine"
    assert [at >= T0 + 600 for at in task.client.times_of("run")] == [True]
