"""The forecast against what a real portal then does, on each of thirty days: the set and the day are right for all.

Twelve sources with twelve schedules lose records and get some back. Each day the forecast is made after the day's
harvests; when each cron fires, Celery says. A record's day is the one that the first forecast named in which it is
missing; every later forecast must name the same. A run that archives at once what it does not find has no such
forecast: its source must have been named as exposed the day before.

``--datasets 60`` makes it quick; the default is 2,000. It must not run over midnight UTC.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.guard.survey import examine
from sandbox import Sandbox
from tests.support.guarded_world import DAY, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.guard.case import Case
    from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DAYS = 30
#: How many minutes it may take: so many, and one for so many datasets.
_LEAST_MINUTES, _DATASETS_A_MINUTE = 5, 20

#: Schedule, share of the datasets, and what is changed about the source; sources that run often are small.
SOURCES: tuple[tuple[str | None, float, dict[str, Any]], ...] = (
    ("0 3 * * *", 0.01, {}),
    ("30 5,17 * * *", 0.01, {}),
    ("15 4 * * 1-5", 0.01, {}),
    ("0 2 * * 1", 0.175, {}),
    ("45 23 * * sun", 0.175, {}),
    ("0 3 1 * *", 0.175, {}),
    ("0 3 1,15 * *", 0.15, {}),
    ("0 6 */3 * *", 0.03, {}),
    ("20 1 * * tue,fri", 0.03, {}),
    ("0 4 * * *", 0.01, {"autoarchive": False}),
    (None, 0.1, {}),
    ("0 5 * * *", 0.125, {"active": False}),
)


class MovedClient(HarvestClient):
    """Reads a portal whose memory was moved into the past as one on which as many days have passed."""

    days = 0

    def portal_now(self) -> float:
        return super().portal_now() + self.days * DAY

    def iter_sources(self, *arguments: Any, **named: Any) -> Iterator[HarvestSource]:
        for source in super().iter_sources(*arguments, **named):
            yield replace(source, last_job=source.last_job and self._moved(source.last_job))

    def iter_datasets(self, *arguments: Any, **named: Any) -> Iterator[HarvestedRecord]:
        for record in super().iter_datasets(*arguments, **named):
            yield record._replace(last_update=self._later(record.last_update))

    def _moved(self, job: HarvestJob) -> HarvestJob:
        return replace(
            job, created=self._later(job.created), started=self._later(job.started), ended=self._later(job.ended)
        )

    def _later(self, when: datetime | None) -> datetime:
        assert when is not None
        return when + timedelta(days=self.days)


@dataclass
class Plant:
    """A source, what its catalogue has left out, and what is known of each record of it."""

    source: HarvestSource
    size: int
    cron: str | None
    without: set[int] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)
    #: By remote id: the day that the first forecast named, None for never.
    foretold: dict[str, date | None] = field(default_factory=dict)
    is_exposed: bool = False

    def change(self, chance: random.Random) -> None:
        """Let the catalogue lose a few records on some days, and get some back on others."""
        if chance.random() < 0.4:
            there = sorted(set(range(1, self.size + 1)) - self.without)
            self.without |= set(chance.sample(there, min(len(there) - 1, chance.randint(1, 1 + self.size // 25))))
        if chance.random() < 0.1 and self.without:
            self.without -= set(chance.sample(sorted(self.without), max(1, len(self.without) // 4)))


@dataclass
class Score:
    """The result of all forecasts."""

    right: int = 0
    exposed: int = 0
    wrong: list[str] = field(default_factory=list)
    requests: int = 0
    harvests: int = 0


@pytest.fixture(scope="module")
def running_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One portal of the newest release: the rule is the same in all."""
    with Sandbox.start(log_dir=tmp_path_factory.mktemp("udata")) as sandbox:
        yield sandbox


