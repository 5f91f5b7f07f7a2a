"""A day and a half of one triggerer in some minutes: 300 waits and 3 event triggers on a portal that changes.

5,000 harvests begin and end on an imitated portal; meanwhile it is upgraded from udata 16.6.1 to 17.18.0 at the same
address, sources are renamed, the portal and single sources break and are repaired.
"""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.statuses import ENDED
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from airflow_provider_harvest.triggers.job import HarvestJobTrigger
from tests.support.fake_portal.scripted import (
    T0,
    FakeClock,
    ScriptedPortal,
    Timeline,
    rate_limited,
    server_error,
    source_changes,
    unreachable,
    whole_job,
)
from tests.support.fake_time import run_in_fake_time
from tests.support.portal_connections import SharedClient, at_portal
from tests.support.watching_trigger import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.statuses import EndCondition

MINUTE, HOUR = 60.0, 3600.0
SOURCES, HARVESTS_EACH, FAILING_IN = 300, 17, 7
#: Hours in which harvests begin, and in which the triggerer runs.
BUSY, ALL = 30.0, 34.0
UPGRADED_AT = 15 * HOUR
#: When everything fails, and how: (from, until, error).
OUTAGES = [
    (3 * HOUR, 3.5 * HOUR, unreachable()),
    (8 * HOUR, 8.2 * HOUR, server_error(503)),
    (UPGRADED_AT, UPGRADED_AT + 600, server_error(502)),
    (22 * HOUR, 22.1 * HOUR, rate_limited(300.0)),
]
pytestmark = pytest.mark.slow

#: What must not become more with the harvests that have been seen.
WATCHED_KINDS = ("SourceRecord", "Found", "Seat", "_Answer", "Doubts", "Poll", "HarvestJob", "HarvestJobTrigger")


class Soak:
    """The portal, the triggers, and what they reported."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        self.clock = FakeClock()
        chance = random.Random(seed)
        lives = {f"s{number:03}": self._life(chance, number) for number in range(SOURCES)}
        self.portal = ScriptedPortal(self.clock, lives, generation="B")
        at_portal(monkeypatch, {"one": SharedClient(self.portal)})
        self.reported: dict[str, list[str]] = {}
        self.waited: dict[str, list[tuple[str | None, str]]] = {}
        self.counts: list[Counter[str]] = []

    @staticmethod
    def _life(chance: random.Random, number: int) -> Timeline:
        """Seventeen harvests one after the other, of which every seventh has failed; renamed now and then."""
        life: list[tuple[float, Any]] = []
        for turn in range(HARVESTS_EACH):
            begins = (turn + chance.uniform(0.05, 0.5)) * BUSY * HOUR / HARVESTS_EACH
            status = "failed" if (number + turn) % FAILING_IN == 0 else "done"
            life += whole_job(f"s{number:03}-{turn:02}", begins, chance.uniform(30, 2400), status)
        if number % 10 == 0:
            life.append((chance.uniform(1, BUSY) * HOUR, source_changes(name=f"Renamed {number}")))
        return life

    async def watch(self, condition: EndCondition) -> None:
        """Be an event trigger."""
        told = self.reported.setdefault(condition, [])
        trigger = HarvestJobEventTrigger("one", condition=condition)
        trigger.asset_state_store = Store()  # type: ignore[assignment]
        async for event in trigger.run():
            told.append(event.payload["job_id"])

    async def wait(self, source_id: str) -> None:
        """Be a task that waits for each next harvest of a source, deferral after deferral."""
        known: list[str] = []
        while True:
            plan = WaitPlan(source_id, "waited", known=tuple(known), begun=self.clock.now())
            [event] = [event async for event in HarvestJobTrigger("one", plan.to_dict()).run()]
            job_id = event.payload["plan"]["job_id"]
            self.waited.setdefault(source_id, []).append((job_id, event.payload["state"]))
            if event.payload["state"] != ENDED:
                return
            known.append(job_id)

    async def live(self) -> None:
        """Break and repair the portal, upgrade it, and count what the triggerer holds."""
        for since, until, error in OUTAGES:
            await self._sleep_until(since)
            self.portal.fail(error)
            if since == UPGRADED_AT:
                self.portal.generation = "D"
            await self._sleep_until(until)
            self.portal.fail(None)
            error.__traceback__ = None  # raised again and again, this one error would hold every frame it passed
            self._count()
        await self._sleep_until(ALL * HOUR)
        self._count()

    async def _sleep_until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, T0 + at - self.clock.now()))

    def _count(self) -> None:
        gc.collect()
        kinds = (type(each).__name__ for each in gc.get_objects())
        self.counts.append(Counter(kind for kind in kinds if kind in WATCHED_KINDS))

    def run(self) -> None:
        async def story() -> None:
            watchers = [asyncio.ensure_future(self.watch(condition)) for condition in ("ended", "success", "failure")]
            waits = [asyncio.ensure_future(self.wait(ident)) for ident in self.portal.lives]
            await self.live()
            for task in (*watchers, *waits):
                task.cancel()
            await asyncio.gather(*watchers, *waits, return_exceptions=True)

        run_in_fake_time(self.clock, story())


@pytest.fixture(scope="module")
def soak() -> Soak:
    """All of it, once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        soaked = Soak(monkeypatch, seed=1)
        soaked.run()
    return soaked


def ended(soak: Soak, is_wanted: Callable[[str], bool] = lambda status: True) -> list[str]:
    """The jobs in the order of their ends."""
    jobs = [job for life in soak.portal.lives.values() for job in life.jobs.values() if is_wanted(job.status)]
    return [job.id for job in sorted(jobs, key=lambda job: (job.ended or 0.0, job.id))]


def test_there_were_as_many_harvests_as_planned(soak: Soak) -> None:
    assert len(ended(soak)) == SOURCES * HARVESTS_EACH


@pytest.mark.parametrize(
    "condition, statuses", [("ended", ("done", "failed")), ("success", ("done",)), ("failure", ("failed",))]
)
def test_each_end_is_reported_once_in_order_with_the_right_verdict(
    soak: Soak, condition: str, statuses: tuple[str, ...]
) -> None:
    assert soak.reported[condition] == ended(soak, lambda status: status in statuses)


def test_each_wait_ends_with_its_own_job(soak: Soak) -> None:
    expected = {ident: [(job_id, ENDED) for job_id in life.jobs] for ident, life in soak.portal.lives.items()}
    assert soak.waited == expected


def test_nothing_grows(soak: Soak) -> None:
    early, late = soak.counts[1], soak.counts[-1]  # by then what is kept of ended jobs has come to its bound
    assert {kind: (early[kind], late[kind]) for kind in late if late[kind] > 1.5 * early[kind] + 100} == {}
