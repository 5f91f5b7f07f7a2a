"""Workers, triggerers and the portal whose clocks differ by minutes: what counts is what happened on the portal.

The portal keeps the time of the tests; each worker's and the triggerer's clock is ahead of it by so many seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from airflow_provider_harvest.triggers import job as triggers_job
from tests.support.fake_portal.scripted import SOURCE_ID, T0, JumpingClock, ScriptedClient, instant, whole_job
from tests.support.fake_portal.state import KEY
from tests.support.task_life import Store, Task, run_operator
from tests.support.task_stories import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fake_portal.scripted import FakeClock, Timeline


class ClockOfAMachine(Clock):
    """The clock of a machine that is wrong by some seconds."""

    def __init__(self, true: FakeClock, ahead: float) -> None:
        self._true, self._ahead = true, ahead

    def now(self) -> float:
        return self._true.now() + self._ahead

    def monotonic(self) -> float:
        return self._true.monotonic()

    def sleep(self, seconds: float) -> None:
        self._true.sleep(seconds)


def task_on(
    monkeypatch: pytest.MonkeyPatch, worker: float, triggerer: float, timeline: Timeline, make: Callable[[], Any]
) -> Task:
    task = Task(monkeypatch, timeline, make, store=Store())

    def on_machine(ahead: float) -> ScriptedClient:
        return ScriptedClient(task.client.portal, key=KEY, clock=ClockOfAMachine(task.clock, ahead))

    monkeypatch.setattr(HarvestHook, "get_conn", lambda hook: on_machine(worker))
    monkeypatch.setattr(triggers_job, "reading_client", lambda settings: on_machine(triggerer))
    return task


CLOCKS = [
    pytest.param(worker, triggerer, id=f"worker {worker:+.0f} s, triggerer {triggerer:+.0f} s")
    for worker, triggerer in ((600, 0), (-600, 0), (0, 600), (0, -600), (600, -600))
]


@pytest.mark.parametrize("worker, triggerer", CLOCKS)
def test_the_next_end_after_a_sensor_began(monkeypatch: pytest.MonkeyPatch, worker: float, triggerer: float) -> None:
    """Ten minutes slow, it took one that had ended before; ten minutes fast, it missed the one that followed."""
    timeline = [*whole_job("before", -200, 106), *whole_job("next", 60, 120)]
    sensor = lambda: HarvestJobSensor(task_id="task", source_id=SOURCE_ID, deferrable=True, timeout=HOUR)  # noqa: E731
    task = task_on(monkeypatch, worker, triggerer, timeline, sensor)
    assert task.try_() == "success"
    assert task.result["job_id"] == "next"


@pytest.mark.parametrize("worker, triggerer", CLOCKS)
@pytest.mark.parametrize("appears, end", [(250, "success"), (900, "HarvestJobNotStarted")])
def test_start_timeout_is_as_long_as_it_says(
    monkeypatch: pytest.MonkeyPatch, worker: float, triggerer: float, appears: float, end: str
) -> None:
    timeline = whole_job("mine", appears, 120)
    task = task_on(monkeypatch, worker, triggerer, timeline, run_operator(start_timeout=300, retries=0))
    assert task.try_() == end
    if end != "success":
        assert task.clock.now() == pytest.approx(T0 + 300, abs=5)


@pytest.mark.parametrize("jump", [3 * HOUR, -3 * HOUR])
def test_a_jump_of_the_workers_clock_delays_no_poke(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """The portal's own run is far off, so the portal is read every ten minutes; somebody starts a harvest by hand."""

    def sensor() -> HarvestJobSensor:
        return HarvestJobSensor(task_id="task", source_id=SOURCE_ID, after=instant(T0), poke_interval=60)

    task = Task(monkeypatch, whole_job("by hand", 20 * 60, 300), sensor)
    task.client.clock = JumpingClock(task.clock, T0 + 601, jump)
    assert task.try_() == "success"
    assert task.clock.now() - T0 <= 45 * 60
