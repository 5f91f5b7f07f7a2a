"""Forecast which records the next runs of a source archive, and on which day.

The rule is the same in every udata release from 9.2.4 on (read in its source, seen on real portals): the end of a job
archives what is not in the job and was last seen before today minus the grace, a day, not a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
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
#: udata counts days as "before today minus the grace": a portal with this value archives on the day itself.
NO_GRACE = -1
#: Ten years: more is a mistake.
MAX_DAYS = 3660


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


def check_grace(days: int) -> None:
    """Refuse an invalid number of days as a portal's grace.

    :param days: what was given.
    :raises HarvestInvalidInput: if it is not a whole number from -1, of a portal that archives at once, to 3,660.
    """
    if type(days) is not int or not NO_GRACE <= days <= MAX_DAYS:
        raise HarvestInvalidInput(
            f"grace_days must be a whole number of days from {NO_GRACE} to {MAX_DAYS:,}, not {days!r:.40}."
        )


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
) -> Forecast:
    """Return what the next runs of a source archive.

    :param source: with its ``schedule``, ``active`` and ``autoarchive``.
    :param missing: its records that are on the portal and not in its last whole job.
    :param now: the portal's clock.
    :param last_seen: when the source's other records were last seen, by which a run without grace is known.
    :param grace_days: of the portal, which does not return them.
    :raises HarvestInvalidInput: for an invalid number of days.
    """
    check_grace(grace_days)
    unknown: list[str] = []
    missing = tuple(missing)
    schedule = _schedule(source, unknown)
    next_run = schedule.next_after(now) if schedule else None
    exposed = bool(
        source.autoarchive and last_seen is not None and archive_day(last_seen, grace_days) <= (next_run or now).date()
    )
    calendar = _Calendar(schedule if source.autoarchive else None, now, now + timedelta(days=HORIZON_DAYS))
    due: dict[datetime, list[HarvestedRecord]] = {}
    later: list[HarvestedRecord] = []
    for record in missing:
        at = calendar.first_run_from(archive_day(record.last_update, grace_days)) if record.last_update else None
        (later if at is None else due.setdefault(at, [])).append(record)
    runs = tuple(Run(at, tuple(due[at])) for at in sorted(due))
    if missing or exposed:
        unknown.append(f"A portal with another grace than {grace_days} days archives on another day.")
        unknown.append("A run that is started by hand archives what is due on its day.")
    return Forecast(source.id, runs, tuple(later), next_run, exposed, tuple(unknown))


def is_due(record: HarvestedRecord, at: datetime, grace_days: int = GRACE_DAYS) -> bool:
    """Whether a run archives a record that it does not find.

    :param record: on the portal.
    :param at: when the run is.
    :param grace_days: of the portal.
    """
    # A record without the time of its last harvest matches no "before" in the portal's database.
    return record.last_update is not None and archive_day(record.last_update, grace_days) <= at.date()


class _Calendar:
    """The runs of a source, found by the day from which they count: few days are asked about, however many records."""

    def __init__(self, schedule: Schedule | None, now: datetime, until: datetime) -> None:
        self._schedule, self._now, self._until = schedule, now, until
        self._known: dict[date, datetime | None] = {}

    def first_run_from(self, day: date) -> datetime | None:
        """Return the first run that is still to come, on this day or later; None if there is none in time."""
        if day not in self._known:
            begins = datetime.combine(day, time.min, tzinfo=timezone.utc) - timedelta(seconds=1)
            at = self._schedule.next_after(max(begins, self._now)) if self._schedule else None
            self._known[day] = at if at is not None and at <= self._until else None
        return self._known[day]


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