def test_the_set_and_the_day_are_right_for_all(world: World, request: pytest.FixtureRequest) -> None:
    datasets = request.config.getoption("--datasets")
    ends = datetime.now(timezone.utc) + timedelta(minutes=_LEAST_MINUTES + datasets / _DATASETS_A_MINUTE)
    if ends.date() != today(0):
        pytest.skip("It would run over midnight UTC: start it later.")
    world.portal.control.save_items_rarely()
    chance = random.Random(11)
    plants = [planted(world, datasets, *entry) for entry in SOURCES]
    score = Score()
    client = MovedClient(world.portal.url)
    with client:
        foresee(world, client, plants, score)
        for day in range(1, DAYS + 1):
            client.days = day
            world.days_pass(*(plant.source for plant in plants))
            for plant in plants:
                plant.change(chance)
                world.serve(plant.source, datasets=plant.size, without=plant.without)
            harvest(world, plants, client.days, score)
            foresee(world, client, plants, score)
    for plant in plants:  # what was foretold for a day of the thirty has come
        for ident, when in plant.foretold.items():
            if when is not None and when <= today(DAYS):
                score.wrong.append(f"{plant.cron}: {ident} was to be archived on {when}, and was not")
    print(
        f"\n{sum(plant.size for plant in plants):,} datasets in {len(plants)} sources, {score.harvests} harvests on "
        f"{DAYS} days: {score.right:,} archived on the day foretold, {score.exposed:,} by runs that were named as "
        f"exposed the day before, {len(score.wrong)} wrong; {score.requests:,} requests for {DAYS + 1} forecasts."
    )
    assert score.wrong == []
    assert score.right > 0
    assert score.exposed > 0


def planted(world: World, datasets: int, cron: str | None, share: float, change: dict[str, Any]) -> Plant:
    size = max(3, round(datasets * share))
    source = world.new_source(cron=cron, datasets=size)
    if cron is None:
        world.admin.unschedule_source(source.id)
    if change:
        world.admin.update_source(source.id, **change)
    return Plant(world.read(source), size, cron)


def today(days: int) -> date:
    return (datetime.now(timezone.utc) + timedelta(days=days)).date()


def harvest(world: World, plants: list[Plant], days: int, score: Score) -> None:
    """Run what is due on a day, and compare what each run archives with the day that was foretold."""
    for plant in plants:
        for _ in range(firings(world, plant.cron, today(days))):
            world.harvest(plant.source)
            score.harvests += 1
            archived = set(world.archived(plant.source))
            for ident in sorted(archived - plant.archived):
                when = plant.foretold.pop(ident, None)
                if when == today(days):
                    score.right += 1
                elif when is None and plant.is_exposed:
                    score.exposed += 1
                else:
                    score.wrong.append(f"{plant.cron}: {ident} was archived on {today(days)}, foretold was {when}")
            plant.archived = archived
            plant.is_exposed = False  # it was named for one run


def firings(world: World, cron: str | None, day: date) -> int:
    """How often a cron fires on a day, as Celery says."""
    count, at = 0, datetime.combine(day, datetime.min.time()) - timedelta(seconds=1)
    while cron is not None and (at := world.portal.control.crontab_next(cron, at)).date() == day:
        count += 1
    return count


def foresee(world: World, client: MovedClient, plants: list[Plant], score: Score) -> None:
    """Make the forecast of a day, and note what it says of each record for the first time."""
    mark = world.portal.mark()
    report = examine(client)
    score.requests += world.portal.mark() - mark
    assert report.requests_failed == []
    cases = {case.source.id: case for case in report.cases}
    for plant in plants:
        case = cases.get(plant.source.id)
        plant.is_exposed = plant.source.id in report.exposed
        says = {} if case is None else days_of(case)
        for ident, when in says.items():
            known = plant.foretold.setdefault(ident, when)
            if known != when and (known is not None or when is None):
                score.wrong.append(f"{plant.cron}: {ident} was foretold for {known}, then for {when}")
            plant.foretold[ident] = when
        for ident in set(plant.foretold) - set(says):  # it is back
            del plant.foretold[ident]


def days_of(case: Case) -> dict[str, date | None]:
    days = {record.id: run.at.date() for run in case.outlook.runs for record in run.records}
    return {str(record.remote_id): days.get(record.id) for record in case.missing}
