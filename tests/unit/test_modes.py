"""However a task waits, it says the same: one table of stories, each lived through in every mode on a fake clock.

Modes: the run operator on the worker and deferred, the sensor poking, rescheduled and deferred; the deferred ones go
through the real trigger, with its arguments and its event as JSON. Airflow's own loop of sensors runs for real.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_harvest._compat import (
    AirflowRescheduleException,
    AirflowSkipException,
    BaseSensorOperator,
    TaskDeferred,
)
from airflow_provider_harvest.exceptions import HarvestAuthError
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.operators._base import HarvestFailException
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.portal.models import HarvestBackend
from airflow_provider_harvest.portal.outcome.summary import summary_lines
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from airflow_provider_harvest.triggers import job as triggers_job
from tests.unit.fakes import (
    SOURCE_ID,
    T0,
    FakeClient,
    FakeClock,
    FakePortal,
    Timeline,
    fails_with,
    instant,
    items_move,
    job_appears,
    job_ends,
    outage,
    source_changes,
    source_is_purged,
    whole_job,
)
from tests.unit.many import FakeTimeLoop

HOUR = 3600.0
RUN_MODES = ("run on the worker", "run deferred")
SENSOR_MODES = ("poke", "reschedule", "sensor deferred")
REFUSED = "HTTPConnectionPool(host='ville.example'): Max retries exceeded (Connection refused)"


def ends_with(status: str, *errors: str, **items: int) -> Timeline:
    """A job that ends two minutes after it was asked for."""
    return [(60, job_appears("new")), (90, items_move("new", **items)), (120, job_ends("new", status, *errors))]


def never_ending(hours: int) -> Timeline:
    """A job that moves on and on."""
    moves = [(hour * HOUR, items_move("new", done=1)) for hour in range(1, hours)]
    return [(60, job_appears("new")), *moves]


@dataclass(frozen=True)
class Story:
    """What the portal does, what is asked of it, and how that ends.

    :param run: the end of the run operator: ``success``, ``failed`` (no retry), else the exception that is retried.
    :param sensor: the end of the sensor; the same unless given.
    :param soft: the end of the sensor with ``soft_fail``; unless given, ``failed`` becomes the plain exception
        ``plain``, which neither skips nor is an ``AirflowException``.
    """

    name: str
    timeline: Timeline
    arguments: dict[str, Any]
    run: str
    sensor: str = ""
    plain: str = "HarvestOutcomeRejected"
    soft: str = ""

    def end(self, mode: str, soft_fail: bool) -> str:
        hard = self.run if mode in RUN_MODES else self.sensor or self.run
        if not soft_fail:
            return hard
        return self.soft or (self.plain if hard == "failed" else hard)


STORIES = (
    Story("done", whole_job("new", 60), {}, "success"),
    Story("done, with nothing done", ends_with("done"), {}, "failed"),
    Story("nothing done is fine", ends_with("done"), {"min_done_items": 0}, "success"),
    Story("skipped and archived only", ends_with("done", skipped=2, archived=3), {}, "failed"),
    Story("done, with job errors", ends_with("done", "max items reached", done=3), {}, "failed"),
    Story("job errors are fine", ends_with("done", "max", done=3), {"fail_on_job_errors": False}, "success"),
    Story("errors within the limit", ends_with("done-errors", done=3, failed=1), {"max_failed_items": 1}, "success"),
    Story("errors over the limit", ends_with("done-errors", done=3, failed=1), {}, "failed"),
    Story("share over the limit", ends_with("done-errors", done=3, failed=1), {"max_failed_ratio": 0.2}, "failed"),
    Story("only mine", ends_with("done-errors", done=3, failed=1), {"remote_ids": ["record-1"]}, "success"),
    Story("mine failed", ends_with("done-errors", done=3, failed=1), {"remote_ids": ["record-3"]}, "failed"),
    Story("mine is missing", ends_with("done", done=3), {"remote_ids": ["other"]}, "failed"),
    Story("failed", ends_with("failed", "Unknown field"), {}, "failed"),
    Story("cut catalogue", ends_with("failed", "no element found"), {}, "HarvestOutcomeRejected", sensor="failed"),
    Story("failed, and that is fine", ends_with("failed"), {"fail_on_outcome": False}, "success"),
    Story("remote unreachable", ends_with("failed", REFUSED), {}, "HarvestOutcomeRejected", sensor="failed"),
    Story("unknown status", ends_with("exploded", done=3), {}, "failed"),
    Story("never starts", (), {"start_timeout": 600}, "HarvestJobNotStarted"),
    Story("stands still", [(60, job_appears("new")), (90, items_move("new", done=1))], {}, "HarvestJobStalled"),
    Story("never has an item", [(60, job_appears("new"))], {}, "HarvestJobStalled"),
    Story("runs too long", never_ending(9), {"run_timeout": 5 * HOUR}, "HarvestTimeout"),
    Story("time is over", never_ending(9), {"over": HOUR}, "HarvestTimeout", "AirflowSensorTimeout", soft="skipped"),
    Story("portal down", outage(30, 99 * HOUR), {"max_poll_failures": 3}, "HarvestPortalUnreachable"),
    Story("portal down for a while", [*whole_job("new", 60), *outage(90, 300)], {}, "success"),
    Story("wrong key", [(0, fails_with(HarvestAuthError("No.")))], {}, "failed", plain="HarvestAuthError"),
    Story("missing source", [(0, source_is_purged)], {}, "failed", plain="HarvestNotFound"),
    Story(
        "deleted while waiting",
        [(100, source_changes(deleted=instant(T0 + 100)))],
        {"start_timeout": 9 * HOUR},
        "failed",
        plain="HarvestSourceNotRunnable",
    ),
)


class Client(FakeClient):
    """What the run operator calls beside what waiting does."""

    has_key = True

    def __init__(self, portal: FakePortal) -> None:
        super().__init__(portal)
        self.has_key = True

    def list_backends(self) -> list[HarvestBackend]:
        self._ask("list_backends")
        return [HarvestBackend("dcat", "DCAT")]

    def run_source(self, source_id: str) -> None:
        self._ask("run_source")


class Life:
    """A task from its first look to its end, as Airflow leads it."""

    def __init__(self, mode: str, story: Story, soft_fail: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mode, self.story, self.soft_fail = mode, story, soft_fail
        self.clock = FakeClock()
        self.client = Client(FakePortal(self.clock, story.timeline))
        self.xcoms: dict[str, Any] = {}
        self.lines: list[str] = []
        self.message = ""
        self.rescheduled = 0
        self._take_over(monkeypatch)

    def _take_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the fake clock and client where Airflow and the hook have theirs."""

        connection = {"conn_type": "harvest", "host": "https://portal.example"}
        monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", json.dumps(connection))
        monkeypatch.setattr(HarvestHook, "get_conn", lambda hook: self.client)
        monkeypatch.setattr(triggers_job, "reading_client", lambda settings: self.client)
        airflow = getattr(BaseSensorOperator.execute, "__wrapped__", BaseSensorOperator.execute).__globals__
        time = SimpleNamespace(sleep=self.clock.sleep, monotonic=self.clock.monotonic)
        monkeypatch.setitem(airflow, "time", time)
        monkeypatch.setitem(airflow, "timezone", SimpleNamespace(utcnow=lambda: instant(self.clock.now())))
        monkeypatch.setitem(airflow, "_orig_start_date", lambda *args, **kwargs: self._first_date())  # Airflow 2.11
        log = logging.Logger("task")
        log.addFilter(lambda record: bool(self.lines.append(record.getMessage())))
        for kind in (HarvestRunSourceOperator, HarvestJobSensor):
            monkeypatch.setattr(kind, "log", log, raising=False)

    def lead(self) -> str:
        """Live to the end; return it: ``success``, ``failed`` (no retry), ``skipped``, or the exception's name."""
        try:
            self._live()
        except Exception as error:
            self.message = str(error)
            named = {HarvestFailException: "failed", AirflowSkipException: "skipped"}
            return named.get(type(error), type(error).__name__)
        return "success"

    def _live(self) -> None:
        while True:
            try:
                self._work()
            except AirflowRescheduleException as later:
                self.rescheduled += 1
                self.clock.advance(max(0.0, later.reschedule_date.timestamp() - self.clock.now()))
            except TaskDeferred as deferred:
                self._work(self._trigger(deferred), deferred.method_name)
                return
            else:
                return

    def _trigger(self, deferred: TaskDeferred) -> dict[str, Any]:
        """Be the triggerer: make the trigger again from JSON, and hand its event over as JSON."""
        _, arguments = deferred.trigger.serialize()

        async def events() -> list[Any]:
            trigger = type(deferred.trigger)(**json.loads(json.dumps(arguments)))
            return [event.payload async for event in trigger.run()]

        loop = FakeTimeLoop(self.clock)
        try:
            [event] = loop.run_until_complete(events())
        finally:
            loop.close()
        return json.loads(json.dumps(event))  # type: ignore[no-any-return]

    def _work(self, event: dict[str, Any] | None = None, method: str = "") -> None:
        """Be a worker, with a task object of its own."""
        task = self._task()
        ti = SimpleNamespace(
            dag_id="dag",
            task_id="task",
            run_id="run",
            map_index=-1,
            try_number=1,
            max_tries=1,
            task=task,
            xcom_push=lambda key, value: self.xcoms.update({key: value}),
            get_first_reschedule_date=lambda context: self._first_date(),
        )
        context = {"ti": ti, "task": task, "task_reschedule_count": self.rescheduled}
        if event is None:
            task.execute(context)
        else:
            task.resume_execution(method, {"event": event}, context)

    def _first_date(self) -> Any:
        return instant(T0) if self.rescheduled else None

    def _task(self) -> Any:
        arguments = dict(self.story.arguments)
        over = arguments.pop("over", None)
        arguments.update(task_id="task", source_id=SOURCE_ID, deferrable="deferred" in self.mode, retries=1)
        if self.mode in RUN_MODES:
            limit = None if over is None else timedelta(seconds=over)
            return HarvestRunSourceOperator(**arguments, execution_timeout=limit)
        airflow_mode = "reschedule" if self.mode == "reschedule" else "poke"
        timeout = over or 99 * HOUR
        return HarvestJobSensor(
            **arguments, known_job_ids=[], mode=airflow_mode, timeout=timeout, soft_fail=self.soft_fail
        )


@pytest.mark.parametrize("soft_fail", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_mode_says_the_same(monkeypatch: pytest.MonkeyPatch, story: Story, soft_fail: bool) -> None:
    ends, results, logged = {}, {}, {}
    modes = SENSOR_MODES if soft_fail else (*RUN_MODES, *SENSOR_MODES)
    for mode in modes:
        life = Life(mode, story, soft_fail, monkeypatch)
        ends[mode] = life.lead()
        results[mode] = {**life.xcoms.get("harvest_result", {}), "how": None}
        logged[mode] = life.lines

    assert ends == {mode: story.end(mode, soft_fail) for mode in modes}
    assert all(result == results[modes[0]] for result in results.values())
    if len(results[modes[0]]) > 1:  # there is one: told once, by the log or by the exception
        summary = summary_lines({**results[modes[0]], "how": "started"})
        told = summary if ends[modes[0]] == "success" else []
        assert {mode: [line for line in lines if line in summary] for mode, lines in logged.items()} == dict.fromkeys(
            modes, told
        )
