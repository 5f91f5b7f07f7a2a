"""One life of a source through a portal that goes wrong at random, and what must be true of it in the end."""

from __future__ import annotations

import json
import time
import traceback
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.source import (
    HarvestCreateSourceOperator,
    HarvestDeleteSourceOperator,
    HarvestScheduleSourceOperator,
    HarvestValidateSourceOperator,
)
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.chaos.tasks import Ended, connection, run_task

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestJob
    from sandbox import Sandbox
    from tests.chaos.proxy import FaultyProxy, Passage

DATASETS = 2
#: Seconds (real ones) until a harvest that was requested counts as lost; on the portal it begins within milliseconds.
_START_TIMEOUT = 3.0
_IDLE_SECONDS = 20.0
#: Seconds that a slow catalogue takes: longer than what comes between its harvest's begin and the run.
_SLOW_CATALOGUE = 0.8
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Shape:
    """What a cycle is like, by its number.

    :param fails: whether the catalogue has a record that udata fails, so that the run must be red.
    :param senses: whether the first harvest, which the acceptance starts, is waited for by the sensor; else the run
        operator meets it while it is running: the catalogue is slow then.
    :param if_exists: what the create operator is told.
    """

    fails: bool
    senses: bool
    if_exists: str

    @classmethod
    def of(cls, number: int) -> Shape:
        return cls(fails=number % 4 == 0, senses=number % 2 == 0, if_exists="fail" if number % 3 == 0 else "return")


@dataclass
class Report:
    """The result of a cycle.

    :param verdict: what the run task said: ``success``, ``failure``, or how else the cycle ended.
    :param problems: what was not as it must be; empty for a good cycle.
    :param tries: tries of all its tasks.
    :param clears: clears of the run task, whose request had been lost before the portal.
    :param log: all that was logged, for a cycle with problems.
    """

    name: str
    verdict: str = "broken off"
    problems: list[str] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    clears: int = 0
    seconds: float = 0.0
    log: list[str] = field(default_factory=list)

    def require(self, holds: bool, problem: str) -> None:
        """Note a problem unless something holds."""
        if not holds:
            self.problems.append(problem)


