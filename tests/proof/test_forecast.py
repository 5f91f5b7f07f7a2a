"""The forecast against what a real portal then archives, day by day: 2,000 datasets in 12 sources of different crons.

Days pass by moving what the portal's database remembers into the past, which its rule cannot tell from waiting. Each
morning the forecast is made from what the portal tells; in the course of the day each source whose cron is due is
harvested, and what is newly archived is compared with what was forecast. HARVEST_PROOF_DATASETS makes it smaller.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.cron import Schedule
from airflow_provider_harvest.portal.guard.forecast import forecast
from airflow_provider_harvest.portal.guard.survey import examine
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.models import HarvestSource

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DAYS = 30
DAY = 86400.0
DATASETS = int(os.environ.get("HARVEST_PROOF_DATASETS", "2000"))
#: Cron and share of the datasets: what runs often is small, so that the proof takes minutes and not hours.
SOURCES = (
    ("0 3 * * *", 0.02),
    ("30 4 * * *", 0.02),
    ("*/30 * * * *", 0.02),
    ("0 */6 * * *", 0.02),
    ("0 3 * * 1-5", 0.02),
    ("15 2 */2 * *", 0.04),
    ("0 3 */3 * *", 0.06),
    ("0 3 * * 0", 0.1),
    ("0 3 * * 1,4", 0.1),
    ("0 3 1,15 * *", 0.2),
    ("0 3 1 * *", 0.2),
    ("0 3 28 * *", 0.2),
)


@dataclass
class Town:
    """A source, what its catalogue lists, and what the portal has archived of it."""

    source: HarvestSource
    schedule: Schedule
    size: int
    gone: set[int] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def portal() -> Iterator[Sandbox]:
    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def towns(portal: Sandbox) -> list[Town]:
    admin = HarvestClient(portal.url, portal.keys.admin)
    made = []
    for number, (cron, share) in enumerate(SOURCES):
        name, size = f"town-{number}", max(4, round(share * DATASETS))
        portal.catalogue.put(name, datasets=size)
        source = admin.create_source(name, portal.catalogue.url(name), "dcat", organization=portal.organization.id)
        admin.validate_source(source.id)
        admin.schedule_source(source.id, cron)
        portal.control.wait_until_idle(timeout=600)
        made.append(Town(admin.get_source(source.id), Schedule.parse(cron), size))
    return made


def is_due(town: Town, morning: datetime) -> bool:
    at = town.schedule.next_after(morning)
    return at is not None and at < morning + timedelta(days=1)


def change_catalogue(portal: Sandbox, town: Town, chance: random.Random) -> None:
    """Let some datasets go and some come back: usually few, now and then a third of them."""
    share = 0.33 if chance.random() < 0.05 else 0.04
    back = {number for number in town.gone if chance.random() < 0.1}
    away = {number for number in range(1, town.size + 1) if chance.random() < share}
    town.gone = (town.gone - back) | away
    portal.catalogue.put(town.source.name, datasets=town.size, without=sorted(town.gone))


def test_forecast_is_right_in_set_and_day(portal: Sandbox, towns: list[Town]) -> None:
    anybody = HarvestClient(portal.url)
    chance = random.Random(11)
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    predicted_ahead: dict[tuple[str, str], datetime] = {}
    right = archived = days_ahead = 0
    for day in range(1, DAYS + 1):
        morning = today + timedelta(days=day) - timedelta(seconds=1)
        for town in towns:
            portal.control.pass_time(town.source.id, DAY)
        found = {case.source.id: case for case in examine(anybody).cases}
        due = [town for town in towns if is_due(town, morning)]
        forecasts = {}
        for town in towns:
            missing = found[town.source.id].missing if town.source.id in found else ()
            moved = [
                record._replace(last_update=record.last_update + timedelta(days=day))
                for record in missing
                if record.last_update
            ]
            forecasts[town.source.id] = forecast(town.source, moved, morning, horizon_days=40)
        for town in due:
            # The catalogue stays as the last harvest found it until the due run has been compared with the forecast.
            portal.control.run_scheduled(town.source.id)
            portal.control.wait_until_idle(timeout=600)
            now = set(portal.control.archived(town.source.id))
            new, town.archived = now - town.archived, now
            foreseen = {
                record.key
                for run in forecasts[town.source.id].runs
                if run.at < morning + timedelta(days=1)
                for record in run.records
            }
            assert new == foreseen, f"day {day}, cron {town.source.schedule}"
            archived += len(new)
            right += len(new & foreseen)
            for key in new:
                first = predicted_ahead.pop((town.source.id, key), None)
                if first is not None:
                    assert first.date() == (morning + timedelta(seconds=2)).date(), f"{key} was foreseen for {first}"
                    days_ahead += 1
        for town in towns:
            ident = town.source.id
            alive = {(ident, record.key): run.at for run in forecasts[ident].runs for record in run.records}
            for known in [known for known in predicted_ahead if known[0] == ident and known not in alive]:
                del predicted_ahead[known]  # it came back
            for known, at in alive.items():
                if known[1] not in town.archived:
                    predicted_ahead.setdefault(known, at)
        for town in due:
            if chance.random() < 0.5:
                continue
            change_catalogue(portal, town, chance)
            portal.control.run_scheduled(town.source.id)  # the run that finds the change
            portal.control.wait_until_idle(timeout=600)
            town.archived = set(portal.control.archived(town.source.id))
    print(f"{archived} datasets were archived in {DAYS} days, all as forecast; {days_ahead} were foreseen days ahead")
    assert right == archived > 20
    assert days_ahead > 10
