"""Waiting for the portal's own run: its dead jobs, ticks that have just passed, clocks that differ, and retries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.fake_portal.scripted import SOURCE_ID, T0, instant, items_move, job_appears, outage, whole_job
from tests.support.task_life import Store, Task, run_operator
from tests.support.task_stories import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.operators.job import HarvestRunSourceOperator

MIDNIGHT = 21 * HOUR + 55 * 60.0


def waiting_for_portal() -> Callable[[], HarvestRunSourceOperator]:
    return run_operator(on_run_refused="wait")


@pytest.mark.parametrize(
    "cron, days, lasts",
    [("0 0 * * *", 1, 60.0), ("0 0 * * *", 1, 20 * HOUR), ("0 0 * * 2,4", 2, 60.0)],
    ids=["daily", "daily, and long", "on two days a week"],
)
def test_the_portals_own_dead_job_gives_way_to_the_next_run(
    monkeypatch: pytest.MonkeyPatch, cron: str, days: int, lasts: float
) -> None:
    """It is found at the tick and known to be dead six hours later: the time to begin in is over by then."""
    again = MIDNIGHT + days * 24 * HOUR
    moves = [(again + hour * HOUR, items_move("good", done=1)) for hour in range(int(lasts / HOUR))]
    timeline = [(MIDNIGHT + 60, job_appears("dead")), *whole_job("good", again, lasts), *moves]
    make = run_operator(on_run_refused="wait", poll_interval=600)
    task = Task(monkeypatch, timeline, make, has_key=False, store=Store())
    task.client.portal.life.change(schedule=cron)
    assert task.try_() == "success", task.message


@pytest.mark.parametrize(
    "schedule, gives_up",
    [("0 0 * * *", MIDNIGHT + 3 * HOUR), (None, 9 * HOUR), ("every day", 9 * HOUR)],
    ids=["at the next run", "no schedule", "no cron"],
)
def test_a_job_that_was_there_and_is_dead_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, schedule: str | None, gives_up: float
) -> None:
    make = run_operator(on_run_refused="wait", deferrable=False, after=instant(T0 - 600), poll_interval=600)
    task = Task(monkeypatch, [(-60, job_appears("dead"))], make, has_key=False, store=Store())
    task.client.portal.life.change(schedule=schedule)
    assert task.try_() == "HarvestJobNotStarted"
    assert gives_up <= task.clock.now() - T0 <= gives_up + HOUR


def test_a_run_that_is_just_due_is_polled_often(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(monkeypatch, whole_job("portal", MIDNIGHT + 90, 60), waiting_for_portal(), has_key=False)
    task.clock.advance(MIDNIGHT + 30)
    assert task.try_() == "success"
    assert task.clock.now() < T0 + MIDNIGHT + 300
    assert "due since about 00:00 UTC (30 s), next about Wed 04 Mar 00:00 UTC" in " ".join(
        line.strip() for line in task.lines
    )


def test_a_run_that_was_just_due_and_does_not_come_is_waited_for_at_the_next_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = Task(monkeypatch, whole_job("portal", MIDNIGHT + 24 * HOUR + 90, 60), waiting_for_portal(), has_key=False)
    task.clock.advance(MIDNIGHT + 30)
    assert task.try_() == "success"
    assert task.clock.now() < T0 + MIDNIGHT + 24 * HOUR + 300
    assert len(task.client.requests) < 300


def test_of_a_time_to_come_the_tick_after_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = [*whole_job("tonight", MIDNIGHT + 60), *whole_job("tomorrow", MIDNIGHT + 24 * HOUR + 60)]
    make = run_operator(on_run_refused="wait", after=instant(T0 + MIDNIGHT + 6 * HOUR))
    task = Task(monkeypatch, timeline, make, has_key=False)
    assert task.try_() == "success", task.message
    assert task.result["job_id"] == "tomorrow"


def test_a_retried_sensor_takes_the_job_that_ended_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal is down when the first try looks, and the harvest ends before the retry."""

    def sensor() -> HarvestJobSensor:
        return HarvestJobSensor(task_id="task", source_id=SOURCE_ID, deferrable=True, retries=2)

    timeline = [*outage(-1, 100), *whole_job("portal", 120)]
    task = Task(monkeypatch, timeline, sensor, has_key=False, store=Store())
    assert task.try_() == "HarvestConnectionError"
    task.clock.advance(600)
    assert task.try_() == "success"
    assert task.clock.now() < T0 + 2 * HOUR


def test_a_job_that_began_before_the_task_does_not_count_for_a_small_skew(monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = [*whole_job("before", -3, 60), *whole_job("good", MIDNIGHT + 60)]
    task = Task(monkeypatch, timeline, waiting_for_portal(), has_key=False, store=Store())
    task.client.portal.skew = 4.5
    assert task.try_() == "success"
    assert task.result["job_id"] == "good"