class Cycle:
    """Creates, accepts, schedules, runs and deletes a source through the proxy, and looks past it at what is true.

    :param number: the cycle's, from 1; shape, names and faults follow from it.
    :param sandbox: the real portal.
    :param proxy: what stands before it.
    """

    def __init__(self, number: int, sandbox: Sandbox, proxy: FaultyProxy) -> None:
        self.name = f"cycle-{number}"
        self.shape = Shape.of(number)
        self.cron = f"{number % 60} {number % 24} * * {number % 7}"
        self._sandbox = sandbox
        self._proxy = proxy
        self._conn_id = f"cycle_{number}"
        self._report = Report(self.name)
        self._shown: list[str] = []

    def run(self) -> Report:
        """Live through it once."""
        began = time.monotonic()
        report, key = self._report, self._sandbox.keys.admin
        slow = 0.0 if self.shape.senses else _SLOW_CATALOGUE
        url = self._sandbox.catalogue.put(self.name, datasets=DATASETS, failing=int(self.shape.fails), delay=slow)
        try:
            with (
                connection(self._conn_id, self._proxy.url(self.name), key),
                HarvestClient(self._sandbox.url, key) as portal,
            ):
                self._live(portal, url)
        except _BrokenOff as error:
            report.problems.append(str(error))
        except Exception as error:  # no task may fail with what is no error of the package or of Airflow
            report.problems.append("".join(traceback.format_exception(error)))
        report.require(not any(key in text for text in self._shown), "The key is shown.")
        targets = [passage.target for passage in self._proxy.passages(self.name)]
        report.require(not any(key in target for target in targets), "The key is in a URL.")
        report.seconds = time.monotonic() - began
        return report

    def _live(self, portal: HarvestClient, url: str) -> None:
        created = self._green(
            "create", HarvestCreateSourceOperator, name=self.name, url=url, backend="dcat",
            if_exists=self.shape.if_exists,
        )  # fmt: skip
        source_id = created["id"]
        self._report.require(created["created"] is True, "The source counts as one that was there before.")
        accepted = self._green("validate", HarvestValidateSourceOperator, source_id=source_id)
        if self.shape.senses:
            sensed = self._green(
                "sense", HarvestJobSensor, source_id=source_id, known_job_ids=accepted["jobs_before"],
                poke_interval=0.1, timeout=60, deferrable=False, fail_on_outcome=False,
            )  # fmt: skip
            jobs = list(portal.iter_jobs(source_id))
            self._report.require([sensed["job_id"]] == [job.id for job in jobs], "The sensor saw another job.")
            self._check_verdict("sensor", sensed)
        else:
            _until_one_runs(portal, source_id)  # while it is queued, run would count it as begun after its request
        self._green("schedule", HarvestScheduleSourceOperator, source_id=source_id, cron=self.cron)
        ran = self._task(
            "run", HarvestRunSourceOperator, source_id=source_id, poll_interval=2, start_timeout=_START_TIMEOUT,
            deferrable=False,
        )  # fmt: skip
        self._check_run(portal, source_id, ran)
        self._report.require(portal.get_source(source_id).schedule == self.cron, "The cron is not the requested one.")
        self._green("delete", HarvestDeleteSourceOperator, source_id=source_id)
        self._report.require(portal.get_source(source_id).deleted is not None, "The source is not deleted.")
        self._check_uniqueness(portal, url)

    # --- tasks -----------------------------------------------------------------------------------------------

    def _task(self, task: str, kind: type[Any], /, **arguments: Any) -> Ended:
        ended = run_task(kind, harvest_conn_id=self._conn_id, **arguments)
        self._report.tries[task] += ended.tries
        self._shown += ended.shown
        return ended

    def _green(self, task: str, kind: type[Any], /, **arguments: Any) -> dict[str, Any]:
        """Run a task that nothing but the portal's troubles may keep from success: its retries must be enough."""
        ended = self._task(task, kind, **arguments)
        if ended.value is None:
            raise _BrokenOff(f"Task {task!r} {ended.state} after {ended.tries} tries: {ended.error!r}")
        return ended.value

    # --- what must be true -----------------------------------------------------------------------------------

    def _check_run(self, portal: HarvestClient, source_id: str, ran: Ended) -> None:
        report = self._report
        report.clears = ran.clears
        result = ran.value or getattr(ran.error, "result", None)
        if not result:
            raise _BrokenOff(f"Task 'run' {ran.state} after {ran.tries} tries, without a verdict: {ran.error!r}")
        report.verdict = result["outcome"]
        report.require((ran.state == "success") is (result["outcome"] == "success"), "State and verdict differ.")
        self._check_verdict("run", result)
        self._check_asked_once(source_id, ran.clears)
        first, *others = _ended_jobs(portal, source_id)
        report.require(len(others) == 1, f"{1 + len(others)} jobs instead of one for the acceptance and one for run.")
        if not others:
            return
        own = others[-1]
        report.require(result["job_id"] == own.id, "The verdict is on another job than the one that run started.")
        report.require(own.has_ended and own.status == result["status"], "The job is not what the result says.")
        report.require(_began(own) >= _ended(first), "Two jobs of the source were running at once.")
        self._check_datasets(portal, source_id, [first, own])

    def _check_asked_once(self, source_id: str, clears: int) -> None:
        """429 is a plain no; after anything else a request may have been carried out, and only a clear repeats it."""
        asked = [
            one
            for one in self._requests("POST", f"/harvest/source/{source_id}/run")
            if not (one.fault and one.fault.status == 429)
        ]
        self._report.require(len(asked) == 1 + clears, f"run asked {len(asked)} times, with {clears} clears.")
        handled = sum(one.carried_out for one in asked)
        self._report.require(handled == 1, f"The portal was made to run it {handled} times.")

    def _check_verdict(self, task: str, result: dict[str, Any]) -> None:
        """The catalogue says what the verdict must be."""
        expected = ("failure", "items") if self.shape.fails else ("success", None)
        said = (result["outcome"], result["failure_kind"])
        self._report.require(said == expected, f"The verdict of {task} is {said} instead of {expected}.")
        counts = (result["items"]["done"], result["items"]["failed"])
        wanted = (DATASETS, int(self.shape.fails))
        self._report.require(counts == wanted, f"The items of {task} are {counts} instead of {wanted}.")

    def _check_datasets(self, portal: HarvestClient, source_id: str, jobs: list[HarvestJob]) -> None:
        """The datasets are on the portal, each once, although two jobs harvested them."""
        done = [item for job in jobs for item in portal.iter_job_items(str(job.id), status="done")]
        by_record = {(item.remote_id, item.dataset_id) for item in done}
        served = self._sandbox.catalogue.ids(self.name)[:DATASETS]
        self._report.require(sorted(str(record) for record, _ in by_record) == sorted(served), "Not those datasets.")
        for _, dataset_id in by_record:
            with _NO_PROXY.open(f"{self._sandbox.url}/api/1/datasets/{dataset_id}/", timeout=30) as answer:
                harvest = json.load(answer)["harvest"]
            self._report.require(harvest["source_id"] == source_id, "A dataset is not of this source.")

    def _check_uniqueness(self, portal: HarvestClient, url: str) -> None:
        for ending in ("/harvest/sources", "/validate"):
            handled = sum(one.carried_out for one in self._requests("POST", ending))
            self._report.require(handled == 1, f"The portal carried out POST ...{ending} {handled} times.")
        listed = [source.id for source in portal.iter_sources(deleted=True, fields="id,url") if source.url == url]
        self._report.require(len(listed) == 1, f"{len(listed)} sources of this catalogue are on the portal.")

    def _requests(self, method: str, ending: str = "") -> list[Passage]:
        return [
            passage
            for passage in self._proxy.passages(self.name)
            if passage.method == method and passage.path.endswith(ending)
        ]


class _BrokenOff(Exception):
    """A cycle that cannot continue."""


def _until_one_runs(portal: HarvestClient, source_id: str) -> None:
    deadline = time.monotonic() + _IDLE_SECONDS
    while not portal.recent_jobs(source_id):
        if time.monotonic() > deadline:
            raise _BrokenOff(f"The harvest that the acceptance starts has not begun after {_IDLE_SECONDS:g} s.")
        time.sleep(0.02)


def _ended_jobs(portal: HarvestClient, source_id: str) -> list[HarvestJob]:
    """Return all jobs of a source, the oldest first, once none is running."""
    deadline = time.monotonic() + _IDLE_SECONDS
    while True:
        jobs = sorted(portal.iter_jobs(source_id), key=_began)
        if all(job.has_ended for job in jobs) or time.monotonic() > deadline:
            return jobs
        time.sleep(0.1)


def _began(job: HarvestJob) -> float:
    return job.created.timestamp() if job.created else 0.0


def _ended(job: HarvestJob) -> float:
    return job.ended.timestamp() if job.ended else float("inf")
