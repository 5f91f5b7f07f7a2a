"""Forecast which records the next runs of a source archive, and on which day.

The rule is the same in every udata release from 9.2.4 on (read in its source, seen on real portals): the end of a job
archives what is not in the job and was last seen before today minus the grace, a day, not a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.cron import InvalidCron, Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
    from airflow_provider_harvest.portal.models import HarvestSource

#: Days that a record stays after it was last seen: udata's ``HARVEST_AUTOARCHIVE_GRACE_DAYS``, which the API hides.
GRACE_DAYS = 7
#: Days of the forecast: a monthly source and the grace.
HORIZON_DAYS = 45


@dataclass(frozen=True)
class Run:
    """One run that archives.

    :param at: when it is due, UTC.
    :param records: what it archives.
    """

    at: datetime
    records: tuple[HarvestedRecord, ...]


@dataclass(frozen=True)
class Forecast:
    """What the next runs of a source archive, if the catalogue stays as its last whole harvest found it.

    :param source_id: id of the source.
    :param runs: the runs that archive something, in order.
    :param later: what is missing and no known run archives: the source has no cron, is inactive, or does not archive.
    :param next_run: when the next run is due; None if unknown.
    :param is_exposed: whether the next run archives whatever it does not find, without days of grace.
    :param unknown: sentences on what is unknown.
    """

    source_id: str
    runs: tuple[Run, ...] = ()
    later: tuple[HarvestedRecord, ...] = ()
    next_run: datetime | None = None
    is_exposed: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[HarvestedRecord, ...]:
        """All records that the known runs archive."""
        return tuple(record for run in self.runs for record in run.records)

    @property
    def first_at(self) -> datetime | None:
        """When the first record is archived."""
        return self.runs[0].at if self.runs else None


def check_days(value: int, name: str) -> None:
    """Refuse an invalid number of days.

    :param value: what was given.
    :param name: of the argument.
    :raises HarvestInvalidInput: if it is not a whole number of days.
    """
    if type(value) is not int or not -1 <= value <= 3660:
        raise HarvestInvalidInput(f"{name} must be a whole number of days, not {value!r:.40}.")


def archive_day(last_update: datetime, grace_days: int = GRACE_DAYS) -> date:
    """Return the first day on which a run archives a record that it does not find.

    :param last_update: when the record was last seen.
    :param grace_days: of the portal.
    """
    return last_update.astimezone(timezone.utc).date() + timedelta(days=grace_days + 1)


def forecast(
    source: HarvestSource,
    missing: Iterable[HarvestedRecord],
    now: datetime,
    *,
    last_seen: datetime | None = None,
    grace_days: int = GRACE_DAYS,
    horizon_days: int = HORIZON_DAYS,
) -> Forecast:
    """Return what the next runs of a source archive.

    :param source: with its ``schedule``, ``active`` and ``autoarchive``.
    :param missing: its records that are on the portal and not in its last whole job.
    :param now: the portal's clock.
    :param last_seen: when the source's other records were last seen, by which a run without grace is known.
    :param grace_days: of the portal, which does not return them.
    :param horizon_days: length of the forecast; default 45.
    :raises HarvestInvalidInput: for an invalid number of days.
    """
    check_days(grace_days, "grace_days")
    check_days(horizon_days, "horizon_days")
    unknown: list[str] = []
    missing = tuple(missing)
    schedule = _schedule(source, unknown)
    runs, waiting = [], list(missing)
    next_run = schedule.next_after(now) if schedule else None
    exposed = bool(
        source.autoarchive and last_seen is not None and archive_day(last_seen, grace_days) <= (next_run or now).date()
    )
    at, until = next_run, now + timedelta(days=horizon_days)
    while source.autoarchive and waiting and at is not None and schedule is not None and at <= until:
        due = tuple(record for record in waiting if _is_due(record, at, grace_days))
        if due:
            runs.append(Run(at, due))
            waiting = [record for record in waiting if not _is_due(record, at, grace_days)]
        at = schedule.next_after(at)
    if missing or exposed:
        unknown.append(f"A portal with another grace than {grace_days} days archives on another day.")
        unknown.append("A run that is started by hand archives what is due on its day.")
    return Forecast(source.id, tuple(runs), tuple(waiting), next_run, exposed, tuple(unknown))


def _is_due(record: HarvestedRecord, at: datetime, grace_days: int) -> bool:
    # A record without the time of its last harvest matches no "before" in the portal's database.
    return record.last_update is not None and archive_day(record.last_update, grace_days) <= at.date()


def _schedule(source: HarvestSource, unknown: list[str]) -> Schedule | None:
    if source.active is False or source.deleted is not None:
        return None
    if not source.schedule:
        unknown.append("The source has no cron: its next run is unknown.")
        return None
    try:
        return Schedule.parse(source.schedule)
    except InvalidCron:
        unknown.append("The source's schedule is not a cron: its next run is unknown.")
        return None
